"""Mine and all below: the one place where scope becomes SQL."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from webapp.directory.models import Placed, Unit
from webapp.directory.posts import Level
from webapp.foundation.access import Actor
from webapp.foundation.hot import HotQuery

COLUMN_OF_LEVEL = {
    Level.STREET: "street_id",
    Level.COMMUNITY: "community_id",
    Level.GRID: "grid_id",
    Level.BUILDING: "building_id",
}


# The actor, as parameters of a statement that is built once; ``of_actor`` gives their values.
UNIT_ID = sa.bindparam("unit_id", type_=sa.Integer)
PERSON_ID = sa.bindparam("person_id", type_=sa.Integer)


def of_actor(actor: Actor) -> dict[str, int]:
    """The values of ``UNIT_ID`` and ``PERSON_ID``."""
    return {"unit_id": actor.unit_id, "person_id": actor.person_id}


def within(actor: Actor, table: type[Placed]) -> sa.ColumnElement[bool]:
    """That a row of a ``Placed`` model lies in the actor's unit or below.

    One equality on the column of the actor's level: with the index (that column, order of the list) a page of the list
    is read straight off it. Companies and departments have no territory.
    """
    return within_level(actor.unit_level, table, actor.unit_id)


def within_level(
    level: str, table: object, unit: int | sa.BindParameter[int] = UNIT_ID
) -> sa.ColumnElement[bool]:
    """``within`` for a statement that is built once: the actor's unit is its parameter ``unit_id``."""
    if level == Level.DISTRICT:
        return sa.true()
    column = COLUMN_OF_LEVEL.get(Level(level))
    return getattr(table, column) == unit if column else sa.false()


def units_within(actor: Actor) -> sa.ColumnElement[bool]:
    """That a unit is the actor's own or below it, by its path."""
    return path_prefix(Unit.path, actor.unit_path)


def path_prefix(column: InstrumentedAttribute[str], path: str) -> sa.ColumnElement[bool]:
    """``path`` itself and all below, as an index range ('0' is the character after '/')."""
    return sa.and_(column >= path, column < path[:-1] + "0")


def covers(actor: Actor, path: str) -> bool:
    """Whether the unit with ``path`` is the actor's own or below it."""
    return path.startswith(actor.unit_path)


def paths_above(path: str) -> list[str]:
    """The paths of all units above the one with ``path``, from the top."""
    codes = path.rstrip("/").split("/")
    return ["/".join(codes[:length]) + "/" for length in range(1, len(codes))]


class UnitPlace(NamedTuple):
    """Where a unit stands in the tree: what the logging of a visit needs to know of it."""

    id: int
    level: str
    path: str
    street_id: int | None
    community_id: int | None
    grid_id: int | None
    retired_on: date | None


_PLACE = HotQuery(
    UnitPlace,
    sa.select(*(Unit.__table__.c[name] for name in UnitPlace._fields)).where(Unit.id == UNIT_ID),
)


def unit_place(unit_id: int) -> UnitPlace | None:
    """Where the unit with this id stands."""
    return _PLACE.first(unit_id=unit_id)


def place_of(unit: Unit | UnitPlace) -> dict[str, int | None]:
    """The ``Placed`` columns of a record about ``unit``."""
    place = {
        "street_id": unit.street_id,
        "community_id": unit.community_id,
        "grid_id": unit.grid_id,
        "building_id": None,
    }
    column = COLUMN_OF_LEVEL.get(Level(unit.level))
    if column:
        place[column] = unit.id
    return place


__all__ = [
    "COLUMN_OF_LEVEL",
    "Placed",
    "covers",
    "path_prefix",
    "paths_above",
    "place_of",
    "units_within",
    "within",
]
