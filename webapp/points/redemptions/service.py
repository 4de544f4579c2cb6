"""What one can do with a redemption: redeem, cancel, hand out; and what expires by itself.

Locks are taken in one order: account, reward, redemption. So nobody waits in a circle.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import clock, codes, journal, limits
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, NotFound
from webapp.points import eligibility, permissions
from webapp.points.ledger import balance as ledger
from webapp.points.models import (
    REDEMPTION_NAMES,
    STILL_OPEN,
    UNCOLLECTED,
    EntryKind,
    EntryState,
    PointEntry,
    PointObjection,
    PointSpend,
    Redemption,
    RedemptionState,
    Reward,
    StockKind,
    StockMovement,
)
from webapp.points.rewards import queries as reward_queries
from webapp.points.workflow import REDEMPTION_FLOW

PAID = "redemption"
# A clerk types some codes a minute; guessing one of 39 bits takes more.
TRIES, TRY_MINUTES = 60, 10


def count_try(actor: Actor) -> None:
    """Count that a clerk looks a code up, so that nobody guesses one. Outside of any transaction.

    Raises:
        TooMany: too many within some minutes.
    """
    limits.hit(f"pickup:{actor.person_id}", TRIES, TRY_MINUTES)


def refusal(actor: Actor, reward: Reward, spendable: int) -> str | None:
    """Why ``redeem`` would be refused now, for the button; None if it would not."""

    def check() -> None:
        now = clock.now()
        _check_may_spend(actor.person_id, eligibility.settings(), now)
        _check_offer(actor.person_id, reward, now)
        _check_balance(reward, spendable)

    return permissions.why_not(check)


def redeem(actor: Actor, *, reward_id: int) -> Redemption:
    """Hold the points and one piece, and give a code to collect it with.

    Raises:
        NotFound: the reward is not offered to the actor.
        Refused, Conflict: the actor may not redeem, or has too few points, or this quarter's share; or nothing is left.
    """
    with transaction() as session:
        reward_queries.reward_for(actor, reward_id)
        ledger.lock_account(actor.person_id)
        reward = locked(Reward, reward_id)
        if reward is None:
            raise NotFound
        chosen = eligibility.settings()
        now = clock.now()
        _check_may_spend(actor.person_id, chosen, now)
        _check_offer(actor.person_id, reward, now)
        lots = [lot for lot in ledger.lots(actor.person_id, clock.local(now).date()) if not lot.frozen]
        _check_balance(reward, sum(lot.left for lot in lots))
        redemption = Redemption(
            code=codes.pickup_code(),
            reward_id=reward.id,
            person_id=actor.person_id,
            cost=reward.cost,
            station_id=reward.station_id,
            state=REDEMPTION_FLOW["redeem"].target,
            requested_at=now,
            expires_at=now + timedelta(days=chosen.pickup_days),
        )
        session.add(redemption)
        session.flush()
        paid = ledger.post(
            actor.person_id,
            EntryKind.REDEEM,
            -reward.cost,
            reward.name,
            (PAID, redemption.id),
            created_by_id=actor.person_id,
        )
        ledger.take(paid, lots)
        reward.on_shelf -= 1
        _move(redemption, StockKind.HELD, -1, actor)
        journal.record(
            actor,
            "redemption:redeem",
            "redemption",
            redemption.id,
            {"reward": reward.id, "cost": reward.cost},
        )
        return redemption


def cancel(actor: Actor, code: str) -> Redemption:
    """Give up one's own redemption: points and piece go back.

    Raises:
        NotFound: it is not the actor's. Conflict: it is settled.
    """
    with transaction():
        redemption = _held(reward_queries.redemption_for(actor, code))
        REDEMPTION_FLOW.check("cancel", redemption.state, _name(redemption))
        _undo(redemption, RedemptionState.CANCELLED, actor)
        return redemption


def hand_out(actor: Actor, code: str) -> Redemption:
    """Give the reward to the person who shows the code; once.

    Raises:
        NotFound: no such code at a station where the actor serves.
        Refused, Conflict: the actor is the receiver; or it is settled or overdue.
    """
    with transaction():
        redemption = _held(reward_queries.redemption_for_clerk(actor, code))
        permissions.check_can_hand_out(actor, redemption, clock.now())
        redemption.state = REDEMPTION_FLOW["hand_out"].target
        redemption.settled_at, redemption.fulfilled_by_id = clock.now(), actor.person_id
        _move(redemption, StockKind.HANDED_OUT, 0, actor)
        journal.record(actor, "redemption:hand_out", "redemption", redemption.id)
        return redemption


def expire_due(now: datetime) -> dict[str, int]:
    """Return what was not collected in time, and let lots past their day expire. For ``flask sweep``; may run at any time.

    Each redemption and each account in a transaction of its own, so that a long sweep holds nobody up.

    Returns:
        How many redemptions and how many points expired.
    """
    due = (UNCOLLECTED, Redemption.expires_at <= now)
    redemptions = db.session.scalars(sa.select(Redemption.id).where(*due).order_by(Redemption.id)).all()
    returned = sum(_expire_redemption(redemption_id, now) for redemption_id in redemptions)
    today = clock.local(now).date()
    people = db.session.scalars(
        sa.select(PointEntry.person_id)
        .where(PointEntry.expires_on < today, PointEntry.state == EntryState.EFFECTIVE, _has_left())
        .distinct()
        .order_by(PointEntry.person_id)
    ).all()
    return {"redemptions": returned, "points": sum(_expire_lots(person_id, now) for person_id in people)}


def _has_left() -> sa.ColumnElement[bool]:
    spent = sa.select(sa.func.coalesce(sa.func.sum(PointSpend.amount), 0)).where(
        PointSpend.lot_id == PointEntry.id
    )
    frozen = sa.exists().where(PointObjection.entry_id == PointEntry.id, STILL_OPEN)
    return sa.and_(PointEntry.kind == EntryKind.EARN, PointEntry.amount > spent.scalar_subquery(), ~frozen)


def _expire_redemption(redemption_id: int, now: datetime) -> int:
    with transaction() as session:
        redemption = _held(session.get_one(Redemption, redemption_id))
        if redemption.state != RedemptionState.REQUESTED or redemption.expires_at > now:
            return 0  # collected or cancelled while the sweep ran
        _undo(redemption, RedemptionState.EXPIRED, None)
        return 1


def _expire_lots(person_id: int, now: datetime) -> int:
    with transaction():
        ledger.lock_account(person_id)
        total = 0
        for lot in ledger.overdue_lots(person_id, clock.local(now).date()):
            entry = ledger.post(person_id, EntryKind.EXPIRE, -lot.left, "积分过期", ("lot", lot.id))
            ledger.take(entry, [lot])
            journal.record(
                None, "points:expire", "point_entry", entry.id, {"lot": lot.id, "amount": lot.left}
            )
            total += lot.left
        return total


def _check_may_spend(person_id: int, chosen: eligibility.Settings, now: datetime) -> None:
    serving = bool(db.session.scalar(sa.select(Person.is_serving_party_member).where(Person.id == person_id)))
    permissions.check_may_spend(
        eligibility.spendable_until(person_id, chosen),
        clock.local(now).date(),
        serving=serving,
        serving_redeem=chosen.serving_members_redeem,
    )


def _check_offer(person_id: int, reward: Reward, now: datetime) -> None:
    if reward.retired_on is not None:
        raise Conflict("这件奖品已经下架。")
    if reward.on_shelf < 1:
        raise Conflict("刚刚被兑换完了，请看看别的。")
    limit = reward.quarter_limit
    if limit is not None and reward_queries.redeemed_in_quarter(person_id, reward.id, now) >= limit:
        raise Conflict(f"这件奖品每人每季度限兑 {limit} 份，您本季度已经兑换过了。")


def _check_balance(reward: Reward, spendable: int) -> None:
    if reward.cost > spendable:
        raise Conflict(f"还差 {reward.cost - spendable} 分，暂时不能兑换“{reward.name}”。")


def _held(redemption: Redemption) -> Redemption:
    """The redemption with its present values; its account and its reward locked before it."""
    ledger.lock_account(redemption.person_id)
    locked(Reward, redemption.reward_id)
    present = locked(Redemption, redemption.id)
    assert present is not None
    return present


def _undo(redemption: Redemption, state: RedemptionState, actor: Actor | None) -> None:
    """Points and piece go back to exactly where they came from."""
    paid = reward_queries.payment_of(redemption)
    reward = db.session.get_one(Reward, redemption.reward_id)
    refund = ledger.post(
        redemption.person_id,
        EntryKind.REFUND,
        redemption.cost,
        reward.name,
        (PAID, redemption.id),
        created_by_id=actor.person_id if actor else None,
        reverses_id=paid.id,
        reason=REDEMPTION_NAMES[state],
    )
    ledger.give_back(refund, paid)
    reward.on_shelf += 1
    _move(redemption, StockKind.RETURNED, 1, actor)
    redemption.state, redemption.settled_at = state, clock.now()
    journal.record(actor, f"redemption:{state}", "redemption", redemption.id)


def _move(redemption: Redemption, kind: StockKind, amount: int, actor: Actor | None) -> None:
    db.session.add(
        StockMovement(
            reward_id=redemption.reward_id,
            kind=kind,
            amount=amount,
            redemption_id=redemption.id,
            by_id=actor.person_id if actor else None,
            at=clock.now(),
        )
    )


def _name(redemption: Redemption) -> str:
    return REDEMPTION_NAMES[RedemptionState(redemption.state)]
