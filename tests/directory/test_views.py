"""Looking up and keeping the register, as a browser sees it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock, private
from webapp.foundation.db import transaction
from webapp.foundation.journal import JournalEntry
from webapp.inbox import sources


def code(world: World, name: str) -> str:
    return db.session.get_one(Unit, world.units[name]).code


def name(world: World, person: str) -> str:
    return db.session.get_one(Person, world.people[person]).name


def phone(world: World, person: str) -> str:
    return db.session.get_one(Person, world.people[person]).phone


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(JournalEntry.action).order_by(JournalEntry.id)))


def more_people(world: World, number: int, unit: str = "grid") -> None:
    with transaction() as session:
        for index in range(number):
            person = Person(name=f"示范{index:03d}", phone="", phone_hash=None)
            session.add(person)
            session.flush()
            session.add(
                Appointment(
                    person_id=person.id,
                    post=Post.VOLUNTEER,
                    unit_id=world.units[unit],
                    starts_on=clock.today(),
                )
            )


# Looking up


def test_the_entry_leads_to_ones_own_unit(browse: Browse, app: Flask, world: World) -> None:
    text = browse.log_in("community_staff").get("/directory/").text
    assert f"/directory/units/{code(world, 'community')}" in text
    assert "登记新人员" not in text
    assert "登记新人员" in browse.log_in("district_admin").get("/directory/").text


def test_the_search_finds_units_and_people_in_scope_only(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("community_staff")
    text = browse.get("/directory/?q=示范小区", part=True).text
    assert "示范小区01" in text
    assert "示范小区03" not in text
    assert name(world, "grid_worker") in browse.get(f"/directory/?q={name(world, 'grid_worker')}").text
    assert "没有找到" in browse.get(f"/directory/?q={name(world, 'volunteer2')}").text
    assert "没有找到" in browse.get("/directory/?q=%25").text


def test_a_grid_shows_what_belongs_to_it(browse: Browse, app: Flask, world: World) -> None:
    text = browse.log_in("community_staff").get(f"/directory/units/{code(world, 'grid')}").text
    for expected in (
        "示范区 · 示范街道一 · 示范社区一", "示范小区01 1栋",
        "示范小区01 2栋", "示范小区01服务站", "示范小区01党支部", "示范小区01业主委员会",
        "示范物业一", "建有党支部", name(world, "grid_worker"), name(world, "handler"), "2人",
    ):  # fmt: skip
        assert expected in text
    assert phone(world, "grid_worker") in text
    assert phone(world, "committee_member") not in text
    assert name(world, "grid_worker_ended") not in text


def test_units_elsewhere_are_not_found(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("grid_worker")
    browse.get(f"/directory/units/{code(world, 'building')}")
    for unit in ("grid2", "community", "district", "company"):
        browse.get(f"/directory/units/{code(world, unit)}", 404)
    browse.get("/directory/units/none", 404)


def test_people_are_paged_by_name(browse: Browse, app: Flask, world: World) -> None:
    more_people(world, 45)
    browse.log_in("grid_worker")
    seen, url = [], "/directory/people/?q=示范"
    while url:
        text = browse.get(url, part=True).text
        seen += [line.split("</span>")[0] for line in text.split('<span class="t">')[1:]]
        url = text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&") if "hx-get=" in text else ""
    assert seen == [f"示范{index:03d}" for index in range(45)]


@pytest.mark.parametrize("url", ["/directory/people/", "/directory/?q=示", "/directory/units/{grid}"])
def test_more_rows_cost_no_more_queries(
    browse: Browse, app: Flask, world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "count", lambda actor: 0)
    url = url.format(grid=code(world, "grid"))
    browse.log_in("community_staff")
    browse.get(url)
    counts = []
    for _ in range(2):
        more_people(world, 15)
        db.session.remove()
        with counting() as statements:
            browse.get(url)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 14, statements


def test_people_of_one_unit(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("community_staff")
    text = browse.get(f"/directory/people/?unit={code(world, 'grid2')}").text
    assert name(world, "grid_worker2") in text
    assert name(world, "grid_worker") + "<" not in text
    browse.get(f"/directory/people/?unit={code(world, 'grid3')}", 404)


def test_a_person_is_seen_where_they_serve(browse: Browse, app: Flask, world: World) -> None:
    url = f"/directory/people/{world.people['grid_worker']}"
    text = browse.log_in("community_staff").get(url).text
    assert f"tel:{phone(world, 'grid_worker')}" in text
    browse.log_in("community_staff2").get(url, 404)
    browse.log_in("grid_worker2").get(url, 404)
    browse.log_in("community_staff").get(f"/directory/people/{world.people['grid_worker_ended']}", 404)
    browse.log_in("district_admin").get(f"/directory/people/{world.people['grid_worker_ended']}")


def test_a_private_phone_is_shown_on_demand_and_on_the_record(
    browse: Browse, app: Flask, world: World
) -> None:
    url, number = f"/directory/people/{world.people['volunteer']}", phone(world, "volunteer")
    browse.log_in("grid_worker")
    text = browse.get(url).text
    assert number not in text
    assert private.mask_phone(number) in text
    assert "person:read_phone" not in actions()
    assert number in browse.post(f"{url}/phone", status=200).text
    assert number in browse.post(f"{url}/phone", status=200, part=True).text
    assert actions().count("person:read_phone") == 2
    browse.log_in("grid_worker2").post(f"{url}/phone", status=404)
    assert actions().count("person:read_phone") == 2


# Keeping the register


def test_a_person_is_entered_appointed_and_ended(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    browse.get("/directory/people/new")
    answer = browse.post("/directory/people/new", {"name": "新来的人", "phone": "138 0000 1111"})
    person = db.session.scalars(sa.select(Person).where(Person.name == "新来的人")).one()
    assert person.phone == "13800001111"
    assert "开通账号" in browse.follow(answer).text
    assert "没有在任的职务" in browse.get("/directory/people/?q=新来").text

    url = f"/directory/people/{person.id}/appoint"
    assert code(world, "grid2") in browse.get(f"{url}?q=示范小区02", part=True).text
    today = clock.today().isoformat()
    wrong = {"unit_code": code(world, "community"), "post": "grid_worker", "starts_on": today}
    assert "网格员要任命在网格，这里是社区。" in browse.post(url, wrong, status=422).text
    browse.post(url, {**wrong, "unit_code": code(world, "grid2")})
    browse.post(url, {**wrong, "unit_code": code(world, "grid2")}, status=409)
    assert "新来的人" in browse.log_in("grid_worker2").get("/directory/people/").text

    row = db.session.scalars(sa.select(Appointment).where(Appointment.person_id == person.id)).one()
    browse.log_in("district_admin").get(f"/directory/appointments/{row.id}/end")
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    browse.post(f"/directory/appointments/{row.id}/end", {"last_day": yesterday})
    assert "新来的人" not in browse.log_in("grid_worker2").get("/directory/people/").text
    wanted = ["person:create", "appointment:create", "appointment:end"]
    assert [action for action in actions() if action in wanted] == wanted


def test_a_phone_belongs_to_one_person(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    taken = {"name": "另一个人", "phone": phone(world, "grid_worker")}
    assert "已经登记在另一个人名下" in browse.post("/directory/people/new", taken, status=422).text
    assert (
        "不像一个电话号码"
        in browse.post("/directory/people/new", {"name": "甲", "phone": "12"}, status=422).text
    )
    assert "请填写姓名。" in browse.post("/directory/people/new", status=422).text


@pytest.mark.parametrize("name", ["  ", "　", "\u200b", "\u202e\u2066", "\x00", "\u3164"])
def test_a_name_that_nobody_sees_is_none(browse: Browse, app: Flask, name: str) -> None:
    browse.log_in("district_admin")
    assert "请填写姓名。" in browse.post("/directory/people/new", {"name": name}, status=422).text


def test_a_name_is_stored_as_it_is_seen(browse: Browse, app: Flask) -> None:
    browse.log_in("district_admin").post("/directory/people/new", {"name": "\u202e买买提•艾力\u200b\r\n"})
    assert db.session.scalar(sa.select(Person.id).where(Person.name == "买买提·艾力"))
    assert "买买提·艾力" in browse.get("/directory/people/?q=买买提．艾").text


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_far_away_is_refused_beside_its_field(
    browse: Browse, app: Flask, world: World, day: str
) -> None:
    form = {"unit_code": code(world, "grid"), "post": "volunteer", "starts_on": day}
    url = f"/directory/people/{world.people['volunteer2']}/appoint"
    assert "年份要在1900到2100之间" in browse.log_in("district_admin").post(url, form, status=422).text


def test_days_must_be_in_order(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    today = clock.today()
    days = {"starts_on": today.isoformat(), "ends_on": (today - timedelta(days=1)).isoformat()}
    form = {"unit_code": code(world, "grid"), "post": "volunteer", **days}
    url = f"/directory/people/{world.people['volunteer2']}/appoint"
    assert "结束日期要在开始日期之后" in browse.post(url, form, status=422).text


def test_an_end_before_the_beginning_is_refused(browse: Browse, app: Flask, world: World) -> None:
    row = db.session.scalars(
        sa.select(Appointment).where(Appointment.person_id == world.people["grid_worker"])
    ).one()
    url = f"/directory/appointments/{row.id}/end"
    long_ago = {"last_day": (row.starts_on - timedelta(days=1)).isoformat()}
    assert "不能早于" in browse.log_in("district_admin").post(url, long_ago, status=422).text


def test_nobody_ends_the_post_they_are_using(browse: Browse, app: Flask, world: World) -> None:
    row = world.actor("district_admin").holding.appointment_id
    browse.log_in("district_admin").post(
        f"/directory/appointments/{row}/end", {"last_day": "2020-01-01"}, status=409
    )


def test_a_unit_is_renamed_and_retired_when_empty(browse: Browse, app: Flask, world: World) -> None:
    with transaction() as session:
        grid = session.get_one(Unit, world.units["grid"])
        empty = Unit(
            code="E1", level="building", name="9栋", short_name="9栋", path=f"{grid.path}E1/", parent_id=grid.id,
            street_id=grid.street_id, community_id=grid.community_id, grid_id=grid.id,
        )  # fmt: skip
        session.add(empty)
    browse.log_in("district_admin")
    browse.post("/directory/units/E1/change", {"name": "示范小区01第九栋", "short_name": "九栋"})
    assert "示范小区01第九栋" in browse.get("/directory/units/E1").text
    assert "请填写简称。" in browse.post("/directory/units/E1/change", {"name": "甲"}, status=422).text
    browse.post("/directory/units/E1/retire")
    browse.post("/directory/units/E1/retire", status=409)
    assert "停用" in browse.get("/directory/units/E1").text
    assert "九栋" not in browse.get(f"/directory/units/{code(world, 'grid')}").text
    assert "2个单位在用" in browse.post(f"/directory/units/{code(world, 'grid')}/retire", status=409).text
    assert "任职" in browse.post(f"/directory/units/{code(world, 'building')}/retire", status=409).text
    assert {"unit:change", "unit:retire"} <= set(actions())


def test_only_who_keeps_the_register_changes_it(browse: Browse, app: Flask, world: World) -> None:
    for person in ("street_staff", "community_secretary", "auditor"):
        browse.log_in(person)
        browse.get("/directory/people/new", 403)
        browse.post(f"/directory/units/{code(world, 'grid')}/retire", status=403)
    browse.log_in("handler").get("/directory/", 403)
