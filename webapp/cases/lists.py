"""Lists of cases, and counts for the start page; only what the actor may see.

Asked for all the time, so their statements are built once for each shape and then only given values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from webapp.cases import terms
from webapp.cases.models import Case, CaseCategory
from webapp.cases.states import STATE_NAMES, CaseState, Confidentiality
from webapp.cases.terms import Mark
from webapp.directory.models import Unit
from webapp.directory.posts import LADDER, LEVEL_NAMES, Level, Permission
from webapp.directory.scope import UNIT_ID, within_level
from webapp.foundation import clock, private
from webapp.foundation.access import Actor
from webapp.foundation.db import AnySelect, UTCDateTime
from webapp.foundation.hot import HotQuery
from webapp.foundation.paging import PAGE_SIZE, Column, Keyset, Page, keyset

S = CaseState
TABS = {"mine": "待我办", "open": "未办结", "due": "快到期", "archived": "已归档", "all": "全部"}
BY_DEADLINE = ("mine", "open", "due")


@dataclass(frozen=True)
class CaseFilters:
    """Filters for a list; all empty means everything."""

    tab: str = "open"
    category: str = ""
    level: str = ""
    state: str = ""
    q: str = ""
    urgent: bool = False


class _Found(NamedTuple):
    """A row of ``rows``: the columns of a case in a list."""

    id: int
    number: str
    title: str
    state: str
    level: str
    urgent: bool
    key_small_matter: bool
    confidentiality: str
    due_at: datetime | None
    registered_at: datetime
    category_name: str
    place_name: str
    owner_name: str
    handler_name: str | None


class CaseRow(NamedTuple):
    """One case in a list."""

    id: int
    number: str
    title: str
    category_name: str
    state: str
    state_name: str
    level_name: str
    place_name: str
    owner_name: str
    handler_name: str
    urgent: bool
    key_small_matter: bool
    confidentiality: str
    due_at: datetime | None
    registered_at: datetime
    mark: Mark


class CaseCounts(NamedTuple):
    """How many open cases there are, for the home page."""

    mine: int
    overdue: int
    due_soon: int
    open: int
    to_check: int
    to_call: int


C = Case.__table__.c
PLACE, OWNER, HANDLER = (Unit.__table__.alias(name) for name in ("place", "owner", "handler"))
CAN = frozenset[str]  # what a post may do; with the level of its unit, the shape of every statement below


def visible(actor: Actor) -> sa.ColumnElement[bool]:
    """``may_see`` as SQL, for lists."""
    return seen_by(actor.unit_level, actor.permissions, actor.unit_id)


def seen_by(level: str, can: CAN, unit: int | sa.BindParameter[int] = UNIT_ID) -> sa.ColumnElement[bool]:
    """``visible``, for a statement that is built once: the unit is its parameter."""
    if level not in (*LADDER, Level.DISTRICT):
        return C.handler_unit_id == unit if Permission.CASE_HANDLE in can else sa.false()
    if Permission.CASE_READ not in can:
        return sa.false()
    scope = within_level(level, C, unit)
    if Permission.CASE_REPORTS in can:
        return sa.and_(scope, sa.or_(C.against_unit_id.is_(None), C.against_unit_id != unit))
    ordinary = C.confidentiality != Confidentiality.REPORT
    if Permission.CASE_OWN not in can:
        return sa.and_(scope, ordinary)
    return sa.and_(scope, sa.or_(ordinary, C.handler_unit_id == unit))


def _waits_for(can: CAN) -> sa.ColumnElement[bool]:
    """The condition that the next step of a case is up to the actor's unit."""
    parts: list[sa.ColumnElement[bool]] = [
        sa.and_(C.handler_unit_id == UNIT_ID, C.state.in_((S.ASSIGNED, S.IN_PROGRESS)))
    ]
    if Permission.CASE_OWN in can:
        owned = (S.REGISTERED, S.CONVENING, S.PENDING_CHECK)
        parts.append(sa.and_(C.owner_unit_id == UNIT_ID, C.state.in_(owned)))
    if Permission.CASE_ARCHIVE in can:
        parts.append(C.state.in_((S.CALLBACK, S.APPRAISED)))
    return sa.or_(*parts)


def list_cases(actor: Actor, filters: CaseFilters, cursor: str = "", size: int = PAGE_SIZE) -> Page[CaseRow]:
    """One page: open cases by deadline, others by the day they came in, newest first."""
    now = clock.now()
    q = filters.q.strip()
    narrowed = tuple(name for name in ("category", "level", "state") if getattr(filters, name))
    shape = (actor.unit_level, actor.permissions, filters.tab, narrowed, filters.urgent)
    values: dict[str, object] = {name: getattr(filters, name) for name in narrowed}
    if filters.tab == "due":
        values["soon"] = terms.soon_before(now)
    values["unit_id"] = actor.unit_id
    if q:
        query, order = _narrowed(*shape).where(_search(q)), _order(filters.tab)
        found = keyset(query, order, cursor, size, filters.tab in BY_DEADLINE, **values)
        page = Page([_Found(*row) for row in found.rows], found.next)
    else:
        page = _pages(*shape, size).page(cursor, **values)
    return Page(_dressed(page.rows, now), page.next)


