"""A worker's phone: a browser of its own that writes visits, and the ways to look into its outbox and the server."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import BrowserContext, Page, expect

from tests.faults.proxy import Proxy
from tests.support.live import Live
from webapp.extensions import db
from webapp.foundation.receipts import Receipt
from webapp.visits.models import Visit

READ = """async (store) => {
  const open = indexedDB.open("outbox");
  const base = await new Promise((yes) => { open.onsuccess = () => yes(open.result); });
  if (!base.objectStoreNames.contains(store)) { base.close(); return []; }
  const all = base.transaction(store).objectStore(store).getAll();
  const rows = await new Promise((yes) => { all.onsuccess = () => yes(all.result); });
  base.close();
  return rows.map((row) => ({ ...row, photos: (row.photos || []).map((photo) => photo.bytes.byteLength) }));
}"""
WAIT = 60_000  # milliseconds; the machine may be busy


def session_cookie(live: Live, person: str) -> str:
    """The cookie of a fresh login, without the login page."""
    with live.app.app_context():
        token = live.app.extensions["world"].token(person)
        db.session.remove()
    serializer = SecureCookieSessionInterface().get_signing_serializer(live.app)
    assert serializer is not None
    # As after the first page: two first requests at once would each be given a CSRF token of their own.
    csrf = secrets.token_hex(20)
    cookie: str = serializer.dumps(
        {"_user_id": token, "_fresh": True, "_permanent": True, "csrf_token": csrf}
    )
    return cookie


def visits(live: Live, prefix: str) -> dict[str, list[int]]:
    """The visits on the server whose note begins with ``prefix``: note → the persons who logged it, once for each row."""
    with live.app.app_context():
        found: dict[str, list[int]] = {}
        query = sa.select(Visit.note, Visit.worker_id).where(Visit.undone_at.is_(None))
        for note, worker in db.session.execute(query):
            if note.startswith(prefix):
                found.setdefault(note, []).append(worker)
        db.session.remove()
        return found


def receipt_of(live: Live, submission_id: str) -> Receipt | None:
    """The server's receipt."""
    with live.app.app_context():
        row = db.session.get(Receipt, uuid.UUID(submission_id))
        if row is not None:
            db.session.expunge(row)
        db.session.remove()
        return row


class Holder:
    """A phone with a queue, in whatever browser."""

    live: Live
    person: str

    def rows(self) -> list[dict[str, Any]]:
        """What the phone holds, by number."""
        raise NotImplementedError

    def rest(self) -> None:
        """Let a moment pass."""
        time.sleep(0.1)

    @property
    def person_id(self) -> int:
        """The id of who is logged in."""
        number: int = self.live.app.extensions["world"].people[self.person]
        return number

    def until_empty(self) -> None:
        """Wait until all was received."""
        self._until(lambda: not self.rows())

    def until(self, state: str, count: int = 1) -> None:
        """Wait until so many rows are in this state."""
        self._until(lambda: sum(row["state"] == state for row in self.rows()) == count)

    def _until(self, holds: Callable[[], bool], wanted: str = "") -> None:
        deadline = time.monotonic() + WAIT / 1000
        while not holds():
            if time.monotonic() > deadline:
                shown = ("number", "state", "tries", "status", "message")
                raise AssertionError([wanted, *([row.get(name) for name in shown] for row in self.rows())])
            self.rest()


@dataclass
class Phone(Holder):
    """One browser, logged in as one person at a time."""

    context: BrowserContext
    page: Page
    live: Live
    proxy: Proxy
    person: str = ""

    def log_in(self, person: str) -> Phone:
        """Somebody logs in on this phone."""
        self.person = person
        self.context.add_cookies(
            [{"name": "desk", "value": session_cookie(self.live, person), "url": self.proxy.url}]
        )
        return self

    def log_out(self) -> None:
        """The session ends without a word."""
        self.context.clear_cookies()

    def rest(self) -> None:
        """Let a moment pass, and Playwright's pages run."""
        self.page.wait_for_timeout(100)

    def open(self, path: str = "/visits/new", page: Page | None = None) -> Page:
        """Open a page and wait for the outbox."""
        page = page or self.page
        page.goto(self.proxy.url + path)
        self.wait("window.outbox !== undefined", page)
        return page

    def wait(self, script: str, page: Page | None = None) -> None:
        """Wait until this holds. (Playwright's own way would need a content policy with eval.)"""
        self._until(lambda: bool((page or self.page).evaluate(script)))

    def fill(self, note: str, page: Page | None = None) -> None:
        """Write a visit, and do not submit it."""
        page = page or self.page
        for name in ("kind", "items", "outcome"):
            page.locator(f"#log-visit [name={name}]").first.evaluate("field => { field.checked = true; }")
        page.locator("#log-visit [name=note]").evaluate("(field, text) => { field.value = text; }", note)

    def submit(self, page: Page | None = None) -> None:
        """Tap 提交."""
        (page or self.page).locator("#log-visit button[type=submit]").click()

    def write(self, note: str, page: Page | None = None) -> None:
        """Write and submit."""
        self.fill(note, page)
        self.submit(page)

    def keep(self, note: str, page: Page | None = None) -> None:
        """Write and submit without signal; it is kept. The form is then ready for the next."""
        page = page or self.page
        self.write(note, page)
        expect(page.get_by_text("已存到本机")).to_be_visible(timeout=WAIT)

    def again(self, page: Page | None = None) -> None:
        """One more on the same form."""
        (page or self.page).get_by_role("button", name="再记一条").click()

    def rows(self) -> list[dict[str, Any]]:
        """What the phone holds, by number."""
        rows: list[dict[str, Any]] = self.page.evaluate(READ, "rows")
        return sorted(rows, key=lambda row: int(row["number"]))

    def log(self) -> list[dict[str, Any]]:
        """What the phone knows to be received."""
        log: list[dict[str, Any]] = self.page.evaluate(READ, "log")
        return log

    def wake(self, page: Page | None = None) -> None:
        """A tap on 现在发送, as it were."""
        (page or self.page).evaluate("window.outbox.wake()")
