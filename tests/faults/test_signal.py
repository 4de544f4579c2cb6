"""No signal, and the ways in which a network pretends: each visit arrives exactly once, under the right name."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.faults.conditions import SPOIL_FIRST_ROW
from tests.faults.conftest import MakePhone
from tests.faults.phone import WAIT, receipt_of, visits
from tests.faults.proxy import UNANSWERED, Proxy
from tests.support.live import Live


def test_with_signal_the_page_goes_on_as_if_there_were_no_outbox(
    make_phone: MakePhone, live: Live, proxy: Proxy
) -> None:
    phone = make_phone()
    phone.open()
    phone.write("online")
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert visits(live, "online") == {"online": [phone.person_id]}
    assert phone.rows() == []
    [sent] = phone.log()
    kept = receipt_of(live, sent["id"])
    assert kept is not None
    assert (kept.person_id, kept.device_number) == (phone.person_id, 1)
    assert len(proxy.posts("/visits/new")) == 1


def test_without_signal_it_is_kept_and_sent_once_there_is_some(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    phone.open()
    phone.context.set_offline(True)
    for number in range(3):
        phone.keep(f"offline {number}")
        phone.again()
    rows = phone.rows()
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert all(row["sha"] and row["claimed"] and row["owner"] and row["version"] for row in rows)
    assert not any(name == "csrf_token" for row in rows for name, _ in row["fields"])
    assert visits(live, "offline") == {}
    phone.context.set_offline(False)
    phone.until_empty()
    assert visits(live, "offline") == {f"offline {n}": [phone.person_id] for n in range(3)}


def test_wrong_input_comes_back_on_the_form_as_without_an_outbox(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    phone.open()
    phone.fill("mistyped")
    phone.page.locator("[name=resident_phone]").evaluate("field => { field.value = '123'; }")
    phone.submit()
    expect(phone.page.get_by_text("还没有提交，请看一下")).to_be_visible(timeout=WAIT)
    assert [row["state"] for row in phone.rows()] == ["mend"]
    phone.page.locator("[name=resident_phone]").fill("13800000000")
    phone.submit()
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert phone.rows() == []
    assert visits(live, "mistyped") == {"mistyped": [phone.person_id]}
    assert [entry["number"] for entry in phone.log()] == [1]


@pytest.mark.parametrize("fault", UNANSWERED)
def test_no_answer_but_a_receipt_counts(make_phone: MakePhone, live: Live, proxy: Proxy, fault: str) -> None:
    phone = make_phone()
    phone.open()
    proxy.plan(fault, path="/visits/new", times=2)
    phone.keep(f"fault {fault}")
    assert len(phone.rows()) == 1
    phone.until_empty()  # by its own timer, nobody taps
    assert visits(live, f"fault {fault}") == {f"fault {fault}": [phone.person_id]}
    sent = proxy.posts("/visits/new")
    assert len(sent) == 3
    assert len({one.submission_id for one in sent}) == 1


def test_a_captive_portal_in_place_of_the_token_is_no_signal(
    make_phone: MakePhone, live: Live, proxy: Proxy
) -> None:
    phone = make_phone()
    phone.open()
    proxy.plan("portal", "GET", "/outbox/token", times=2)
    phone.keep("portal token")
    assert proxy.posts() == []
    phone.until_empty()
    assert visits(live, "portal token") == {"portal token": [phone.person_id]}


def test_silence_is_waited_for_eight_seconds_and_no_longer(
    make_phone: MakePhone, live: Live, proxy: Proxy
) -> None:
    phone = make_phone()
    phone.open()
    proxy.plan("hang", path="/visits/new")
    phone.keep("silence")
    proxy.calm()
    phone.wake()
    phone.until_empty()
    assert visits(live, "silence") == {"silence": [phone.person_id]}


def test_retry_after_is_honoured(make_phone: MakePhone, live: Live, proxy: Proxy) -> None:
    phone = make_phone()
    phone.open()
    proxy.plan("429", path="/visits/new")
    phone.keep("later")
    [row] = phone.rows()
    assert 0 < row["next"] - phone.page.evaluate("Date.now()") <= 2000
    phone.until_empty()
    assert visits(live, "later") == {"later": [phone.person_id]}


def test_a_row_that_fails_does_not_hold_up_the_others(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    phone.open()
    phone.context.set_offline(True)
    phone.keep("poison")
    phone.again()
    phone.keep("sound")
    phone.page.evaluate(SPOIL_FIRST_ROW)
    phone.context.set_offline(False)
    phone.until("mend")
    phone.until("waiting", 0)
    assert visits(live, "sound") == {"sound": [phone.person_id]}
    [row] = phone.rows()
    assert row["message"].startswith("结果怎样：")
    assert visits(live, "poison") == {}
