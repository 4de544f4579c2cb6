from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from tests.support.browse import Browse
from tests.support.queries import counting, plan
from tests.support.world import World
from tests.volunteering.kit import HOUR, MINUTE, an_activity, at, served, tomorrow, volunteers
from webapp.directory.scope import of_actor
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.codes import normalise_code
from webapp.foundation.paging import PAGE_SIZE
from webapp.volunteering import codes, queries
from webapp.volunteering.activities import service as activity_service
from webapp.volunteering.hours import asks
from webapp.volunteering.hours import queries as hours_queries
from webapp.volunteering.hours import service as hours_service
from webapp.volunteering.models import Activity, Attendance, Signup, Statement
from webapp.volunteering.reports import queries as report_queries

NEW = {
    "title": "楼道清扫", "category": "environment", "place": "1栋门前", "capacity": "20",
    "starts_at": "{day}T09:00", "ends_at": "{day}T11:00",
}  # fmt: skip


def new_activity(world: World, **changes: str) -> dict[str, str]:
    day = (clock.today() + timedelta(days=1)).isoformat()
    form = {key: value.format(day=day) for key, value in NEW.items()}
    return {**form, "unit_id": str(world.units["grid"]), **changes}


def test_an_organiser_plans_and_a_volunteer_signs_up_and_leaves(
    app: Flask, browse: Browse, world: World
) -> None:
    browse.log_in("grid_worker")
    browse.get("/volunteering/activities/new")
    url = browse.post("/volunteering/activities/new", new_activity(world)).headers["Location"]
    assert "签到台" in browse.get(url).text
    assert "楼道清扫" in browse.get("/volunteering/").text

    browse.log_in("volunteer")
    assert "楼道清扫" in browse.get("/volunteering/").text
    assert "报名" in browse.get(url).text
    assert "签到台" not in browse.get(url).text
    browse.post(f"{url}/sign-up")
    assert "您已报名" in browse.get(url).text
    assert "楼道清扫" in browse.get("/volunteering/?tab=mine").text
    part = browse.post(f"{url}/leave", status=200, part=True).text
    assert "<html" not in part
    assert "已退出报名" in part
    part = browse.post(f"{url}/sign-up", status=200, part=True).text
    assert "您已报名" in part


def test_a_form_that_does_not_fit_comes_back_with_its_input(
    lite_app: Flask, browse: Browse, world: World
) -> None:
    browse.log_in("grid_worker")
    form = new_activity(world, title="", is_risky="y", capacity="很多")
    answer = browse.post("/volunteering/activities/new", form, status=422)
    assert "请填写。" in answer.text
    assert "请填写整数。" in answer.text
    assert "1栋门前" in answer.text
    answer = browse.post(
        "/volunteering/activities/new", new_activity(world, is_risky="y"), status=422, part=True
    )
    assert "有风险的活动要先给志愿者上保险。" in answer.text
    assert "<html" not in answer.text


def test_a_double_tap_makes_one_activity_and_one_place(app: Flask, browse: Browse, world: World) -> None:
    browse.log_in("grid_worker")
    twice = str(uuid.uuid4())
    first = browse.post("/volunteering/activities/new", new_activity(world), submission_id=twice)
    again = browse.post("/volunteering/activities/new", new_activity(world), submission_id=twice)
    assert first.headers["Location"] == again.headers["Location"]
    assert db.session.scalar(sa.select(sa.func.count(Activity.id))) == 1
    browse.log_in("volunteer")
    for _ in range(2):
        browse.post(f"{first.headers['Location']}/sign-up", submission_id=str(uuid.UUID(int=7)))
    assert db.session.scalar(sa.select(sa.func.count(Signup.id))) == 1


