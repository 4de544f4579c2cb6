"""Every page of the demo district, in every state, size and colour scheme: nothing bars anybody (axe-core, WCAG 2.2 AA), and
fingers and eyes find their way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import District, Tour
from tests.support.axe import barriers
from tests.support.sizes import misfits

BIG = "elder => document.documentElement.toggleAttribute('data-elder', elder)"
# Opens one sheet at a time, as a person would; folds all at once.
FOLDS = "() => document.querySelectorAll('details:not(.sheet)').forEach(fold => { fold.open = true; })"
SHEET = "number => document.querySelectorAll('details.sheet').forEach((sheet, i) => { sheet.open = i === number; })"
# Empties the form that is sent to this address (N for a number), so that the server refuses it; past the phone's outbox, which
# has tests of its own. False where what was sent before took the form away.
EMPTY = """action => {
  const form = [...document.querySelectorAll('main form[method=post]')]
    .find((one) => one.getAttribute('action').replace(/[0-9]+/g, 'N') === action);
  if (!form) return false;
  for (const field of form.querySelectorAll('textarea, input, select')) {
    if (field.type === 'radio' || field.type === 'checkbox') field.checked = false;
    else if (field.type === 'hidden' || field.type === 'file') continue;
    else if (field.tagName === 'SELECT') field.selectedIndex = -1;
    else field.value = '';
  }
  for (let fold = form.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  form.removeAttribute('data-outbox');
  form.querySelector('button:not([type=button])').setAttribute('data-send', '');
  return true;
}"""
SEND = "() => setTimeout(() => document.querySelector('[data-send]').click())"
COLOURS = re.compile(r"color|background|opacity|filter|shadow|var\(")
# Walks over all pages are cut into parts, which processes share.
PAGES, MISTAKES = 8, 4

Note = Callable[[str, object], None]


def in_every_mode(page: Page, frame: bool = True) -> Iterator[str]:
    """What bars anybody on this page; in the first mode everything, in the others what hangs on looks.

    长辈版 in the dark has the sizes of the one and the colours of the other. ``frame``: with what stands around the content.
    """
    page.evaluate(BIG, False)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    yield from barriers(page)
    page.emulate_media(color_scheme="dark")
    yield from (f"(dark) {line}" for line in barriers(page, looks_of="body" if frame else "main"))
    page.emulate_media(color_scheme="light")
    page.evaluate(BIG, True)
    yield from (f"(长辈版) {line}" for line in barriers(page, looks_of="body" if frame else "main"))


def report(problems: dict[str, str]) -> str:
    lines = [f"{where}: {line}" for line, where in problems.items()]
    return "\n".join([f"{len(problems)}:", *lines])


def test_the_tour_misses_nothing(district: District) -> None:
    """Every address that shows a page was seen by somebody, and none broke."""
    elsewhere = {
        # For the browser that has just sent something: the journeys in a browser pass there.
        "residents.received",
        "residents.feedback_received",
    }
    assert district.found.unreached <= elsewhere
    assert not district.found.faults


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PAGES))
def test_nothing_bars_anybody(tour: Tour, part: int, record_property: Note) -> None:
    problems: dict[str, str] = {}
    stops = tour.district.found.stops[part::PAGES]
    states, persons = 0, set[str]()
    for stop in stops:
        page = tour.open(stop)
        page.evaluate(FOLDS)
        found = [*in_every_mode(page, frame=stop.person not in persons), *misfits(page, BIG)]
        persons.add(stop.person)
        for number in stop.sheets:
            page.evaluate(SHEET, number)
            found += [f"with the sheet {number} open {line}" for line in in_every_mode(page)]
        states += 1 + len(stop.sheets)
        for line in found:
            problems.setdefault(line, str(stop))
    tour.district.forget_tries()
    record_property("note", f"{states} states of {len(stops)} pages")
    assert not problems, report(problems)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("part", range(MISTAKES))
def test_nothing_bars_who_made_a_mistake(tour: Tour, part: int, record_property: Note) -> None:
    """Every form, sent empty: the page or the part that HTMX puts in its place, with its errors."""
    problems: dict[str, str] = {}
    forms = [(stop, action) for stop in tour.district.found.stops for action in stop.forms][part::MISTAKES]
    refused = 0
    for stop, action in forms:
        page = tour.open(stop)
        if not page.evaluate(EMPTY, action):
            continue
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            page.evaluate(SEND)
        if answer.value.status != 422:
            tour.leave()  # what was taken leads elsewhere
            continue
        page.locator(".errors, .err").first.wait_for(state="attached")
        refused += 1
        for line in in_every_mode(page):
            problems.setdefault(line, f"{action} refused, {stop}")
    record_property("note", f"{len(forms)} forms sent empty, {refused} refused and looked at")
    assert refused > len(forms) / 2
    assert not problems, report(problems)


def test_elder_mode_changes_sizes_and_no_colours() -> None:
    """So the dark scheme need not be looked at once more in 长辈版."""
    styles = Path(__file__).parents[2].joinpath("static", "app.css").read_text(encoding="utf-8")
    rules = re.findall(r"\[data-elder\][^{}]*\{([^}]*)\}", styles)
    assert rules
    assert [rule for rule in rules if COLOURS.search(rule)] == []
