"""The main job, end to end, in a real browser on real phones' screens. Read it as a story.

A visit becomes a case; the case climbs, is approved, assigned, handled, checked, judged by the resident and archived; the
points that it brings buy a reward that the desk hands out. And a volunteer signs up, checks in and out, gets the hours
confirmed and the points for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from tests.browser.people import Street
from tests.support.live import Live
from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.db import transaction
from webapp.networks.models import Seat
from webapp.points import checks
from webapp.volunteering import codes
from webapp.volunteering.models import Activity, Attendance

TAPS_OF_A_VISIT = 4


@pytest.fixture(scope="module")
def street(chromium: Browser, live: Live) -> Iterator[Street]:
    street = Street(chromium, live)
    yield street
    street.close()


def rotating_code(activity: Activity) -> str:
    """What the organiser's phone shows at this moment."""
    return codes.rotating_code(activity.id, activity.checkin_secret, clock.now())


def test_from_a_visit_to_a_reward(street: Street, live: Live) -> None:
    # At the door: four taps, no typing.
    worker = street["grid_worker"]
    worker.opens("/")
    worker.follow("上门服务")
    worker.choose("走访慰问")
    worker.choose("已办结")
    worker.press("提交")
    worker.sees("已经记好")
    assert worker.taps == TAPS_OF_A_VISIT

    # The next resident has a wish: it becomes a case, and nothing is typed again.
    worker.taps = 0
    worker.follow("再记一条")
    worker.choose("环境卫生")
    worker.choose("转为诉求")
    worker.press("提交")
    worker.sees("内容都带过来了")
    worker.press("登记诉求")
    worker.page.wait_for_url(re.compile(r"/cases/\d{4}-\d+"))
    assert worker.taps == 5
    number = re.search(r"/cases/(\d{4}-\d+)", worker.page.url)[1]  # type: ignore[index]
    worker.opens(f"/cases/{number}/slip")
    code = worker.page.locator("figure.qr b").inner_text()

    # Too much for the grid: it asks the community to take it.
    worker.opens(f"/cases/{number}")
    if not worker.page.locator(".acts a.btn", has_text="上报").locator("visible=true").count():
        worker.unfold("更多操作")
    worker.unfold("上报")
    worker.choose("超出本级权限")
    worker.choose("需要多个部门配合")
    worker.tap(worker.page.locator("details.sheet[open]").get_by_role("button", name=re.compile("上报")))
    worker.sees("等待决定")

    # The community approves with one tap, in the inbox.
    staff = street["community_staff"]
    staff.opens("/")
    expect(staff.page.locator("#badge-inbox")).to_have_text("1")
    staff.opens("/inbox/")
    staff.taps = 0
    staff.press("同意")
    expect(staff.page.locator("#badge-inbox")).to_be_hidden()
    assert staff.taps == 1

    # ... and hands it to the property company.
    staff.opens(f"/cases/{number}")
    staff.unfold("转办")
    sheet = staff.page.locator("details.sheet[open]")
    sheet.get_by_label("交给谁办").select_option(label="示范物业一")
    staff.tap(sheet.get_by_role("button", name="转办"))
    staff.sees("已转办")

    # The company takes it on, and says what it did.
    handler = street["handler"]
    handler.opens("/cases/")
    handler.tap(handler.page.locator(f"a[href*='{number}']").first)
    handler.press("签收")
    handler.sees("处置中")
    handler.unfold("反馈结果")
    sheet = handler.page.locator("details.sheet[open]")
    handler.choose("已到现场处理完毕")
    handler.tap(sheet.get_by_role("button", name="反馈结果"))
    handler.sees("待核查")

    # Who handles never checks: the community does.
    staff.opens(f"/cases/{number}")
    staff.unfold("核查通过")
    staff.tap(staff.page.locator("details.sheet[open]").get_by_role("button", name="核查通过"))
    staff.sees("待回访")

    # The resident judges, with nothing but the code.
    resident = street.stranger()
    resident.opens(f"/t/{code}")
    resident.choose("满意")
    resident.press("提交评价")
    resident.sees("您的评价")

    # Archived; the loop is closed.
    staff.opens(f"/cases/{number}")
    staff.page.wait_for_load_state()
    if staff.page.locator("summary", has_text="归档").locator("visible=true").count():
        staff.unfold("归档")
        staff.tap(staff.page.locator("details.sheet[open]").get_by_role("button", name="归档"))
    else:
        staff.press("归档")
    staff.sees("已归档")

    # The points of it buy a reward.
    staff.opens("/points/rewards/new")
    staff.page.locator("[name=name]").fill("示范毛巾")
    staff.choose("生活用品")
    staff.page.locator("[name=cost]").fill("3")
    staff.page.locator("[name=station_id]").select_option(index=0)
    staff.page.locator("[name=stock]").fill("10")
    staff.press("上架")
    staff.page.wait_for_url(re.compile(r"/points/rewards/(?!new)"))
    worker.opens("/points/shop")
    worker.follow("示范毛巾")
    worker.press("用 3 分兑换")
    worker.page.wait_for_url(re.compile("/points/redemptions/"))
    pickup = worker.page.locator("figure.qr b").inner_text()
    staff.opens("/points/desk")
    staff.page.get_by_label("领取码").fill(pickup.lower())
    staff.press("查看")
    staff.tap(staff.page.get_by_role("button", name=re.compile("已交给")))
    staff.sees("示范毛巾")
    worker.opens("/points/redemptions/")
    worker.sees("已领取")
    with live.app.app_context():
        assert journal.broken_links() == []
        assert checks.verify() == []


