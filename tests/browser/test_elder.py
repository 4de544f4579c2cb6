"""Sizes for fingers and eyes, standard and 长辈版: targets, type, and no page that scrolls sideways.

The figures are those of the ministry's rules for older people (MIIT 适老化): targets of 44×44, in 长辈版 60×60; main text
there at least 18.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.conftest import Tour
from tests.browser.test_axe import BIG, FOLDS

TARGET, TARGET_ELDER, TEXT_ELDER = 44, 60, 18  # CSS px
WIDTHS = (390, 320)
# A target is what a finger may hit: a field counts with its label. Links within a sentence are exempt (WCAG 2.5.8),
# as is what only comes into view with the keyboard.
SMALL = """least => {
  const inSentence = (link) => link.matches('p a:not([class]), td a:not([class]), li p a') ||
    (getComputedStyle(link).display === 'inline' && link.parentElement.innerText.trim() !== link.innerText.trim());
  const box = (element) => {
    const label = element.matches('input, select, textarea') && (element.labels || [])[0];
    const rects = [element, ...(label && element.matches('[type=checkbox], [type=radio], [type=file]') ? [label] : [])]
      .map((one) => one.getBoundingClientRect());
    return { width: Math.max(...rects.map((r) => r.width)), height: Math.max(...rects.map((r) => r.height)) };
  };
  return [...document.querySelectorAll('a[href], button, summary, select, textarea, input:not([type=hidden])')]
    .filter((one) => one.checkVisibility() && !one.matches('.skip') && !one.closest('[hidden], .trap'))
    .filter((one) => one.getBoundingClientRect().right > 0 && !(one.tagName === 'A' && inSentence(one)))
    .map((one) => [one, box(one)])
    .filter(([, size]) => size.width < least - 0.5 || size.height < least - 0.5)
    .map(([one, size]) => `${size.width.toFixed(0)}×${size.height.toFixed(0)} ${one.outerHTML.slice(0, 110)}`);
}"""
SMALLEST_TEXT = """() => {
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), holder = walker.currentNode.parentElement;
    if (text && holder.checkVisibility()) found.push([parseFloat(getComputedStyle(holder).fontSize), text.slice(0, 30)]);
  }
  return found.sort((a, b) => a[0] - b[0])[0] || [99, ''];
}"""
SIDEWAYS = """() => {
  const room = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= room) return [];
  const wide = [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility() &&
    one.getBoundingClientRect().right > room + 1 && !one.parentElement.closest('.scroll, .seg, svg'));
  return [`${document.scrollingElement.scrollWidth} px`, ...wide.slice(-2).map((one) => one.outerHTML.slice(0, 140))];
}"""


@pytest.mark.browser
@pytest.mark.slow
def test_fingers_and_eyes(tour: Tour, record_property: Callable[[str, object], None]) -> None:
    problems: dict[str, str] = {}
    for stop in tour.stops:
        page = tour.page(stop.person)
        page.goto(stop.url)
        page.evaluate(FOLDS)
        for elder in (False, True):
            page.evaluate(BIG, elder)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 844})
                if wide := page.evaluate(SIDEWAYS):
                    problems.setdefault(
                        f"scrolls sideways at {width} ({elder=}): {wide[1:]}", f"{stop} {wide[0]}"
                    )
            least = TARGET_ELDER if elder else TARGET
            for small in page.evaluate(SMALL, least):
                problems.setdefault(f"less than {least}: {small}", str(stop))
        size, text = page.evaluate(SMALLEST_TEXT)
        if size < TEXT_ELDER:
            problems.setdefault(f"type of {size} px: {text}", str(stop))
        page.set_viewport_size({"width": 390, "height": 844})
    tour.forget_tries()
    record_property("note", f"{len(tour.stops)} pages at {WIDTHS} px, standard and 长辈版")
    assert not problems, f"{len(problems)}:\n" + "\n".join(
        f"{where}: {line}" for line, where in problems.items()
    )
