"""The command line: ``flask --app webapp init | demo | welcome | sweep | verify``."""

from __future__ import annotations

import click
from flask import Flask


def register(app: Flask) -> None:
    """Hang the commands on ``app``."""


__all__ = ["click", "register"]
