"""Who may do what with an activity and its hours. Each rule says nothing, or refuses with the reason.

The button's hint and the refusal use the same words: ``why_not`` turns a rule into its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webapp.directory.posts import Level, Permission
from webapp.directory.scope import COLUMN_OF_LEVEL
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict, DomainError, Refused
from webapp.volunteering.models import Activity, Attendance, HoursState
from webapp.volunteering.rules import EARLY

CANCELLED = "活动已取消。"


def in_scope(actor: Actor, record: Activity | Attendance) -> bool:
    """Whether the record lies in the actor's unit or below it."""
    level = Level(actor.unit_level)
    column = COLUMN_OF_LEVEL.get(level)
    return level == Level.DISTRICT or (column is not None and getattr(record, column) == actor.unit_id)


def check_can_organise(actor: Actor, activity: Activity) -> None:
    """Organisers act for the activities of their own unit and below."""
    if not (actor.can(Permission.ACTIVITY_ORGANISE) and in_scope(actor, activity)):
        raise Refused("这场活动不由您所在的单位组织。")


def check_can_edit(actor: Actor, activity: Activity) -> None:
    """An activity may be changed until it ends; afterwards hours rest on its times."""
    check_can_organise(actor, activity)
    if activity.cancelled_at:
        raise Conflict(CANCELLED)
    if clock.now() >= activity.ends_at:
        raise Conflict("活动已结束，不能再修改。时长有误请在签到名单里更正。")


def check_can_sign_up(actor: Actor, activity: Activity) -> None:
    """Signing up is a person's own act, until the activity ends."""
    if not actor.can(Permission.REPORT_OWN):
        raise Refused("请以“三报到党员”的身份参加。")
    if activity.cancelled_at:
        raise Conflict(CANCELLED)
    if clock.now() >= activity.ends_at:
        raise Conflict("活动已结束。")


def check_can_check_in(actor: Actor, activity: Activity) -> None:
    """From an hour before the start until the end."""
    check_can_sign_up(actor, activity)
    if clock.now() < activity.starts_at - EARLY:
        raise Conflict(f"还没到签到时间，活动开始前 {int(EARLY.total_seconds() // 60)} 分钟可以签到。")


def check_can_confirm(actor: Actor, activity: Activity) -> None:
    """Hours are confirmed afterwards, by those who organise or confirm hours for this place."""
    check_can_decide_hours(actor, activity)
    if activity.cancelled_at:
        raise Conflict(CANCELLED)
    if clock.now() < activity.ends_at:
        raise Conflict("活动结束后再确认时长。")


def check_can_decide_hours(actor: Actor, record: Activity | Attendance) -> None:
    """Confirm, correct and answer objections: in one's scope, and never one's own hours."""
    may = actor.can(Permission.HOURS_CONFIRM) or actor.can(Permission.ACTIVITY_ORGANISE)
    if not (may and in_scope(actor, record)):
        raise Refused("这场活动的时长不由您确认。")
    if isinstance(record, Attendance) and record.person_id == actor.person_id:
        raise Refused("自己的时长要由别人确认。")


def check_can_object(actor: Actor, attendance: Attendance) -> None:
    """One's own hours, once they are settled; one objection at a time."""
    if attendance.person_id != actor.person_id:
        raise Refused("只能对自己的时长提出异议。")
    if attendance.state == HoursState.PRESENT:
        raise Conflict("活动还没有结束，时长还没有算出来。")
    if attendance.state == HoursState.DISPUTED:
        raise Conflict("您已提出异议，正在等待答复。")


def why_not(check: Callable[..., None], *args: Any) -> str:
    """The reason for which ``check`` refuses; empty when it does not."""
    try:
        check(*args)
    except DomainError as refusal:
        return refusal.message
    return ""