def test_editing_keeps_what_is_there_and_refuses_a_stale_form(
    lite_app: Flask, browse: Browse, world: World
) -> None:
    activity = an_activity(world, description="带扫帚")
    browse.log_in("grid_worker")
    url = f"/volunteering/{activity.id}/edit"
    page = browse.get(url).text
    assert "带扫帚" in page
    assert 'type="hidden" name="seen" value="1"' in page
    browse.post(url, new_activity(world, title="大扫除", seen="1"))
    assert "大扫除" in browse.get(f"/volunteering/{activity.id}").text
    stale = new_activity(world, title="小扫除", seen="1")
    page = browse.log_in("branch_secretary").post(url, stale, status=409).text
    assert "修改过这场活动" in page
    assert "小扫除" in page
    assert 'name="seen" value="2"' in page


def test_an_organiser_cancels(lite_app: Flask, browse: Browse, world: World) -> None:
    activity = an_activity(world)
    browse.log_in("grid_worker").post(f"/volunteering/{activity.id}/cancel")
    assert "已取消" in browse.get(f"/volunteering/{activity.id}").text
    browse.log_in("volunteer").post(f"/volunteering/{activity.id}/sign-up", status=409)


def test_a_volunteer_scans_in_and_out_and_the_organiser_confirms(
    app: Flask, browse: Browse, world: World
) -> None:
    activity = an_activity(world)
    with at(activity.starts_at):
        desk = browse.log_in("grid_worker").get(f"/volunteering/{activity.id}/desk").text
        assert 'hx-trigger="every 60s"' in desk
        assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in desk
        assert "<html" not in browse.get(f"/volunteering/{activity.id}/desk", part=True).text
        url = (
            f"/volunteering/check-in/{codes.rotating_code(activity.id, activity.checkin_secret, clock.now())}"
        )
        assert browse.log_in("volunteer").get(url).text.count("签到") >= 2
        answer = browse.post(url, {"step": "in"})
        assert "离开时再扫一次签退" in browse.follow(answer).text
        assert "签退" in browse.get(url).text
    with at(activity.starts_at + 10 * MINUTE):
        browse.log_in("volunteer")
        assert (
            "已经更新" in browse.get(url, status=409).text or "再扫一次" in browse.get(url, status=409).text
        )
    with at(activity.ends_at):
        browse.log_in("volunteer")
        url = (
            f"/volunteering/check-in/{codes.rotating_code(activity.id, activity.checkin_secret, clock.now())}"
        )
        assert "服务 2.0小时" in browse.follow(browse.post(url, {"step": "out"})).text
        browse.log_in("grid_worker")
        page = browse.get(f"/volunteering/{activity.id}/desk").text
        assert f'value="{world.people["volunteer"]}" checked' in page
        confirm = {"people": [str(world.people["volunteer"])]}
        browse.post(f"/volunteering/{activity.id}/confirm", confirm)
        assert "名单都已处理" in browse.get(f"/volunteering/{activity.id}/desk").text
        assert "2.0小时" in browse.log_in("volunteer").get("/volunteering/hours").text


def test_a_camera_opens_the_login_first_and_comes_back(lite_app: Flask, browse: Browse, world: World) -> None:
    activity = an_activity(world)
    url = f"/volunteering/check-in/{activity.poster_code}"
    assert url in browse.get(url, status=303).headers["Location"].replace("%2F", "/")
    with at(activity.starts_at):
        browse.log_in("volunteer").post(url, {"step": "in"})
    assert db.session.scalars(sa.select(Attendance.way)).one() == "poster"


def test_a_wrong_or_strangers_code_leads_nowhere(lite_app: Flask, browse: Browse, world: World) -> None:
    activity = an_activity(world)
    browse.log_in("volunteer")
    browse.get("/volunteering/check-in/2222-2222-22222", status=404)
    browse.get(f"/volunteering/check-in/{activity.id}.{'0' * 20}", status=409)
    browse.get("/volunteering/check-in/99999.00", status=404)
    browse.log_in("volunteer2").get(f"/volunteering/check-in/{activity.poster_code}", status=404)
    browse.log_in("grid_worker").get(f"/volunteering/check-in/{activity.poster_code}", status=403)


