"""Logging in and out, the post one acts under, one's own settings, as a browser sees them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browse import HTMX, Browse
from tests.support.queries import counting
from tests.support.world import PASSWORD, World
from webapp.accounts import service
from webapp.accounts.context import Tabs
from webapp.accounts.models import Account, LoginSession
from webapp.directory.models import Appointment
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.journal import JournalEntry
from webapp.inbox import sources

THIRTY_DAYS = timedelta(days=30)


def sign_in(
    browse: Browse, login: str, password: str = PASSWORD, status: int = 303, **more: str
) -> TestResponse:
    browse._csrf()  # as the login page would: the session before may have taken its token along
    return browse.post("/login", {"login": login, "password": password, **more}, status=status)


def cookie(answer: TestResponse, name: str = "desk") -> str:
    return next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith(name + "="))


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(JournalEntry.action).order_by(JournalEntry.id)))


# Logging in


@pytest.mark.parametrize("login", ["grid_worker", "GRID_Worker ", "139 0000 0003", "+86 13900000003"])
def test_user_name_and_phone_both_log_in(browse: Browse, app: Flask, login: str) -> None:
    assert sign_in(browse, login).headers["Location"] == "/"
    assert "示范小区01" in browse.get("/me").text


def test_unknown_name_and_wrong_password_look_the_same(browse: Browse, app: Flask) -> None:
    unknown = sign_in(browse, "nobody", "not-the-password", 422).text
    wrong = sign_in(browse, "grid_worker", "not-the-password", 422).text

    def blank(text: str) -> str:
        text = text.replace("nobody", "?").replace("grid_worker", "?")
        return re.sub(r'name="(csrf_token|submission_id)"[^>]*value="[^"]*"', "", text)

    assert service.WRONG in unknown
    assert blank(unknown) == blank(wrong)


def test_a_disabled_account_looks_like_none(browse: Browse, app: Flask, world: World) -> None:
    with transaction() as session:
        session.get_one(Account, world.account_id("grid_worker")).disabled_at = clock.now()
    assert service.WRONG in sign_in(browse, "grid_worker", status=422).text


def test_guessing_is_stopped_for_a_name_however_it_is_written(browse: Browse, app: Flask) -> None:
    for number in range(service.TRIES_PER_NAME):
        sign_in(browse, "grid_worker" if number % 2 else "Grid_Worker", "guess", 422)
    answer = sign_in(browse, "grid_worker", PASSWORD, 429)
    assert int(answer.headers["Retry-After"]) > 0
    sign_in(browse, "community_staff")


def test_guessing_over_many_names_is_stopped_for_an_address(
    browse: Browse, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "TRIES_PER_ADDRESS", 3)
    for number in range(3):
        sign_in(browse, f"somebody{number}", "guess", 422)
    sign_in(browse, "grid_worker", PASSWORD, 429)


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/foo\r\nX-Forged: 1",
        "/\\evil.example",
        "https://evil.example/",
        "/\t/evil.example",
        "javascript:x",
    ],
)
def test_nobody_is_sent_off_this_site(browse: Browse, lite_app: Flask, wanted: str) -> None:
    assert sign_in(browse, "grid_worker", next=wanted).headers["Location"] == "/"


def test_a_login_in_full_width_letters_is_the_same(browse: Browse, lite_app: Flask) -> None:
    sign_in(browse, "ｇｒｉｄ＿ｗｏｒｋｅｒ\u200b　")


def test_after_login_one_is_where_one_wanted_to_be(browse: Browse, lite_app: Flask) -> None:
    answer = browse.get("/me/sessions", 303)
    assert answer.headers["Location"] == "/login?next=/me/sessions"
    assert 'name="next"' in browse.follow(answer).text
    assert sign_in(browse, "grid_worker", next="/me/sessions").headers["Location"] == "/me/sessions"
    assert browse.get("/login?next=/me", 303).headers["Location"] == "/me"


def test_empty_fields_are_named(browse: Browse, lite_app: Flask) -> None:
    text = sign_in(browse, "", "", 422).text
    assert "请填写用户名或手机号。" in text
    assert "请填写密码。" in text


# Sessions


def test_a_login_brings_a_new_token_and_a_new_csrf_token(browse: Browse, app: Flask) -> None:
    with browse.client.session_transaction() as before:
        before["_user_id"] = "put here by somebody else"
        before["left"] = "over"
        old_csrf = before["csrf_token"]
    sign_in(browse, "grid_worker")
    with browse.client.session_transaction() as after:
        assert after["_user_id"] != "put here by somebody else"
        assert "left" not in after
        assert after.get("csrf_token") != old_csrf


def test_on_ones_own_phone_the_session_lasts_thirty_days_and_more(browse: Browse, app: Flask) -> None:
    set_cookie = cookie(sign_in(browse, "grid_worker", trusted="y"))
    assert "Expires=" in set_cookie
    assert "HttpOnly" in set_cookie
    assert "SameSite=Lax" in set_cookie
    assert app.permanent_session_lifetime >= THIRTY_DAYS
    row = db.session.scalars(sa.select(LoginSession)).one()
    assert row.expires_at - row.created_at >= THIRTY_DAYS


def test_on_a_shared_one_it_ends_with_the_day(browse: Browse, app: Flask) -> None:
    assert "Expires=" not in cookie(sign_in(browse, "grid_worker"))
    row = db.session.scalars(sa.select(LoginSession)).one()
    assert row.expires_at - row.created_at <= timedelta(hours=12)


def test_logging_out_ends_the_session_itself(browse: Browse, app: Flask) -> None:
    browse.log_in("grid_worker")
    with browse.client.session_transaction() as session:
        token = session["_user_id"]
    browse.post("/logout")
    with browse.client.session_transaction() as session:
        session["_user_id"] = token  # somebody kept the cookie
    assert "/login" in browse.get("/me", 303).headers["Location"]


def test_a_phone_that_changes_its_address_stays_logged_in(browse: Browse, app: Flask) -> None:
    sign_in(browse, "grid_worker", trusted="y")
    for address, browser in (("192.0.2.7", "Phone/1"), ("2001:db8::7", "Phone/2")):
        answer = browse.client.get(
            "/me", environ_base={"REMOTE_ADDR": address}, headers={"User-Agent": browser}
        )
        assert answer.status_code == 200


def test_an_expired_session_sends_to_the_login_by_htmx_too(browse: Browse, app: Flask) -> None:
    browse.log_in("grid_worker")
    with transaction() as session:
        session.execute(sa.update(LoginSession).values(expires_at=clock.now() - timedelta(seconds=1)))
    answer = browse.client.get("/me/sessions", headers=HTMX)
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["HX-Redirect"] == "/login?next=/me/sessions"
    assert "登录已过期" in browse.get("/login").text


def test_other_browsers_are_listed_and_can_be_logged_out(browse: Browse, app: Flask, world: World) -> None:
    other = Browse(app, world).log_in("grid_worker")
    stranger = Browse(app, world).log_in("grid_worker2")
    browse.log_in("grid_worker")
    text = browse.get("/me/sessions").text
    assert "这台设备" in text
    ids = re.findall(r"/me/sessions/(\d+)/end", text)
    assert len(ids) == 1
    stranger.post(f"/me/sessions/{ids[0]}/end", status=404)
    browse.post(f"/me/sessions/{ids[0]}/end")
    other.get("/me", 303)
    stranger.get("/me")
    assert "account:end_session" in actions()


# Posts


def test_an_ended_appointment_ends_everything_with_the_next_request(
    browse: Browse, app: Flask, world: World
) -> None:
    browse.log_in("grid_worker").get("/me")
    with transaction() as session:
        yesterday = clock.today() - timedelta(days=1)
        person = Appointment.person_id == world.people["grid_worker"]
        session.execute(sa.update(Appointment).where(person).values(ends_on=yesterday))
    answer = browse.get("/me", 303)
    assert "目前没有在任的职务" in browse.follow(answer).text
    assert "目前没有在任的职务" in sign_in(browse, "grid_worker", status=422).text


def test_one_acts_under_the_post_one_chose(browse: Browse, app: Flask, world: World) -> None:
    with transaction() as session:
        session.add(
            Appointment(
                person_id=world.people["grid_worker"],
                post=Post.COMMUNITY_STAFF,
                unit_id=world.units["community"],
                starts_on=clock.today(),
            )
        )
    browse.log_in("grid_worker")
    page = browse.get("/me/post").text
    assert "社区工作者" in page
    chosen = re.findall(r'name="appointment_id"[^>]*value="(\d+)"', page)
    assert len(chosen) == 1
    browse.post("/me/post", {"appointment_id": chosen[0]})
    text = browse.get("/me").text
    assert "社区工作者 · 示范社区一" in text
    back = re.findall(r'name="appointment_id"[^>]*value="(\d+)"', browse.get("/me/post").text)
    browse.post("/me/post", {"appointment_id": back[0]})
    assert "网格员 · 示范小区01" in browse.get("/me").text


def test_nobody_acts_under_anothers_post(browse: Browse, app: Flask, world: World) -> None:
    other = db.session.scalar(
        sa.select(Appointment.id).where(Appointment.person_id == world.people["community_staff"])
    )
    browse.log_in("grid_worker").post("/me/post", {"appointment_id": str(other)}, status=404)
    browse.post("/me/post", {"appointment_id": "x"})
    assert "网格员" in browse.get("/me").text


# Settings


def test_large_type_follows_the_person(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("grid_worker")
    answer = browse.post("/me/elder", {"on": "1", "next": "/me"})
    assert answer.headers["Location"] == "/me"
    assert "data-elder" in browse.get("/me").text
    assert "data-elder" in Browse(app, world).log_in("grid_worker").get("/me").text
    browse.post("/me/elder", {"on": "", "next": "/me"})
    assert "data-elder" not in browse.get("/me").text


def test_large_type_without_a_login_stays_with_the_browser(browse: Browse, lite_app: Flask) -> None:
    set_cookie = cookie(browse.post("/elder", {"on": "1", "next": "/login"}), "elder")
    assert "Max-Age=31536000" in set_cookie
    assert "data-elder" in browse.get("/login").text
    browse.post("/elder", {"on": "", "next": "//evil.example"})
    assert "data-elder" not in browse.get("/login").text


NEW = "a quiet evening at the river"


def test_an_initial_password_must_be_changed_first(browse: Browse, app: Flask, world: World) -> None:
    with transaction() as session:
        session.get_one(Account, world.account_id("grid_worker")).must_change_password = True
    other = Browse(app, world).log_in("grid_worker")
    browse.log_in("grid_worker")
    for url in ("/me", "/me/sessions", "/directory/"):
        assert browse.get(url, 303).headers["Location"] == "/me/password"
    text = browse.get("/me/password").text
    assert 'class="tabs"' not in text
    style = browse.get("/static/app.css")
    style.close()
    browse.post("/me/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert 'class="tabs"' in browse.get("/me").text
    other.get("/me", 303)
    assert service.log_in("grid_worker", NEW, trusted=False, device="", address="")
    assert "account:change_password" in actions()


@pytest.mark.parametrize(
    ("old", "new", "again", "message"),
    [
        ("wrong", NEW, NEW, "现在的密码不对。"),
        (PASSWORD, NEW, NEW + "x", "两次填的新密码不一样。"),
        (PASSWORD, "short", "short", "密码至少 10 个字符"),
        (PASSWORD, PASSWORD, PASSWORD, "新密码要和现在的不同。"),
        (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "太容易被猜到"),
        (PASSWORD, "grid_worker-2026", "grid_worker-2026", "太容易被猜到"),
    ],
)
def test_a_password_is_refused_with_the_reason(
    browse: Browse, lite_app: Flask, old: str, new: str, again: str, message: str
) -> None:
    browse.log_in("grid_worker")
    assert message in browse.post("/me/password", {"old": old, "new": new, "again": again}, status=422).text


def test_a_second_tap_on_the_new_password_is_the_first(browse: Browse, app: Flask) -> None:
    browse.log_in("grid_worker")
    form = {"old": PASSWORD, "new": NEW, "again": NEW}
    one = "7b0f4e6a-1111-4a4a-9c9c-000000000001"
    browse.post("/me/password", form, submission_id=one)
    browse.post("/me/password", form, submission_id=one)
    assert actions().count("account:change_password") == 1


def test_the_present_password_cannot_be_guessed_here(browse: Browse, app: Flask) -> None:
    browse.log_in("grid_worker")
    for _ in range(service.TRIES_PER_NAME):
        browse.post("/me/password", {"old": "guess", "new": NEW, "again": NEW}, status=422)
    browse.post("/me/password", {"old": PASSWORD, "new": NEW, "again": NEW}, status=429)


# Logins for others


def test_a_login_is_opened_and_its_password_shown_once(browse: Browse, app: Flask, world: World) -> None:
    with transaction() as session:
        session.execute(sa.delete(Account).where(Account.person_id == world.people["volunteer2"]))
    url = f"/directory/people/{world.people['volunteer2']}/account"
    browse.log_in("district_admin")
    browse.get(url)
    assert "已经有人用了" in browse.post(url, {"username": "Grid_Worker"}, status=422).text
    assert "以字母开头" in browse.post(url, {"username": "1"}, status=422).text
    once = "7b0f4e6a-1111-4a4a-9c9c-000000000002"
    answer = browse.post(url, {"username": "zhang.san"}, status=200, submission_id=once)
    found = re.search(r"[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}", answer.text)
    assert found
    assert answer.headers["Cache-Control"] == "no-store"
    assert found[0] not in browse.get(url).text
    again = browse.post(url, {"username": "zhang.san"}, submission_id=once)
    assert "只显示一次" in browse.follow(again).text
    newcomer = Browse(app, world)
    sign_in(newcomer, "zhang.san", found[0])
    assert newcomer.get("/me", 303).headers["Location"] == "/me/password"


def test_a_forgotten_password_is_replaced(browse: Browse, app: Flask, world: World) -> None:
    url = f"/directory/people/{world.people['volunteer']}/account"
    theirs = Browse(app, world).log_in("volunteer")
    answer = browse.log_in("district_admin").post(f"{url}/reset", status=200)
    found = re.search(r"[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}", answer.text)
    assert found
    theirs.get("/me", 303)
    sign_in(theirs, "volunteer", PASSWORD, 422)
    sign_in(theirs, "volunteer", found[0])
    browse.post("/directory/people/999999/account/reset", status=404)


# The tab bar


def labels(actor: Actor | None) -> list[str]:
    return [tab.label for tab in Tabs(actor, "/").shown(lambda actor: 0)]


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("grid_worker", "首页 走访 诉求 待办 我的"),
        ("building_leader", "首页 走访 诉求 待办 我的"),
        ("street_staff", "首页 走访 诉求 待办 我的"),
        ("auditor", "首页 走访 诉求 名录 我的"),
        ("handler", "首页 诉求 我的"),
        ("volunteer", "首页 活动 积分 我的"),
        ("committee_member", "首页 积分 我的"),
        ("district_admin", "首页 名录 我的"),
    ],
)
def test_tabs_follow_the_post(lite_app: Flask, world: World, person: str, expected: str) -> None:
    assert labels(world.actor(person)) == expected.split()


def test_without_a_login_there_are_no_tabs() -> None:
    assert not Tabs(None, "/")
    assert labels(None) == []


def test_the_tab_of_this_page_is_marked_and_counts_once(lite_app: Flask, world: World) -> None:
    asked = []

    def count(actor: Actor) -> int:
        asked.append(actor)
        return 7

    tabs = Tabs(world.actor("community_staff"), "/cases/2611-0001")
    assert bool(tabs)
    assert asked == []
    found = tabs.shown(count)
    assert [tab.label for tab in found if tab.current] == ["诉求"]
    assert [tab.count for tab in found] == [0, 0, 0, 7, 0]
    assert len(asked) == 1


def test_the_actor_costs_one_query_a_page(
    browse: Browse, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "count", lambda actor: 0)
    browse.log_in("grid_worker")
    browse.get("/me")
    with counting() as statements:
        browse.get("/me")
    assert len(statements) == 1, statements


def test_device_names() -> None:
    from webapp.accounts.devices import device_name

    wechat = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537 Chrome/116 Mobile Safari/537 MicroMessenger/8.0"
    assert device_name(wechat) == "微信 · 安卓手机"
    assert device_name(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1"
    ) == ("Safari 浏览器 · 苹果手机")
    assert device_name("curl/8") == "未知设备"
