"""What one can ask about units: those in one's scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from webapp.directory.holders import Holder, holders
from webapp.directory.models import Unit
from webapp.directory.posts import Level
from webapp.directory.scope import covers, paths_above, units_within
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.errors import NotFound

FOUND = 8  # units, and people, that the search over both shows


@dataclass(frozen=True)
class UnitLine:
    """A unit as a row; ``open`` where the actor may open its page, ``parent`` what it belongs to (1栋 alone says little)."""

    code: str
    name: str
    level: str
    open: bool
    parent: str


@dataclass(frozen=True)
class UnitPage:
    """All that the page of a unit shows."""

    unit: Unit
    above: Sequence[UnitLine]
    below: Mapping[Level, Sequence[UnitLine]]
    holders: Sequence[Holder]
    volunteers: int


def unit_for(actor: Actor, code: str) -> Unit:
    """The unit, if it is the actor's own or below it.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    unit = db.session.scalars(sa.select(Unit).where(Unit.code == code, units_within(actor))).first()
    if unit is None:
        raise NotFound
    return unit


def unit_page(actor: Actor, code: str) -> UnitPage:
    """A unit with what belongs to it. A fixed number of queries.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    unit = unit_for(actor, code)
    serving, volunteers = holders(unit.id)
    below = _units(actor, sa.and_(Unit.parent_id == unit.id, Unit.retired_on.is_(None)), Unit.code)
    return UnitPage(
        unit=unit,
        above=_units(actor, Unit.path.in_(paths_above(unit.path)), Unit.path),
        below={level: lines for level in Level if (lines := [line for line in below if line.level == level])},
        holders=serving,
        volunteers=volunteers,
    )


def _units(actor: Actor, which: sa.ColumnElement[bool], order: InstrumentedAttribute[str]) -> list[UnitLine]:
    parent = sa.orm.aliased(Unit)
    query = (
        sa.select(Unit.code, Unit.short_name, Unit.level, Unit.path, parent.short_name.label("parent"))
        .outerjoin(parent, parent.id == Unit.parent_id)
        .where(which)
        .order_by(order)
    )
    return [
        UnitLine(row.code, row.short_name, row.level, covers(actor, row.path), row.parent or "")
        for row in db.session.execute(query)
    ]


def own_unit(actor: Actor) -> Unit:
    """The unit that the actor serves."""
    return db.session.get_one(Unit, actor.unit_id)


def find_units(actor: Actor, text: str, level: Level | None = None) -> list[UnitLine]:
    """Units in scope whose name holds ``text``; of one level, if given."""
    query = sa.and_(units_within(actor), Unit.retired_on.is_(None), Unit.name.contains(text, autoescape=True))
    if level:
        query = sa.and_(query, Unit.level == level)
    return _units(
        actor, Unit.id.in_(sa.select(Unit.id).where(query).order_by(Unit.path).limit(FOUND)), Unit.path
    )
