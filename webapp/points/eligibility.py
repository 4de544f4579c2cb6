"""Who may earn points, and who may spend them: current members of the branch and of the committee, and whom the settings add."""

from __future__ import annotations

import calendar
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.scope import PERSON_ID, path_prefix
from webapp.extensions import db
from webapp.foundation import periods
from webapp.foundation.hot import HotQuery
from webapp.foundation.kept import Kept
from webapp.networks.models import Seat
from webapp.points.models import IS_LOT, PointEntry, PointSettings


class Settings(NamedTuple):
    """What the district has settled, under the names of ``PointSettings``."""

    bodies: list[str]
    posts: list[str]
    serving_members_redeem: bool
    lot_months: int | None
    notice_days: int
    pickup_days: int
    grace_months: int


def read_settings() -> Settings:
    """The settings in force, as they are at this moment."""
    columns = PointSettings.__table__.c
    chosen = sa.select(*(columns[name] for name in Settings._fields)).where(columns.id == 1)
    return Settings(*db.session.execute(chosen).one())


settings = Kept(read_settings)


def may_earn(person_id: int, day: date, chosen: Settings) -> bool:
    """Whether the person belongs on ``day`` to those who earn."""
    earns = _may_earn(tuple(chosen.bodies), tuple(chosen.posts))
    return bool(earns.one(person_id=person_id, day=day).earns)


class _Earns(NamedTuple):
    earns: bool


@lru_cache(maxsize=16)
def _may_earn(bodies: tuple[str, ...], posts: tuple[str, ...]) -> HotQuery[_Earns]:
    day = sa.bindparam("day", type_=sa.Date)
    sits = sa.exists().where(
        Seat.body.in_(bodies),
        Seat.person_id == PERSON_ID,
        periods.in_force(Seat.starts_on, Seat.ends_on, day),
    )
    serves = sa.exists().where(
        Appointment.post.in_(posts),
        Appointment.person_id == PERSON_ID,
        periods.in_force(Appointment.starts_on, Appointment.ends_on, day),
    )
    return HotQuery(_Earns, sa.select(sa.or_(sits, serves).label("earns")))


def spendable_until(person_id: int, chosen: Settings) -> date | None:
    """The last day on which the person may redeem: ``grace_months`` after the last seat ends; None: no end in sight.

    Who has no place among those who earn may have had one until the settings took that place out: then the months count
    from the last day that earned. Someone who never earned has nothing to redeem and gets ``date.min``.
    """
    seats, appointments = _places(chosen)
    both = sa.union_all(
        seats.with_only_columns(Seat.ends_on).where(Seat.person_id == person_id),
        appointments.with_only_columns(Appointment.ends_on).where(Appointment.person_id == person_id),
    )
    ends = db.session.scalars(both).all()
    last = max((day for day in ends if day is not None), default=None)
    if None in ends:
        return None
    if last is None:
        mine = sa.select(sa.func.max(PointEntry.earned_on)).where(PointEntry.person_id == person_id, IS_LOT)
        last = db.session.scalar(mine)
    return add_months(last, chosen.grace_months) if last else date.min


def unit_of(person_id: int, path: str, day: date, chosen: Settings) -> Unit | None:
    """The unit with ``path`` or below for which the person earns on ``day``; None: the person is no candidate there."""
    seats, appointments = _earning(day, chosen)
    earned_for = sa.or_(
        Unit.id.in_(seats.with_only_columns(Seat.unit_id).where(Seat.person_id == person_id)),
        Unit.id.in_(
            appointments.with_only_columns(Appointment.unit_id).where(Appointment.person_id == person_id)
        ),
    )
    query = sa.select(Unit).where(path_prefix(Unit.path, path), earned_for)
    return db.session.scalars(query.order_by(Unit.id).limit(1)).first()


def candidates(path: str, day: date, chosen: Settings, text: str = "", limit: int = 200) -> list[Any]:
    """People of the unit with ``path`` and below who earn on ``day``: rows of id, name, unit, by name."""
    seats, appointments = _earning(day, chosen)
    both = sa.union(
        seats.with_only_columns(Seat.person_id, Seat.unit_id),
        appointments.with_only_columns(Appointment.person_id, Appointment.unit_id),
    ).subquery()
    query = (
        sa.select(
            Person.id,
            Person.name,
            sa.func.min(Unit.short_name).label("unit_name"),
        )
        .join(both, both.c.person_id == Person.id)
        .join(Unit, Unit.id == both.c.unit_id)
        .where(path_prefix(Unit.path, path))
        .group_by(Person.id, Person.name)
        .order_by(Person.name, Person.id)
        .limit(limit)
    )
    if text:
        query = query.where(Person.name.contains(text, autoescape=True))
    return list(db.session.execute(query))


def _earning(day: date, chosen: Settings) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """The seats and the appointments that earn on ``day``."""
    seats, appointments = _places(chosen)
    return (
        seats.where(periods.in_force(Seat.starts_on, Seat.ends_on, day)),
        appointments.where(periods.in_force(Appointment.starts_on, Appointment.ends_on, day)),
    )


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _places(chosen: Settings) -> tuple[sa.Select[Any], sa.Select[Any]]:
    seats = sa.select(sa.literal(1)).select_from(Seat).where(Seat.body.in_(chosen.bodies))
    appointments = sa.select(sa.literal(1)).select_from(Appointment).where(Appointment.post.in_(chosen.posts))
    return seats, appointments
