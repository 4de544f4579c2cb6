"""The ledger's few moves, on which every verb rests: lock an account, see its lots, take from them, give back.

All of them belong inside ``transaction()`` with the account locked, so that what is read here still holds when it is
written. Locks are taken in one order everywhere: account, reward, redemption.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from webapp.directory.scope import PERSON_ID
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import require_transaction
from webapp.foundation.hot import HotQuery
from webapp.points.models import (
    IS_LOT,
    STILL_OPEN,
    EntryKind,
    EntryState,
    PointAccount,
    PointEntry,
    PointObjection,
    PointSpend,
)


@dataclass(frozen=True)
class Lot:
    """What is left of one earning; ``expires_on`` is the last day on which it can be spent (None: no end)."""

    id: int
    left: int
    expires_on: date | None
    frozen: bool


@dataclass(frozen=True)
class Summary:
    """What an account holds: in all, of that frozen by objections, and of that about to expire."""

    balance: int
    frozen: int
    expiring: int
    first_expiry: date | None

    @property
    def spendable(self) -> int:
        """What a reward may cost at most."""
        return self.balance - self.frozen


_OPEN = sa.text(
    "INSERT INTO point_accounts (person_id, opened_at) VALUES (:person, :now) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("now", type_=PointAccount.__table__.c.opened_at.type))


def lock_account(person_id: int) -> None:
    """Hold the person's account, opened if need be, until the transaction ends."""
    require_transaction()
    if not _HOLD.first(person_id=person_id):
        db.session.execute(_OPEN, {"person": person_id, "now": clock.now()})
        assert _HOLD.first(person_id=person_id)


class _Held(NamedTuple):
    person_id: int


_HOLD = HotQuery(
    _Held,
    sa.select(PointAccount.person_id).where(PointAccount.person_id == PERSON_ID).with_for_update(),
)


def lots(person_id: int, today: date, even: int | None = None) -> list[Lot]:
    """The lots that have something left, in the order in which they are spent: the next to expire first.

    Those past their day are left out, except for the lot ``even``.
    """
    lot = _lots(person_id).subquery()
    return _read(lot, sa.or_(_alive(lot, today), lot.c.id == even))


def overdue_lots(person_id: int, today: date) -> list[Lot]:
    """The lots past their day that still have something left; an open objection keeps a lot as it is."""
    lot = _lots(person_id).subquery()
    return _read(lot, sa.and_(lot.c.expires_on < today, ~lot.c.frozen))


def summary(person_id: int, today: date, soon: date) -> Summary:
    """The account's figures today; expiring are the lots whose last day is ``soon`` or before. One query."""
    lot = _lots(person_id).subquery()
    expiring = lot.c.expires_on <= soon
    query = sa.select(
        sa.func.coalesce(sa.func.sum(lot.c.left), 0),
        sa.func.coalesce(sa.func.sum(lot.c.left).filter(lot.c.frozen), 0),
        sa.func.coalesce(sa.func.sum(lot.c.left).filter(expiring), 0),
        sa.func.min(lot.c.expires_on).filter(expiring),
    )
    row = db.session.execute(query.where(lot.c.left > 0, _alive(lot, today))).one()
    return Summary(int(row[0]), int(row[1]), int(row[2]), row[3])


def balance(person_id: int, today: date) -> int:
    """What the account holds today, as ``summary`` has it, for the start page."""
    return int(_balance().one(person_id=person_id, today=today).points)


class _Balance(NamedTuple):
    points: int


@cache
def _balance() -> HotQuery[_Balance]:
    lot, spend = PointEntry.__table__.c, PointSpend.__table__.c
    today = sa.bindparam("today", type_=sa.Date)
    alive = (
        lot.person_id == PERSON_ID,
        IS_LOT,
        sa.or_(lot.expires_on.is_(None), lot.expires_on >= today),
    )
    earned = sa.select(sa.func.coalesce(sa.func.sum(lot.amount), 0)).where(*alive).scalar_subquery()
    spent = (
        sa.select(sa.func.coalesce(sa.func.sum(spend.amount), 0))
        .join(lot.id.table, spend.lot_id == lot.id)
        .where(*alive)
        .scalar_subquery()
    )
    return HotQuery(_Balance, sa.select((earned - spent).label("points")))


def take(entry: PointEntry, from_lots: Iterable[Lot]) -> None:
    """Cover the negative ``entry`` from ``from_lots``, in their order.

    Raises:
        ValueError: they do not hold enough; the caller has to look before.
    """
    missing = -entry.amount
    for lot in from_lots:
        taken = min(lot.left, missing)
        if taken:
            db.session.add(PointSpend(entry_id=entry.id, lot_id=lot.id, amount=taken))
        missing -= taken
        if not missing:
            break
    if missing or entry.amount >= 0:
        raise ValueError(f"{missing} points are not covered")
    db.session.flush()


def give_back(entry: PointEntry, taken_by: PointEntry) -> None:
    """Return to each lot exactly what ``taken_by`` took from it; ``entry`` is the refund that says so."""
    spends = db.session.execute(
        sa.select(PointSpend.lot_id, PointSpend.amount).where(PointSpend.entry_id == taken_by.id)
    )
    for lot_id, amount in spends:
        db.session.add(PointSpend(entry_id=entry.id, lot_id=lot_id, amount=-amount))
    db.session.flush()


def post(
    person_id: int, kind: EntryKind, amount: int, title: str, source: tuple[str, object], **more: object
) -> PointEntry:
    """Write an entry that counts at once and is no earning; ``more`` are further columns."""
    now = clock.now()
    entry = PointEntry(
        person_id=person_id,
        kind=kind,
        amount=amount,
        title=title,
        source_type=source[0],
        source_id=str(source[1]),
        at=now,
        state=EntryState.EFFECTIVE,
        **{"earned_on": clock.local(now).date(), **more},
    )
    db.session.add(entry)
    db.session.flush()
    return entry


def taken_from(lot_id: int, kind: EntryKind) -> int:
    """How much entries of ``kind`` took from a lot."""
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(PointSpend.amount), 0))
        .join(PointEntry, PointEntry.id == PointSpend.entry_id)
        .where(PointSpend.lot_id == lot_id, PointEntry.kind == kind)
    )
    return int(db.session.scalar(query) or 0)


def _lots(person_id: int) -> sa.Select[int, int, date | None, bool]:
    spent = (
        sa.select(sa.func.coalesce(sa.func.sum(PointSpend.amount), 0))
        .where(PointSpend.lot_id == PointEntry.id)
        .scalar_subquery()
    )
    frozen = sa.exists().where(PointObjection.entry_id == PointEntry.id, STILL_OPEN)
    return sa.select(
        PointEntry.id,
        (PointEntry.amount - spent).label("left"),
        PointEntry.expires_on,
        frozen.label("frozen"),
    ).where(
        PointEntry.person_id == person_id,
        IS_LOT,
    )


def _read(lot: sa.Subquery, which: sa.ColumnElement[bool]) -> list[Lot]:
    rows = db.session.execute(
        sa.select(lot.c.id, lot.c.left, lot.c.expires_on, lot.c.frozen)
        .where(lot.c.left > 0, which)
        .order_by(lot.c.expires_on.is_(None), lot.c.expires_on, lot.c.id)
    )
    return [Lot(row.id, row.left, row.expires_on, bool(row.frozen)) for row in rows]


def _alive(lot: sa.Subquery, today: date) -> sa.ColumnElement[bool]:
    return sa.or_(lot.c.expires_on.is_(None), lot.c.expires_on >= today)