def test_the_poster_shows_a_fixed_code_and_the_desk_a_changing_one(
    lite_app: Flask, browse: Browse, world: World
) -> None:
    activity = an_activity(world)
    shown: dict[str, list[str]] = {"desk": [], "poster": []}
    for moment in (activity.starts_at, activity.starts_at + 5 * MINUTE):
        with at(moment):
            browse.log_in("grid_worker")
            for page in shown:
                text = browse.get(f"/volunteering/{activity.id}/{page}").text
                assert activity.checkin_secret not in text
                shown[page] += re.findall(r'<svg [^>]*class="qr".*?</svg>', text, re.DOTALL)
    assert len(set(shown["desk"])) == 2
    assert len(set(shown["poster"])) == 1


def test_everybody_is_ticked_where_nobody_used_the_code(
    lite_app: Flask, browse: Browse, world: World
) -> None:
    activity = an_activity(world)
    people = volunteers(world, 3)
    for actor in people:
        activity_service.sign_up(actor, activity.id)
    with at(activity.ends_at):
        page = browse.log_in("grid_worker").get(f"/volunteering/{activity.id}/desk").text
        assert page.count(" checked>") == 3
        answer = browse.post(f"/volunteering/{activity.id}/confirm", {}, status=422)
        assert "请至少勾选一个人" in answer.text
        assert answer.text.count(" checked>") == 0


def test_a_long_day_is_pointed_out(lite_app: Flask, browse: Browse, world: World) -> None:
    volunteer = world.actor("volunteer")
    served(volunteer, an_activity(world, starts_at=tomorrow(0), ends_at=tomorrow(9)))
    late = an_activity(world, starts_at=tomorrow(12), ends_at=tomorrow(16))
    activity_service.sign_up(volunteer, late.id)
    with at(late.ends_at):
        page = browse.log_in("grid_worker").get(f"/volunteering/{late.id}/desk").text
        assert "当天合计超过12.0小时" in page


def test_objection_and_answer(app: Flask, browse: Browse, world: World) -> None:
    activity = an_activity(world)
    attendance = served(world.actor("volunteer"), activity, went=activity.starts_at + HOUR)
    url = f"/volunteering/attendances/{attendance.id}"
    with at(activity.ends_at):
        hours_service.confirm_hours(world.actor("grid_worker"), attendance.id)
        browse.log_in("volunteer").get(url)
        browse.post(f"{url}/object", {}, status=422)
        browse.post(f"{url}/object", {"text": ["时间记少了", "做到11点"]})
        assert "时间记少了；做到11点" in browse.get(url).text
        browse.post(f"{url}/correct", {"minutes": "120", "reason": "我说的"}, status=403)
        browse.log_in("volunteer1b").get(url, status=404)
        browse.log_in("grid_worker2").get(url, status=404)
        browse.log_in("grid_worker").get(url)
        assert (
            "请填写整数"
            in browse.post(f"{url}/correct", {"minutes": "两小时", "reason": "核对"}, status=422).text
        )
        browse.post(f"{url}/correct", {"minutes": "120", "reason": "核对"})
        assert "从 60 分钟改为 120 分钟" in browse.log_in("volunteer").get(url).text


def test_a_claim_comes_back_with_its_error_and_then_counts(
    lite_app: Flask, browse: Browse, world: World
) -> None:
    activity = an_activity(world)
    activity_service.sign_up(world.actor("volunteer"), activity.id)
    with at(activity.ends_at):
        browse.log_in("volunteer")
        url = f"/volunteering/{activity.id}"
        assert 'value="120"' in browse.get(url).text
        assert "最多记 150 分钟" in browse.post(f"{url}/claim", {"minutes": "999"}, status=422).text
        assert (
            "最多记 150 分钟" in browse.post(f"{url}/claim", {"minutes": "999"}, status=422, part=True).text
        )
        browse.post(f"{url}/claim", {"minutes": "60"})
        assert "1.0小时" in browse.get(url).text


