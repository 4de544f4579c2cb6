"""Whose it is: a lapsed login, another person on the same phone, a post that ended, a case that changed meanwhile."""

from __future__ import annotations

import re

import sqlalchemy as sa
from playwright.sync_api import expect

from tests.faults.conditions import (
    OLDER_BUILD,
    SEND_FIRST_ROW,
    end_logins,
    end_posts,
    other_secret,
    use_for_another_visit,
)
from tests.faults.conftest import MakePhone
from tests.faults.phone import WAIT, Phone, receipt_of, visits
from tests.faults.proxy import Proxy
from tests.support.live import Live
from tests.support.world import PASSWORD
from webapp.extensions import db
from webapp.offline.models import Quarantined, State


def _kept_offline(phone: Phone, *notes: str) -> None:
    phone.open()
    phone.context.set_offline(True)
    for index, note in enumerate(notes):
        if index:
            phone.again()
        phone.keep(note)


def test_a_login_that_lapsed_keeps_all_and_sends_it_after_the_next_login(
    make_phone: MakePhone, live: Live, proxy: Proxy
) -> None:
    phone = make_phone()
    _kept_offline(phone, "lapsed 1", "lapsed 2")
    end_logins(live)
    phone.context.set_offline(False)
    phone.page.wait_for_timeout(1500)
    assert [row["state"] for row in phone.rows()] == ["waiting", "waiting"]
    assert proxy.posts("/visits/new") == []
    # On the screen: nothing is lost, and what to do.
    phone.again()
    phone.write("lapsed 3")
    expect(phone.page.get_by_text("已存到本机，登录后自动发出")).to_be_visible(timeout=WAIT)
    phone.page.get_by_role("link", name="去登录").click()
    phone.page.get_by_label("用户名或手机号").fill("grid_worker")
    phone.page.get_by_label("密码").fill(PASSWORD)
    phone.page.get_by_role("button", name="登录").click()
    phone.page.wait_for_url(re.compile(r"/(?!login)"), timeout=WAIT)
    phone.open("/outbox")
    phone.until_empty()
    assert visits(live, "lapsed") == {f"lapsed {n}": [phone.person_id] for n in (1, 2, 3)}


def test_another_person_on_the_same_phone_sees_that_there_is_something_and_sends_none_of_it(
    make_phone: MakePhone, live: Live, proxy: Proxy
) -> None:
    phone = make_phone("grid_worker")
    _kept_offline(phone, "first person")
    first = phone.person_id
    phone.context.set_offline(False)
    phone.context.set_offline(True)
    phone.log_in("grid_worker2")
    phone.context.set_offline(False)
    phone.page.wait_for_timeout(500)
    phone.open("/outbox")
    phone.page.wait_for_timeout(1500)
    assert visits(live, "first person") in ({}, {"first person": [first]})
    if phone.rows():  # the signal may have come back for a moment while the first was logged in
        expect(phone.page.get_by_text("本人登录后发出").first).to_be_visible()
        assert "first person" not in phone.page.inner_text("main")
        assert phone.page.get_by_role("button", name="丢弃").count() == 0
    phone.open()
    phone.write("second person")
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    second = phone.person_id
    phone.log_in("grid_worker")
    phone.open("/outbox")
    phone.until_empty()
    assert visits(live, "first person") == {"first person": [first]}
    assert visits(live, "second person") == {"second person": [second]}


def test_a_login_changed_between_token_and_sending_is_refused_by_the_server(
    make_phone: MakePhone, live: Live, proxy: Proxy
) -> None:
    """Even with a valid token of the other person, the row's owner is compared."""
    phone = make_phone("grid_worker")
    _kept_offline(phone, "swapped")
    phone.log_in("grid_worker2")
    phone.context.set_offline(False)
    answer = phone.page.evaluate(SEND_FIRST_ROW)
    assert answer[0] == 401
    assert "另一位" in answer[1]["message"]
    assert visits(live, "swapped") == {}
    assert len(phone.rows()) == 1


