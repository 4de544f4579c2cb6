"""The options in case forms: categories, places, handlers, levels, other cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from webapp.cases import terms
from webapp.cases.models import Case
from webapp.cases.permissions import may_see, unit_at
from webapp.cases.states import LIMITS, STATE_NAMES, CaseState, Confidentiality
from webapp.cases.workflow import next_level
from webapp.directory.models import Unit
from webapp.directory.posts import LADDER, LEVEL_NAMES, Level
from webapp.directory.scope import path_prefix, units_within, within
from webapp.extensions import db
from webapp.foundation import clock, periods, private
from webapp.foundation.access import Actor
from webapp.foundation.codes import normalise_code
from webapp.foundation.errors import NotFound
from webapp.networks.models import PropertyContract
from webapp.stations.models import Station

LEVELS_BELOW = 2
MERGE_CHOICES = 20


@dataclass(frozen=True)
class UnitRow:
    """A unit to choose."""

    id: int
    name: str
    level: str


@dataclass(frozen=True)
class Ref:
    """Another case, by its number."""

    number: str
    title: str


@dataclass(frozen=True)
class DuplicateRow:
    """A case that may be about the same matter."""

    number: str
    title: str
    state_name: str
    registered_at: datetime


@dataclass(frozen=True)
class StationView:
    """The station at which a resident reports."""

    id: int
    name: str
    unit_id: int
    unit_name: str


_UNITS = sa.select(Unit.id, Unit.short_name, Unit.level).where(
    Unit.id.in_(sa.bindparam("ids", expanding=True))
)


def unit_names(ids: Sequence[int]) -> list[UnitRow]:
    """The units with these ids."""
    if not ids:
        return []
    return [UnitRow(*row) for row in db.session.execute(_UNITS, {"ids": ids})]


def places(actor: Actor, limit: int = 200) -> list[UnitRow]:
    """Where the actor may register a case: their own unit and two levels below."""
    if actor.unit_level not in LADDER:
        return []
    index = LADDER.index(Level(actor.unit_level))
    levels = LADDER[max(0, index - LEVELS_BELOW) : index + 1]
    query = sa.select(Unit.id, Unit.short_name, Unit.level).where(
        units_within(actor), Unit.level.in_(levels), Unit.retired_on.is_(None)
    )
    return [UnitRow(*row) for row in db.session.execute(query.order_by(Unit.path).limit(limit))]


def handler_options(actor: Actor, case: Case) -> list[UnitRow]:
    """Handlers the owner may assign the case to; never the party that was reported.

    The owner's own unit and those below it in whose territory the case lies, the property companies that serve there
    now, and the departments.
    """
    own = [unit_at(case, level) for level in LADDER[: LADDER.index(Level(case.level)) + 1]]
    today = clock.today()
    grids = (
        [case.grid_id]
        if case.grid_id
        else sa.select(Unit.id).where(
            Unit.level == Level.GRID,
            (Unit.community_id == case.community_id)
            if case.community_id
            else Unit.street_id == case.street_id,
        )
    )
    serving = sa.select(PropertyContract.company_id).where(
        PropertyContract.grid_id.in_(grids),
        periods.in_force(PropertyContract.starts_on, PropertyContract.ends_on, today),
    )
    district = actor.unit_path.split("/")[0] + "/"
    query = sa.select(Unit.id, Unit.short_name, Unit.level).where(
        Unit.retired_on.is_(None),
        sa.or_(
            Unit.id.in_([unit for unit in own if unit is not None]),
            Unit.id.in_(serving),
            sa.and_(Unit.level == Level.DEPARTMENT, path_prefix(Unit.path, district)),
        ),
    )
    if case.against_unit_id is not None:
        query = query.where(Unit.id != case.against_unit_id)
    order = {Level.COMPANY: 0, Level.DEPARTMENT: 2}
    found = [UnitRow(*row) for row in db.session.execute(query.order_by(Unit.path))]
    return sorted(found, key=lambda row: order.get(Level(row.level), 1))


def against_options(unit_id: int) -> list[UnitRow]:
    """Whom a report (举报) at this unit may be about: grids, the buildings' community, companies serving there."""
    unit = db.session.get_one(Unit, unit_id)
    community = unit.id if unit.level == Level.COMMUNITY else unit.community_id
    inside = (
        Unit.street_id == unit.id
        if community is None
        else sa.or_(Unit.id == community, Unit.community_id == community)
    )
    grids = sa.select(Unit.id).where(inside, Unit.level == Level.GRID)
    serving = sa.select(PropertyContract.company_id).where(PropertyContract.grid_id.in_(grids))
    query = sa.select(Unit.id, Unit.short_name, Unit.level).where(
        Unit.retired_on.is_(None),
        sa.or_(sa.and_(inside, Unit.level.in_((Level.COMMUNITY, Level.GRID))), Unit.id.in_(serving)),
    )
    return [UnitRow(*row) for row in db.session.execute(query.order_by(Unit.path))]


