"""Who may earn points, and who may spend them: current members of the branch and of the committee, and whom the settings add."""

from __future__ import annotations

import calendar
from datetime import date
from typing import Any

import sqlalchemy as sa

from webapp.directory.models import Appointment, Person, Seat, Unit
from webapp.directory.scope import PERSON_ID
from webapp.extensions import db
from webapp.foundation.db import AnySelect
from webapp.foundation.kept import Kept
from webapp.foundation.prepared import prepared
from webapp.points.models import PointSettings


@Kept
def settings() -> Any:
    """The settings in force, as a row."""
    return db.session.execute(sa.select(PointSettings.__table__).where(PointSettings.id == 1)).one()


def may_earn(person_id: int, day: date, chosen: Any) -> bool:
    """Whether the person belongs on ``day`` to those who earn."""
    return bool(_may_earn(person_id=person_id, day=day, bodies=chosen.bodies, posts=chosen.posts)[0][0])


@prepared
def _may_earn() -> AnySelect:
    seat, appointment, day = Seat.__table__.c, Appointment.__table__.c, sa.bindparam("day", type_=sa.Date)
    bodies = seat.body.in_(sa.bindparam("bodies", expanding=True))
    posts = appointment.post.in_(sa.bindparam("posts", expanding=True))
    sits = sa.exists().where(bodies, seat.person_id == PERSON_ID, _in_force(seat, day))
    serves = sa.exists().where(posts, appointment.person_id == PERSON_ID, _in_force(appointment, day))
    return sa.select(sa.or_(sits, serves))


def spendable_until(person_id: int, chosen: Any) -> date | None:
    """The last day on which the person may redeem: ``grace_months`` after the last seat ends; None: no end in sight.

    Who never had a place among those who earn can't have earned, so the day of yore is ``date.min``.
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
    return add_months(last, chosen.grace_months) if last else date.min


def candidates(path: str, day: date, chosen: Any, text: str = "", limit: int = 200) -> list[Any]:
    """People of the unit with ``path`` and below who earn on ``day``: rows of id, name, unit, by name."""
    seats, appointments = _places(chosen)
    inside = sa.and_(Unit.path >= path, Unit.path < path[:-1] + "0")
    both = sa.union(
        seats.with_only_columns(Seat.person_id, Seat.unit_id).where(_in_force(Seat, day)),
        appointments.with_only_columns(Appointment.person_id, Appointment.unit_id).where(
            _in_force(Appointment, day)
        ),
    ).subquery()
    query = (
        sa.select(
            Person.id,
            Person.name,
            sa.func.min(Unit.short_name).label("unit_name"),
            sa.func.min(Unit.id).label("unit_id"),
        )
        .join(both, both.c.person_id == Person.id)
        .join(Unit, Unit.id == both.c.unit_id)
        .where(inside)
        .group_by(Person.id, Person.name)
        .order_by(Person.name, Person.id)
        .limit(limit)
    )
    if text:
        query = query.where(Person.name.contains(text, autoescape=True))
    return list(db.session.execute(query))


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _places(chosen: Any) -> tuple[sa.Select[Any], sa.Select[Any]]:
    seats = sa.select(sa.literal(1)).select_from(Seat).where(Seat.body.in_(chosen.bodies))
    appointments = sa.select(sa.literal(1)).select_from(Appointment).where(Appointment.post.in_(chosen.posts))
    return seats, appointments


def _in_force(table: Any, day: Any) -> sa.ColumnElement[bool]:
    return sa.and_(table.starts_on <= day, sa.or_(table.ends_on.is_(None), table.ends_on >= day))