def test_the_secret_was_changed_on_the_server(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    _kept_offline(phone, "rotated")
    with other_secret(live):
        phone.context.set_offline(False)
        phone.page.wait_for_timeout(1500)
        assert len(phone.rows()) == 1
        phone.log_in("grid_worker")
        phone.open("/outbox")
        phone.until_empty()
    assert visits(live, "rotated") == {"rotated": [phone.person_id]}


def test_a_post_that_ended_meanwhile_goes_to_the_community_which_claims_it(
    make_phone: MakePhone, live: Live, proxy: Proxy
) -> None:
    phone = make_phone("grid_worker1b")
    _kept_offline(phone, "post ended")
    [row] = phone.rows()
    end_posts(live, phone.person_id)
    phone.context.set_offline(False)
    phone.until_empty()
    assert visits(live, "post ended") == {}
    [sent] = phone.log()
    assert sent["message"] == "已交社区处理。"
    kept = receipt_of(live, row["id"])
    assert kept is not None
    assert (kept.person_id, kept.device_number) == (phone.person_id, 1)
    staff = make_phone("community_staff")
    staff.open("/outbox/quarantine")
    staff.page.get_by_role("link", name="测").first.click()
    expect(staff.page.get_by_text("情况说明：post ended")).to_be_visible()
    staff.page.get_by_role("button", name="认领").click()
    expect(staff.page.get_by_text("已认领，请按原来的内容重新登记。")).to_be_visible()
    staff.page.wait_for_load_state("load")  # until the script is there, the link is a plain one
    staff.page.get_by_role("link", name="按原来的内容登记").click()
    staff.wait("document.querySelector('[name=note]')?.value === 'post ended'")
    staff.submit()
    staff.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert visits(live, "post ended") == {"post ended": [staff.person_id]}
    with live.app.app_context():
        [aside] = db.session.scalars(sa.select(Quarantined)).all()
        assert (aside.state, aside.person_id, aside.decided_by_id) == (
            State.CLAIMED,
            phone.person_id,
            staff.person_id,
        )
        db.session.remove()


def test_a_conflict_waits_for_a_person_who_may_mend_export_or_hand_it_over(
    make_phone: MakePhone, live: Live
) -> None:
    phone = make_phone()
    _kept_offline(phone, "conflict")
    [row] = phone.rows()
    unit_id = dict(row["fields"])["unit_id"]
    use_for_another_visit(live, row["id"], unit_id)
    phone.context.set_offline(False)
    phone.until("mend")
    phone.open("/outbox")
    expect(phone.page.get_by_text("这份表单已经提交过，内容与现在的不同")).to_be_visible(timeout=WAIT)
    with phone.page.expect_download() as download:
        phone.page.get_by_role("button", name="存成文件").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert "情况说明：conflict" in text
    assert visits(live, "conflict") == {}
    discard = phone.page.get_by_role("button", name="丢弃")
    discard.click()
    phone.page.get_by_role("button", name="真的丢弃，不再发送").click()
    phone.until_empty()
    # A discarded number is no gap.
    phone.open("/outbox")
    expect(phone.page.locator("#outbox-line")).to_contain_text("全部已收讫", timeout=WAIT)


def test_the_form_of_an_older_build_is_mended_and_arrives_once(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    phone.open()
    phone.context.set_offline(True)
    phone.page.evaluate(OLDER_BUILD)
    for name in ("kind", "items"):
        phone.page.locator(f"#log-visit [name={name}]").first.evaluate("field => { field.checked = true; }")
    phone.page.locator("[name=note]").evaluate("field => { field.value = 'upgraded'; }")
    phone.submit()
    expect(phone.page.get_by_text("已存到本机")).to_be_visible(timeout=WAIT)
    phone.context.set_offline(False)
    phone.until("mend")
    phone.open("/outbox")
    expect(phone.page.get_by_text("这份表单有过更新")).to_be_visible(timeout=WAIT)
    phone.page.get_by_role("button", name="修改").click()
    phone.wait("document.querySelector('[name=note]')?.value === 'upgraded'")
    assert phone.page.locator("[name=kind]").first.is_checked()
    phone.page.locator("[name=outcome]").first.evaluate("field => { field.checked = true; }")
    phone.submit()
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert phone.rows() == []
    assert visits(live, "upgraded") == {"upgraded": [phone.person_id]}