def test_reports_of_ones_own_and_of_ones_place(lite_app: Flask, browse: Browse, world: World) -> None:
    kind = report_queries.check_in_kinds()[2].id
    browse.log_in("volunteer").get("/volunteering/reports")
    browse.post("/volunteering/reports", {"grid_id": str(world.units["grid"])}, status=422)
    browse.post(
        "/volunteering/reports", {"kind_id": str(kind), "grid_id": str(world.units["grid"]), "skills": "电工"}
    )
    page = browse.get("/volunteering/reports").text
    assert "电工" in page
    assert "电工" in browse.log_in("grid_worker").get("/volunteering/reports").text
    assert "电工" not in browse.log_in("grid_worker2").get("/volunteering/reports").text
    assert "电工" not in browse.log_in("volunteer1b").get("/volunteering/reports").text
    found = re.search(r"/volunteering/reports/(\d+)/withdraw", page)
    assert found
    browse.post(found[0], status=404)
    browse.log_in("volunteer").post(found[0])
    assert "已撤回" in browse.get("/volunteering/reports").text


def test_a_statement_to_print_and_its_proof_for_anybody(app: Flask, browse: Browse, world: World) -> None:
    activity = an_activity(world, description="扫楼道")
    attendance = served(world.actor("volunteer"), activity)
    with at(activity.ends_at):
        hours_service.confirm_hours(world.actor("grid_worker"), attendance.id)
        browse.log_in("volunteer").get("/volunteering/statements")
        day = clock.today().isoformat()
        browse.post("/volunteering/statements", {"since": day, "until": "2026-01-01"}, status=422)
        browse.post("/volunteering/statements", {"since": "2020-01-01", "until": "2020-01-02"}, status=422)
        page = browse.follow(browse.post("/volunteering/statements", {"since": day, "until": day})).text
        # 民政部令第67号, article 7.
        for field in ("活动名称", "日期", "地点", "服务内容", "服务时间", "组织单位", "负责人"):
            assert f'<th scope="col">{field}</th>' in page
        assert "平台服务记录单" in page
        statement = db.session.scalars(sa.select(Statement)).one()
        assert normalise_code(statement.verify_code) in page
        browse.log_in("volunteer1b").get(f"/volunteering/statements/{statement.verify_code}", status=404)
        browse.post("/logout", status=303)
        proof = browse.get(f"/volunteering/verify/{statement.verify_code.lower()}").text
        assert "记录属实" in proof
        assert "2.0小时" in proof
        assert world.actor("volunteer").name not in proof
        assert "楼道清扫" not in proof
        assert "没有这个编号" in browse.get("/volunteering/verify/2222-2222-22222", status=404).text


def test_looking_up_statements_is_limited(lite_app: Flask, browse: Browse, world: World) -> None:
    for _ in range(60):
        browse.get("/volunteering/verify/2222", status=404)
    browse.get("/volunteering/verify/2222", status=429)


@pytest.mark.parametrize(
    ("who", "status"),
    [("volunteer", 200), ("volunteer1b", 200), ("volunteer2", 404), ("grid_worker", 200), ("grid_worker2", 404),
     ("community_staff", 200), ("community_staff2", 404), ("street_staff", 200), ("street_staff2", 404), ("auditor", 200),
     ("auditor2", 404), ("building_leader", 200), ("handler", 403), ("committee_member", 403)],
)  # fmt: skip
def test_who_sees_an_activity(lite_app: Flask, browse: Browse, world: World, who: str, status: int) -> None:
    activity = an_activity(world)
    browse.log_in(who).get(f"/volunteering/{activity.id}", status=status)


def test_an_activity_of_the_community_is_seen_in_all_its_grids(
    lite_app: Flask, browse: Browse, world: World
) -> None:
    activity = an_activity(world, "community_staff", unit_id=world.units["community"])
    for who in ("grid_worker", "grid_worker2", "volunteer"):
        browse.log_in(who).get(f"/volunteering/{activity.id}")
    browse.log_in("grid_worker").get(f"/volunteering/{activity.id}/desk", status=403)