def levels_above(case: Case) -> list[Level]:
    """The levels above the owner, the next one first."""
    found, level = [], next_level(case.level)
    while level is not None:
        if unit_at(case, level) is not None:
            found.append(level)
        level = next_level(level)
    return found


def escalation_levels(actor: Actor, case: Case) -> list[tuple[str, str]]:
    """The levels a case may be escalated to, with names; the first needs no reason for skipping a level."""
    return [(level, LEVEL_NAMES[level]) for level in levels_above(case)]


def longest_extension(case: Case) -> int:
    """The longest extension in working days: the level's own term once more."""
    rule = terms.rule_for(case.level, case.category, case.urgent, clock.today())
    return rule.handle_amount if rule.handle_unit == "workday" else 1


def merge_options(actor: Actor, case: Case) -> list[Ref]:
    """Open cases of the same grid and category that this one may join, the newest first."""
    query = sa.select(Case).where(
        Case.closed_at.is_(None),
        Case.id != case.id,
        Case.category == case.category,
        within(actor, Case),
        Case.confidentiality == case.confidentiality,
        Case.confidentiality != Confidentiality.REPORT,
        Case.grid_id == case.grid_id if case.grid_id else Case.community_id == case.community_id,
    )
    rows = db.session.scalars(query.order_by(Case.registered_at.desc()).limit(MERGE_CHOICES))
    return [Ref(row.number, private.scrub(row.title)) for row in rows if may_see(actor, row)]


def duplicates(actor: Actor, *, category: str, unit_id: int, limit: int = 5) -> list[DuplicateRow]:
    """Cases of the last 14 days with the same category and grid; shown at intake for a person to decide."""
    unit = db.session.get(Unit, unit_id)
    if unit is None:
        return []
    grid = unit.id if unit.level == Level.GRID else unit.grid_id
    place = Case.grid_id == grid if grid else Case.community_id == unit.id
    since = clock.now() - timedelta(days=LIMITS.duplicate_days)
    query = sa.select(Case.number, Case.title, Case.state, Case.registered_at).where(
        place,
        Case.category == category,
        Case.registered_at >= since,
        within(actor, Case),
        Case.confidentiality != Confidentiality.REPORT,
        Case.state != CaseState.WITHDRAWN,
    )
    return [
        DuplicateRow(row.number, private.scrub(row.title), STATE_NAMES[row.state], row.registered_at)
        for row in db.session.execute(query.order_by(Case.registered_at.desc()).limit(limit))
    ]


def station_for(code: str) -> StationView:
    """The station of a QR code.

    Raises:
        NotFound: there is none, or it is closed.
    """
    query = (
        sa.select(Station.id, Station.name, Station.unit_id, Unit.short_name)
        .join(Unit, Unit.id == Station.unit_id)
        .where(Station.code == normalise_code(code), Station.retired_on.is_(None))
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound("没有找到这个站点。请检查二维码或代码。")
    return StationView(*row)
