"""What a person sees of the outbox: the line on the home page, the page /outbox, a form to be mended."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.faults.conftest import MakePhone
from tests.faults.phone import WAIT, visits
from tests.support.live import Live


def test_the_home_page_tells_in_one_line(make_phone: MakePhone) -> None:
    phone = make_phone()
    phone.open()
    phone.context.set_offline(True)
    phone.keep("line 1")
    phone.again()
    phone.keep("line 2")
    phone.proxy.plan("portal", "GET", "/outbox/token", times=100)
    phone.context.set_offline(False)
    phone.open("/")
    expect(phone.page.locator("#outbox-line")).to_contain_text("2 条待发送", timeout=WAIT)
    phone.proxy.calm()
    phone.wake()
    phone.until_empty()
    expect(phone.page.locator("#outbox-line")).to_have_text("本机 2 条，全部已收讫", timeout=WAIT)


def test_the_page_lists_with_age_and_sends_on_a_tap(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    phone.open()
    phone.context.set_offline(True)
    phone.keep("listed")
    phone.proxy.plan("portal", "GET", "/outbox/token", times=100)
    phone.context.set_offline(False)
    phone.open("/outbox")
    expect(phone.page.get_by_role("heading", name="等待发送")).to_be_visible(timeout=WAIT)
    expect(phone.page.get_by_text("刚刚写下")).to_be_visible()
    phone.page.get_by_text("看内容").click()
    expect(phone.page.get_by_text("情况说明：listed")).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.proxy.calm()
    phone.page.get_by_role("button", name="现在发送").click()
    phone.until_empty()
    expect(phone.page.get_by_role("heading", name="已收讫")).to_be_visible(timeout=WAIT)
    assert visits(live, "listed") == {"listed": [phone.person_id]}


def test_what_was_refused_is_mended_with_everything_that_was_typed(make_phone: MakePhone, live: Live) -> None:
    phone = make_phone()
    phone.open()
    phone.context.set_offline(True)
    phone.fill("to be mended")
    phone.page.locator("[name=resident_phone]").evaluate("field => { field.value = '123'; }")
    phone.submit()
    expect(phone.page.get_by_text("已存到本机")).to_be_visible(timeout=WAIT)
    phone.context.set_offline(False)
    phone.until("mend")
    phone.open("/outbox")
    phone.page.get_by_role("button", name="修改").click()
    phone.wait("document.querySelector('[name=note]')?.value === 'to be mended'")
    expect(phone.page.locator("[name=resident_phone]")).to_have_value("123")
    expect(phone.page.locator("[name=resident_phone]")).to_be_visible()
    phone.page.locator("[name=resident_phone]").fill("13800000000")
    phone.submit()
    phone.page.wait_for_url("**/visits/*/saved", timeout=WAIT)
    assert phone.rows() == []
    assert visits(live, "to be mended") == {"to be mended": [phone.person_id]}
    assert [entry["number"] for entry in phone.log()] == [1], "the same number as before"
