"""The service worker: what was seen is there without signal, of one person only, and an update breaks no open page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.faults.conditions import KEPT
from tests.faults.conftest import MakePhone
from tests.faults.phone import WAIT, Phone, visits
from tests.support.live import Live


@pytest.fixture
def phone(make_phone: MakePhone) -> Phone:
    """A phone with a service worker that has taken over."""
    made = make_phone(service_workers="allow")
    made.open()
    made.page.evaluate("navigator.serviceWorker.ready")
    made.wait("navigator.serviceWorker.controller !== null")
    return made


def test_the_form_opens_without_signal_and_what_is_written_there_arrives(phone: Phone, live: Live) -> None:
    phone.open()
    phone.wait("caches.keys().then((names) => names.includes('pages'))")
    phone.context.set_offline(True)
    for number in range(2):
        phone.open()  # the same page twice: each with an id of its own
        expect(phone.page.get_by_text("没有网络。这是")).to_be_visible(timeout=WAIT)
        phone.keep(f"shell {number}")
    assert len({row["id"] for row in phone.rows()}) == 2
    phone.context.set_offline(False)
    phone.until_empty()
    assert visits(live, "shell") == {f"shell {n}": [phone.person_id] for n in range(2)}


def test_a_page_never_seen_says_that_there_is_no_signal(phone: Phone) -> None:
    phone.context.set_offline(True)
    phone.page.goto(phone.proxy.url + "/me")
    expect(phone.page.get_by_role("heading", name="没有网络", exact=True)).to_be_visible(timeout=WAIT)
    assert phone.page.locator(".post").count() == 0, "it names nobody"


def test_only_marked_pages_are_kept(phone: Phone) -> None:
    for path in ("/visits/new", "/outbox", "/me", "/visits/"):
        phone.page.goto(phone.proxy.url + path)
    phone.page.evaluate("fetch('/outbox/token')")
    phone.page.wait_for_timeout(500)
    assert set(phone.page.evaluate(KEPT)) - {"/page-owner"} == {"/visits/new", "/outbox"}


def test_logging_out_wipes_pages_and_never_unsent_work(phone: Phone) -> None:
    phone.open()
    phone.context.set_offline(True)
    phone.keep("unsent")
    # The session ends elsewhere; the next page with signal is the login.
    phone.log_out()
    phone.proxy.plan("502", "GET", "/outbox/token", times=50)
    phone.context.set_offline(False)
    phone.page.goto(phone.proxy.url + "/visits/new")
    phone.page.wait_for_url("**/login**", timeout=WAIT)
    phone.page.wait_for_timeout(500)
    assert "/visits/new" not in phone.page.evaluate(KEPT)
    assert [row["state"] for row in phone.rows()] == ["waiting"]
    phone.context.set_offline(True)
    phone.page.goto(phone.proxy.url + "/visits/new")
    expect(phone.page.get_by_role("heading", name="没有网络", exact=True)).to_be_visible(timeout=WAIT)


def test_another_person_gets_none_of_it(phone: Phone) -> None:
    phone.open()
    owner = phone.page.evaluate("document.body.dataset.owner")
    phone.log_in("grid_worker2")
    phone.page.goto(phone.proxy.url + "/outbox")
    phone.page.wait_for_timeout(500)
    phone.context.set_offline(True)
    phone.page.goto(phone.proxy.url + "/visits/new")
    expect(phone.page.get_by_role("heading", name="没有网络", exact=True)).to_be_visible(timeout=WAIT)
    phone.page.goto(phone.proxy.url + "/outbox")
    assert phone.page.evaluate("document.body.dataset.owner") not in ("", owner)


def test_an_update_waits_until_the_open_page_is_closed(phone: Phone, live: Live) -> None:
    phone.open()
    worker = Path(live.app.static_folder or "") / "sw.js"
    assert worker.exists()
    before = phone.page.evaluate("navigator.serviceWorker.controller.scriptURL")
    # A new build: the worker's text changes on its way.
    phone.context.route(
        "**/sw.js", lambda route: route.fulfill(body="const BUILD = 'next', SHELL = [];\n" + worker.read_text(encoding="utf-8"),
                                                content_type="text/javascript")
    )  # fmt: skip
    phone.page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update())")
    phone.page.wait_for_timeout(1000)
    assert phone.page.evaluate("navigator.serviceWorker.controller.scriptURL") == before
    phone.write("during update")
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert visits(live, "during update") == {"during update": [phone.person_id]}


def test_it_can_be_installed(phone: Phone) -> None:
    answer = phone.page.request.get(phone.proxy.url + "/manifest.webmanifest").json()
    assert answer["start_url"] == "/"
    purposes = {icon["purpose"] for icon in answer["icons"]}
    assert purposes == {"any", "maskable"}
    for icon in answer["icons"]:
        picture = phone.page.request.get(phone.proxy.url + icon["src"])
        assert picture.ok
        assert picture.headers["content-type"].startswith(icon["type"])
    tools = phone.context.new_cdp_session(phone.page)
    problems = tools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [problem["errorId"] for problem in problems] in ([], ["in-incognito"])
