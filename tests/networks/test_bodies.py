"""Branch, committees and seats of a grid."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.browse import Browse
from tests.support.world import World
from webapp.directory.models import Person, Unit
from webapp.directory.units.service import UnitFacts, create_unit, retire_unit
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.errors import Conflict, Refused
from webapp.foundation.journal import JournalEntry
from webapp.networks.bodies import service
from webapp.networks.bodies.service import CommitteeFacts
from webapp.networks.models import Branch, Committee, Seat
from webapp.points.eligibility import may_earn, settings

DAY = timedelta(days=1)


def code(world: World, name: str) -> str:
    return db.session.get_one(Unit, world.units[name]).code


def committees(world: World, name: str) -> list[Committee]:
    query = sa.select(Committee).where(Committee.unit_id == world.units[name]).order_by(Committee.term_start)
    return list(db.session.scalars(query))


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(JournalEntry.action).order_by(JournalEntry.id)))


def term(starts: date, ends: date, **more: object) -> dict[str, object]:
    return {
        "kind": "owners_committee", "name": "示范小区01第二届业主委员会", "is_red": "y",
        "term_start": starts.isoformat(), "term_end": ends.isoformat(), **more,
    }  # fmt: skip


# Branches


def branch(world: World, name: str) -> list[str]:
    return list(db.session.scalars(sa.select(Branch.name).where(Branch.unit_id == world.units[name])))


def test_a_branch_is_entered_and_renamed(browse: Browse, app: Flask, world: World) -> None:
    admin = world.actor("district_admin")
    grid = create_unit(admin, code(world, "community"), "grid", UnitFacts("示范小区96网格", "示范小区96"))
    browse.log_in("district_admin")
    url = f"/directory/units/{grid.code}"
    assert "党支部名称" in browse.get(url).text
    text = browse.post(f"{url}/branch", {}, status=422).text
    assert "请填写党支部名称。" in text
    assert "修改资料" in text
    assert "改名" not in text
    for name in ("示范小区96党支部", "示范小区96联合党支部"):
        browse.post(f"{url}/branch", {"branch": name})
        assert name in browse.get(url).text
    found = db.session.scalars(sa.select(Branch.name).where(Branch.unit_id == grid.id)).all()
    assert found == ["示范小区96联合党支部"]
    assert actions().count("unit:change") == 2
    retire_unit(admin, grid.code)
    browse.post(f"{url}/branch", {"branch": "甲"}, status=409)


def test_branches_are_for_grids_and_named_by_who_keeps_the_register(
    browse: Browse, app: Flask, world: World
) -> None:
    for name in ("community", "building", "company"):
        with pytest.raises(Conflict):
            service.name_branch(world.actor("district_admin"), code(world, name), "甲")
    with pytest.raises(Refused):
        service.name_branch(world.actor("community_secretary"), code(world, "grid"), "甲")
    text = browse.log_in("community_staff").get(f"/directory/units/{code(world, 'grid')}").text
    assert branch(world, "grid")[0] in text
    assert "改名" not in text


# Committees


def test_a_new_committee_follows_the_old_one(browse: Browse, app: Flask, world: World) -> None:
    [old] = committees(world, "grid")
    url = f"/directory/units/{code(world, 'grid')}"
    browse.log_in("district_admin")
    assert "登记新一届业委会" in browse.get(url).text
    browse.get(f"{url}/committees/new")
    overlapping = term(old.term_end, old.term_end + 900 * DAY)
    text = browse.post(f"{url}/committees/new", overlapping, status=422).text
    assert "重叠" in text
    assert "示范小区01第二届业主委员会" in text
    assert len(committees(world, "grid")) == 1

    # Elected early: the former term is ended by hand, and the new one begins the day after.
    today = clock.today()
    change = f"/directory/committees/{old.id}/change"
    assert old.name in browse.get(change).text
    ended = {"name": old.name, "kind": old.kind, "term_start": old.term_start.isoformat()}
    browse.post(change, {**ended, "term_end": today.isoformat()})
    browse.post(f"{url}/committees/new", term(today + DAY, today + 900 * DAY, kind="property_mgmt_committee"))
    first, second = committees(world, "grid")
    assert (first.term_end, first.is_red) == (today, False)
    assert (second.kind, second.is_red) == ("property_mgmt_committee", True)
    text = browse.get(url).text
    assert "红色物业管理委员会" in text
    assert [action for action in actions() if "committee" in action] == [
        "committee:change",
        "committee:create",
    ]
    # And back over the new one it can't be stretched.
    text = browse.post(change, {**ended, "term_end": (today + DAY).isoformat()}, status=422).text
    assert "重叠" in text


def test_a_term_is_checked(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    url, today = f"/directory/units/{code(world, 'grid')}/committees/new", clock.today()
    text = browse.post(url, {}, status=422).text
    for message in ("请选择类别。", "请填写名称。", "请填写任期开始的日期。"):
        assert message in text
    late = today + 3000 * DAY
    assert "任期结束要在开始之后" in browse.post(url, term(late, late - DAY), status=422).text
    one = str(uuid.uuid4())
    for _ in range(2):
        browse.post(url, term(late, late + DAY), submission_id=one)
    assert len(committees(world, "grid")) == 2


def test_committees_are_for_grids_and_for_who_keeps_the_register(
    browse: Browse, app: Flask, world: World
) -> None:
    today = clock.today()
    facts = CommitteeFacts("owners_committee", "甲", True, today, today)
    for name in ("community", "building", "company"):
        with pytest.raises(Conflict):
            service.form_committee(world.actor("district_admin"), code(world, name), facts)
        browse.log_in("district_admin").get(f"/directory/units/{code(world, name)}/committees/new", 409)
    with pytest.raises(Refused):
        service.form_committee(world.actor("community_secretary"), code(world, "grid"), facts)
    with pytest.raises(Refused):
        service.change_committee(world.actor("community_secretary"), committees(world, "grid")[0].id, facts)
    text = browse.log_in("community_staff").get(f"/directory/units/{code(world, 'grid')}").text
    assert "committees" not in text


# Seats


def seat_form(world: World, unit: str = "grid", **more: object) -> dict[str, object]:
    given = {"body": "branch", "title": "委员", "starts_on": clock.today().isoformat()}
    return {"unit_code": code(world, unit), **given, **more}


def test_who_takes_a_seat_earns_from_that_day_to_the_last(browse: Browse, app: Flask, world: World) -> None:
    person, today = world.people["building_leader"], clock.today()
    assert not may_earn(person, today, settings())
    browse.log_in("district_admin")
    url = f"/directory/people/{person}"
    assert "登记席位" in browse.get(url).text
    found = browse.get(f"{url}/seats/new?q=示范小区", part=True).text
    assert f"{url}/seats/new?unit={code(world, 'grid2')}" in found
    assert code(world, "building") not in found
    assert code(world, "grid2") in browse.get(f"{url}/seats/new?unit={code(world, 'grid2')}").text
    starts = today - 3 * DAY
    browse.post(f"{url}/seats/new", seat_form(world, starts_on=starts.isoformat()))
    assert "党支部委员" in browse.get(url).text
    assert db.session.get_one(Person, person).is_party_member
    assert [may_earn(person, day, settings()) for day in (starts - DAY, starts, today)] == [False, True, True]

    seat = db.session.scalars(sa.select(Seat).where(Seat.person_id == person)).one()
    end = f"/directory/seats/{seat.id}/end"
    browse.get(end)
    too_early = {"last_day": (starts - DAY).isoformat()}
    assert "不能早于" in browse.post(end, too_early, status=422).text
    browse.post(end, {"last_day": (today - DAY).isoformat()})
    assert [may_earn(person, day, settings()) for day in (starts, today - DAY, today)] == [True, True, False]
    browse.post(end, {"last_day": today.isoformat()}, status=409)
    assert [action for action in actions() if action.startswith("seat:")] == ["seat:create", "seat:end"]
    # And may come back.
    browse.post(f"{url}/seats/new", seat_form(world))
    assert may_earn(person, today, settings())


def test_a_seat_entered_by_mistake_never_counts(browse: Browse, app: Flask, world: World) -> None:
    person, today = world.people["building_leader"], clock.today()
    browse.log_in("district_admin")
    url = f"/directory/people/{person}"
    browse.post(f"{url}/seats/new", seat_form(world, body="committee"))
    assert not db.session.get_one(Person, person).is_party_member
    seat = db.session.scalars(sa.select(Seat).where(Seat.person_id == person)).one()
    browse.post(f"/directory/seats/{seat.id}/end", {"last_day": (today - DAY).isoformat()})
    assert not any(may_earn(person, day, settings()) for day in (today - DAY, today))
    assert "席位</h2>" not in browse.get(url).text


def test_a_seat_needs_its_body(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    url = f"/directory/people/{world.people['volunteer']}/seats/new"
    assert "设在网格，这里是社区" in browse.post(url, seat_form(world, "community"), status=422).text
    bare = create_unit(
        world.actor("district_admin"), code(world, "community"), "grid",
        UnitFacts("示范小区98网格", "示范小区98"),
    )  # fmt: skip
    for body, message in (("branch", "还没有登记党支部"), ("committee", "没有业委会或物管会")):
        form = {**seat_form(world), "unit_code": bare.code, "body": body}
        assert message in browse.post(url, form, status=422).text
    # After the committee's term there is none to sit in.
    [committee] = committees(world, "grid")
    late = seat_form(world, body="committee", starts_on=(committee.term_end + DAY).isoformat())
    assert "没有业委会或物管会" in browse.post(url, late, status=422).text
    days = {"ends_on": (clock.today() - DAY).isoformat()}
    assert "结束日期要在开始日期之后" in browse.post(url, seat_form(world, **days), status=422).text
    text = browse.post(url, {**seat_form(world), "unit_code": "none", "body": ""}, status=422).text
    assert "请选择党支部或业委会。" in text


def test_nobody_sits_on_two_chairs_of_one_body(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    url, one = f"/directory/people/{world.people['grid_worker']}/seats/new", str(uuid.uuid4())
    browse.post(url, seat_form(world), status=409)
    # In the other body at once (交叉任职) one may; sent twice it counts once.
    for _ in range(2):
        browse.post(url, seat_form(world, body="committee"), submission_id=one)
    mine = sa.select(Seat.body).where(Seat.person_id == world.people["grid_worker"]).order_by(Seat.id)
    assert list(db.session.scalars(mine)) == ["branch", "committee"]


def test_seats_are_given_by_who_keeps_the_register(browse: Browse, app: Flask, world: World) -> None:
    person = world.people["volunteer"]
    with pytest.raises(Refused):
        service.take_seat(
            world.actor("community_secretary"), person_id=person, body="branch", unit_code=code(world, "grid"),
            title="委员", starts_on=clock.today(),
        )  # fmt: skip
    seat = db.session.scalars(sa.select(Seat.id)).first()
    assert seat is not None
    with pytest.raises(Refused):
        service.end_seat(world.actor("community_secretary"), seat, last_day=clock.today())
    text = browse.log_in("community_staff").get(f"/directory/people/{world.people['grid_worker']}").text
    assert "党支部成员" in text
    assert "登记席位" not in text
