"""What one can ask about the bodies of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from webapp.directory.models import Person, Unit
from webapp.directory.scope import units_within
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow
from webapp.foundation.errors import NotFound
from webapp.networks.models import BODY_NAMES, Branch, Committee, Seat


def branch_of(grid_id: int) -> str:
    """The name of a grid's branch; empty while there is none."""
    return db.session.scalar(sa.select(Branch.name).where(Branch.unit_id == grid_id)) or ""


def committees_of(grid_id: int) -> Sequence[Committee]:
    """A grid's committees, the latest term first."""
    query = sa.select(Committee).where(Committee.unit_id == grid_id)
    return db.session.scalars(query.order_by(Committee.term_start.desc())).all()


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
