"""What one can ask about desk sessions: the timetable, and today's desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import GRANTS, Permission
from webapp.directory.scope import PERSON_ID, units_within, within, within_level
from webapp.extensions import db
from webapp.foundation import clock, periods
from webapp.foundation.access import Actor
from webapp.foundation.db import AnySelect, UTCDateTime
from webapp.foundation.errors import NotFound
from webapp.foundation.hot import HotQuery
from webapp.foundation.paging import PAGE_SIZE, Page, keyset
from webapp.stations.models import Station
from webapp.visits.models import DeskHost, DeskSession, Visit
from webapp.visits.queries import ONE_DAY

TODAY_AT_MOST = 20
HOST_POSTS = sorted(post for post, granted in GRANTS.items() if Permission.VISIT_LOG in granted)


@dataclass(frozen=True)
class Desk:
    """A desk session as lists and pages show it."""

    id: int
    place: str
    address: str
    starts_at: datetime
    ends_at: datetime
    unit: str
    hosts: tuple[str, ...]
    host_ids: tuple[int, ...]
    station_id: int | None
    series_id: int | None
    cancel_reason: str
    cancelled: bool

    @property
    def day(self) -> date:
        """The day it is on, where the users are."""
        return clock.local(self.starts_at).date()

    @property
    def is_open(self) -> bool:
        """Whether the desk can be worked at: today, and not cancelled."""
        return not self.cancelled and self.day == clock.today()

    def state(self, now: datetime) -> tuple[str, str]:
        """Kind of status mark and its word."""
        if self.cancelled:
            return "muted", "已取消"
        if now >= self.ends_at:
            return "done", "已结束"
        if now >= self.starts_at:
            return "doing", "进行中"
        return "todo", "未开始"


D = DeskSession.__table__.c


class _Row(NamedTuple):
    """A desk session as ``_select`` finds it."""

    id: int
    starts_at: datetime
    ends_at: datetime
    place: str
    station_id: int | None
    series_id: int | None
    cancel_reason: str
    cancelled_at: datetime | None
    unit: str
    station: str | None
    address: str | None


class _Host(NamedTuple):
    """Somebody who sits at a session."""

    session_id: int
    person_id: int
    name: str


_HOSTS = (
    sa.select(DeskHost.session_id, DeskHost.person_id, Person.name)
    .join(Person, Person.id == DeskHost.person_id)
    .order_by(DeskHost.session_id, DeskHost.person_id)
)


def _select() -> AnySelect:
    unit, station = Unit.__table__, Station.__table__
    return (
        sa.select(
            D.id, D.starts_at, D.ends_at, D.place, D.station_id, D.series_id, D.cancel_reason, D.cancelled_at,
            unit.c.short_name.label("unit"), station.c.name.label("station"), station.c.address,
        )
        .join_from(DeskSession.__table__, unit, unit.c.id == D.unit_id)
        .outerjoin(station, station.c.id == D.station_id)
    )  # fmt: skip


def timetable_query(actor: Actor, since: datetime) -> AnySelect:
    """Sessions in scope that start at ``since`` or later, not ordered yet."""
    return _select().where(within(actor, DeskSession), DeskSession.starts_at >= since)


def timetable(actor: Actor, cursor: str = "", size: int = PAGE_SIZE) -> Page[Desk]:
    """A page of the sessions in scope from today on, the next one first; cancelled ones stay visible. Two queries."""
    query = timetable_query(actor, clock.at(clock.today()))
    page = keyset(query, [DeskSession.starts_at, DeskSession.id], cursor, size, ascending=True)
    rows = [_Row(*row) for row in page.rows]
    return Page(_desks(rows, _hosts(rows)), page.next)


def todays_desk(actor: Actor) -> list[Desk]:
    """Today's sessions in scope that were not cancelled and, wherever they are, those where the actor sits. Two queries."""
    start = clock.at(clock.today())
    values = {
        "unit_id": actor.unit_id,
        "person_id": actor.person_id,
        "since": start,
        "before": start + ONE_DAY,
    }
    return _desks(_today(actor.unit_level).all(**values), _todays_hosts(actor.unit_level).all(**values))