def test_no_list_names_people_by_their_hours(lite_app: Flask, browse: Browse, world: World) -> None:
    attendance = served(world.actor("volunteer1b"), an_activity(world))
    with at(tomorrow(12)):
        hours_service.confirm_hours(world.actor("grid_worker"), attendance.id)
        name = world.actor("volunteer1b").name
        browse.log_in("volunteer")
        for url in (
            "/volunteering/",
            "/volunteering/?tab=past",
            "/volunteering/hours",
            "/volunteering/reports",
            f"/volunteering/{attendance.activity_id}",
        ):
            assert name not in browse.get(url).text


def _many(world: World, count: int, day: int = 0) -> Activity:
    """That many activities ahead, each with a sign-up; the first has as many people on it."""
    volunteer = world.actor("volunteer")
    first = an_activity(world)
    for actor in volunteers(world, count):
        served(actor, first)
    for number in range(count):
        starts = tomorrow(24 * (day + number + 1))
        made = an_activity(world, title=f"活动{number}", starts_at=starts, ends_at=starts + HOUR)
        served(volunteer, made)
    return first


PAGES = [
    ("volunteer", "/volunteering/"), ("volunteer", "/volunteering/?tab=mine"), ("volunteer", "/volunteering/hours"),
    ("grid_worker", "/volunteering/"), ("grid_worker", "/volunteering/{}"), ("grid_worker", "/volunteering/{}/desk"),
    ("grid_worker", "/volunteering/reports"), ("volunteer", "/volunteering/{}"),
]  # fmt: skip


@pytest.mark.slow
def test_the_number_of_queries_does_not_grow(lite_app: Flask, browse: Browse, world: World) -> None:
    def counts() -> dict[str, int]:
        found = {}
        for who, url in PAGES:
            with at(first.ends_at):
                browse.log_in(who)
                with counting() as statements:
                    browse.get(url.format(first.id))
            found[f"{who} {url}"] = len(statements)
        return found

    first = _many(world, 3)
    few = counts()
    first = _many(world, 15, day=3)
    assert counts() == few
    assert max(few.values()) <= 12, few


@pytest.mark.slow
def test_lists_go_on_by_more(lite_app: Flask, browse: Browse, world: World) -> None:
    for number in range(PAGE_SIZE + 3):
        starts = tomorrow(24 * (number + 1))
        an_activity(world, title=f"第{number}场", starts_at=starts, ends_at=starts + HOUR)
    page = browse.log_in("volunteer").get("/volunteering/").text
    found = re.search(r'hx-get="(/volunteering/\?[^"]*after=[^"]+)"', page)
    assert found
    rest = browse.get(found[1].replace("&amp;", "&"), part=True).text
    assert rest.count('class="cell"') == 3
    assert f"第{PAGE_SIZE + 2}场" in rest


def test_lists_are_read_off_an_index(lite_app: Flask, world: World) -> None:
    """No list is sorted in memory, and what waits comes from the partial index."""
    volunteer, staff = world.actor("volunteer"), world.actor("community_staff")
    with sorting() as sorted_in_memory:
        for past in (False, True):
            for who in ("volunteer", "grid_worker", "community_staff", "street_staff", "district_admin"):
                queries.activities(world.actor(who), past=past)
        queries.my_activities(volunteer)
        hours_queries.my_hours(volunteer)
        hours_queries.statements(volunteer)
        for who in ("volunteer", "grid_worker", "community_staff", "street_staff"):
            report_queries.reports(world.actor(who))
        for who in ("grid_worker", "community_staff", "street_staff"):
            asks.asks(world.actor(who))
    assert sorted_in_memory == []
    waiting = (
        sa.select(Attendance.id)
        .where(hours_queries.waiting_hours(staff.unit_level))
        .order_by(Attendance.at, Attendance.id)
    )
    assert "ix_attendances_waits_community" in plan(waiting.params(**of_actor(staff)))


@contextmanager
def sorting() -> Iterator[list[str]]:
    """The lists read inside that SQLite sorts by itself instead of reading them off an index."""
    found: list[str] = []

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "LIMIT" in statement and "ORDER BY" in statement:
            steps = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            if any("TEMP B-TREE" in step[3] for step in steps):
                found.append(statement)

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
