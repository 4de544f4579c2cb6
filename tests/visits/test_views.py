from __future__ import annotations

import io
import re
from datetime import time, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from PIL import Image

from tests.support.browse import Browse
from tests.support.queries import counting, plan
from tests.support.world import World
from webapp.cases.models import Case
from webapp.extensions import db
from webapp.foundation import clock
from webapp.visits import queries, service
from webapp.visits.desks import queries as desk_queries
from webapp.visits.desks.service import Plan, plan_desk
from webapp.visits.models import DeskSession, Visit, VisitItem
from webapp.visits.queries import Filters

THREE = {"kind": "home_visit", "items": "policy", "outcome": "settled"}
NASTY = '<b onclick="x">&"\''


def photo(kind: str = "JPEG", size: tuple[int, int] = (30, 20)) -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind)
    out.seek(0)
    return out, f"photo.{kind.lower()}"


def count(model: type[Visit | DeskSession]) -> int:
    return db.session.scalar(sa.select(sa.func.count(model.id))) or 0


def log(world: World, times: int = 1, **details: object) -> list[int]:
    worker = world.actor("grid_worker")
    at = clock.now()
    return [
        service.log_visit(
            worker, kind="home_visit", items=["policy", "safety"], outcome="settled",
            details=service.Details(at=at - timedelta(minutes=number), **details),  # type: ignore[arg-type]
        ).id
        for number in range(times)
    ]  # fmt: skip


def test_three_taps_and_submit(lite_app: Flask, browse: Browse) -> None:
    form = browse.log_in("grid_worker").get("/visits/new?form=home_visit").text
    assert re.search(r'value="home_visit"[^>]* checked', form)
    assert "data-outbox" in form
    shown = form.split('<details class="fold"')[0]
    groups = re.findall(r"<fieldset", shown)
    assert len(groups) == 3  # F-01: form, item, outcome; F-02: nothing else before the fold
    assert not re.findall(r"<(?:select|textarea|input type=\"(?:text|date|tel|file))", shown)
    page = browse.follow(browse.post("/visits/new", THREE)).text
    assert "政策咨询" in page
    assert "再记一条" in page
    assert "撤销" in page
    assert "转为诉求" in page
    assert count(Visit) == 1


def test_with_htmx_the_browser_is_sent_on(lite_app: Flask, browse: Browse) -> None:
    answer = browse.log_in("grid_worker").post("/visits/new", THREE, status=200, part=True)
    assert re.fullmatch(r"/visits/\d+/saved", answer.headers["HX-Redirect"])


def test_a_second_arrival_makes_no_second_row(app: Flask, browse: Browse) -> None:
    browse.log_in("grid_worker")
    submission_id = "8d6f2f0e-7a3c-4b52-9a53-0c4f7d1f2a11"
    first = browse.post("/visits/new", THREE, submission_id=submission_id)
    again = browse.post("/visits/new", THREE, submission_id=submission_id)
    assert first.headers["Location"] == again.headers["Location"]
    assert count(Visit) == 1
    browse.post("/visits/new", {**THREE, "outcome": "explained"}, submission_id=submission_id, status=409)


@pytest.mark.parametrize("part", [False, True])
def test_a_refused_form_keeps_what_was_typed(lite_app: Flask, browse: Browse, part: bool) -> None:
    data = {"kind": "home_visit", "items": "policy", "note": NASTY, "resident_phone": "12"}
    page = browse.log_in("grid_worker").post("/visits/new", data, status=422, part=part).text
    assert "请选择办理结果" in page
    assert NASTY not in page
    assert "&lt;b onclick=" in page
    assert re.search(r'value="policy"[^>]* checked', page)
    page = browse.post("/visits/new", {**data, "outcome": "settled"}, status=422, part=part).text
    assert "电话号码不完整" in page
    assert count(Visit) == 0