def _is_today(level: str) -> sa.ColumnElement[bool]:
    since, before = (sa.bindparam(name, type_=UTCDateTime) for name in ("since", "before"))
    host = sa.alias(DeskHost.__table__)
    mine = sa.exists().where(host.c.session_id == D.id, host.c.person_id == PERSON_ID)
    return sa.and_(
        D.starts_at >= since,
        D.starts_at < before,
        D.cancelled_at.is_(None),
        sa.or_(within_level(level, D), mine.correlate(DeskSession)),
    )


@cache
def _today(level: str) -> HotQuery[_Row]:
    return HotQuery(_Row, _select().where(_is_today(level)).order_by(D.starts_at, D.id).limit(TODAY_AT_MOST))


@cache
def _todays_hosts(level: str) -> HotQuery[_Host]:
    return HotQuery(_Host, _HOSTS.join(DeskSession, D.id == DeskHost.session_id).where(_is_today(level)))


def desk_for(actor: Actor, desk_id: int) -> DeskSession:
    """The session, if it lies in the actor's scope or the actor sits there.

    Raises:
        NotFound: otherwise.
    """
    mine = sa.exists().where(DeskHost.session_id == DeskSession.id, DeskHost.person_id == actor.person_id)
    query = sa.select(DeskSession).where(
        DeskSession.id == desk_id, sa.or_(within(actor, DeskSession), mine.correlate(DeskSession))
    )
    desk = db.session.scalars(query).one_or_none()
    if desk is None:
        raise NotFound
    return desk


def desk_page(actor: Actor, desk_id: int) -> Desk:
    """One session as its page shows it.

    Raises:
        NotFound: not in scope.
    """
    desk = desk_for(actor, desk_id)
    rows = [_Row(*db.session.execute(_select().where(DeskSession.id == desk.id)).one())]
    return _desks(rows, _hosts(rows))[0]


def visits_at(desk_id: int) -> int:
    """How many visits were logged at this session."""
    query = sa.select(sa.func.count()).select_from(Visit)
    return db.session.scalar(query.where(Visit.desk_session_id == desk_id, Visit.undone_at.is_(None))) or 0


def later_in_series(desk: Desk) -> int:
    """How many sessions of the same series come after this one and stand."""
    if desk.series_id is None:
        return 0
    query = sa.select(sa.func.count()).select_from(DeskSession)
    found = db.session.scalar(
        query.where(
            DeskSession.series_id == desk.series_id,
            DeskSession.starts_at > desk.starts_at,
            DeskSession.cancelled_at.is_(None),
        )
    )
    return found or 0


def possible_hosts(actor: Actor) -> list[tuple[int, str]]:
    """Who in the actor's unit and below may sit at a desk: the actor first."""
    today = clock.today()
    query = (
        sa.select(Person.id, Person.name)
        .distinct()
        .join(Appointment, Appointment.person_id == Person.id)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(
            Appointment.post.in_(HOST_POSTS),
            periods.in_force(Appointment.starts_on, Appointment.ends_on, today),
            units_within(actor),
        )
        .order_by(Person.name, Person.id)
    )
    others = [(row.id, row.name) for row in db.session.execute(query) if row.id != actor.person_id]
    return [(actor.person_id, actor.name), *others]


def _desks(rows: Sequence[_Row], sitting: Sequence[_Host]) -> list[Desk]:
    hosts: dict[int, list[_Host]] = {}
    for host in sitting:
        hosts.setdefault(host.session_id, []).append(host)
    return [
        Desk(
            id=row.id,
            place=row.station or row.place,
            address=(row.place if row.station and row.place else row.address) or "",
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            unit=row.unit,
            hosts=tuple(host.name for host in hosts.get(row.id, ())),
            host_ids=tuple(host.person_id for host in hosts.get(row.id, ())),
            station_id=row.station_id,
            series_id=row.series_id,
            cancel_reason=row.cancel_reason,
            cancelled=row.cancelled_at is not None,
        )
        for row in rows
    ]


def _hosts(rows: Sequence[_Row]) -> list[_Host]:
    query = _HOSTS.where(DeskHost.session_id.in_([row.id for row in rows]))
    return [_Host(*row) for row in db.session.execute(query)] if rows else []
