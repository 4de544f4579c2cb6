"""What a phone itself does wrong: two tabs, a browser that is killed, a full or forbidden store, a wrong clock."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.faults.conditions import (
    CLOCK,
    FULL,
    LOSE_SECOND_ROW,
    NEARLY_FULL,
    NO_LOCKS,
    NO_STORE,
    STORE_REFUSED,
    THREE_TAPS,
)
from tests.faults.conftest import MakePhone
from tests.faults.phone import WAIT, Phone, receipt_of, visits
from tests.faults.proxy import Proxy
from tests.support.browser import FLAGS, NAMES
from tests.support.live import Live, free_port
from webapp.foundation import clock


@pytest.mark.parametrize("script", ["", NO_LOCKS], ids=["web locks", "lease"])
def test_two_tabs_send_each_row_once(make_phone: MakePhone, live: Live, proxy: Proxy, script: str) -> None:
    phone = make_phone(script=script)
    phone.open()
    other = phone.open(page=phone.context.new_page())
    phone.context.set_offline(True)
    name = f"tabs {bool(script)}"
    for number in range(2):
        for tab, page in enumerate((phone.page, other)):
            phone.keep(f"{name} {tab} {number}", page)
            phone.again(page)
    assert [row["number"] for row in phone.rows()] == [1, 2, 3, 4]
    phone.context.set_offline(False)
    phone.wake(other)
    phone.until_empty()
    notes = {f"{name} {tab} {number}": [phone.person_id] for tab in (0, 1) for number in (0, 1)}
    assert visits(live, name) == notes
    sent = [one.submission_id for one in proxy.posts("/visits/new")]
    assert len(sent) == len(set(sent)) == 4, "one sender over all tabs"


def test_a_tap_too_many_is_one_visit(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    phone.open()
    phone.fill("taps")
    phone.page.evaluate(THREE_TAPS)
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert visits(live, "taps") == {"taps": [phone.person_id]}


@contextmanager
def _browser_of_its_own(profile: Path) -> Iterator[tuple[int, int]]:
    """A Chromium with this profile in a process group of its own: its port and its process."""
    import shutil

    path = next(found for found in map(shutil.which, NAMES) if found)
    port = free_port()
    command = [
        path,
        *FLAGS,
        "--headless=new",
        f"--remote-debugging-port={port}",
        f"--user-data-dir={profile}",
        "about:blank",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield port, process.pid
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


def _connect(chromium: Browser, port: int) -> Browser:
    import time

    for _ in range(200):
        try:
            return chromium.browser_type.connect_over_cdp(f"http://127.0.0.1:{port}")
        except Exception:  # noqa: BLE001 - it has not started listening
            time.sleep(0.2)
    raise RuntimeError("the browser did not start")


def test_a_browser_killed_with_a_full_queue_has_all_of_it_afterwards(
    chromium: Browser, live: Live, proxy: Proxy, tmp_path: Path
) -> None:
    notes = [f"killed {number}" for number in range(5)]
    with _browser_of_its_own(tmp_path) as (port, pid):
        browser = _connect(chromium, port)
        context = browser.contexts[0]
        phone = Phone(context, context.new_page(), live, proxy).log_in("grid_worker")
        phone.open()
        context.set_offline(True)
        for note in notes:
            phone.keep(note)
            if note != notes[-1]:
                phone.again()
        assert len(phone.rows()) == 5
        os.killpg(pid, signal.SIGKILL)
    assert visits(live, "killed") == {}
    with _browser_of_its_own(tmp_path) as (port, _):
        browser = _connect(chromium, port)
        context = browser.contexts[0]
        phone = Phone(context, context.new_page(), live, proxy).log_in("grid_worker")
        phone.open("/outbox")
        phone.until_empty()
        assert [entry["number"] for entry in phone.log()] == [1, 2, 3, 4, 5]
    assert visits(live, "killed") == {note: [phone.person_id] for note in notes}


@pytest.mark.parametrize("script", [NO_STORE, STORE_REFUSED], ids=["no store", "store refused"])
def test_where_nothing_can_be_stored_it_says_so_first_and_sends_as_without_outbox(
    make_phone: MakePhone, live: Live, script: str
) -> None:
    phone = make_phone(script=script)
    phone.page.goto(phone.proxy.url + "/visits/new")
    expect(phone.page.get_by_text("这台手机现在存不下未发送的内容")).to_be_visible(timeout=WAIT)
    note = f"blocked {script == NO_STORE}"
    phone.write(note)
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert visits(live, note) == {note: [phone.person_id]}
    # Without signal it is no fake "saved": the page says that it was not sent, and keeps what was typed.
    phone.page.goto(phone.proxy.url + "/visits/new")
    phone.page.wait_for_load_state("networkidle")
    phone.context.set_offline(True)
    phone.write(note + " offline")
    expect(phone.page.get_by_text("没有发出去，填写的内容还在")).to_be_visible(timeout=WAIT)
    assert phone.page.get_by_text("已存到本机").count() == 0
    assert phone.page.locator("[name=note]").input_value() == note + " offline"


@pytest.mark.parametrize("script", [FULL, NEARLY_FULL], ids=["full", "nearly full"])
def test_a_full_store_is_said_before_typing(make_phone: MakePhone, live: Live, script: str) -> None:
    phone = make_phone(script=script)
    phone.open()
    expect(phone.page.get_by_text("这台手机现在存不下未发送的内容")).to_be_visible(timeout=WAIT)
    note = f"full {script == FULL}"
    phone.write(note)
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert visits(live, note) == {note: [phone.person_id]}


def test_a_store_that_fills_up_while_writing_sends_the_form_itself(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    phone.open()
    phone.page.wait_for_load_state("networkidle")
    phone.page.evaluate(f"() => {{ {FULL} }}")
    phone.write("filled up")
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert visits(live, "filled up") == {"filled up": [phone.person_id]}
    assert phone.rows() == []


@pytest.mark.parametrize("days", [-9, 9])
def test_a_clock_that_is_days_off_changes_nothing_but_the_claim(
    make_phone: MakePhone, live: Live, proxy: Proxy, days: int
) -> None:
    phone = make_phone(script=CLOCK % days)
    phone.open()
    proxy.plan("502", path="/visits/new")
    phone.keep(f"clock {days}")
    [row] = phone.rows()
    phone.until_empty()
    assert visits(live, f"clock {days}") == {f"clock {days}": [phone.person_id]}
    kept = receipt_of(live, row["id"])
    assert kept is not None
    assert kept.claimed_at is not None
    assert abs((clock.now() - kept.at).total_seconds()) < 600, "the server's clock rules"
    assert (kept.claimed_at - kept.at).days in (days, days - 1), "the phone's is kept as a claim"


def test_a_clock_set_back_while_waiting_does_not_hold_a_row_for_days(
    make_phone: MakePhone, live: Live, proxy: Proxy
) -> None:
    phone = make_phone()
    phone.open()
    proxy.plan("500", path="/visits/new")
    phone.keep("set back")
    phone.page.evaluate(CLOCK % -5)
    phone.wake()
    phone.until_empty()
    assert visits(live, "set back") == {"set back": [phone.person_id]}


def test_photos_are_shrunk_on_the_phone_and_arrive(make_phone: MakePhone, live: Live, tmp_path: Path) -> None:
    big = tmp_path / "big.png"
    Image.effect_noise((2400, 1800), 80).convert("RGB").save(big)
    phone = make_phone()
    phone.open()
    phone.context.set_offline(True)
    phone.page.locator("[name=photos]").set_input_files([big])
    phone.keep("photo")
    [row] = phone.rows()
    assert row["photos"]
    assert row["photos"][0] < big.stat().st_size / 4
    phone.context.set_offline(False)
    phone.until_empty()
    assert visits(live, "photo") == {"photo": [phone.person_id]}
    phone.open("/visits/")
    phone.page.goto(phone.proxy.url + phone.log()[0]["url"])
    assert phone.page.locator("main img").count() == 1


def test_a_gap_is_noticed(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    phone.open()
    phone.context.set_offline(True)
    for number in range(3):
        phone.keep(f"gap {number}")
        phone.again()
    phone.page.evaluate(LOSE_SECOND_ROW)
    phone.context.set_offline(False)
    phone.until_empty()
    assert sorted(visits(live, "gap")) == ["gap 0", "gap 2"]
    phone.open("/outbox")
    expect(phone.page.locator("#outbox-line")).to_contain_text("第 2 号没有收讫", timeout=WAIT)
