"""Property companies: how the Party is present in them, and which serves a grid."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from webapp.directory.models import Unit
from webapp.directory.permissions import check_in_use, locked_unit
from webapp.directory.posts import Level
from webapp.directory.scope import units_within
from webapp.directory.units.service import retire_unit
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid
from webapp.networks.companies.queries import lasting
from webapp.networks.models import COVERAGE_NAMES, PropertyCompany, PropertyContract
from webapp.networks.permissions import check_grid

NO_COMPANY = "none"  # in place of a company's code: from then on nobody serves the grid


def set_coverage(actor: Actor, company_code: str, coverage: str) -> PropertyCompany:
    """Say how the Party is present in a company.

    Raises:
        NotFound: no such unit, or not the actor's. Conflict: it is no company, or out of use. Invalid: no such coverage.
    """
    if coverage not in COVERAGE_NAMES:
        raise Invalid("请选择党组织覆盖情况。", "coverage")
    with transaction() as session:
        unit = locked_unit(actor, company_code)
        check_in_use(unit)
        company = session.get(PropertyCompany, unit.id)
        if company is None:
            raise Conflict("这不是物业企业。")
        company.party_coverage = coverage
        journal.record(actor, "unit:change", "unit", unit.id, {"fields": ["coverage"]})
        return company


def remove_company(actor: Actor, company_code: str, note: str) -> PropertyCompany:
    """Record that the housing authority removed a company (清退): it is out of use from today.

    Raises:
        NotFound: no such unit, or not the actor's. Conflict: it is no company, out of use already, or serves grids.
    """
    with transaction() as session:
        unit = retire_unit(actor, company_code)
        company = session.get(PropertyCompany, unit.id)
        if company is None:
            raise Conflict("这不是物业企业。")
        company.removed_on, company.removal_note = clock.today(), note
        journal.record(actor, "company:remove", "unit", unit.id)
        return company


def change_company(
    actor: Actor, unit_code: str, *, company_code: str, starts_on: date
) -> PropertyContract | None:
    """Say which company serves a grid from a day on (``NO_COMPANY``: none); the one before ends on the day before.

    One entered for the very same day is thereby void: that is how a mistake is put right.

    Raises:
        NotFound: no such grid, or not the actor's. Conflict: the unit is no grid, or out of use. Invalid: no such
        company, it serves there already, or something is entered for a later day.
    """
    with transaction() as session:
        unit = locked_unit(actor, unit_code)
        check_grid(unit)
        company = None if company_code == NO_COMPANY else _company(actor, company_code)
        former = _contracts(unit.id, starts_on)
        if former and former[-1].starts_on > starts_on:
            later = f"{former[-1].starts_on:%Y-%m-%d}"
            raise Invalid(f"已经登记了从{later}起服务的物业企业，开始日期不能比它早。", "starts_on")
        if company is None and not former:
            raise Invalid("这一天本来就没有物业企业。", "company_code")
        if company and any(row.company_id == company.id and row.ends_on is None for row in former):
            raise Invalid("这个网格现在就由这家企业服务。", "company_code")
        for row in former:
            row.ends_on = starts_on - timedelta(days=1)
            journal.record(
                actor, "contract:end", "property_contract", row.id, {"last_day": row.ends_on.isoformat()}
            )
        if company is None:
            return None
        made = PropertyContract(company_id=company.id, grid_id=unit.id, starts_on=starts_on)
        session.add(made)
        session.flush()
        detail = {"company": company.id, "grid": unit.id}
        journal.record(actor, "contract:create", "property_contract", made.id, detail)
        return made


def _company(actor: Actor, code: str) -> Unit:
    query = (
        sa.select(Unit)
        .join(PropertyCompany, PropertyCompany.unit_id == Unit.id)
        .where(
            Unit.code == code, Unit.level == Level.COMPANY, Unit.retired_on.is_(None), units_within(actor),
            PropertyCompany.removed_on.is_(None),
        )
    )  # fmt: skip
    # Held, so that it is not taken out of use at the same moment.
    company = db.session.scalars(query.with_for_update(of=Unit)).first()
    if company is None:
        raise Invalid("没有找到这家企业，请从列表里选。", "company_code")
    return company


def _contracts(grid_id: int, day: date) -> list[PropertyContract]:
    """Those that count on ``day`` or later, by their first day."""
    query = sa.select(PropertyContract).where(PropertyContract.grid_id == grid_id, lasting(day))
    return list(db.session.scalars(query.order_by(PropertyContract.starts_on, PropertyContract.id)))
