"""Actions on a case through the outbox: done once, and refused where the case changed meanwhile."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.faults.conditions import case_events, convene, registered_case, settle
from tests.faults.conftest import MakePhone
from tests.faults.phone import WAIT
from tests.support.live import Live


def test_an_action_whose_answer_was_lost_is_done_once(make_phone: MakePhone, live: Live) -> None:
    number = registered_case(live)
    phone = make_phone("grid_worker")
    phone.open(f"/cases/{number}/settle_on_spot")
    phone.proxy.plan("drop_answer", path="/cases/")
    phone.page.evaluate(settle("已经清理。"))
    expect(phone.page.get_by_text("已存到本机")).to_be_visible(timeout=WAIT)
    phone.until_empty()
    assert case_events(live, number).count("settle_on_spot") == 1


def test_a_case_that_changed_meanwhile_is_left_to_a_person(make_phone: MakePhone, live: Live) -> None:
    number = registered_case(live)
    phone = make_phone("grid_worker")
    phone.open(f"/cases/{number}/settle_on_spot")
    phone.context.set_offline(True)
    phone.page.evaluate(settle("已经劝离。"))
    expect(phone.page.get_by_text("已存到本机")).to_be_visible(timeout=WAIT)
    convene(live, number)
    phone.context.set_offline(False)
    phone.until("mend")
    [row] = phone.rows()
    assert row["status"] == 409
    assert row["message"]
    assert "settle_on_spot" not in case_events(live, number)
    phone.open("/outbox")
    expect(phone.page.get_by_text(row["message"])).to_be_visible(timeout=WAIT)
    assert "已经劝离。" in row["text"]
