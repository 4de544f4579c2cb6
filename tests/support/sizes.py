"""Sizes for fingers and eyes, standard and 长辈版: targets, type, and no page that scrolls sideways.

The figures are those of the ministry's rules for older people (MIIT 适老化): targets of 44×44, in 长辈版 60×60; main text
there at least 18.
"""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page

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


def misfits(page: Page, big: str) -> Iterator[str]:
    """What is too small or too wide on this page, standard and in 长辈版; ``big``: the script that turns that on."""
    for elder in (False, True):
        page.evaluate(big, elder)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            if wide := page.evaluate(SIDEWAYS):
                yield f"scrolls sideways at {width} px ({elder=}): {wide}"
        least = TARGET_ELDER if elder else TARGET
        yield from (f"less than {least}: {small}" for small in page.evaluate(SMALL, least))
    size, text = page.evaluate(SMALLEST_TEXT)
    if size < TEXT_ELDER:
        yield f"type of {size} px: {text}"
    page.set_viewport_size({"width": WIDTHS[0], "height": 844})
