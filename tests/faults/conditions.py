"""What goes wrong on a phone and on the server, for the tests with either browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa

from tests.cases.factories import register
from tests.support.browse import Browse
from tests.support.live import Live
from webapp.accounts.models import LoginSession
from webapp.cases.models import Case, CaseEvent
from webapp.cases.service import loop
from webapp.directory.models import Appointment
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import transaction

# ---- A phone: scripts that run before those of the page ----
NO_LOCKS = "Object.defineProperty(navigator, 'locks', { value: undefined });"
NO_STORE = "Object.defineProperty(window, 'indexedDB', { value: undefined });"
STORE_REFUSED = "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); };"
# Chromium lets no test lower its quota: the store answers as it does when it is reached.
FULL = """IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };"""
NEARLY_FULL = "StorageManager.prototype.estimate = async () => ({ quota: 1e9, usage: 1e9 - 1e6 });"
CLOCK = """(() => { const Real = Date, off = %d * 86400000; window.Date = class extends Real {
  constructor(...given) { given.length ? super(...given) : super(Real.now() + off); }
  static now() { return Real.now() + off; } }; })();"""

# ---- A page that is open ----
THREE_TAPS = "(() => { const form = document.querySelector('#log-visit'); for (let n = 0; n < 3; n++) form.requestSubmit(); })()"
# As the app was before the upgrade: without the question that is asked now.
OLDER_BUILD = (
    "(() => { document.body.dataset.version = 'older';"
    " document.querySelectorAll('[name=outcome]').forEach((one) => one.remove()); })()"
)
# The first row in the queue lacks something that the server wants.
SPOIL_FIRST_ROW = (
    "(async () => { const { read, change } = window.outbox; const [row] = (await read()).rows;"
    " await change(row, { fields: row.fields.filter(([name]) => name !== 'outcome') }); })()"
)
# A row vanishes from the phone's memory: cleared by the system, or by somebody.
LOSE_SECOND_ROW = (
    "window.outbox.atomic((rows) => { rows.openCursor().onsuccess = (event) => { const at = event.target.result;"
    " if (!at) return; if (at.value.number === 2) at.delete(); at.continue(); }; })"
)
# The first row, sent by hand with a token of whoever is logged in: the answer's status and content.
SEND_FIRST_ROW = """(async () => {
  const { csrf } = await (await fetch("/outbox/token")).json();
  const [row] = (await window.outbox.read()).rows, body = new FormData();
  body.append("csrf_token", csrf); body.append("submission_id", row.id);
  for (const [name, value] of row.fields) body.append(name, value);
  const answer = await fetch(row.action, { method: "POST", body,
    headers: { "X-Outbox": "1", "X-Outbox-Owner": row.owner, Accept: "application/json" } });
  return [answer.status, await answer.json()];
})()"""
# The paths of the pages that the service worker keeps.
KEPT = """caches.open("pages").then((cache) => cache.keys()).then((all) => all.map((one) => new URL(one.url).pathname))"""

SETTLE_FORM = "form[action$='/settle_on_spot']"


def settle(words: str) -> str:
    """The script that settles the case of this page on the spot, in these words."""
    return (
        f"(() => {{ const form = document.querySelector({json.dumps(SETTLE_FORM)});"
        f" form.querySelector('textarea').value = {json.dumps(words)};"
        " form.requestSubmit(form.querySelector('button[type=submit]')); })()"
    )


# ---- The server ----
def end_logins(live: Live) -> None:
    """Every login lapses."""
    with live.app.app_context():
        with transaction() as session:
            session.execute(sa.update(LoginSession).values(ended_at=clock.now()))
        db.session.remove()


def end_posts(live: Live, person_id: int) -> None:
    """This person's posts ended yesterday."""
    with live.app.app_context():
        with transaction() as session:
            mine = sa.update(Appointment).where(Appointment.person_id == person_id)
            session.execute(mine.values(ends_on=clock.today() - timedelta(days=1)))
        db.session.remove()


@contextmanager
def other_secret(live: Live) -> Iterator[None]:
    """The server is started again with another secret, and afterwards with its own."""
    before = live.environ["SECRET_KEY"], live.app.secret_key
    live.stop()
    live.environ["SECRET_KEY"] = live.app.secret_key = "zR7wQ1nB5vC8xL2kJ6hG4fD9sA3pO0iU-other"
    try:
        live.start()
        yield
    finally:
        live.stop()
        live.environ["SECRET_KEY"], live.app.secret_key = before
        live.start()


def use_for_another_visit(live: Live, submission_id: str, unit_id: str) -> None:
    """The same submission is used for something else meanwhile."""
    visit = {
        "kind": "home_visit",
        "items": "policy",
        "outcome": "settled",
        "note": "other",
        "unit_id": unit_id,
    }
    with live.app.app_context():
        browse = Browse(live.app, live.app.extensions["world"]).log_in("grid_worker")
        browse.post("/visits/new", visit, submission_id=submission_id)
        db.session.remove()


def registered_case(live: Live) -> str:
    """The number of a new case."""
    with live.app.app_context():
        number = register(live.app.extensions["world"]).number
        db.session.remove()
    return number


def convene(live: Live, number: str) -> None:
    """The branch secretary takes the case further."""
    with live.app.app_context():
        loop.convene(live.app.extensions["world"].actor("branch_secretary"), number, parties=["业委会"])
        db.session.remove()


def case_events(live: Live, number: str) -> list[str]:
    """What was done with this case."""
    with live.app.app_context():
        query = (
            sa.select(CaseEvent.action).join(Case, Case.id == CaseEvent.case_id).where(Case.number == number)
        )
        actions = list(db.session.scalars(query.order_by(CaseEvent.id)))
        db.session.remove()
    return actions
