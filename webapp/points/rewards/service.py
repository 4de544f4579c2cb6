"""What one can do with rewards: offer, change, stock, retire."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from webapp.directory.changes import changed_meanwhile
from webapp.directory.models import Unit
from webapp.directory.scope import place_of
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.points.models import Reward, StockKind, StockMovement
from webapp.points.rewards import queries as reward_queries

# Pictures of our own in static/rewards/.
PICTURES = {
    "box": "通用",
    "rice": "米面",
    "oil": "食用油",
    "tissue": "纸品",
    "wash": "洗护用品",
    "umbrella": "雨伞",
    "cup": "杯子",
    "haircut": "理发",
    "repair": "维修",
    "clean": "家政",
    "health": "体检",
}


@dataclass(frozen=True)
class RewardInput:
    """What the form says of a reward; ``cost`` in points, ``quarter_limit`` pieces for each person, None: no limit."""

    name: str
    kind: str
    about: str
    cost: int
    picture: str
    quarter_limit: int | None
    station_id: int


def offer(actor: Actor, *, given: RewardInput, stock: int) -> Reward:
    """Put a new reward into the shop of the actor's unit, with ``stock`` pieces.

    Raises:
        Invalid: the station lies outside the actor's unit.
    """
    with transaction() as session:
        _check(actor, given)
        now = clock.now()
        unit = session.get_one(Unit, actor.unit_id)
        reward = Reward(
            unit_id=unit.id,
            created_at=now,
            changed_at=now,
            changed_by_id=actor.person_id,
            **place_of(unit),
            **asdict(given),
        )
        session.add(reward)
        session.flush()
        if stock:
            _stock(actor, reward, stock, "")
        journal.record(actor, "reward:offer", "reward", reward.id, {"cost": reward.cost, "stock": stock})
        return reward


def change(actor: Actor, reward_id: int, *, given: RewardInput, seen: str) -> Reward:
    """Change a reward; redemptions made before keep their cost and station. ``seen`` is the version on the page.

    Raises:
        NotFound: not in the actor's scope. Conflict: changed by somebody else meanwhile, or retired.
        Invalid: the station lies outside the actor's unit.
    """
    with transaction():
        reward = _held(actor, reward_id)
        if seen != str(reward.version):
            raise changed_meanwhile("这件奖品", "reward", reward.id)
        _check(actor, given)
        for name, value in asdict(given).items():
            setattr(reward, name, value)
        _touch(actor, reward)
        journal.record(actor, "reward:change", "reward", reward.id, {"cost": reward.cost})
        return reward


def stock(actor: Actor, reward_id: int, *, amount: int, reason: str = "") -> Reward:
    """Add pieces, or with a negative ``amount`` correct the number after counting.

    Raises:
        NotFound, Conflict: as in ``change``. Invalid: nothing to add, a correction without a reason or below zero.
    """
    with transaction():
        reward = _held(actor, reward_id)
        if amount == 0:
            raise Invalid("请填写数量。", "amount")
        if amount < 0 and not reason:
            raise Invalid("减少库存请写明原因。", "reason")
        if reward.on_shelf + amount < 0:
            raise Invalid(f"现在可兑换的只有 {reward.on_shelf} 份，不能再少。", "amount")
        _stock(actor, reward, amount, reason)
        journal.record(actor, "reward:stock", "reward", reward.id, {"amount": amount})
        return reward


def retire(actor: Actor, reward_id: int) -> Reward:
    """Take a reward out of the shop. What is held for somebody can still be collected.

    Raises:
        NotFound, Conflict: as in ``change``.
    """
    with transaction():
        reward = _held(actor, reward_id)
        reward.retired_on = clock.today()
        _touch(actor, reward)
        journal.record(actor, "reward:retire", "reward", reward.id)
        return reward


def _held(actor: Actor, reward_id: int) -> Reward:
    reward_queries.reward_managed_by(actor, reward_id)
    reward = locked(Reward, reward_id)
    if reward is None:
        raise NotFound
    if reward.retired_on is not None:
        raise Conflict("这件奖品已经下架。")
    return reward


def _check(actor: Actor, given: RewardInput) -> None:
    if given.station_id not in {row.id for row in reward_queries.stations_of(actor)}:
        raise Invalid("请选择本辖区的领取点。", "station_id")
    if given.picture not in PICTURES:
        raise Invalid("请选择图片。", "picture")


def _touch(actor: Actor, reward: Reward) -> None:
    reward.version += 1
    reward.changed_at, reward.changed_by_id = clock.now(), actor.person_id


def _stock(actor: Actor, reward: Reward, amount: int, reason: str) -> None:
    reward.on_shelf += amount
    kind = StockKind.IN if amount > 0 else StockKind.CORRECTION
    movement = StockMovement(
        reward_id=reward.id, kind=kind, amount=amount, by_id=actor.person_id, at=clock.now(), reason=reason
    )
    db.session.add(movement)
