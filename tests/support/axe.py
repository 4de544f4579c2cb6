"""Looks for barriers with axe-core, as far as a program can find them."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WCAG22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What hangs on colours and sizes is looked at again in every mode; the rest is the same in all.
OF_LOOKS = ["color-contrast", "target-size", "link-in-text-block"]
# Without the passes, which make an answer a hundred times as long.
RUN = """([within, options]) =>
  axe.run(within, {...options, resultTypes: ['violations']}).then((found) => found.violations)"""


def barriers(page: Page, looks_of: str = "") -> list[str]:
    """What axe-core finds on the page as it stands: rule, elements, and how to mend them, a line each.

    ``looks_of``: only what hangs on colours and sizes, within this element.
    """
    if not page.evaluate("'axe' in window"):
        # Through the debugger: the content policy of the page stays as it is.
        page.evaluate(AXE_SCRIPT)
    only = {"type": "rule", "values": OF_LOOKS} if looks_of else {"type": "tag", "values": WCAG22_AA}
    return [_line(found) for found in page.evaluate(RUN, [looks_of or "html", {"runOnly": only}])]


def _line(found: dict[str, Any]) -> str:
    nodes = [
        f"{node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()[:200]})"
        for node in found["nodes"]
    ]
    return f"{found['id']}: {'; '.join(nodes[:3])}" + (
        f" and {len(nodes) - 3} more" if len(nodes) > 3 else ""
    )
