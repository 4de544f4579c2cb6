"""Actions on a case through the outbox: done once, and refused where the case changed meanwhile."""

from __future__ import annotations

import sqlalchemy as sa
from playwright.sync_api import expect

from tests.cases.factories import register
from tests.faults.conftest import MakePhone
from tests.faults.phone import WAIT, Phone
from tests.support.live import Live
from webapp.cases import service
from webapp.cases.models import Case, CaseEvent
from webapp.extensions import db

FORM = "form[action$='/settle_on_spot']"


def _registered(live: Live) -> str:
    with live.app.app_context():
        number = register(live.app.extensions["world"]).number
        db.session.remove()
    return number


def _settle(phone: Phone, words: str) -> None:
    form = phone.page.locator(FORM).first
    form.locator("textarea").first.evaluate("(field, text) => { field.value = text; }", words)
    form.evaluate("form => form.requestSubmit(form.querySelector('button[type=submit]'))")


def _events(live: Live, number: str) -> list[str]:
    with live.app.app_context():
        query = (
            sa.select(CaseEvent.action).join(Case, Case.id == CaseEvent.case_id).where(Case.number == number)
        )
        actions = list(db.session.scalars(query.order_by(CaseEvent.id)))
        db.session.remove()
    return actions


def test_an_action_whose_answer_was_lost_is_done_once(make_phone: MakePhone, live: Live) -> None:
    number = _registered(live)
    phone = make_phone("grid_worker")
    phone.open(f"/cases/{number}/settle_on_spot")
    phone.proxy.plan("drop_answer", path="/cases/")
    _settle(phone, "已经清理。")
    expect(phone.page.get_by_text("已存到本机")).to_be_visible(timeout=WAIT)
    phone.until_empty()
    assert _events(live, number).count("settle_on_spot") == 1


def test_a_case_that_changed_meanwhile_is_left_to_a_person(make_phone: MakePhone, live: Live) -> None:
    number = _registered(live)
    phone = make_phone("grid_worker")
    phone.open(f"/cases/{number}/settle_on_spot")
    phone.context.set_offline(True)
    _settle(phone, "已经劝离。")
    expect(phone.page.get_by_text("已存到本机")).to_be_visible(timeout=WAIT)
    with live.app.app_context():
        service.convene(live.app.extensions["world"].actor("branch_secretary"), number, parties=["业委会"])
        db.session.remove()
    phone.context.set_offline(False)
    phone.until("mend")
    [row] = phone.rows()
    assert row["status"] == 409
    assert row["message"]
    assert "settle_on_spot" not in _events(live, number)
    phone.open("/outbox")
    expect(phone.page.get_by_text(row["message"])).to_be_visible(timeout=WAIT)
    assert "已经劝离。" in row["text"]