def test_photos_are_optional_made_small_and_for_those_in_scope(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("grid_worker")
    browse.follow(browse.post("/visits/new", {**THREE, "photos": (io.BytesIO(b""), "")}))
    page = browse.follow(
        browse.post("/visits/new", {**THREE, "photos": [photo(), photo("PNG", (2000, 1000))]})
    ).text
    addresses = re.findall(r'<a href="(/visits/\d+/photos/[0-9a-f]+)"', page)
    assert len(addresses) == 2
    answer = browse.get(addresses[1])
    assert answer.mimetype == "image/jpeg"
    assert Image.open(io.BytesIO(answer.data)).size == (1280, 640)
    assert max(Image.open(io.BytesIO(browse.get(addresses[1] + "?thumb=1").data)).size) == 240
    browse.log_in("grid_worker2").get(addresses[1], status=404)


def test_photos_of_a_form_that_comes_back_need_not_be_chosen_again(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("grid_worker")
    incomplete = {"kind": "home_visit", "items": "policy"}
    page = browse.post("/visits/new", {**incomplete, "photos": [photo(), photo()]}, status=422).text
    assert "带上刚才选的 2 张照片" in page
    held = re.search(r'name="photos_held" value="([0-9a-f,]+)"', page)
    assert held is not None
    page = browse.follow(
        browse.post("/visits/new", {**THREE, "photos": photo(), "photos_held": held[1]})
    ).text
    assert page.count("?thumb=1") == 3


def test_nobody_gets_at_the_held_photos_of_another(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("grid_worker")
    page = browse.post("/visits/new", {"kind": "home_visit", "photos": photo()}, status=422).text
    held = re.search(r'name="photos_held" value="([0-9a-f]+)"', page)
    assert held is not None
    browse.log_in("grid_worker1b")
    page = browse.follow(browse.post("/visits/new", {**THREE, "photos_held": held[1]})).text
    assert "?thumb=1" not in page


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([(io.BytesIO(b"GIF89a no photo"), "x.gif")], "不是照片"),
        ([photo() for _ in range(4)], "最多上传 3 张"),
    ],
)
def test_what_is_no_photo_is_refused_in_words(
    lite_app: Flask, browse: Browse, files: list[tuple[io.BytesIO, str]], words: str
) -> None:
    page = browse.log_in("grid_worker").post("/visits/new", {**THREE, "photos": files}, status=422).text
    assert words in page
    assert count(Visit) == 0


def test_another_place_is_refused(lite_app: Flask, browse: Browse, world: World) -> None:
    data = {**THREE, "unit_id": str(world.units["grid2"])}
    browse.log_in("grid_worker").post("/visits/new", data, status=403)
    browse.post("/visits/new", {**THREE, "unit_id": str(world.units["building2"])})
    assert count(Visit) == 1


@pytest.mark.parametrize("who", ["handler", "volunteer", "district_admin", "committee_member"])
def test_who_has_no_business_here_is_refused(lite_app: Flask, browse: Browse, who: str) -> None:
    browse.log_in(who).get("/visits/", status=403)


def test_a_late_entry_is_marked_in_the_list(lite_app: Flask, browse: Browse) -> None:
    at = clock.local(clock.now() - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    browse.log_in("grid_worker").follow(browse.post("/visits/new", {**THREE, "at": at}))
    assert "补记" in browse.get("/visits/").text


def test_undo_by_tap(lite_app: Flask, browse: Browse, world: World) -> None:
    [visit_id] = log(world)
    answer = browse.log_in("grid_worker").post(f"/visits/{visit_id}/undo")
    assert "已撤销" in browse.follow(answer).text
    browse.get(f"/visits/{visit_id}", status=404)
    [visit_id] = log(world)
    browse.log_in("community_staff").post(f"/visits/{visit_id}/undo", status=403)
    browse.log_in("grid_worker2").post(f"/visits/{visit_id}/undo", status=404)
    with time_machine.travel(clock.now() + timedelta(minutes=3)):
        assert "撤销" not in browse.log_in("grid_worker").get(f"/visits/{visit_id}").text
        browse.post(f"/visits/{visit_id}/undo", status=409)


def test_the_resident_is_masked_until_asked_for(lite_app: Flask, browse: Browse, world: World) -> None:
    [visit_id] = log(world, resident_name="诸葛示例", resident_phone="13800001234", door="2单元301")
    page = browse.log_in("community_staff").get(f"/visits/{visit_id}").text
    assert "诸葛**" in page
    assert "138****1234" in page
    assert "示例</dd>" not in page
    assert "301" not in page
    for part in (False, True):
        answer = browse.post(f"/visits/{visit_id}/resident", status=200, part=part)
        assert "诸葛示例" in answer.text
        assert "2单元301" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    assert "显示完整信息" not in browse.log_in("auditor").get(f"/visits/{visit_id}").text
    browse.post(f"/visits/{visit_id}/resident", status=403)


def test_a_rare_name_is_text_and_nothing_else(lite_app: Flask, browse: Browse, world: World) -> None:
    name, note = "𠮷田·示例", '<img src="x">&amp;'
    [visit_id] = log(world, resident_name=name, note=note)
    browse.log_in("grid_worker")
    for url in ("/visits/", f"/visits/{visit_id}"):
        page = browse.get(url).text
        assert "𠮷" in page
        assert "&lt;img src=" in page
        assert '<img src="x"' not in page
    assert name in browse.post(f"/visits/{visit_id}/resident", status=200).text


def test_the_list_goes_on_by_htmx_without_a_day_twice(lite_app: Flask, browse: Browse, world: World) -> None:
    ids = log(world, 45)
    browse.log_in("grid_worker")
    with time_machine.travel(clock.now(), tick=False):
        seen, days, url, part = [], 0, "/visits/?kind=home_visit", False
        while url:
            page = browse.get(url, part=part).text
            seen += [int(found) for found in re.findall(r'href="/visits/(\d+)"', page)]
            days += page.count('class="day"')
            more = re.search(r'class="more"><a href="([^"]+)"', page)
            url, part = (more[1].replace("&amp;", "&") if more else ""), True
            assert part is False or "<html" not in page or len(seen) <= 20
    assert seen == ids
    assert days <= 2  # midnight may lie among 45 minutes


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3), ("?mine=1", 2), ("?kind=station_reception", 1), ("?outcome=explained", 1), ("?item=safety", 2),
        ("?q=台账", 1), ("?q=隐患", 2), ("?q=13800001234", 1), ("?q=没有", 0), ("?day=2020-01-01", 0),
        ("?day=nonsense&kind=nonsense&after=nonsense", 3), ("?mine=1&item=safety&q=台账", 0),
    ],
)  # fmt: skip
def test_filters_and_search(lite_app: Flask, browse: Browse, world: World, query: str, found: int) -> None:
    log(world, 2, resident_phone="")
    other = world.actor("grid_worker1b")
    service.log_visit(
        other, kind="station_reception", items=["policy"], outcome="explained",
        details=service.Details(note="台账看过", resident_phone="13800001234"),
    )  # fmt: skip
    browse.log_in("grid_worker")
    # The first two took place a minute apart and are mine.
    for part in (False, True):
        page = browse.get(f"/visits/{query}", part=part).text
        assert len(re.findall(r'href="/visits/\d+"', page)) == found


