"""What every page carries for the outbox stays small, and is what the pages and the service worker name."""

from __future__ import annotations

from pathlib import Path

import brotli
import pytest

from tests.support.browse import Browse
from webapp.offline import shell

STATIC = Path(__file__).resolve().parents[2] / "static"
BUDGETS = {"outbox.js": 6_000, "outbox-view.js": 3_000, "sw.js": 1_500}  # bytes, brotli


@pytest.mark.parametrize("name", BUDGETS)
def test_scripts_stay_small(name: str) -> None:
    assert len(brotli.compress((STATIC / name).read_bytes())) <= BUDGETS[name]


def test_the_outbox_knows_no_form() -> None:
    text = (STATIC / "outbox.js").read_text(encoding="utf-8") + (STATIC / "outbox-view.js").read_text(
        encoding="utf-8"
    )
    assert not [room for room in ("visit", "case", "volunteer", "points") if room in text.lower()]


def test_every_file_of_the_shell_exists_and_each_icon_is_small() -> None:
    assert all((STATIC / name).is_file() for name in shell.SHELL)
    assert all(path.stat().st_size < 6_000 for path in (STATIC / "icons").glob("*.png"))


def test_the_page_for_no_signal_needs_nobody(browse: Browse) -> None:
    text = browse.get("/offline").text
    assert 'data-owner=""' in text
    assert 'class="post"' not in text
