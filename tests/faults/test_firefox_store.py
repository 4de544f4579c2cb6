"""A phone with Firefox ESR that does something wrong itself: see test_device.py; and a small storm over two of them.

Not to be had there: switching IndexedDB off (Firefox has no such preference any more); it refuses by a script, as for
Chromium. A full store is Firefox's own: its quota can be lowered.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.faults.conditions import CLOCK, LOSE_SECOND_ROW, NO_LOCKS, NO_STORE, STORE_REFUSED, THREE_TAPS
from tests.faults.conftest import MakeFox
from tests.faults.fox import Fox
from tests.faults.phone import WAIT, receipt_of, visits
from tests.faults.proxy import UNANSWERED, Proxy
from tests.support.firefox import firefox, firefox_missing
from tests.support.live import Live
from tests.support.tools import demand
from webapp.extensions import db
from webapp.foundation import clock
from webapp.offline import queries

CANNOT_KEEP = "这台手机现在存不下未发送的内容"
NOT_SENT = "没有发出去，填写的内容还在"
QUOTA = 3000  # kB for all that pages store: less than outbox.js wants to be free, and room for a few rows
# Fill what is left, in ever smaller pieces, until no piece at all goes in: Firefox closes a connection that met the limit,
# a moment later, and finds some more room when it opens the next.
FILL_UP = """(async () => {
  const { atomic, got } = window.outbox;
  let number = 0, before = -1;
  while (number > before) {
    before = number;
    for (let bytes = 65536; bytes > 256;) {
      const piece = crypto.getRandomValues(new Uint8Array(bytes));
      try {
        await atomic((rows, log, meta) => got(meta.put(piece, `fill ${number}`)));
        number++;
      } catch (error) {
        if (error.name === "QuotaExceededError") bytes /= 2;
        else if (error.name !== "InvalidStateError") throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
  return number;
})()"""
SEED = 20261123
RATE = 0.35  # of the requests meet a fault
STORM_EACH = 20  # visits a phone


@pytest.mark.parametrize("script", ["", NO_LOCKS], ids=["web locks", "lease"])
def test_two_tabs_send_each_row_once(make_fox: MakeFox, live: Live, proxy: Proxy, script: str) -> None:
    fox = make_fox(script=script)
    other = fox.browser.new_tab(fox.context, window=True)
    fox.open()
    fox.open(tab=other)
    fox.browser.set_offline(True, fox.context)
    name = f"fox tabs {bool(script)}"
    for number, tab in enumerate((fox.tab, other, fox.tab)):
        fox.keep(f"{name} {number}", tab)
    assert [row["number"] for row in fox.rows()] == [1, 2, 3]
    assert proxy.posts("/visits/new") == []
    fox.browser.set_offline(False, fox.context)
    for tab in (fox.tab, other):
        fox.wake(tab)
    fox.until_empty()
    assert visits(live, name) == {f"{name} {n}": [fox.person_id] for n in range(3)}
    sent = [one.submission_id for one in proxy.posts("/visits/new")]
    assert len(sent) == len(set(sent)) == 3, "one sender over all tabs"


def test_a_tap_too_many_is_one_visit(fox: Fox, live: Live) -> None:
    fox.open()
    fox.fill("fox taps")
    fox.run(THREE_TAPS)
    fox.saved()
    assert visits(live, "fox taps") == {"fox taps": [fox.person_id]}


def test_a_browser_killed_with_a_full_queue_has_all_of_it_afterwards(
    live: Live, proxy: Proxy, tmp_path: Path
) -> None:
    demand(firefox_missing())
    notes = [f"fox killed {number}" for number in range(4)]
    with firefox(tmp_path) as browser:
        fox = Fox(browser, live, proxy).log_in("grid_worker")
        fox.open()
        fox.lose_signal()
        for note in notes:
            fox.keep(note)
    assert visits(live, "fox killed") == {}
    proxy.calm()
    with firefox(tmp_path) as browser:
        fox = Fox(browser, live, proxy).log_in("grid_worker")
        fox.open("/outbox")
        fox.until_empty()
        assert sorted(entry["number"] for entry in fox.log()) == [1, 2, 3, 4]
    assert visits(live, "fox killed") == {note: [fox.person_id] for note in notes}


def _goes_without_outbox(fox: Fox, live: Live, note: str) -> None:
    """The page says first that nothing can be stored, sends by itself, and without signal it is no fake "saved"."""
    fox.open()
    fox.sees(CANNOT_KEEP)
    fox.write(note)
    fox.saved()
    assert visits(live, note) == {note: [fox.person_id]}
    fox.open()
    fox.sees(CANNOT_KEEP)
    fox.lose_signal()
    fox.write(note + " offline")
    fox.sees(NOT_SENT)
    assert not fox.run("document.body.textContent.includes('已存到本机')")
    assert fox.run("document.querySelector('[name=note]').value") == note + " offline"


@pytest.mark.parametrize("script", [NO_STORE, STORE_REFUSED], ids=["no store", "store refused"])
def test_where_nothing_can_be_stored_it_says_so_first_and_sends_as_without_outbox(
    make_fox: MakeFox, live: Live, script: str
) -> None:
    _goes_without_outbox(make_fox(script=script), live, f"fox blocked {script == NO_STORE}")


@pytest.fixture
def small(live: Live, proxy: Proxy, tmp_path: Path) -> Iterator[Fox]:
    """A phone with little room for pages."""
    demand(firefox_missing())
    with firefox(tmp_path, dom_quotaManager_temporaryStorage_fixedLimit=QUOTA) as browser:
        yield Fox(browser, live, proxy).log_in("grid_worker")


def test_a_store_that_is_nearly_full_and_fills_up_while_writing(small: Fox, live: Live, proxy: Proxy) -> None:
    small.open()
    small.sees(CANNOT_KEEP)
    small.lose_signal()
    small.keep("fox nearly full")  # there was room for it after all
    assert small.run(FILL_UP) > 10
    # What is kept leaves a full store, too.
    small.find_signal()
    small.until_empty()
    assert visits(live, "fox nearly full") == {"fox nearly full": [small.person_id]}
    assert "X-Outbox" in proxy.posts("/visits/new")[-1].headers
    assert small.run(FILL_UP) >= 0
    small.write("fox filled up")
    small.saved()
    assert visits(live, "fox filled up") == {"fox filled up": [small.person_id]}
    assert "X-Outbox" not in proxy.posts("/visits/new")[-1].headers, "the form was sent by itself"
    assert small.rows() == []


def test_without_a_service_worker_all_is_kept_and_sent(live: Live, proxy: Proxy, tmp_path: Path) -> None:
    demand(firefox_missing())
    with firefox(tmp_path, dom_serviceWorkers_enabled=False) as browser:
        fox = Fox(browser, live, proxy).log_in("grid_worker")
        fox.open()
        assert fox.run("navigator.serviceWorker === undefined")
        fox.lose_signal()
        fox.keep("fox no worker")
        fox.find_signal()
        fox.until_empty()
        assert browser.problems == []
    assert visits(live, "fox no worker") == {"fox no worker": [fox.person_id]}


@pytest.mark.parametrize("days", [-9, 9])
def test_a_clock_that_is_days_off_changes_nothing_but_the_claim(
    make_fox: MakeFox, live: Live, proxy: Proxy, days: int
) -> None:
    fox = make_fox(script=CLOCK % days)
    fox.open()
    proxy.plan("502", path="/visits/new")
    fox.keep(f"fox clock {days}")
    [row] = fox.rows()
    fox.until_empty()
    assert visits(live, f"fox clock {days}") == {f"fox clock {days}": [fox.person_id]}
    kept = receipt_of(live, row["id"])
    assert kept is not None
    assert kept.claimed_at is not None
    assert abs((clock.now() - kept.at).total_seconds()) < 600, "the server's clock rules"
    assert (kept.claimed_at - kept.at).days in (days, days - 1), "the phone's is kept as a claim"


def test_a_clock_set_back_while_waiting_does_not_hold_a_row_for_days(
    fox: Fox, live: Live, proxy: Proxy
) -> None:
    fox.open()
    proxy.plan("500", path="/visits/new")
    fox.keep("fox set back")
    fox.run(f"(() => {{ {CLOCK % -5} }})()")
    fox.wake()
    fox.until_empty()
    assert visits(live, "fox set back") == {"fox set back": [fox.person_id]}


def test_photos_are_shrunk_on_the_phone_and_arrive(fox: Fox, live: Live, tmp_path: Path) -> None:
    big = tmp_path / "big.png"
    Image.effect_noise((2400, 1800), 80).convert("RGB").save(big)
    fox.open()
    fox.lose_signal()
    fox.browser.set_files("[name=photos]", [big], fox.tab)
    fox.keep("fox photo")
    [row] = fox.rows()
    assert row["photos"]
    assert row["photos"][0] < big.stat().st_size / 4
    fox.find_signal()
    fox.until_empty()
    assert visits(live, "fox photo") == {"fox photo": [fox.person_id]}
    fox.goto(fox.log()[0]["url"])
    assert fox.run("document.querySelectorAll('main img').length") == 1


def test_a_gap_is_noticed(fox: Fox, live: Live) -> None:
    fox.open()
    fox.lose_signal()
    for number in range(3):
        fox.keep(f"fox gap {number}")
    fox.run(LOSE_SECOND_ROW)
    fox.find_signal()
    fox.until_empty()
    assert sorted(visits(live, "fox gap")) == ["fox gap 0", "fox gap 2"]
    fox.open("/outbox")
    fox.sees("第 2 号没有收讫")


def test_after_a_storm_the_server_has_exactly_what_the_phones_wrote(
    make_fox: MakeFox, live: Live, proxy: Proxy
) -> None:
    phones = [make_fox(person, window=True) for person in ("grid_worker", "grid_worker2")]
    written: dict[str, list[int]] = {}
    for fox in phones:
        fox.open()
        fox.browser.set_offline(True, fox.context)
    for number in range(STORM_EACH):
        for fox in phones:
            note = f"fox storm {fox.person} {number}"
            fox.write(note)
            written[note] = [fox.person_id]
        for fox in phones:
            fox.kept()
    proxy.chaos(SEED, RATE, UNANSWERED)
    for fox in phones:
        fox.browser.set_offline(False, fox.context)
    deadline = time.monotonic() + WAIT / 1000
    while any(fox.rows() for fox in phones) and time.monotonic() < deadline:
        for fox in phones:
            fox.wake()
            fox.rest()
    proxy.calm()
    for fox in phones:
        fox.until_empty()
    assert visits(live, "fox storm") == written, "lost, done twice, or under a wrong name"
    for fox in phones:
        log = fox.log()
        assert sorted(entry["number"] for entry in log) == list(range(1, STORM_EACH + 1))
        receipts = [receipt_of(live, entry["id"]) for entry in log]
        assert all(one is not None and one.person_id == fox.person_id for one in receipts)
        device = fox.run("window.outbox.read().then((held) => held.device.id)")
        with live.app.app_context():
            found = queries.arrivals(uuid.UUID(device))
            db.session.remove()
        assert (found.received, found.missing) == (STORM_EACH, [])
    assert sum(bool(one.fault) for one in proxy.seen) > len(written) / 3, "it was a storm"
