"""Units: set up below another, changed, taken out of use."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from webapp.directory import events
from webapp.directory.holders import in_force
from webapp.directory.models import Appointment, Unit
from webapp.directory.permissions import check_in_use, locked_unit
from webapp.directory.posts import LEVEL_NAMES, LEVELS_BELOW, Level
from webapp.directory.scope import path_prefix, place_of
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid

LONGEST_SHORT_NAME = 30
# Local codes hang on the parent's: a letter where several levels stand below one, then a running number.
LOCAL_CODES: dict[Level, tuple[str, int]] = {
    Level.STREET: ("J", 3),
    Level.COMPANY: ("W", 3),
    Level.DEPARTMENT: ("B", 3),
    Level.COMMUNITY: ("S", 3),
    Level.GRID: ("", 3),
    Level.BUILDING: ("", 2),
}


@dataclass(frozen=True)
class UnitFacts:
    """What is known of a unit; grids and buildings have households."""

    name: str
    short_name: str
    households: int | None = None


def create_unit(actor: Actor, parent_code: str, level: str, facts: UnitFacts) -> Unit:
    """Set up a unit below another; it gets its code here, and keeps it.

    Raises:
        NotFound: no such parent, or not the actor's. Conflict: the parent is out of use. Invalid: a unit of this level
        may not stand there, or one of the same short name does.
    """
    with transaction() as session:
        parent = locked_unit(actor, parent_code)
        check_in_use(parent)
        if level not in LEVELS_BELOW[Level(parent.level)]:
            raise Invalid(f"{LEVEL_NAMES[Level(parent.level)]}下面不能登记这一类单位。", "level")
        name, short_name = facts.name, facts.short_name
        if level == Level.BUILDING:
            # Other pages show it without its grid, and there is a 1栋 everywhere.
            name, short_name = with_grid(parent.short_name, name), with_grid(parent.short_name, short_name)
        _check_short_name(parent.id, short_name)
        unit = _below(parent, Level(level), _next_code(parent, Level(level)), name, short_name)
        unit.households = _households(level, facts)
        session.add(unit)
        session.flush()
        events.unit_created.send(unit=unit)
        journal.record(actor, "unit:create", "unit", unit.id, {"level": level, "parent": parent.id})
        return unit


def with_grid(grid: str, name: str) -> str:
    """A building's name behind its grid's, unless it stands there already."""
    return name if name.startswith(grid) else f"{grid} {name}"


def _below(parent: Unit, level: Level, code: str, name: str, short_name: str) -> Unit:
    place = place_of(parent)
    return Unit(
        code=code,
        level=level,
        name=name,
        short_name=short_name,
        path=f"{parent.path}{code}/",
        parent_id=parent.id,
        street_id=place["street_id"],
        community_id=place["community_id"],
        grid_id=place["grid_id"],
    )


def _check_short_name(parent_id: int, short_name: str, besides: int | None = None) -> None:
    if len(short_name) > LONGEST_SHORT_NAME:
        raise Invalid(f"连小区名一起最多{LONGEST_SHORT_NAME}个字。", "short_name")
    same = sa.select(Unit.id).where(
        Unit.parent_id == parent_id,
        Unit.short_name == short_name,
        Unit.retired_on.is_(None),
        Unit.id.is_distinct_from(besides),
    )
    if db.session.scalar(same.limit(1)):
        raise Invalid(f"这里已经有一个叫“{short_name}”的单位，请换一个简称。", "short_name")


def _next_code(parent: Unit, level: Level) -> str:
    """The code after the highest one given so far, also to units out of use; the parent is locked meanwhile."""
    letter, digits = LOCAL_CODES[level]
    prefix = f"{parent.code}-{letter}"
    # The longest first: after 999 comes 1000.
    given = (
        sa.select(Unit.code)
        .where(
            Unit.parent_id == parent.id, Unit.level == level, Unit.code.startswith(prefix, autoescape=True)
        )
        .order_by(sa.func.length(Unit.code).desc(), Unit.code.desc())
        .limit(1)
    )
    last = db.session.scalar(given)
    return f"{prefix}{int(last.removeprefix(prefix)) + 1 if last else 1:0{digits}d}"


def _households(level: str, facts: UnitFacts) -> int | None:
    return facts.households if level in (Level.GRID, Level.BUILDING) else None


def change_unit(actor: Actor, code: str, facts: UnitFacts) -> Unit:
    """Change what a unit is called and what is known of it; code and place stay.

    Raises:
        NotFound: there is none, or it is not the actor's. Conflict: it is out of use. Invalid: one beside it is called
        so.
    """
    with transaction():
        unit = locked_unit(actor, code)
        check_in_use(unit)
        if unit.parent_id is not None and facts.short_name != unit.short_name:
            # As who sets one up: two at once can't give the same name.
            locked(Unit, unit.parent_id)
            _check_short_name(unit.parent_id, facts.short_name, besides=unit.id)
        unit.name, unit.short_name = facts.name, facts.short_name
        unit.households = _households(unit.level, facts)
        journal.record(actor, "unit:change", "unit", unit.id)
        return unit


def retire_unit(actor: Actor, code: str) -> Unit:
    """Take a unit out of use; its records stay.

    Raises:
        NotFound: there is none, or it is not the actor's. Conflict: units below it are in use, people serve there,
        or a room above has something in use there.
    """
    with transaction() as session:
        unit = locked_unit(actor, code)
        if unit.retired_on:
            raise Conflict("这个单位已经停用了。")
        if unit.parent_id is None:
            raise Conflict("最上一级的单位不能停用。")
        below = (
            sa.select(sa.func.count())
            .select_from(Unit)
            .where(path_prefix(Unit.path, unit.path), Unit.id != unit.id, Unit.retired_on.is_(None))
        )
        if number := session.scalar(below):
            raise Conflict(f"下面还有{number}个单位在用，请先停用它们。")
        serving = (
            sa.select(sa.func.count()).select_from(Appointment).join(Unit, Unit.id == Appointment.unit_id)
        )
        if number := session.scalar(serving.where(Appointment.unit_id == unit.id, in_force(clock.today()))):
            raise Conflict(f"还有{number}人在这里任职，请先结束他们的职务。")
        events.unit_retiring.send(unit=unit)
        unit.retired_on = clock.today()
        journal.record(actor, "unit:retire", "unit", unit.id)
        return unit
