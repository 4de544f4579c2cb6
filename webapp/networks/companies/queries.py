"""What one can ask about property companies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from webapp.directory.holders import Holder, holders
from webapp.directory.models import Unit
from webapp.directory.scope import units_within
from webapp.extensions import db
from webapp.foundation import clock, periods
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow
from webapp.networks.models import COVERAGE_NAMES, PropertyCompany, PropertyContract


@dataclass(frozen=True)
class Company:
    """The company that looks after a grid, and whom to call there."""

    code: str
    name: str
    coverage: str
    since: date
    contacts: Sequence[Holder]

    @property
    def coverage_name(self) -> str:
        """How the Party is present in it, in Chinese."""
        return COVERAGE_NAMES[self.coverage]


def company_of(grid_id: int) -> Company | None:
    """The company that looks after a grid today."""
    today = clock.today()
    query = (
        sa.select(
            Unit.id, Unit.code, Unit.short_name, PropertyCompany.party_coverage, PropertyContract.starts_on
        )
        .join(PropertyContract, PropertyContract.company_id == Unit.id)
        .join(PropertyCompany, PropertyCompany.unit_id == Unit.id)
        .where(
            PropertyContract.grid_id == grid_id,
            periods.in_force(PropertyContract.starts_on, PropertyContract.ends_on, today),
        )
        .order_by(PropertyContract.starts_on.desc())
    )
    row = db.session.execute(query).first()
    if row is None:
        return None
    return Company(row.code, row.short_name, row.party_coverage, row.starts_on, holders(row.id)[0])


def coverage_of(company_id: int) -> str:
    """How the Party is present in a company."""
    query = sa.select(PropertyCompany.party_coverage).where(PropertyCompany.unit_id == company_id)
    return db.session.scalar(query) or ""


def companies(actor: Actor) -> list[tuple[str, str]]:
    """The companies that may serve a grid: code and name, by name."""
    query = (
        sa.select(Unit.code, Unit.short_name)
        .join(PropertyCompany, PropertyCompany.unit_id == Unit.id)
        .where(units_within(actor), Unit.retired_on.is_(None), PropertyCompany.removed_on.is_(None))
        .order_by(Unit.short_name, Unit.code)
    )
    return [(row.code, row.short_name) for row in db.session.execute(query)]


def lasting(day: date) -> sa.ColumnElement[bool]:
    """That a contract counts on ``day`` or later; one whose end is before its beginning is void."""
    table = PropertyContract
    return sa.or_(table.ends_on.is_(None), sa.and_(table.ends_on >= day, table.ends_on >= table.starts_on))


def contracts(grid_id: int) -> Sequence[AnyRow]:
    """Which companies serve a grid, now and later: rows of name, starts_on, ends_on, by their first day."""
    table = PropertyContract
    query = (
        sa.select(Unit.short_name.label("name"), table.starts_on, table.ends_on)
        .join(Unit, Unit.id == table.company_id)
        .where(table.grid_id == grid_id, lasting(clock.today()))
        .order_by(table.starts_on, table.id)
    )
    return db.session.execute(query).all()