def test_from_signing_up_to_points(street: Street, live: Live) -> None:
    with live.app.app_context(), transaction() as session:
        # A member of the branch earns points; who only serves keeps the hours.
        person = session.get_one(Person, live.app.extensions["world"].people["volunteer"])
        person.is_serving_party_member = False
        grid = live.app.extensions["world"].units["grid"]
        session.add(Seat(person_id=person.id, unit_id=grid, body="branch", starts_on=clock.today()))

    staff = street["community_staff"]
    staff.opens("/volunteering/activities/new")
    staff.page.get_by_label("活动名称").fill("周末清扫楼道")
    staff.page.locator("label.chip").first.tap()
    start = clock.local(clock.now() + timedelta(minutes=10))
    staff.page.get_by_label("开始时间").fill(start.strftime("%Y-%m-%dT%H:%M"))
    staff.page.get_by_label("结束时间").fill((start + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"))
    staff.page.get_by_label("地点").fill("示范小区01广场")
    staff.press("发布")
    staff.sees("周末清扫楼道")
    activity = staff.page.url

    volunteer = street["volunteer"]
    volunteer.opens(activity)
    volunteer.taps = 0
    volunteer.press("报名")
    volunteer.sees("您已报名")
    assert volunteer.taps == 1

    # The organiser's phone shows the code; the volunteer's camera opens what is in it.
    staff.opens(f"{activity}/desk")
    with live.app.test_request_context(base_url=live.url):
        row = db.session.get_one(Activity, int(activity.rstrip("/").split("/")[-1]))
        token = rotating_code(row)
    volunteer.opens(f"/volunteering/check-in/{token}")
    volunteer.press("签到")
    volunteer.sees("已签到")
    # Two hours pass.
    with live.app.app_context(), transaction() as session:
        before = clock.now() - timedelta(hours=2)
        session.execute(sa.update(Activity).values(starts_at=before, ends_at=before + timedelta(hours=3)))
        session.execute(sa.update(Attendance).values(sign_in_at=before))
    with live.app.app_context():
        token = rotating_code(db.session.get_one(Activity, row.id))
    volunteer.opens(f"/volunteering/check-in/{token}")
    volunteer.press("签退")
    volunteer.sees("2.0小时")

    # The community confirms the hours in the inbox.
    staff.opens("/inbox/")
    staff.press("同意")
    volunteer.opens("/volunteering/hours")
    volunteer.sees("2.0小时")
    volunteer.opens("/points/")
    volunteer.sees("志愿服务")
    with live.app.app_context():
        assert checks.verify() == []