def test_empty_lists_say_what_belongs_there(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("grid_worker")
    assert "还没有服务记录" in browse.get("/visits/").text
    assert "没有符合条件" in browse.get("/visits/?q=没有").text
    assert "还没有安排" in browse.get("/visits/desk/").text
    assert "安排一场" not in browse.log_in("building_leader").get("/visits/desk/").text


@pytest.mark.parametrize("who", ["grid_worker", "community_staff", "street_staff", "building_leader"])
def test_queries_stay_as_many_while_rows_grow(app: Flask, browse: Browse, world: World, who: str) -> None:
    browse.log_in(who)
    counts = []
    for rows in (10, 20):
        log(world, rows, resident_name="示例")
        with counting() as statements:
            browse.get("/visits/")
            browse.get("/visits/?q=政策", part=True)
        counts.append(len(statements))
    assert counts[0] == counts[1], statements


@pytest.mark.parametrize("who", ["grid_worker", "building_leader", "community_staff", "street_staff"])
@pytest.mark.parametrize("mine", [False, True])
def test_the_list_is_read_off_its_index(lite_app: Flask, world: World, who: str, mine: bool) -> None:
    query = queries.list_query(world.actor(who), Filters(mine=mine)).order_by(
        Visit.at.desc(), Visit.id.desc()
    )
    steps = plan(query.limit(21))
    assert "TEMP B-TREE" not in steps
    assert "SCAN" not in steps
    assert "USING INDEX ix_visits_" in steps


def test_the_timetable_is_read_off_its_index(lite_app: Flask, world: World) -> None:
    query = desk_queries.timetable_query(world.actor("grid_worker"), clock.now())
    steps = plan(query.order_by(DeskSession.starts_at, DeskSession.id).limit(21))
    assert "TEMP B-TREE" not in steps
    assert "USING INDEX ix_desk_sessions_grid" in steps


def test_what_was_agreed_on_stands_on_its_page(lite_app: Flask, browse: Browse, world: World) -> None:
    browse.log_in("grid_worker")
    assert "最近没有约好的上门" in browse.get("/visits/agreed").text
    log(world, 2, next_visit_on=clock.today() + timedelta(days=1), resident_name="示例")
    assert browse.get("/visits/agreed").text.count("示*") == 2


def desk_data(world: World, days: int = 1, **change: str) -> dict[str, str]:
    day = (clock.today() + timedelta(days=days)).isoformat()
    base = {"station_id": str(world.stations["station"]), "day": day, "starts": "14:00", "ends": "16:00"}
    return {**base, **change}


def test_a_desk_is_planned_shown_and_cancelled(lite_app: Flask, browse: Browse, world: World) -> None:
    browse.log_in("grid_worker").get("/visits/desk/new")
    page = browse.follow(browse.post("/visits/desk/new", desk_data(world, weeks="4"))).text
    assert "已安排 4 次" in page
    assert page.count("14:00—16:00") == 4
    first, *_, last = [int(found) for found in re.findall(r'href="/visits/desk/(\d+)"', page)]
    assert "后面还有 3 次" in browse.get(f"/visits/desk/{first}").text
    assert "请选择或写下取消原因" in browse.post(f"/visits/desk/{first}/cancel", status=422).text
    answer = browse.post(f"/visits/desk/{first}/cancel", {"reason": "天气原因", "following": "y"})
    page = browse.follow(answer).text
    assert "已取消 4 次" in page
    assert "天气原因" in page
    browse.post(f"/visits/desk/{last}/cancel", {"reason": "天气原因"}, status=409)
    browse.log_in("grid_worker2").get(f"/visits/desk/{first}", status=404)


def test_a_guest_at_a_desk_may_read_its_page_and_not_cancel_it(
    lite_app: Flask, browse: Browse, world: World
) -> None:
    hosts = [world.people["grid_worker2"]]
    day, station = clock.today() + timedelta(days=1), world.stations["station"]
    wanted = Plan(day, time(14), time(16), station_id=station, hosts=hosts)
    planned = plan_desk(world.actor("community_staff"), wanted).sessions[0].id
    page = browse.log_in("grid_worker2").get(f"/visits/desk/{planned}").text
    assert f"/visits/desk/{planned}/cancel" not in page
    for data in ({}, {"reason": "天气原因"}):
        assert (
            "只有安排这里流动办公桌的人员可以取消"
            in browse.post(f"/visits/desk/{planned}/cancel", data, status=403).text
        )


def test_a_desk_that_does_not_work_comes_back(lite_app: Flask, browse: Browse, world: World) -> None:
    browse.log_in("grid_worker")
    for part in (False, True):
        page = browse.post("/visits/desk/new", desk_data(world, ends="13:00"), status=422, part=part).text
        assert "结束时间要晚于开始时间" in page
        assert 'value="14:00"' in page
    browse.post("/visits/desk/new", {}, status=422)
    browse.log_in("building_leader").get("/visits/desk/new", status=403)
    assert count(DeskSession) == 0


def test_a_desk_session_is_worked_at_by_one_tap(lite_app: Flask, browse: Browse, world: World) -> None:
    with time_machine.travel("2026-09-23T02:00:00+00:00"):
        browse.log_in("grid_worker").post("/visits/desk/new", desk_data(world, days=0))
        desk_id = db.session.scalars(sa.select(DeskSession.id)).one()
        assert f"/visits/new?desk={desk_id}" in browse.get(f"/visits/desk/{desk_id}").text
        form = browse.get(f"/visits/new?desk={desk_id}").text
        assert re.search(r'value="station_reception"[^>]* checked', form)
        data = {**THREE, "kind": "station_reception", "desk": str(desk_id)}
        page = browse.follow(browse.post("/visits/new", data)).text
        assert "示范小区01服务站" in page
        assert "1 次" in browse.get(f"/visits/desk/{desk_id}").text
        browse.log_in("grid_worker2").get(f"/visits/new?desk={desk_id}", status=404)


def test_visits_of_several_items_hold_each_once(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("grid_worker").post("/visits/new", {**THREE, "items": ["policy", "safety", "policy"]})
    assert db.session.scalar(sa.select(sa.func.count()).select_from(VisitItem)) == 2


def test_to_case_costs_one_more_tap(lite_app: Flask, browse: Browse, world: World) -> None:
    data = {**THREE, "items": "safety", "outcome": "to_case", "resident_name": "诸葛示例", "note": NASTY}
    answer = browse.log_in("grid_worker").post("/visits/new", data)
    url = answer.headers["Location"]
    assert re.fullmatch(r"/visits/\d+/case", url)
    form = browse.follow(answer).text
    assert "诸葛**" in form
    assert NASTY not in form
    [category] = re.findall(r'name="category"[^>]*value="(\w+)" checked', form)
    assert category == "fire_safety"
    for part in (False, True):
        assert (
            "请写明居民反映什么"
            in browse.post(url, {"category": category, "what": ""}, status=422, part=part).text
        )
    answer = browse.post(url, {"category": category, "what": "楼道里有电动车", "place_text": "2栋"})
    number = db.session.scalars(sa.select(Case.number)).one()
    assert number in answer.headers["Location"]
    visit_page = browse.get(url.removesuffix("/case")).text
    assert number in visit_page
    assert "诉求还没有登记" not in visit_page
    browse.get(url, status=409)
    browse.log_in("grid_worker2").get(url, status=404)


def test_a_visit_whose_case_was_not_registered_says_so(lite_app: Flask, browse: Browse) -> None:
    answer = browse.log_in("grid_worker").post("/visits/new", {**THREE, "outcome": "to_case"})
    page = browse.get(answer.headers["Location"].removesuffix("/case")).text
    assert "诉求还没有登记" in page
