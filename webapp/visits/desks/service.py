"""What one can do with desk sessions: plan one or a weekly series, cancel one or the rest of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from webapp.directory.models import Unit
from webapp.directory.scope import place_of
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.calendar import load_calendar
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Invalid, NotFound
from webapp.foundation.text import day as day_text
from webapp.stations.models import Station
from webapp.visits.desks import queries
from webapp.visits.models import DeskHost, DeskSession
from webapp.visits.permissions import check_can_cancel, check_can_plan
from webapp.visits.queries import stations

ONE_WEEK = timedelta(weeks=1)
MOST_WEEKS = 26
LONGEST = timedelta(hours=12)


@dataclass(frozen=True)
class Plan:
    """When, where and who. ``station_id`` or ``place`` says where; without ``hosts`` the planner sits there."""

    day: date
    starts: time
    ends: time
    station_id: int | None = None
    place: str = ""
    hosts: Sequence[int] = ()
    weeks: int = 1  # how many sessions, one a week


@dataclass(frozen=True)
class Planned:
    """What was planned, and which of the days are no working days: none is left out silently."""

    sessions: list[DeskSession]
    rest_days: list[date]


def plan_desk(actor: Actor, plan: Plan) -> Planned:
    """Put one session, or one a week, on the timetable: all of them or, if one clashes, none.

    Raises:
        Invalid: times, place or hosts do not work, or a host sits elsewhere at that time.
        Refused: not for this place.
    """
    times = _times(plan)
    with transaction() as session:
        unit, station_id = _where(actor, plan)
        check_can_plan(actor, unit)
        hosts = _who(actor, plan.hosts)
        _refuse_clashes(hosts, times)
        rows = [
            DeskSession(
                unit_id=unit.id, station_id=station_id, place=plan.place, starts_at=start, ends_at=end,
                planned_by_id=actor.person_id, **place_of(unit),
            )
            for start, end in times
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        for row in rows:
            row.series_id = rows[0].id if len(rows) > 1 else None
            session.add_all(DeskHost(session_id=row.id, person_id=person_id) for person_id in hosts)
            journal.record(actor, "desk:plan", "desk_session", row.id, {"series": row.series_id})
        return Planned(rows, _rest_days([clock.local(row.starts_at).date() for row in rows]))


def _times(plan: Plan) -> list[tuple[datetime, datetime]]:
    if not 1 <= plan.weeks <= MOST_WEEKS:
        raise Invalid(f"一次最多安排 {MOST_WEEKS} 周。", "weeks")
    start, end = clock.at(plan.day, plan.starts), clock.at(plan.day, plan.ends)
    if end <= start:
        raise Invalid("结束时间要晚于开始时间。", "ends")
    if end - start > LONGEST:
        raise Invalid("一场最长 12 小时，请核对时间。", "ends")
    if end <= clock.now():
        raise Invalid("这个时间已经过了，请选以后的时间。", "day")
    return [(start + week * ONE_WEEK, end + week * ONE_WEEK) for week in range(plan.weeks)]


def _where(actor: Actor, plan: Plan) -> tuple[Unit, int | None]:
    """The unit that the session belongs to: the station's, where that is the actor's own or below."""
    if plan.station_id is None:
        if not plan.place:
            raise Invalid("请选择站点，或者写下地点。", "station_id")
        return db.session.get_one(Unit, actor.unit_id), None
    if plan.station_id not in {row.id for row in stations(actor)}:
        raise Invalid("请从列表里选择站点。", "station_id")
    unit = db.session.get_one(Unit, db.session.get_one(Station, plan.station_id).unit_id)
    # A grid's desk in the community's hall is still the grid's.
    own = unit if unit.path.startswith(actor.unit_path) else db.session.get_one(Unit, actor.unit_id)
    return own, plan.station_id


def _who(actor: Actor, hosts: Sequence[int]) -> list[int]:
    wanted = list(dict.fromkeys(hosts)) or [actor.person_id]
    if not set(wanted) <= {person_id for person_id, _ in queries.possible_hosts(actor)}:
        raise Invalid("值守人员要在您的范围内。", "hosts")
    return wanted


def _refuse_clashes(hosts: Sequence[int], times: Sequence[tuple[datetime, datetime]]) -> None:
    query = (
        sa.select(DeskSession.starts_at, DeskSession.ends_at)
        .join(DeskHost, DeskHost.session_id == DeskSession.id)
        .where(
            DeskHost.person_id.in_(hosts),
            DeskSession.cancelled_at.is_(None),
            DeskSession.starts_at < times[-1][1],
            DeskSession.ends_at > times[0][0],
        )
    )
    taken = db.session.execute(query).all()
    clashes = [
        start for start, end in times if any(row.starts_at < end and row.ends_at > start for row in taken)
    ]
    if clashes:
        days = "、".join(day_text(start) for start in clashes)
        raise Invalid(f"值守人员在 {days} 这个时段已有安排，请换个时间或换人。", "day")


def _rest_days(days: Sequence[date]) -> list[date]:
    calendar = load_calendar(days[0], days[-1])
    return [day for day in days if not calendar.is_workday(day)]


def cancel_desk(actor: Actor, desk_id: int, *, reason: str, following: bool = False) -> list[DeskSession]:
    """Cancel a session, with ``following`` also those of its series that come later; the timetable keeps showing them.

    Raises:
        NotFound: not in scope. Refused, Conflict: see ``check_can_cancel``. Invalid: no reason.
    """
    if not reason.strip():
        raise Invalid("请写明取消原因，居民会在时间表上看到。", "reason")
    with transaction():
        queries.desk_for(actor, desk_id)
        desk = locked(DeskSession, desk_id)
        if desk is None:
            raise NotFound
        now = clock.now()
        check_can_cancel(actor, desk, now)
        rows = [desk, *(_later(desk) if following else [])]
        for row in rows:
            row.cancelled_at, row.cancelled_by_id, row.cancel_reason = now, actor.person_id, reason.strip()
            journal.record(actor, "desk:cancel", "desk_session", row.id)
        return rows


def _later(desk: DeskSession) -> Sequence[DeskSession]:
    if desk.series_id is None:
        return []
    query = sa.select(DeskSession).where(
        DeskSession.series_id == desk.series_id,
        DeskSession.starts_at > desk.starts_at,
        DeskSession.cancelled_at.is_(None),
    )
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
