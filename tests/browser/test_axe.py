"""Nothing bars anybody: axe-core finds nothing at WCAG 2.2 AA, on any page, in any state, size or colour scheme."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Tour
from tests.support.axe import barriers

MODES = [("light", False), ("light", True), ("dark", False), ("dark", True)]  # colour scheme, 长辈版
BIG = "elder => document.documentElement.toggleAttribute('data-elder', elder)"
# Opens one sheet at a time, as a person would; folds all at once.
FOLDS = "() => document.querySelectorAll('details:not(.sheet)').forEach(fold => { fold.open = true; })"
SHEETS = "() => [...document.querySelectorAll('details.sheet')].map(sheet => sheet.innerText)"
SHEET = "number => document.querySelectorAll('details.sheet').forEach((sheet, i) => { sheet.open = i === number; })"
# The forms of a page that ask for something, by where they are sent (numbers apart).
FORMS = """() => [...new Set([...document.querySelectorAll('main form[method=post]')]
  .filter((form) => form.querySelector('textarea, input:not([type=hidden]), select'))
  .map((form) => form.getAttribute('action').replace(/[0-9]+/g, 'N')))]"""
# Empties one of them and sends it, so that the server refuses it; past the phone's outbox, which has tests of its own.
EMPTY = """action => {
  const form = [...document.querySelectorAll('main form[method=post]')]
    .find((one) => one.getAttribute('action').replace(/[0-9]+/g, 'N') === action);
  for (const field of form.querySelectorAll('textarea, input, select')) {
    if (field.type === 'radio' || field.type === 'checkbox') field.checked = false;
    else if (field.type === 'hidden' || field.type === 'file') continue;
    else if (field.tagName === 'SELECT') field.selectedIndex = -1;
    else field.value = '';
  }
  for (let fold = form.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  form.removeAttribute('data-outbox');
  setTimeout(() => form.querySelector('button:not([type=button])').click());
}"""


def in_every_mode(page: Page) -> Iterator[str]:
    """What bars anybody on this page; in the first mode everything, in the others what hangs on looks."""
    for number, (scheme, elder) in enumerate(MODES):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.evaluate(BIG, elder)
        mode = f"{scheme}{', 长辈版' if elder else ''}"
        yield from (f"({mode}) {line}" for line in barriers(page, looks_only=number > 0))


@pytest.mark.browser
@pytest.mark.slow
def test_nothing_bars_anybody(tour: Tour, record_property: Callable[[str, object], None]) -> None:
    problems: dict[str, str] = {}
    sheets: set[str] = set()
    states = 0
    for stop in tour.stops:
        page = tour.page(stop.person)
        page.goto(stop.url)
        page.evaluate(FOLDS)
        found = list(in_every_mode(page))
        states += 1
        for number, text in enumerate(page.evaluate(SHEETS)):
            if (key := re.sub(r"\d+", "", text)) not in sheets:
                sheets.add(key)
                page.evaluate(SHEET, number)
                found += [f"with the sheet “{text[:12]}” open {line}" for line in in_every_mode(page)]
                states += 1
        for line in found:
            problems.setdefault(line, str(stop))
    tour.forget_tries()
    record_property(
        "note", f"axe-core on {states} states of {len(tour.stops)} pages, each in {len(MODES)} modes"
    )
    assert not problems, f"{len(problems)}:\n" + "\n".join(
        f"{where}: {line}" for line, where in problems.items()
    )


@pytest.mark.browser
@pytest.mark.slow
def test_nothing_bars_who_made_a_mistake(tour: Tour, record_property: Callable[[str, object], None]) -> None:
    """Every form, sent empty: the page or the part that HTMX puts in its place, with its errors."""
    problems: dict[str, str] = {}
    sent: set[str] = set()
    refused = 0
    for stop in tour.stops:
        page = tour.page(stop.person)
        if "<textarea" not in stop.html and "<input" not in stop.html:
            continue
        page.goto(stop.url)
        for action in set(page.evaluate(FORMS)) - sent:
            sent.add(action)
            page.goto(stop.url)
            if action not in page.evaluate(FORMS):  # what was sent before took it away
                continue
            with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
                page.evaluate(EMPTY, action)
            if answer.value.status != 422:
                page = tour.another_page(stop.person)  # what was taken leads elsewhere
                continue
            page.locator(".errors, .err").first.wait_for(state="attached")
            refused += 1
            for line in in_every_mode(page):
                problems.setdefault(line, f"{action} refused, {stop}")
    record_property("note", f"{len(sent)} forms sent empty, {refused} refused and looked at")
    assert not problems, f"{len(problems)}:\n" + "\n".join(
        f"{where}: {line}" for line, where in problems.items()
    )


def test_the_tour_misses_nothing(tour: Tour, record_property: Callable[[str, object], None]) -> None:
    """Every address that shows a page was seen by somebody, and none broke."""
    elsewhere = {
        # For the browser that has just sent something: the journeys in a browser pass there.
        "residents.received",
        "residents.feedback_received",
    }
    assert tour.crawl.unreached() <= elsewhere
    assert not tour.crawl.faults
