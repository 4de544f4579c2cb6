"""What one can ask about visits. Each answer holds only what the actor may see; residents are masked in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from webapp.cases.models import Case
from webapp.directory.models import Person, Unit
from webapp.directory.scope import path_prefix, within
from webapp.extensions import db
from webapp.foundation import clock, periods
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow, AnySelect
from webapp.foundation.errors import NotFound
from webapp.foundation.kept import Kept
from webapp.foundation.paging import PAGE_SIZE, Page, keyset
from webapp.foundation.photos import PhotoRow, photos_of
from webapp.foundation.private import keyed_hash, mask_name, mask_phone, scrub, valid_phone
from webapp.stations.models import Station
from webapp.visits.models import (
    KIND_NAMES,
    OUTCOME_NAMES,
    Outcome,
    ServiceItem,
    Visit,
    VisitItem,
    VisitKind,
)

ONE_DAY = timedelta(days=1)
FAVOURITES_OVER = timedelta(days=90)
# What was agreed on is shown from a week ahead until three days after.
AGREED_AHEAD, AGREED_BEFORE, AGREED_SHOWN = timedelta(days=7), timedelta(days=3), 50
EXCERPT = 40  # characters of a note in a list


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed down to; an empty field narrows nothing. ``q`` is a word, or a whole phone or name."""

    mine: bool = False
    kind: str = ""
    outcome: str = ""
    item: str = ""
    day: date | None = None
    q: str = ""


@dataclass(frozen=True)
class Line:
    """A visit in a list."""

    id: int
    at: datetime
    kind: str
    outcome: str
    outcome_name: str
    items: str
    worker: str  # empty: the reader
    unit: str  # empty: the unit that the reader serves
    resident: str  # masked
    excerpt: str
    is_late_entry: bool
    do_not_disturb: bool
    next_visit_on: date | None = None  # only in ``agreed_visits``

    @property
    def day(self) -> date:
        """The day it took place, where the users are."""
        return clock.local(self.at).date()


def visits_page(actor: Actor, filters: Filters, cursor: str = "", size: int = PAGE_SIZE) -> Page[Line]:
    """A page of visits in scope, the latest first: two queries, whatever their number."""
    page = keyset(list_query(actor, filters), [Visit.at, Visit.id], cursor, size)
    items = item_names([row.id for row in page.rows])
    return Page([_line(actor, row, items.get(row.id, [])) for row in page.rows], page.next)


def list_query(actor: Actor, filters: Filters) -> AnySelect:
    """The visits of a list, not ordered yet."""
    query = (
        sa.select(
            Visit.id, Visit.at, Visit.kind, Visit.outcome, Visit.note, Visit.resident_name, Visit.is_late_entry,
            Visit.do_not_disturb, Visit.worker_id, Visit.unit_id, Person.name.label("worker"), Unit.short_name.label("unit"),
        )
        .join(Person, Person.id == Visit.worker_id)
        .join(Unit, Unit.id == Visit.unit_id)
        .where(within(actor, Visit), Visit.undone_at.is_(None))
    )  # fmt: skip
    if filters.mine:
        query = query.where(Visit.worker_id == actor.person_id)
    if filters.kind:
        query = query.where(Visit.kind == filters.kind)
    if filters.outcome:
        query = query.where(Visit.outcome == filters.outcome)
    if filters.item:
        query = query.where(_is_about(ServiceItem.key == filters.item))
    if filters.day:
        query = query.where(Visit.at >= clock.at(filters.day), Visit.at < clock.at(filters.day + ONE_DAY))
    if filters.q:
        query = query.where(_matches(filters.q))
    return query


