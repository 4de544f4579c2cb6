"""Who may do what to a record of points: each check says nothing, or refuses with its reason. Buttons use the same words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from webapp.directory.models import Unit
from webapp.directory.posts import Permission
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict, DomainError, Refused
from webapp.points.models import (
    REDEMPTION_NAMES,
    EntryKind,
    EntryState,
    PointEntry,
    PointObjection,
    Redemption,
    RedemptionState,
)
from webapp.points.workflow import REDEMPTION_FLOW


def why_not(check: Callable[..., None], *args: Any, **kwargs: Any) -> str | None:
    """The reason for which ``check`` refuses; None if it does not."""
    try:
        check(*args, **kwargs)
    except DomainError as error:
        return error.message
    return None


def check_can_review(actor: Actor, entry: PointEntry) -> None:
    """A proposal is answered by a second person: not by who earns, not by who proposed."""
    if entry.state != EntryState.PROPOSED:
        raise Conflict("这笔积分已经审核过了。")
    if actor.person_id == entry.person_id:
        raise Refused("不能审核自己的积分，请由其他人审核。")
    if actor.person_id == entry.created_by_id:
        raise Refused("这是您申报的，请由其他人审核。")


def check_can_reverse(actor: Actor, entry: PointEntry, reversed_already: bool) -> None:
    """An earning that counts is taken back once, by somebody else than the earner."""
    if entry.kind != EntryKind.EARN or entry.state != EntryState.EFFECTIVE:
        raise Conflict("只有已入账的积分可以冲正。")
    if reversed_already:
        raise Conflict("这笔积分已经冲正过了。")
    if actor.person_id == entry.person_id:
        raise Refused("不能冲正自己的积分，请由其他人处理。")


def check_can_object(actor: Actor, entry: PointEntry, reversed_already: bool) -> None:
    """The earner objects to a refusal or a reversal; a reviewer to an earning that counts."""
    if actor.person_id == entry.person_id:
        if entry.state != EntryState.REJECTED and entry.kind != EntryKind.REVERSE:
            raise Conflict("被驳回或被冲正的积分才可以提出异议。")
    elif entry.kind != EntryKind.EARN or entry.state != EntryState.EFFECTIVE or reversed_already:
        raise Conflict("只能对已入账、没有冲正的积分提出异议。")


def check_can_settle(actor: Actor, entry: PointEntry, objection: PointObjection | None) -> None:
    """An objection is settled by somebody who has had no part in the matter."""
    if objection is None:
        raise Conflict("这条异议已经处理过了。")
    if actor.person_id in (objection.raised_by_id, entry.person_id):
        raise Refused("提出异议的人和积分本人不能处理，请由其他人处理。")
    if actor.person_id in (entry.reviewed_by_id, entry.created_by_id):
        raise Refused("这笔积分是您经手的，请由其他人处理异议。")


def check_may_spend(until: date | None, today: date, *, serving: bool, serving_redeem: bool) -> None:
    """In-service party members keep the honour and not the goods; others may spend until some months after their seat."""
    if serving and not serving_redeem:
        raise Refused("在职党员只记积分和时长，不兑换物品。")
    if until is not None and until < today:
        raise Refused("任职结束后的兑换期已经过了，不能再兑换。")


def check_can_set_rules(actor: Actor) -> None:
    """Rules and settings are the district's."""
    if not actor.can(Permission.SETTINGS_MANAGE):
        raise Refused("您现在的身份不能修改积分规则。")


def check_can_hand_out(actor: Actor, redemption: Redemption, now: datetime) -> None:
    """Handed out once, in time, and never by the receiver."""
    if actor.person_id == redemption.person_id:
        raise Refused("不能给自己发放，请由其他人发放。")
    REDEMPTION_FLOW.check("hand_out", redemption.state, REDEMPTION_NAMES[RedemptionState(redemption.state)])
    if redemption.expires_at <= now:
        raise Conflict("已经过了领取期限，积分会退回账户。")


def serves_station(actor: Actor, unit: Unit) -> bool:
    """Whether a clerk works where the station is: in its unit, above it or below it, but not beside it."""
    return unit.path.startswith(actor.unit_path) or actor.unit_path.startswith(unit.path)
