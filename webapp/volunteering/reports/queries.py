"""What one can ask of the 三报到: the kinds, where one may report, the reports made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import sqlalchemy as sa

from webapp.directory.models import Person, Unit
from webapp.directory.posts import Level, Permission
from webapp.directory.scope import within
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.paging import PAGE_SIZE, Page, keyset
from webapp.volunteering.models import CheckInKind, PartyReport, ReportState

ReportRow: TypeAlias = sa.Row[int, int, datetime, str, str, str, str, str]


def check_in_kinds() -> Sequence[CheckInKind]:
    """The kinds of 三报到 in use, in their order."""
    return db.session.scalars(
        sa.select(CheckInKind).where(CheckInKind.retired_on.is_(None)).order_by(CheckInKind.position)
    ).all()


def grids_to_report_to(actor: Actor) -> Sequence[sa.Row[int, str]]:
    """The grids of the actor's community, the own one first."""
    mine = sa.select(Unit.community_id).where(Unit.id == actor.unit_id).scalar_subquery()
    query = (
        sa.select(Unit.id, Unit.short_name)
        .where(Unit.community_id == mine, Unit.level == Level.GRID, Unit.retired_on.is_(None))
        .order_by((Unit.id != actor.unit_id), Unit.code)
    )
    return db.session.execute(query).all()


def unit_to_report_to(actor: Actor, grid_id: int, level: str) -> Unit | None:
    """The grid, or its community, when the grid lies in the actor's community."""
    grid, own = db.session.get(Unit, grid_id), db.session.get_one(Unit, actor.unit_id)
    if grid is None or grid.level != Level.GRID or grid.retired_on or grid.community_id != own.community_id:
        return None
    return grid if level == Level.GRID else db.session.get(Unit, grid.community_id)


def reports(actor: Actor, cursor: str = "", size: int = PAGE_SIZE) -> Page[ReportRow]:
    """One's own reports; for those who serve a place, those made to it."""
    query = (
        sa.select(
            PartyReport.id,
            PartyReport.person_id,
            PartyReport.reported_at,
            PartyReport.state,
            PartyReport.skills,
            Person.name,
            CheckInKind.name.label("kind"),
            Unit.short_name.label("unit"),
        )
        .join(Person, Person.id == PartyReport.person_id)
        .join(CheckInKind, CheckInKind.id == PartyReport.kind_id)
        .join(Unit, Unit.id == PartyReport.unit_id)
    )
    if actor.can(Permission.REPORT_OWN):
        query = query.where(PartyReport.person_id == actor.person_id)
    else:
        query = query.where(within(actor, PartyReport), PartyReport.state == ReportState.REPORTED)
    return keyset(query, [PartyReport.reported_at, PartyReport.id], cursor, size)