def _is_about(which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    items = sa.select(ServiceItem.id).where(which)
    return sa.exists().where(VisitItem.visit_id == Visit.id, VisitItem.item_id.in_(items)).correlate(Visit)


def _matches(q: str) -> sa.ColumnElement[bool]:
    """The word in note or item; or a resident's whole phone or name, which are found by their hashes alone."""
    if valid_phone(q):
        return Visit.resident_phone_hash == keyed_hash(q)
    return sa.or_(
        Visit.note.contains(q, autoescape=True),
        Visit.resident_name_hash == keyed_hash(q),
        _is_about(ServiceItem.name.contains(q, autoescape=True)),
    )


def _line(actor: Actor, row: AnyRow, items: Sequence[str], next_visit_on: date | None = None) -> Line:
    note = scrub(row.note)
    return Line(
        id=row.id,
        at=row.at,
        kind=KIND_NAMES[VisitKind(row.kind)],
        outcome=row.outcome,
        outcome_name=OUTCOME_NAMES[Outcome(row.outcome)],
        items="、".join(items),
        worker="" if row.worker_id == actor.person_id else row.worker,
        unit="" if row.unit_id == actor.unit_id else row.unit,
        resident=mask_name(row.resident_name or ""),
        excerpt=note[:EXCERPT] + ("…" if len(note) > EXCERPT else ""),
        is_late_entry=row.is_late_entry,
        do_not_disturb=row.do_not_disturb,
        next_visit_on=next_visit_on,
    )


def item_names(visit_ids: Sequence[int]) -> dict[int, list[str]]:
    """What each of these visits was about, by one query."""
    found: dict[int, list[str]] = {}
    if not visit_ids:
        return found
    query = (
        sa.select(VisitItem.visit_id, ServiceItem.name)
        .join(ServiceItem, ServiceItem.id == VisitItem.item_id)
        .where(VisitItem.visit_id.in_(visit_ids))
        .order_by(VisitItem.visit_id, ServiceItem.position)
    )
    for visit_id, name in db.session.execute(query):
        found.setdefault(visit_id, []).append(name)
    return found


def agreed_visits(actor: Actor) -> list[Line]:
    """Visits whose next one this worker agreed on for these days, the soonest first: two queries."""
    today = clock.today()
    query = (
        list_query(actor, Filters(mine=True))
        .add_columns(Visit.next_visit_on)
        .where(Visit.next_visit_on.between(today - AGREED_BEFORE, today + AGREED_AHEAD))
        .order_by(Visit.next_visit_on, Visit.id)
        .limit(AGREED_SHOWN)
    )
    rows = db.session.execute(query).all()
    items = item_names([row.id for row in rows])
    return [_line(actor, row, items.get(row.id, []), row.next_visit_on) for row in rows]


def visit_for(actor: Actor, visit_id: int) -> Visit:
    """The visit, if it lies in the actor's scope and was not undone.

    Raises:
        NotFound: otherwise; a stranger's visit looks like none at all.
    """
    query = sa.select(Visit).where(Visit.id == visit_id, within(actor, Visit), Visit.undone_at.is_(None))
    visit = db.session.scalars(query).one_or_none()
    if visit is None:
        raise NotFound
    return visit


@dataclass(frozen=True)
class Sheet:
    """All that the page of one visit shows; the resident masked."""

    worker: str
    unit: str
    station: str
    case_number: str
    items: list[str]
    photos: list[PhotoRow]
    kind_name: str
    outcome_name: str
    resident: str
    phone: str
    has_door: bool


def sheet(visit: Visit) -> Sheet:
    """What is known about a visit that was loaded with ``visit_for``: three queries."""
    names = (
        sa.select(Person.name, Unit.short_name, Station.name.label("station"), Case.number)
        .select_from(Visit)
        .join(Person, Person.id == Visit.worker_id)
        .join(Unit, Unit.id == Visit.unit_id)
        .outerjoin(Station, Station.id == Visit.station_id)
        .outerjoin(Case, Case.id == Visit.case_id)
        .where(Visit.id == visit.id)
    )
    row = db.session.execute(names).one()
    return Sheet(
        worker=row.name,
        unit=row.short_name,
        station=row.station or "",
        case_number=row.number or "",
        items=item_names([visit.id]).get(visit.id, []),
        photos=photos_of("visit", visit.id),
        kind_name=KIND_NAMES[VisitKind(visit.kind)],
        outcome_name=OUTCOME_NAMES[Outcome(visit.outcome)],
        resident=mask_name(visit.resident_name or ""),
        phone=mask_phone(visit.resident_phone or ""),
        has_door=visit.door is not None,
    )


# What the form offers


def items_for(actor: Actor) -> list[tuple[str, str]]:
    """Key and name of what can be chosen today, this worker's most frequent of late first: one query."""
    since, today = clock.now() - FAVOURITES_OVER, clock.today()
    used = (
        sa.select(VisitItem.item_id, sa.func.count().label("times"))
        .join(Visit, Visit.id == VisitItem.visit_id)
        .where(Visit.worker_id == actor.person_id, Visit.at >= since, Visit.undone_at.is_(None))
        .group_by(VisitItem.item_id)
        .subquery()
    )
    times = sa.func.coalesce(used.c.times, 0)
    query = (
        sa.select(ServiceItem.key, ServiceItem.name)
        .outerjoin(used, used.c.item_id == ServiceItem.id)
        .where(ServiceItem.valid_from <= today, periods.not_retired(ServiceItem.retired_on, today))
        .order_by(times.desc(), ServiceItem.position)
    )
    return [(key, name) for key, name in db.session.execute(query)]


@Kept
def all_items() -> Sequence[AnyRow]:
    """Every item there ever was, in order: id, key, name, and from when to when it could be chosen."""
    item = ServiceItem.__table__.c
    columns = (item.id, item.key, item.name, item.valid_from, item.retired_on)
    return db.session.execute(sa.select(*columns).order_by(item.position)).all()


def item_ids(keys: Collection[str], day: date) -> list[int]:
    """The ids of those ``keys`` that could be chosen on ``day``."""
    return [
        row.id
        for row in all_items()
        if row.key in keys and row.valid_from <= day and periods.counts(row.retired_on, day)
    ]


def case_categories(visit_id: int) -> set[str]:
    """The case categories that a visit's items lead to."""
    query = (
        sa.select(ServiceItem.case_category)
        .join(VisitItem, VisitItem.item_id == ServiceItem.id)
        .where(VisitItem.visit_id == visit_id)
    )
    return set(db.session.scalars(query))


def stations(actor: Actor) -> list[sa.Row[int, str, int]]:
    """Stations (id, name) where the actor may receive people: in the own unit, below it, and those of the units above."""
    codes = actor.unit_path.rstrip("/").split("/")
    above = ["/".join(codes[:depth]) + "/" for depth in range(1, len(codes))]
    query = (
        sa.select(Station.id, Station.name, Station.unit_id)
        .join(Unit, Unit.id == Station.unit_id)
        .where(
            Station.retired_on.is_(None),
            sa.or_(path_prefix(Unit.path, actor.unit_path), Unit.path.in_(above)),
        )
        .order_by(sa.func.length(Unit.path).desc(), Station.id)
    )
    return list(db.session.execute(query))


def usual_station(actor: Actor, offered: Sequence[sa.Row[int, str, int]]) -> int | None:
    """The station that this worker used last, while it is offered; else the nearest one."""
    query = (
        sa.select(Visit.station_id)
        .where(Visit.worker_id == actor.person_id, Visit.station_id.is_not(None))
        .order_by(Visit.at.desc(), Visit.id.desc())
        .limit(1)
    )
    last = db.session.scalar(query)
    known = [row.id for row in offered]
    return last if last in known else next(iter(known), None)


def places(actor: Actor) -> list[tuple[int, str]]:
    """The own unit and those right below it, as places of a visit."""
    query = (
        sa.select(Unit.id, Unit.short_name)
        .where(Unit.parent_id == actor.unit_id, Unit.retired_on.is_(None))
        .order_by(Unit.code)
    )
    return [
        (actor.unit_id, actor.unit_name),
        *((row.id, row.short_name) for row in db.session.execute(query)),
    ]
