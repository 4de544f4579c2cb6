"""Who serves where today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import POST_NAMES, WORK_POSTS, Post
from webapp.extensions import db
from webapp.foundation import clock, periods, private
from webapp.foundation.db import AnySelect


def in_force(today: date | sa.ColumnElement[date]) -> sa.ColumnElement[bool]:
    """That an appointment counts on ``today`` (a date, or a parameter for one), and its unit still exists.

    Needs ``Unit`` joined.
    """
    return sa.and_(
        periods.in_force(Appointment.starts_on, Appointment.ends_on, today),
        Unit.retired_on.is_(None),
    )


def holds_post(person_id: int) -> bool:
    """Whether a person has any appointment in force today."""
    query = sa.select(Appointment.id).join(Unit, Unit.id == Appointment.unit_id)
    found = db.session.scalar(
        query.where(Appointment.person_id == person_id, in_force(clock.today())).limit(1)
    )
    return found is not None


@dataclass(frozen=True)
class Holder:
    """Somebody who holds a post."""

    person_id: int
    name: str
    post: str
    since: date
    phone: str = ""

    @property
    def post_name(self) -> str:
        """The post in Chinese."""
        return POST_NAMES[Post(self.post)]


def holders(unit_id: int) -> tuple[list[Holder], int]:
    """Who serves a unit, the volunteers only counted: a grid may have hundreds."""
    query = (
        holdings(Appointment.starts_on, Person.phone)
        .where(Appointment.unit_id == unit_id, Appointment.post != Post.VOLUNTEER)
        .order_by(Person.name, Person.id)
    )
    found = [
        Holder(
            row.id,
            row.name,
            row.post,
            row.starts_on,
            row.phone if row.post in WORK_POSTS else private.mask_phone(row.phone),
        )
        for row in db.session.execute(query)
    ]
    count = (
        sa.select(sa.func.count())
        .select_from(Appointment)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(Appointment.unit_id == unit_id, Appointment.post == Post.VOLUNTEER, in_force(clock.today()))
    )
    return sorted(found, key=lambda holder: list(Post).index(Post(holder.post))), db.session.scalar(
        count
    ) or 0


def holdings(*more: InstrumentedAttribute[object]) -> AnySelect:
    """Who holds which post today: id, name, post and ``more``."""
    return (
        sa.select(Person.id, Person.name, Appointment.post, *more)
        .join(Appointment, Appointment.person_id == Person.id)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(in_force(clock.today()))
    )
