"""The bodies of a grid: its branch, its committee, term after term, and who sits in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from webapp.directory.models import Person, Unit
from webapp.directory.permissions import check_can_manage, locked_unit, unit_in_use
from webapp.directory.posts import LEVEL_NAMES, Level
from webapp.directory.scope import covers
from webapp.extensions import db
from webapp.foundation import clock, journal, periods
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.networks.models import BODY_NAMES, COMMITTEE_KINDS, Branch, Committee, Seat
from webapp.networks.permissions import check_grid


def name_branch(actor: Actor, unit_code: str, name: str) -> Branch:
    """Say what the branch of a grid is called; with that it is entered.

    Raises:
        NotFound: no such grid, or not the actor's. Conflict: the unit is no grid, or out of use. Invalid: no name.
    """
    if not name:
        raise Invalid("请填写党支部名称。", "branch")
    with transaction() as session:
        unit = locked_unit(actor, unit_code)
        check_grid(unit)
        branch = session.scalars(sa.select(Branch).where(Branch.unit_id == unit.id)).first()
        if branch is None:
            branch = Branch(unit_id=unit.id)
            session.add(branch)
        branch.name = name
        session.flush()
        journal.record(actor, "unit:change", "unit", unit.id, {"fields": ["branch"]})
        return branch


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


def take_seat(
    actor: Actor,
    *,
    person_id: int,
    body: str,
    unit_code: str,
    title: str,
    starts_on: date,
    ends_on: date | None = None,
) -> Seat:
    """Give a person a seat in the branch or the committee of a grid (both days included; no end: until further notice).

    Who sits in the branch is a party member, and is one from then on.

    Raises:
        NotFound: no such person. Invalid: the unit is no grid of the actor's, or has no such body in these days, or the
        days are the wrong way round. Conflict: the person sits there already in these days.
    """
    check_can_manage(actor)
    if body not in Seat.BODIES:
        raise Invalid("请选择党支部或业委会。", "body")
    if ends_on and ends_on < starts_on:
        raise Invalid("结束日期要在开始日期之后。", "ends_on")
    with transaction() as session:
        person = locked(Person, person_id)
        if person is None:
            raise NotFound
        unit = _grid_with(actor, body, unit_code, starts_on, ends_on)
        same = (Seat.person_id == person_id, Seat.unit_id == unit.id, Seat.body == body)
        days = periods.overlaps(Seat.starts_on, Seat.ends_on, starts_on, ends_on)
        if db.session.scalar(sa.select(Seat.id).where(*same, days).limit(1)):
            raise Conflict("这个人在这段时间已经有这个席位，不用再登记。")
        row = Seat(
            person_id=person_id, unit_id=unit.id, body=body, title=title, starts_on=starts_on, ends_on=ends_on
        )
        session.add(row)
        if body == "branch" and not person.is_party_member:
            person.is_party_member = True
            journal.record(actor, "person:change", "person", person.id, {"fields": ["is_party_member"]})
        session.flush()
        journal.record(actor, "seat:create", "seat", row.id, {"body": body, "unit": unit.id})
        return row


def _grid_with(actor: Actor, body: str, code: str, starts_on: date, ends_on: date | None) -> Unit:
    """Load the grid, and check that it has the body of the seat."""
    unit = unit_in_use(actor, code)
    if unit.level != Level.GRID:
        raise Invalid(f"{BODY_NAMES[body]}设在网格，这里是{LEVEL_NAMES[Level(unit.level)]}。", "unit_code")
    if body == "branch":
        if not db.session.scalar(sa.select(Branch.id).where(Branch.unit_id == unit.id)):
            raise Invalid("这个网格还没有登记党支部，请先在网格页面登记。", "unit_code")
        return unit
    term = sa.select(Committee.id).where(Committee.unit_id == unit.id, Committee.term_end >= starts_on)
    if ends_on:
        term = term.where(Committee.term_start <= ends_on)
    if not db.session.scalar(term.limit(1)):
        raise Invalid("这个网格在这段时间没有业委会或物管会，请先在网格页面登记。", "unit_code")
    return unit


def end_seat(actor: Actor, seat_id: int, *, last_day: date) -> Seat:
    """Let a seat end after ``last_day``; points are earned up to that day.

    Raises:
        NotFound: no such seat. Conflict: it has ended already. Invalid: it began after that day.
    """
    check_can_manage(actor)
    with transaction():
        row = locked(Seat, seat_id)
        unit = db.session.get(Unit, row.unit_id) if row else None
        if row is None or unit is None or not covers(actor, unit.path):
            raise NotFound
        if row.ends_on and row.ends_on < clock.today():
            raise Conflict("这个席位已经结束了。")
        # Entered by mistake today, or ahead: with an end before its beginning it never counts.
        if last_day < row.starts_on < clock.today():
            raise Invalid("最后一天不能早于席位开始的日期。", "last_day")
        row.ends_on = last_day
        journal.record(actor, "seat:end", "seat", row.id, {"last_day": last_day.isoformat()})
        return row
