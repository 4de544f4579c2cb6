"""What one can ask about points. Each returns only what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, aliased

from webapp.directory.models import Person, Unit
from webapp.directory.posts import Permission
from webapp.directory.scope import PERSON_ID, within, within_level
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow, AnySelect
from webapp.foundation.errors import NotFound
from webapp.foundation.paging import PAGE_SIZE, Page, keyset
from webapp.points.models import (
    STILL_OPEN,
    WAITS,
    EntryKind,
    EntryState,
    PointEntry,
    PointObjection,
)

T = TypeVar("T")
ENTRY_COLUMNS = (
    PointEntry.id,
    PointEntry.at,
    PointEntry.kind,
    PointEntry.title,
    PointEntry.amount,
    PointEntry.state,
    PointEntry.reason,
    PointEntry.answer,
    PointEntry.earned_on,
)
EntryRow: TypeAlias = sa.Row[int, datetime, str, str, int, str, str, str, date]


# Entries


def entries_page(person_id: int, cursor: str = "", size: int = PAGE_SIZE) -> Page[EntryRow]:
    """The person's entries, the newest first."""
    return keyset(
        sa.select(*ENTRY_COLUMNS).where(PointEntry.person_id == person_id),
        [PointEntry.at, PointEntry.id],
        cursor,
        size,
    )


def waiting_points(person_id: int) -> int:
    """Points proposed for the person that nobody has reviewed yet."""
    total = sa.func.coalesce(sa.func.sum(PointEntry.amount), 0)
    waiting = sa.select(total).where(PointEntry.person_id == person_id, WAITS)
    return int(db.session.scalar(waiting) or 0)


def entry_for(actor: Actor, entry_id: int) -> PointEntry:
    """One's own entry, or one that the actor reviews.

    Raises:
        NotFound: it is neither.
    """
    visible = PointEntry.person_id == actor.person_id
    if actor.can(Permission.POINTS_REVIEW):
        visible = sa.or_(visible, within(actor, PointEntry))
    return _one(sa.select(PointEntry).where(PointEntry.id == entry_id, visible))


def own_entry(actor: Actor, entry_id: int) -> PointEntry:
    """One's own entry.

    Raises:
        NotFound: it is another's.
    """
    mine = PointEntry.person_id == actor.person_id
    return _one(sa.select(PointEntry).where(PointEntry.id == entry_id, mine))


def entry_for_review(actor: Actor, entry_id: int) -> PointEntry:
    """An entry in the actor's scope.

    Raises:
        NotFound: it is not, or the post does not review.
    """
    if not actor.can(Permission.POINTS_REVIEW):
        raise NotFound
    return _one(sa.select(PointEntry).where(PointEntry.id == entry_id, within(actor, PointEntry)))


def is_reversed(entry_id: int) -> bool:
    """Whether a counter-entry has taken the entry back."""
    reversal = sa.exists().where(PointEntry.reverses_id == entry_id, PointEntry.kind == EntryKind.REVERSE)
    return bool(db.session.scalar(sa.select(reversal)))


def open_objection(entry_id: int) -> PointObjection | None:
    """The objection to the entry that is not settled."""
    still = (PointObjection.entry_id == entry_id, STILL_OPEN)
    return db.session.scalars(sa.select(PointObjection).where(*still)).first()


def any_objection(entry_id: int, by: int) -> bool:
    """Whether an objection is open, or this person has raised one before."""
    mine_or_open = sa.or_(PointObjection.raised_by_id == by, STILL_OPEN)
    return bool(
        db.session.scalar(sa.select(sa.exists().where(PointObjection.entry_id == entry_id, mine_or_open)))
    )


def objections_to(
    entry_id: int,
) -> Sequence[sa.Row[str, datetime, str, str, datetime | None, str, str | None]]:
    """All objections to an entry, the oldest first, with the names of who raised and who settled them."""
    raiser, settler = aliased(Person), aliased(Person)
    columns = (
        PointObjection.reason,
        PointObjection.at,
        PointObjection.state,
        PointObjection.answer,
        PointObjection.settled_at,
        raiser.name.label("raised_by"),
        settler.name.label("settled_by"),
    )
    return db.session.execute(
        sa.select(*columns)
        .join(raiser, raiser.id == PointObjection.raised_by_id)
        .outerjoin(settler, settler.id == PointObjection.settled_by_id)
        .where(PointObjection.entry_id == entry_id)
        .order_by(PointObjection.id)
    ).all()