@lru_cache(maxsize=256)
def _pages(
    level: str, can: CAN, tab: str, narrowed: tuple[str, ...], urgent: bool, size: int
) -> Keyset[_Found]:
    query = _narrowed(level, can, tab, narrowed, urgent)
    return Keyset(_Found, query, _order(tab), size, ascending=tab in BY_DEADLINE)


def _order(tab: str) -> list[Column]:
    return [C.due_at if tab in BY_DEADLINE else C.registered_at, C.id]


def rows() -> AnySelect:
    """Cases with the names shown beside them; not yet limited to anybody's scope."""
    categories = CaseCategory.__table__
    where = sa.func.coalesce(C.building_id, C.grid_id, C.community_id, C.street_id)
    return (
        sa.select(
            C.id,
            C.number,
            C.title,
            C.state,
            C.level,
            C.urgent,
            C.key_small_matter,
            C.confidentiality,
            C.due_at,
            C.registered_at,
            categories.c.name.label("category_name"),
            PLACE.c.short_name.label("place_name"),
            OWNER.c.short_name.label("owner_name"),
            HANDLER.c.short_name.label("handler_name"),
        )
        .join(categories, categories.c.key == C.category)
        .join(PLACE, PLACE.c.id == where)
        .join(OWNER, OWNER.c.id == C.owner_unit_id)
        .outerjoin(HANDLER, HANDLER.c.id == C.handler_unit_id)
    )


def _narrowed(level: str, can: CAN, tab: str, narrowed: tuple[str, ...], urgent: bool) -> AnySelect:
    query = rows().where(seen_by(level, can), *(C[name] == sa.bindparam(name) for name in narrowed))
    if tab in BY_DEADLINE:
        query = query.where(C.closed_at.is_(None))
    if tab == "mine":
        query = query.where(_waits_for(can))
    if tab == "due":
        query = query.where(C.due_at <= sa.bindparam("soon", type_=UTCDateTime), C.state != S.SUSPENDED)
    if tab == "archived":
        query = query.where(C.state == S.ARCHIVED)
    return query.where(C.urgent) if urgent else query


def _search(q: str) -> sa.ColumnElement[bool]:
    if private.valid_phone(q):
        # Who asked not to be named is not found by their number either.
        mine = Case.reporter_phone_hash == private.keyed_hash(q)
        return sa.and_(mine, Case.confidentiality == Confidentiality.NORMAL)
    return sa.or_(
        Case.number.startswith(q, autoescape=True),
        Case.title.icontains(q, autoescape=True),
        Case.what.icontains(q, autoescape=True),
        Case.place_text.icontains(q, autoescape=True),
    )


def _dressed(rows: Sequence[_Found], now: datetime) -> list[CaseRow]:
    days = terms.calendar_over([row.due_at for row in rows], now) if rows else None
    return [
        CaseRow(
            id=row.id,
            number=row.number,
            title=private.scrub(row.title),
            category_name=row.category_name,
            state=row.state,
            state_name=STATE_NAMES[S(row.state)],
            level_name=LEVEL_NAMES[Level(row.level)],
            place_name=row.place_name,
            owner_name=row.owner_name,
            handler_name=row.handler_name or "",
            urgent=row.urgent,
            key_small_matter=row.key_small_matter,
            confidentiality=row.confidentiality,
            due_at=row.due_at,
            registered_at=row.registered_at,
            mark=terms.mark(row.state, row.due_at, now, days) if days else Mark(),
        )
        for row in rows
    ]


def counts(actor: Actor) -> CaseCounts:
    """The open cases in the actor's scope, with one query."""
    now = clock.now()
    asked = _counts(actor.unit_level, actor.permissions)
    return asked.one(unit_id=actor.unit_id, now=now, soon=terms.soon_before(now))


@lru_cache(maxsize=128)
def _counts(level: str, can: CAN) -> HotQuery[CaseCounts]:
    now, soon = (sa.bindparam(name, type_=UTCDateTime) for name in ("now", "soon"))
    running = C.state != S.SUSPENDED
    owns = C.owner_unit_id == UNIT_ID if Permission.CASE_OWN in can else sa.false()
    questions = (
        _waits_for(can),
        sa.and_(running, C.due_at < now),
        sa.and_(running, C.due_at >= now, C.due_at <= soon),
        sa.true(),
        sa.and_(C.state == S.PENDING_CHECK, owns),
        C.state == S.CALLBACK if Permission.CASE_ARCHIVE in can else sa.false(),
    )
    columns = [
        sa.func.coalesce(sa.func.sum(sa.case((question, 1), else_=0)), 0).label(name)
        for name, question in zip(CaseCounts._fields, questions, strict=True)
    ]
    return HotQuery(CaseCounts, sa.select(*columns).where(C.closed_at.is_(None), seen_by(level, can)))
