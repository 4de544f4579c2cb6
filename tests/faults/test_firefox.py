"""The same promises in Firefox ESR: its own IndexedDB, its own fetch, no Background Sync, a ``persist()`` that may ask."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.faults.phone import READ, WAIT, session_cookie, visits
from tests.faults.proxy import Proxy
from tests.support.firefox import Firefox, firefox, firefox_missing
from tests.support.live import Live
from tests.support.tools import demand
from webapp.accounts.models import LoginSession
from webapp.directory.models import Appointment
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import transaction

WRITE = """(() => {
  const form = document.querySelector("#log-visit");
  for (const name of ["kind", "items", "outcome"]) form.querySelector(`[name=${name}]`).checked = true;
  form.querySelector("[name=note]").value = %s;
  form.requestSubmit(form.querySelector("button[type=submit]"));
})()"""
ALWAYS = 10_000


@dataclass
class Fox:
    """A worker's Firefox."""

    browser: Firefox
    live: Live
    proxy: Proxy
    person: str = ""

    def log_in(self, person: str = "grid_worker") -> Fox:
        self.person = person
        self.browser.set_cookie("desk", session_cookie(self.live, person))
        return self

    @property
    def person_id(self) -> int:
        number: int = self.live.app.extensions["world"].people[self.person]
        return number

    def open(self, path: str = "/visits/new", tab: str = "") -> None:
        self.browser.goto(self.proxy.url + path, tab)
        self.wait("window.outbox !== undefined", tab)

    def write(self, note: str, tab: str = "") -> None:
        self.browser.evaluate(WRITE % json.dumps(note), tab)

    def keep(self, note: str, tab: str = "") -> None:
        """Written without an answer: kept, and said so."""
        self.write(note, tab)
        self.wait("document.querySelector('#messages').textContent.includes('已存到本机')", tab)
        self.browser.evaluate("document.querySelector('#messages button')?.click()", tab)

    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.browser.evaluate(f"({READ})('rows')")
        return rows

    def wait(self, script: str, tab: str = "") -> None:
        self._until(lambda: bool(self.browser.evaluate(script, tab)), script)

    def until_empty(self) -> None:
        self._until(lambda: not self.rows(), "the queue is empty")

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT / 1000
        while not holds():
            assert time.monotonic() < deadline, what
            time.sleep(0.1)

    def lose_signal(self) -> None:
        for method in ("GET", "POST"):
            self.proxy.plan("drop_request", method, "/(outbox/token|visits/new)", times=ALWAYS)

    def find_signal(self) -> None:
        self.proxy.calm()
        self.browser.evaluate("window.outbox.wake()")


@pytest.fixture(scope="module")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    demand(firefox_missing())
    with firefox(tmp_path_factory.mktemp("firefox")) as browser:
        yield browser


@pytest.fixture
def fox(_browser: Firefox, live: Live, proxy: Proxy) -> Fox:
    """Each test has a proxy, and so an origin and an outbox, of its own."""
    _browser.delete_cookies()
    return Fox(_browser, live, proxy).log_in()


def test_with_signal_the_page_goes_on(fox: Fox, live: Live) -> None:
    fox.open()
    fox.write("fox online")
    fox.wait("location.pathname.endsWith('/saved')")
    assert visits(live, "fox online") == {"fox online": [fox.person_id]}
    assert fox.rows() == []


def test_without_signal_all_is_kept_and_sent_once(fox: Fox, live: Live) -> None:
    fox.open()
    fox.lose_signal()
    for number in range(3):
        fox.keep(f"fox offline {number}")
    assert sorted(row["number"] for row in fox.rows()) == [1, 2, 3]
    assert visits(live, "fox offline") == {}
    fox.find_signal()
    fox.until_empty()
    assert visits(live, "fox offline") == {f"fox offline {n}": [fox.person_id] for n in range(3)}


@pytest.mark.parametrize(
    "fault", ["drop_request", "drop_answer", "cut_answer", "portal", "redirect", "500", "502", "429"]
)
def test_no_answer_but_a_receipt_counts(fox: Fox, live: Live, proxy: Proxy, fault: str) -> None:
    fox.open()
    proxy.plan(fault, path="/visits/new", times=2)
    fox.keep(f"fox {fault}")
    fox.until_empty()
    assert visits(live, f"fox {fault}") == {f"fox {fault}": [fox.person_id]}
    assert len({one.submission_id for one in proxy.posts("/visits/new")}) == 1


