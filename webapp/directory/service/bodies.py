"""What a grid has: its committee, term after term, and the company that serves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from webapp.directory.models import COMMITTEE_KINDS, Committee, PropertyCompany, PropertyContract, Unit
from webapp.directory.posts import Level
from webapp.directory.scope import units_within
from webapp.directory.service.checks import check_can_manage, check_grid, locked_unit
from webapp.extensions import db
from webapp.foundation import journal
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Invalid, NotFound

NO_COMPANY = "none"  # in place of a company's code: from then on nobody serves the grid


@dataclass(frozen=True)
class CommitteeFacts:
    """A committee and its term (both days included)."""

    kind: str
    name: str
    is_red: bool
    term_start: date
    term_end: date


def form_committee(actor: Actor, unit_code: str, facts: CommitteeFacts) -> Committee:
    """Enter the committee of a grid for a term.

    Raises:
        NotFound: no such grid, or not the actor's. Conflict: the unit is no grid, or out of use.
        Invalid: the days are the wrong way round, or another committee's term overlaps.
    """
    with transaction() as session:
        unit = locked_unit(actor, unit_code)
        check_grid(unit)
        _check_term(unit.id, facts)
        row = Committee(unit_id=unit.id, **vars(facts))
        session.add(row)
        session.flush()
        journal.record(actor, "committee:create", "committee", row.id, {"unit": unit.id, **_term(facts)})
        return row


def change_committee(actor: Actor, committee_id: int, facts: CommitteeFacts) -> Committee:
    """Put right what was entered, or let the term end earlier or later.

    Raises:
        NotFound: there is none, or it is not the actor's. Conflict: its grid is out of use. Invalid: see
        ``form_committee``.
    """
    check_can_manage(actor)
    found = sa.select(Unit.code).join(Committee, Committee.unit_id == Unit.id)
    with transaction():
        code = db.session.scalar(found.where(Committee.id == committee_id))
        if code is None:
            raise NotFound
        check_grid(locked_unit(actor, code))  # the grid first, as who enters a new one
        row = locked(Committee, committee_id)
        if row is None:
            raise NotFound
        _check_term(row.unit_id, facts, besides=row.id)
        for name, value in vars(facts).items():
            setattr(row, name, value)
        journal.record(actor, "committee:change", "committee", row.id, _term(facts))
        return row


def _term(facts: CommitteeFacts) -> dict[str, str]:
    return {"from": facts.term_start.isoformat(), "to": facts.term_end.isoformat()}


def _check_term(unit_id: int, facts: CommitteeFacts, besides: int | None = None) -> None:
    if facts.kind not in COMMITTEE_KINDS:
        raise Invalid("请选择类别。", "kind")
    if facts.term_end < facts.term_start:
        raise Invalid("任期结束要在开始之后。", "term_end")
    same_days = sa.select(Committee).where(
        Committee.unit_id == unit_id,
        Committee.term_start <= facts.term_end,
        Committee.term_end >= facts.term_start,
        Committee.id.is_distinct_from(besides),
    )
    other = db.session.scalars(same_days.order_by(Committee.term_start).limit(1)).first()
    if other:
        term = f"{other.term_start:%Y-%m-%d}至{other.term_end:%Y-%m-%d}"
        raise Invalid(
            f"和“{other.name}”的任期（{term}）重叠。提前换届的，请先修改上一届的任期。", "term_start"
        )


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
    """Those that count on ``day`` or later, by their first day; one whose end is before its beginning is void."""
    query = sa.select(PropertyContract).where(
        PropertyContract.grid_id == grid_id,
        sa.or_(
            PropertyContract.ends_on.is_(None),
            sa.and_(PropertyContract.ends_on >= day, PropertyContract.ends_on >= PropertyContract.starts_on),
        ),
    )
    return list(db.session.scalars(query.order_by(PropertyContract.starts_on, PropertyContract.id)))
