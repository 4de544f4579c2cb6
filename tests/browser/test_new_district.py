"""A district's first day, from an empty database on: who sets it up, in a real browser, until the first visit is logged."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.people import Somebody, Street
from tests.support.live import Live, free_port
from tests.test_commands import run
from webapp import config, create_app

NEW = "春风吹过相山北路两旁"


def logs_in(person: Somebody, name: str, password: str) -> None:
    """With a password that somebody else made: it has to be changed before anything else."""
    person.opens("/login")
    person.page.get_by_label("用户名或手机号").fill(name)
    person.page.get_by_label("密码", exact=True).fill(password)
    person.press("登录")
    person.page.get_by_label("现在的密码").fill(password)
    person.page.get_by_label("新密码", exact=True).fill(NEW)
    person.page.get_by_label("再填一次新密码").fill(NEW)
    person.press("保存新密码")
    expect(person.page.get_by_role("navigation", name="主导航")).to_be_visible()


def enters(person: Somebody, link: str, **fields: str) -> None:
    """Follow the link to a form, fill it in and send it off."""
    person.follow(link)
    for label, text in fields.items():
        person.page.get_by_label(label).first.fill(text)
    person.press("登记")


def code_of(person: Somebody) -> str:
    """The code that the system gave to what is on the screen."""
    person.page.wait_for_url(re.compile(r"/directory/(units|stations)/[^/]+$"))
    return person.page.url.rsplit("/", 1)[1]


def test_from_an_empty_database_to_the_first_visit(chromium: Browser, tmp_path: Path) -> None:
    said = re.search(r"Password:\s+(\S+)", run(tmp_path, "init"))
    assert said
    port = free_port()
    environ = {**os.environ, "INSTANCE_PATH": str(tmp_path)}
    app = create_app(config.load({"INSTANCE_PATH": str(tmp_path)}))
    live = Live(f"http://127.0.0.1:{port}", tmp_path, app, port, environ)
    live.start()
    street = Street(chromium, live)
    try:
        _first_day(street, said[1])
    finally:
        live.stop()
        street.close()
    assert "in order" in run(tmp_path, "verify")


def _first_day(street: Street, password: str) -> None:
    # The administrator enters a grid, its building and its station.
    admin = street.stranger("admin")
    logs_in(admin, "admin", password)
    admin.opens("/directory/?q=春秋社区")
    admin.follow("春秋社区")
    enters(admin, "登记下属单位", 全称="湖滨小区网格", 简称="湖滨小区", 户数="320")
    grid = code_of(admin)
    admin.page.get_by_label("党支部名称").fill("湖滨小区党支部")
    admin.press("登记")
    admin.sees("已登记湖滨小区党支部")
    enters(admin, "登记下属单位", 全称="1栋", 简称="1栋")
    admin.sees("湖滨小区 1栋")
    admin.opens(f"/directory/units/{grid}")
    admin.follow("登记站点")
    admin.choose("网格党群服务站")
    admin.page.get_by_label("名称").fill("湖滨小区党群服务站")
    admin.page.get_by_label("地址").fill("湖滨小区东门")
    admin.press("登记")
    station = code_of(admin)

    # Then a person: registered, appointed, given a login.
    admin.opens("/directory/people/new")
    admin.page.get_by_label("姓名").fill("赵一")
    admin.press("登记")
    admin.follow("任命职务")
    admin.page.wait_for_url(re.compile(r"/appoint$"))
    admin.opens(f"{admin.page.url}?unit={grid}")
    admin.page.get_by_label("职务").select_option(label="网格员")
    admin.press("任命")
    admin.sees("已任命")
    admin.follow("登录账号")
    admin.page.get_by_label("用户名").fill("zhaoyi")
    admin.press("开通账号")
    admin.sees("只显示这一次")
    initial = admin.page.locator(".balance").inner_text()

    # The grid worker logs the first visit with four taps.
    worker = street.stranger("worker")
    logs_in(worker, "zhaoyi", initial)
    worker.taps = 0
    worker.opens("/")
    worker.follow("上门服务")
    worker.choose("走访慰问")
    worker.choose("已办结")
    worker.press("提交")
    worker.sees("已经记好")
    assert worker.taps == 4

    # And a resident's report by the station's code is the grid's.
    resident = street.stranger()
    resident.opens(f"/r/{station}")
    resident.page.get_by_role("textbox").first.fill("路灯三天没亮了，晚上看不清路。")
    resident.press("提交")
    resident.sees("查询码")
    worker.opens("/cases/")
    worker.sees("路灯三天没亮了")
