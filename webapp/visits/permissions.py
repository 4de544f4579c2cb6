"""Who may do what with a visit or a desk session. Each check says nothing or refuses with the reason.

The button's hint and the server's answer use the same words: see ``reason_against``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from webapp.directory.models import Placed, Unit
from webapp.directory.posts import Level, Permission
from webapp.directory.scope import COLUMN_OF_LEVEL, UnitPlace, covers
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict, Refused
from webapp.visits.models import DeskSession, Visit

# The page offers to undo for ten seconds; a weak signal may carry the tap later.
UNDO_WINDOW = timedelta(minutes=2)


def check_can_log(actor: Actor, unit: Unit | UnitPlace) -> None:
    """A worker logs visits for the own unit and those below: a grid worker for the grid, a leader for the building.

    Raises:
        Refused: the unit lies elsewhere, or the post logs no visits.
    """
    if not actor.can(Permission.VISIT_LOG):
        raise Refused(f"您以“{actor.post_name}”的身份不能登记服务。")
    if not covers(actor, unit.path) or unit.retired_on is not None:
        raise Refused(f"这个地点不在{actor.unit_name}的范围内，不能登记。")


def check_can_bring_in(actor: Actor, unit: Unit) -> None:
    """Old records are brought in for the own unit and those below.

    Raises:
        Refused: the unit lies elsewhere, or the post brings nothing in.
    """
    if not actor.can(Permission.IMPORT_RUN):
        raise Refused(f"您以“{actor.post_name}”的身份不能导入台账。")
    if not covers(actor, unit.path) or unit.retired_on is not None:
        raise Refused(f"这个地点不在{actor.unit_name}的范围内，不能导入。")


def check_can_undo(actor: Actor, visit: Visit, now: datetime) -> None:
    """Only the one who logged it, within two minutes, and only while no case came of it.

    Raises:
        Refused: somebody else's. Conflict: too late, undone already, or a case hangs on it.
    """
    if visit.worker_id != actor.person_id:
        raise Refused("只有登记人自己可以撤销。")
    if visit.undone_at is not None:
        raise Conflict("这条记录已经撤销了。")
    if visit.case_id is not None:
        raise Conflict("这条记录已经转为诉求，不能撤销；可以到诉求里撤回。")
    if now - visit.logged_at > UNDO_WINDOW:
        raise Conflict("超过两分钟，不能撤销了。")


def check_can_turn_into_case(actor: Actor, visit: Visit) -> None:
    """Whoever logs visits and registers cases where it took place; once.

    Raises:
        Refused: no right. Conflict: a case came of it already, or it was undone.
    """
    if not (actor.can(Permission.VISIT_LOG) and actor.can(Permission.CASE_REGISTER)):
        raise Refused(f"您以“{actor.post_name}”的身份不能登记诉求。")
    if not _lies_within(actor, visit):
        raise Refused("这条记录不在您的范围内。")
    if visit.undone_at is not None:
        raise Conflict("这条记录已经撤销，不能转为诉求。")
    if visit.case_id is not None:
        raise Conflict("这条记录已经转为诉求。")


def check_can_see_resident(actor: Actor, visit: Visit) -> None:
    """Name, phone and door in full: only for those who serve there and log visits themselves.

    Raises:
        Refused: the actor only reads.
    """
    if not (actor.can(Permission.VISIT_LOG) and _lies_within(actor, visit)):
        raise Refused("居民的完整信息只对在这里服务的人员开放。")


def check_can_plan(actor: Actor, unit: Unit) -> None:
    """A desk is planned for the own unit or one below.

    Raises:
        Refused: the unit lies elsewhere, or the post plans no desks.
    """
    if not actor.can(Permission.DESK_PLAN):
        raise Refused(f"您以“{actor.post_name}”的身份不能安排流动办公桌。")
    if not covers(actor, unit.path):
        raise Refused(f"这个地点不在{actor.unit_name}的范围内，不能安排。")


def check_can_cancel(actor: Actor, desk: DeskSession, now: datetime) -> None:
    """Whoever may plan it may cancel it, until it is over.

    Raises:
        Refused: no right. Conflict: over, or cancelled already.
    """
    if not (actor.can(Permission.DESK_PLAN) and _lies_within(actor, desk)):
        raise Refused("只有安排这里流动办公桌的人员可以取消。")
    if desk.cancelled_at is not None:
        raise Conflict("这一场已经取消了。")
    if desk.ends_at <= now:
        raise Conflict("这一场已经结束，不能取消。")


def reason_against(check: Callable[..., None], *args: Any) -> str | None:
    """Why ``check`` refuses; None if it does not."""
    try:
        check(*args)
    except (Refused, Conflict) as refusal:
        return refusal.message
    return None


def undo_seconds(visit: Visit) -> int:
    """How many seconds are left to undo; 0 when none."""
    return max(0, int((visit.logged_at + UNDO_WINDOW - clock.now()).total_seconds()))


def _lies_within(actor: Actor, record: Placed) -> bool:
    level = Level(actor.unit_level)
    if level == Level.DISTRICT:
        return True
    column = COLUMN_OF_LEVEL.get(level)
    return bool(column and getattr(record, column) == actor.unit_id)