def test_silence_is_waited_for_and_no_longer(fox: Fox, live: Live, proxy: Proxy) -> None:
    fox.open()
    proxy.plan("hang", path="/visits/new")
    fox.keep("fox silence")
    fox.find_signal()
    fox.until_empty()
    assert visits(live, "fox silence") == {"fox silence": [fox.person_id]}


def test_two_tabs_send_each_row_once(fox: Fox, live: Live, proxy: Proxy) -> None:
    other = fox.browser.new_tab()
    fox.open()
    fox.open(tab=other)
    fox.lose_signal()
    fox.keep("fox tab 1")
    fox.keep("fox tab 2", other)
    sent = len(proxy.posts("/visits/new"))
    proxy.calm()
    for tab in ("", other):
        fox.browser.evaluate("void window.outbox.wake()", tab)
    fox.until_empty()
    fox.browser.command("browsingContext.close", {"context": other})
    assert visits(live, "fox tab") == {f"fox tab {n}": [fox.person_id] for n in (1, 2)}
    assert len(proxy.posts("/visits/new")) - sent == 2


def test_another_person_on_the_same_phone_sends_none_of_it(fox: Fox, live: Live) -> None:
    fox.open()
    fox.lose_signal()
    fox.keep("fox first")
    first = fox.person_id
    fox.log_in("grid_worker2")
    fox.proxy.calm()
    fox.open("/outbox")
    fox.wait("document.body.textContent.includes('本人登录后发出')")
    assert len(fox.rows()) == 1
    assert visits(live, "fox first") == {}
    fox.log_in("grid_worker")
    fox.open("/outbox")
    fox.until_empty()
    assert visits(live, "fox first") == {"fox first": [first]}


def test_a_login_that_lapsed_keeps_all_of_it(fox: Fox, live: Live) -> None:
    fox.open()
    fox.lose_signal()
    fox.keep("fox lapsed")
    with live.app.app_context():
        with transaction() as session:
            session.execute(sa.update(LoginSession).values(ended_at=clock.now()))
        db.session.remove()
    fox.find_signal()
    time.sleep(1)
    assert [row["state"] for row in fox.rows()] == ["waiting"]
    fox.log_in()
    fox.open("/outbox")
    fox.until_empty()
    assert visits(live, "fox lapsed") == {"fox lapsed": [fox.person_id]}


def test_a_post_that_ended_meanwhile_goes_to_the_community(fox: Fox, live: Live) -> None:
    fox.log_in("grid_worker1b")
    fox.open()
    fox.lose_signal()
    fox.keep("fox ended")
    with live.app.app_context():
        with transaction() as session:
            mine = sa.update(Appointment).where(Appointment.person_id == fox.person_id)
            session.execute(mine.values(ends_on=clock.today() - timedelta(days=1)))
        db.session.remove()
    fox.find_signal()
    fox.until_empty()
    assert visits(live, "fox ended") == {}
    assert fox.browser.evaluate(f"({READ})('log')")[0]["message"] == "已交社区处理。"


def test_a_browser_killed_with_a_full_queue_has_all_of_it_afterwards(
    live: Live, proxy: Proxy, tmp_path: Path
) -> None:
    demand(firefox_missing())
    notes = [f"fox killed {number}" for number in range(4)]
    with firefox(tmp_path / "profile") as browser:
        fox = Fox(browser, live, proxy).log_in()
        fox.open()
        fox.lose_signal()
        for note in notes:
            fox.keep(note)
    proxy.calm()
    with firefox(tmp_path / "profile") as browser:
        fox = Fox(browser, live, proxy).log_in()
        fox.open("/outbox")
        fox.until_empty()
    assert visits(live, "fox killed") == {note: [fox.person_id] for note in notes}


def test_the_form_opens_from_the_service_worker(fox: Fox, live: Live) -> None:
    fox.open()
    fox.browser.evaluate("navigator.serviceWorker.ready.then(() => true)")
    fox.wait("navigator.serviceWorker.controller !== null")
    fox.open()
    fox.wait("caches.keys().then((names) => names.includes('pages'))")
    fox.lose_signal()
    fox.open()
    fox.wait("document.body.textContent.includes('没有网络。这是')")
    fox.keep("fox shell")
    fox.find_signal()
    fox.until_empty()
    assert visits(live, "fox shell") == {"fox shell": [fox.person_id]}
