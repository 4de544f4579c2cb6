"""What to do when a tool that a test needs is not there."""

from __future__ import annotations

import os

import pytest


def demand(missing: str | None) -> None:
    """Go on when nothing is missing; else skip with the reason, or fail where the environment says CI.

    ``missing`` is the answer of a function such as ``postgres_missing()``.
    """
    if missing is None:
        return
    if os.environ.get("CI"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)