def sources_like(source_type: str, record_id: int) -> list[str]:
    """The source ids under which a record earned: the first, and those of its corrections ("17", "17/1")."""
    return list(
        db.session.scalars(
            sa.select(PointEntry.source_id)
            .where(
                PointEntry.source_type == source_type,
                PointEntry.kind == EntryKind.EARN,
                sa.or_(
                    PointEntry.source_id == str(record_id), PointEntry.source_id.startswith(f"{record_id}/")
                ),
            )
            .distinct()
        )
    )


# Review


def review_page(actor: Actor, which: str, cursor: str = "", size: int = PAGE_SIZE) -> Page[AnyRow]:
    """Earnings in the actor's scope, the newest first: ``waiting`` for review, ``objections`` open, or ``all``."""
    query = _review_rows().where(within(actor, PointEntry))
    if which == "waiting":
        query = query.where(WAITS)
    elif which == "objections":
        query = query.where(_has_open_objection())
    return keyset(query, [PointEntry.at, PointEntry.id], cursor, size)


def review_row(actor: Actor, entry_id: int) -> AnyRow:
    """One row of ``review_page``.

    Raises:
        NotFound: not in the actor's scope.
    """
    row = db.session.execute(
        _review_rows().where(PointEntry.id == entry_id, within(actor, PointEntry))
    ).one_or_none()
    if row is None:
        raise NotFound
    return row


def decidable(level: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """The two conditions under which an entry waits for a reviewer: as a proposal, or with an objection to settle.

    The second is about an entry joined with its open objection. The reviewer's unit and person are parameters.
    """
    others = (
        within_level(level, PointEntry),
        PointEntry.person_id != PERSON_ID,
        _by_another(PointEntry.created_by_id),
    )
    proposal = sa.and_(*others, WAITS)
    objection = sa.and_(
        *others, _by_another(PointEntry.reviewed_by_id), PointObjection.raised_by_id != PERSON_ID
    )
    return proposal, objection


def _by_another(column: InstrumentedAttribute[int | None]) -> sa.ColumnElement[bool]:
    return sa.or_(column.is_(None), column != PERSON_ID)


def _has_open_objection() -> sa.ColumnElement[bool]:
    return PointEntry.id.in_(sa.select(PointObjection.entry_id).where(STILL_OPEN))


def _review_rows() -> AnySelect:
    creator = aliased(Person)
    return (
        sa.select(
            *ENTRY_COLUMNS,
            PointEntry.person_id,
            PointEntry.created_by_id,
            PointEntry.source_type,
            PointEntry.reviewed_by_id,
            Person.name.label("person_name"),
            Unit.short_name.label("unit_name"),
            creator.name.label("creator_name"),
            sa.exists().where(PointObjection.entry_id == PointEntry.id, STILL_OPEN).label("disputed"),
        )
        .join(Person, Person.id == PointEntry.person_id)
        .outerjoin(
            Unit,
            Unit.id == sa.func.coalesce(PointEntry.grid_id, PointEntry.community_id, PointEntry.street_id),
        )
        .outerjoin(creator, creator.id == PointEntry.created_by_id)
    )


# Statement


@dataclass(frozen=True)
class Statement:
    """An account from ``first`` to ``last``, both included: what there was, what happened, what there is."""

    first: date
    last: date
    opening: int
    closing: int
    rows: Sequence[EntryRow]


def statement(person_id: int, first: date, last: date) -> Statement:
    """The account's statement; only entries that count."""
    counts = (PointEntry.person_id == person_id, PointEntry.state == EntryState.EFFECTIVE)
    start, end = clock.at(first), clock.at(date.fromordinal(last.toordinal() + 1))
    opening = db.session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(PointEntry.amount), 0)).where(*counts, PointEntry.at < start)
    )
    rows = db.session.execute(
        sa.select(*ENTRY_COLUMNS)
        .where(*counts, PointEntry.at >= start, PointEntry.at < end)
        .order_by(PointEntry.at, PointEntry.id)
    ).all()
    return Statement(
        first, last, int(opening or 0), int(opening or 0) + sum(row.amount for row in rows), rows
    )


def _one(query: sa.Select[T]) -> T:
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found
