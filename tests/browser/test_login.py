"""Logging in on a phone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.world import PASSWORD


def test_a_grid_worker_logs_in_and_out(phone: Page) -> None:
    phone.goto("/login")
    phone.get_by_label("用户名或手机号").fill("grid_worker")
    phone.get_by_label("密码").fill(PASSWORD)
    phone.get_by_role("button", name="登录").tap()
    expect(phone.get_by_role("navigation", name="主导航")).to_be_visible()
