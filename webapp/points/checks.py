"""Consistency checks of the ledger, for ``flask verify``.

issued = balance + held + spent + expired + reversed, for every person; what came in = on the shelf + held + handed out,
for every reward.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from webapp.extensions import db
from webapp.points.models import (
    EntryKind,
    EntryState,
    PointEntry,
    PointSpend,
    Redemption,
    RedemptionState,
    Reward,
    StockKind,
    StockMovement,
)


def verify() -> list[str]:
    """Check ledger and stock; return a sentence for each error, or nothing."""
    return [*_lots(), *_spends(), *_accounts(), *_redemptions(), *_stock()]


def _lots() -> list[str]:
    """No lot gave more than it had, and only earnings that count are lots."""
    left = PointEntry.amount - sa.func.coalesce(sa.func.sum(PointSpend.amount), 0)
    query = (
        sa.select(PointEntry.id, left.label("left"))
        .join(PointSpend, PointSpend.lot_id == PointEntry.id)
        .group_by(PointEntry.id, PointEntry.amount, PointEntry.kind, PointEntry.state)
        .having(
            sa.or_(
                left < 0,
                left > PointEntry.amount,
                PointEntry.kind != EntryKind.EARN,
                PointEntry.state != EntryState.EFFECTIVE,
            )
        )
    )
    return [f"lot {row.id}: {row.left} left" for row in db.session.execute(query)]


def _spends() -> list[str]:
    """Each entry that is no earning took from lots, or gave back to them, exactly its amount; all of one person."""
    lot = aliased(PointEntry)
    spent = sa.func.coalesce(sa.func.sum(PointSpend.amount), 0)
    strangers = sa.func.count().filter(lot.person_id != PointEntry.person_id)
    query = (
        sa.select(PointEntry.id, PointEntry.amount, spent.label("spent"))
        .outerjoin(PointSpend, PointSpend.entry_id == PointEntry.id)
        .outerjoin(lot, lot.id == PointSpend.lot_id)
        .where(PointEntry.kind != EntryKind.EARN)
        .group_by(PointEntry.id, PointEntry.amount)
        .having(sa.or_(spent != -PointEntry.amount, strangers > 0))
    )
    return [f"entry {row.id}: {row.amount} points, spends {row.spent}" for row in db.session.execute(query)]


def _accounts() -> list[str]:
    """For each person: entries add up to what is left in the lots; held, spent, expired and reversed to the rest."""
    lots = _by_person(
        sa.select(PointEntry.person_id, sa.func.sum(PointSpend.amount))
        .join(PointSpend, PointSpend.lot_id == PointEntry.id)
        .group_by(PointEntry.person_id)
    )
    of_state = {
        state: _by_person(
            sa.select(Redemption.person_id, sa.func.sum(Redemption.cost))
            .where(Redemption.state == state)
            .group_by(Redemption.person_id)
        )
        for state in (RedemptionState.REQUESTED, RedemptionState.FULFILLED)
    }
    findings = []
    for person_id, total in _totals().items():
        issued = total[EntryKind.EARN]
        balance = sum(total.values())
        held = of_state[RedemptionState.REQUESTED].get(person_id, 0)
        spent = of_state[RedemptionState.FULFILLED].get(person_id, 0)
        gone = -total[EntryKind.EXPIRE] - total[EntryKind.REVERSE]
        if balance < 0:
            findings.append(f"person {person_id}: balance {balance}")
        if balance != issued - lots.get(person_id, 0):
            findings.append(f"person {person_id}: entries {balance}, lots {issued - lots.get(person_id, 0)}")
        if issued != balance + held + spent + gone:
            findings.append(
                f"person {person_id}: issued {issued}, accounted for {balance + held + spent + gone}"
            )
    return findings


def _totals() -> dict[int, dict[str, int]]:
    query = (
        sa.select(PointEntry.person_id, PointEntry.kind, sa.func.sum(PointEntry.amount))
        .where(PointEntry.state == EntryState.EFFECTIVE)
        .group_by(PointEntry.person_id, PointEntry.kind)
    )
    totals: dict[int, dict[str, int]] = {}
    for person_id, kind, amount in db.session.execute(query):
        totals.setdefault(person_id, dict.fromkeys(map(str, EntryKind), 0))[kind] = int(amount)
    return totals


def _by_person(query: sa.Select[int, int]) -> dict[int, int]:
    return {person_id: int(amount) for person_id, amount in db.session.execute(query)}


def _redemptions() -> list[str]:
    """Each redemption was paid once, and paid back if and only if it was cancelled or overdue."""
    own = sa.and_(
        PointEntry.source_type == "redemption",
        PointEntry.source_id == sa.cast(Redemption.id, sa.String),
        PointEntry.person_id == Redemption.person_id,
    )
    total = sa.func.coalesce(sa.func.sum(PointEntry.amount), 0)
    kept = Redemption.state.in_((RedemptionState.REQUESTED, RedemptionState.FULFILLED))
    query = (
        sa.select(Redemption.id, total.label("paid"))
        .outerjoin(PointEntry, own)
        .group_by(Redemption.id, Redemption.cost, Redemption.state)
        .having(total != sa.case((kept, -Redemption.cost), else_=0))
    )
    return [f"redemption {row.id}: paid {-row.paid}" for row in db.session.execute(query)]


def _stock() -> list[str]:
    """What came in, less corrections, is on the shelf, held, or handed out; and each redemption has its movements."""

    def pieces(kind: StockKind) -> sa.ScalarSelect[int]:
        query = sa.select(sa.func.count()).where(
            StockMovement.reward_id == Reward.id, StockMovement.kind == kind
        )
        return query.scalar_subquery()

    def redeemed(state: RedemptionState) -> sa.ScalarSelect[int]:
        query = sa.select(sa.func.count()).where(Redemption.reward_id == Reward.id, Redemption.state == state)
        return query.scalar_subquery()

    came = sa.select(sa.func.coalesce(sa.func.sum(StockMovement.amount), 0)).where(
        StockMovement.reward_id == Reward.id, StockMovement.redemption_id.is_(None)
    )
    query = sa.select(
        Reward.id,
        Reward.on_shelf,
        came.scalar_subquery().label("came"),
        redeemed(RedemptionState.REQUESTED).label("waiting"),
        redeemed(RedemptionState.FULFILLED).label("given"),
        pieces(StockKind.HELD).label("held"),
        pieces(StockKind.RETURNED).label("returned"),
        pieces(StockKind.HANDED_OUT).label("handed_out"),
    )
    findings = []
    for row in db.session.execute(query):
        if row.came != row.on_shelf + row.waiting + row.given:
            findings.append(
                f"reward {row.id}: {row.came} came in, {row.on_shelf} + {row.waiting} + {row.given} are known"
            )
        if row.held - row.returned - row.handed_out != row.waiting or row.handed_out != row.given:
            findings.append(f"reward {row.id}: its movements do not match its redemptions")
    return findings
