"""A login lapses while a form is being filled in: with and without a script, nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from tests.browser.people import Street
from tests.support.live import Live
from tests.support.world import PASSWORD
from webapp.accounts.models import LoginSession
from webapp.foundation import clock
from webapp.foundation.db import transaction


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def street(request: pytest.FixtureRequest, chromium: Browser, live: Live) -> Iterator[Street]:
    street = Street(chromium, live, script=request.param)
    yield street
    street.close()


def test_the_form_comes_back_as_it_was_filled_in(street: Street, live: Live) -> None:
    staff = street["community_staff"]
    staff.opens("/volunteering/activities/new")
    staff.page.get_by_label("活动名称").fill("替独居老人修好了水管")
    with live.app.app_context(), transaction() as session:
        session.execute(sa.update(LoginSession).values(ended_at=clock.now()))
    staff.page.get_by_label("地点").fill("东门广场")
    staff.choose("关爱帮扶")
    staff.press("发布")
    staff.sees("您填的内容还在")
    staff.page.get_by_label("用户名或手机号").fill("community_staff")
    staff.page.get_by_label("密码", exact=True).fill(PASSWORD)
    staff.press("登录")
    staff.sees("还没有提交")
    staff.press("接着填")
    assert staff.page.get_by_label("活动名称").input_value() == "替独居老人修好了水管"
