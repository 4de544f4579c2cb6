from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.support.world import World
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.visits import service
from webapp.visits.desks import queries as desk_queries
from webapp.visits.desks import service as desk
from webapp.visits.desks.service import Plan
from webapp.visits.models import DeskSession

# Wednesday, 09:00 in Shanghai
WEDNESDAY = datetime(2026, 9, 23, 1, tzinfo=UTC)


def plan_for(world: World, **change: object) -> Plan:
    base: dict[str, object] = {
        "day": clock.today(), "starts": time(14), "ends": time(16), "station_id": world.stations["station"],
    }  # fmt: skip
    return Plan(**{**base, **change})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _clock(request: pytest.FixtureRequest) -> Iterator[None]:
    # The database is made before the clock is turned.
    request.getfixturevalue("app" if "app" in request.fixturenames else "lite_app")
    with time_machine.travel(WEDNESDAY):
        yield


def test_a_weekly_series_keeps_every_date_and_names_the_holidays(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    planned = desk.plan_desk(worker, plan_for(world, weeks=4))
    days = [clock.local(row.starts_at).date() for row in planned.sessions]
    assert days == [date(2026, 9, 23), date(2026, 9, 30), date(2026, 10, 7), date(2026, 10, 14)]
    assert planned.rest_days == [date(2026, 10, 7)]
    assert {row.series_id for row in planned.sessions} == {planned.sessions[0].id}
    first = desk_queries.timetable(worker).rows[0]
    assert (first.hosts, first.unit, first.state(clock.now())) == (
        (worker.name,),
        "示范小区01",
        ("todo", "未开始"),
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ends": time(13)}, "ends"),
        ({"starts": time(1), "ends": time(23)}, "ends"),
        ({"day": date(2026, 9, 1)}, "day"),
        ({"weeks": 27}, "weeks"),
        ({"station_id": None}, "station_id"),
        ({"station_id": 10**6}, "station_id"),
        ({"hosts": [10**6]}, "hosts"),
    ],
)
def test_what_does_not_work_is_named(
    lite_app: Flask, world: World, change: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        desk.plan_desk(world.actor("grid_worker"), plan_for(world, **change))
    assert refusal.value.field == field
    assert db.session.scalar(sa.select(sa.func.count(DeskSession.id))) == 0


def test_nobody_sits_at_two_desks_at_once(app: Flask, world: World) -> None:
    worker, later = world.actor("grid_worker"), clock.today() + timedelta(weeks=1)
    desk.plan_desk(worker, plan_for(world, day=later, starts=time(15), ends=time(17)))
    with pytest.raises(Invalid, match="9月30日"):
        desk.plan_desk(worker, plan_for(world, weeks=3))
    desk.plan_desk(worker, plan_for(world, day=later, starts=time(17), ends=time(18)))
    desk.plan_desk(world.actor("grid_worker1b"), plan_for(world, weeks=3))


def test_a_desk_may_stand_anywhere_in_the_grid(app: Flask, world: World) -> None:
    [row] = desk.plan_desk(
        world.actor("grid_worker"), plan_for(world, station_id=None, place="凉亭")
    ).sessions
    assert (row.grid_id, row.station_id) == (world.units["grid"], None)


def test_a_grids_desk_in_the_communitys_hall_is_the_grids(app: Flask, world: World) -> None:
    [row] = desk.plan_desk(
        world.actor("grid_worker"), plan_for(world, station_id=world.stations["center"])
    ).sessions
    assert row.unit_id == world.units["grid"]
    [row] = desk.plan_desk(world.actor("community_staff"), plan_for(world)).sessions
    assert row.unit_id == world.units["grid"]


def test_who_plans_no_desks_is_refused(app: Flask, world: World) -> None:
    with pytest.raises(Refused):
        desk.plan_desk(world.actor("building_leader"), plan_for(world, station_id=None, place="楼下"))


def test_todays_desk_is_todays_and_stands(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    [first, second] = desk.plan_desk(worker, plan_for(world, weeks=2)).sessions
    assert [row.id for row in desk_queries.todays_desk(worker)] == [first.id]
    assert [row.id for row in desk_queries.todays_desk(world.actor("community_staff"))] == [first.id]
    assert desk_queries.todays_desk(world.actor("grid_worker2")) == []
    desk.cancel_desk(worker, first.id, reason="天气原因")
    assert desk_queries.todays_desk(worker) == []
    assert [row.cancelled for row in desk_queries.timetable(worker).rows] == [True, False]
    assert second.cancelled_at is None


def test_who_sits_there_sees_it_from_elsewhere(app: Flask, world: World) -> None:
    leader = world.actor("building_leader")
    plan = plan_for(world, hosts=[leader.person_id])
    [row] = desk.plan_desk(world.actor("grid_worker"), plan).sessions
    assert [found.id for found in desk_queries.todays_desk(leader)] == [row.id]
    assert desk_queries.desk_for(leader, row.id).id == row.id
    with pytest.raises(NotFound):
        desk_queries.desk_for(world.actor("building_leader2"), row.id)


def test_cancelling_the_rest_of_a_series_leaves_what_came_before(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    rows = desk.plan_desk(worker, plan_for(world, weeks=4)).sessions
    alone = desk.plan_desk(worker, plan_for(world, starts=time(18), ends=time(19))).sessions[0]
    ids = [row.id for row in rows]
    cancelled = desk.cancel_desk(worker, ids[1], reason="场地不能用", following=True)
    assert [row.id for row in cancelled] == ids[1:]
    assert [row.cancelled for row in desk_queries.timetable(worker).rows if row.id in ids] == [
        False,
        True,
        True,
        True,
    ]
    assert desk.cancel_desk(worker, alone.id, reason="临时有事", following=True) == [alone]


def test_cancelling_needs_a_reason_a_right_and_a_desk_that_stands(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    [row] = desk.plan_desk(worker, plan_for(world)).sessions
    with pytest.raises(Invalid):
        desk.cancel_desk(worker, row.id, reason=" ")
    with pytest.raises(NotFound):
        desk.cancel_desk(world.actor("grid_worker2"), row.id, reason="天气原因")
    with time_machine.travel(WEDNESDAY + timedelta(hours=8)), pytest.raises(Conflict):
        desk.cancel_desk(worker, row.id, reason="天气原因")
    desk.cancel_desk(worker, row.id, reason="天气原因")
    with pytest.raises(Conflict):
        desk.cancel_desk(worker, row.id, reason="天气原因")


def test_a_visit_at_the_desk_counts_for_it(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    [row] = desk.plan_desk(worker, plan_for(world)).sessions
    visit = service.log_visit(
        worker, kind="station_reception", items=["policy"], outcome="settled",
        details=service.Details(desk_session_id=row.id),
    )  # fmt: skip
    assert (visit.station_id, visit.desk_session_id) == (world.stations["station"], row.id)
    assert desk_queries.visits_at(row.id) == 1
