"""A worker's phone with Firefox: what phone.py is for Chromium."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.faults.phone import READ, Holder, session_cookie
from tests.faults.proxy import Proxy
from tests.support.firefox import DEFAULT, Firefox
from tests.support.live import Live

FILL = """(() => {
  const form = document.querySelector("#log-visit");
  for (const name of ["kind", "items", "outcome"]) {
    const field = form.querySelector(`[name=${name}]`);
    if (field) field.checked = true;
  }
  form.querySelector("[name=note]").value = %s;
})()"""
SUBMIT = """(() => {
  const form = document.querySelector("#log-visit");
  form.requestSubmit(form.querySelector("button[type=submit]"));
})()"""
TAP = """[...document.querySelectorAll("button, a, summary")].find((one) => one.innerText.includes(%s)).click()"""
KEPT_MESSAGE = "document.querySelector('#messages')?.textContent.includes('已存到本机')"
ALWAYS = 10_000


@dataclass
class Fox(Holder):
    """A Firefox, or a user context of its own in one, logged in as one person at a time."""

    browser: Firefox
    live: Live
    proxy: Proxy
    context: str = DEFAULT
    tab: str = ""
    person: str = ""

    def rest(self) -> None:
        """Let a short moment pass: asking Firefox costs little."""
        time.sleep(0.03)

    def log_in(self, person: str) -> Fox:
        """Somebody logs in on this phone."""
        self.person = person
        self.browser.set_cookie("desk", session_cookie(self.live, person), self.context)
        return self

    def goto(self, path: str, tab: str = "") -> None:
        """Open a page."""
        self.browser.goto(self.proxy.url + path, tab or self.tab)

    def open(self, path: str = "/visits/new", tab: str = "") -> None:
        """Open a page and wait for the outbox."""
        self.goto(path, tab)
        self.wait("window.outbox !== undefined", tab)

    def run(self, script: str, tab: str = "") -> Any:
        """The value of an expression in the page."""
        return self.browser.evaluate(script, tab or self.tab)

    def fill(self, note: str, tab: str = "") -> None:
        """Write a visit, and do not submit it."""
        self.run(FILL % json.dumps(note), tab)

    def submit(self, tab: str = "") -> None:
        """Tap 提交."""
        self.run(SUBMIT, tab)

    def write(self, note: str, tab: str = "") -> None:
        """Write and submit."""
        self.fill(note, tab)
        self.submit(tab)

    def keep(self, note: str, tab: str = "") -> None:
        """Written without an answer: kept, and said so. The form is then ready for the next."""
        self.write(note, tab)
        self.kept(tab)

    def kept(self, tab: str = "") -> None:
        """Wait until it is said to be kept, and go on to the next."""
        self.wait(KEPT_MESSAGE, tab)
        self.run("document.querySelector('#messages button')?.click()", tab)

    def saved(self) -> None:
        """Wait for the page that follows a visit."""
        self.wait("location.pathname.endsWith('/saved')")

    def set(self, name: str, value: str) -> None:
        """Type into a field."""
        self.run(f"document.querySelector('[name={name}]').value = {json.dumps(value)}")

    def tap(self, words: str) -> None:
        """Tap the first button or link that says this."""
        self.sees(words)
        self.run(TAP % json.dumps(words))

    def sees(self, words: str) -> None:
        """Wait until these words are on the screen."""
        self.wait(f"document.body.innerText.includes({json.dumps(words)})")

    def rows(self) -> list[dict[str, Any]]:
        """What the phone holds, by number."""
        return sorted(self.run(f"({READ})('rows')"), key=lambda row: int(row["number"]))

    def log(self) -> list[dict[str, Any]]:
        """What the phone knows to be received."""
        log: list[dict[str, Any]] = self.run(f"({READ})('log')")
        return log

    def exported(self) -> str:
        """The text of the file that was stored, once it is there."""
        found: list[str] = []

        def is_there() -> bool:
            files = self.browser.downloads.glob("*.txt")
            found[:] = [text for file in files if (text := file.read_text(encoding="utf-8"))]
            return bool(found)

        self._until(is_there, "a file")
        return found[0]

    def wait(self, script: str, tab: str = "") -> None:
        """Wait until this holds."""
        self._until(lambda: bool(self.run(script, tab)), script)

    def wake(self, tab: str = "") -> None:
        """A tap on 现在发送, as it were."""
        self.run("void window.outbox.wake()", tab)

    def lose_signal(self) -> None:
        """Nothing gets through any more, though the phone believes that it is connected."""
        for method in ("GET", "POST"):
            self.proxy.plan("drop_request", method, times=ALWAYS)

    def find_signal(self) -> None:
        """All gets through."""
        self.proxy.calm()
        self.wake()


@contextmanager
def fox_of_its_own(
    browser: Firefox, live: Live, proxy: Proxy, script: str = "", window: bool = False
) -> Iterator[Fox]:
    """A phone with cookies and stores of its own, on which ``script`` runs before each page.

    Several at a time need a ``window`` each: a page that is hidden sends nothing.
    """
    context = browser.new_person()
    if script:
        browser.before_pages(script, context)
    try:
        yield Fox(browser, live, proxy, context, browser.new_tab(context, window))
    finally:
        browser.remove_person(context)
