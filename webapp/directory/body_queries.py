"""Queries about a grid's bodies: its committee, companies and seats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from webapp.directory.models import (
    BODY_NAMES,
    Committee,
    Person,
    PropertyCompany,
    PropertyContract,
    Seat,
    Unit,
)
from webapp.directory.scope import units_within
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow
from webapp.foundation.errors import NotFound


def committee_for(actor: Actor, committee_id: int) -> AnyRow:
    """A committee in the actor's scope, with ``code`` and ``unit_name`` of its grid.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    query = (
        sa.select(*Committee.__table__.c, Unit.code, Unit.short_name.label("unit_name"))
        .join(Unit, Unit.id == Committee.unit_id)
        .where(Committee.id == committee_id, units_within(actor))
    )
    row = db.session.execute(query).first()
    if row is None:
        raise NotFound
    return row


def companies(actor: Actor) -> list[tuple[str, str]]:
    """The companies that may serve a grid: code and name, by name."""
    query = (
        sa.select(Unit.code, Unit.short_name)
        .join(PropertyCompany, PropertyCompany.unit_id == Unit.id)
        .where(units_within(actor), Unit.retired_on.is_(None), PropertyCompany.removed_on.is_(None))
        .order_by(Unit.short_name, Unit.code)
    )
    return [(row.code, row.short_name) for row in db.session.execute(query)]


def contracts(grid_id: int) -> Sequence[AnyRow]:
    """Which companies serve a grid, now and later: rows of name, starts_on, ends_on, by their first day."""
    table = PropertyContract
    lasting = sa.or_(
        table.ends_on.is_(None), sa.and_(table.ends_on >= clock.today(), table.ends_on >= table.starts_on)
    )
    query = (
        sa.select(Unit.short_name.label("name"), table.starts_on, table.ends_on)
        .join(Unit, Unit.id == table.company_id)
        .where(table.grid_id == grid_id, lasting)
        .order_by(table.starts_on, table.id)
    )
    return db.session.execute(query).all()


@dataclass(frozen=True)
class SeatLine:
    """One seat of a person."""

    id: int
    person_id: int
    person_name: str
    unit_name: str
    body: str
    title: str
    starts_on: date
    ends_on: date | None

    @property
    def body_name(self) -> str:
        """The body in Chinese."""
        return BODY_NAMES[self.body]

    @property
    def current(self) -> bool:
        """Whether it has not ended yet."""
        return self.ends_on is None or self.ends_on >= clock.today()


def _seats(actor: Actor, which: sa.ColumnElement[bool]) -> list[SeatLine]:
    """Seats, without void ones that end before they begin."""
    query = (
        sa.select(
            Seat.id, Seat.person_id, Person.name.label("person_name"), Unit.short_name.label("unit_name"),
            Seat.body, Seat.title, Seat.starts_on, Seat.ends_on,
        )
        .join(Person, Person.id == Seat.person_id)
        .join(Unit, Unit.id == Seat.unit_id)
        .where(which, units_within(actor), sa.or_(Seat.ends_on.is_(None), Seat.ends_on >= Seat.starts_on))
        .order_by(Seat.starts_on.desc(), Seat.id.desc())
    )  # fmt: skip
    return [SeatLine(*row) for row in db.session.execute(query)]


def seats(actor: Actor, person_id: int) -> list[SeatLine]:
    """Where a person sits or sat, within the actor's scope; the latest first."""
    return _seats(actor, Seat.person_id == person_id)


def seat_for(actor: Actor, seat_id: int) -> SeatLine:
    """A seat in the actor's scope.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    found = _seats(actor, Seat.id == seat_id)
    if not found:
        raise NotFound
    return found[0]
