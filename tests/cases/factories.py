"""Cases at any point of the loop, made by walking real transitions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.support.world import World
from webapp.cases.models import Case
from webapp.cases.service import escalation, intake, loop, review, verbs
from webapp.cases.states import CaseState
from webapp.directory.posts import Level
from webapp.extensions import db
from webapp.foundation import clock

S = CaseState
OWNERS = {
    Level.BUILDING: "building_leader",
    Level.GRID: "grid_worker",
    Level.COMMUNITY: "community_staff",
    Level.STREET: "street_staff",
}
# Who checks and who asks the reporter, of a case that a level owns and the company handles.
CHECKERS = {
    Level.BUILDING: "grid_worker",
    Level.GRID: "branch_secretary",
    Level.COMMUNITY: "community_staff1b",
    Level.STREET: "street_staff1b",
}
CALLER = "community_secretary"
PHONE = "13812345678"
TRY_CHANNEL = "phone"


def register(world: World, level: str = Level.GRID, **inputs: Any) -> Case:
    """A case just registered, owned by the first unit of ``level`` (a building lies in its place where it can)."""
    actor = world.actor(OWNERS[Level(level)])
    given: dict[str, Any] = {
        "category": "parking",
        "unit_id": world.units["building" if level == Level.BUILDING else "grid"],
        "what": "消防通道被车辆占用。已经三天了。",
        "reporter_name": "张三丰",
        "reporter_phone": PHONE,
        "reporter_door": "3栋2单元501",
        **inputs,
    }
    return intake.register(actor, **given)


def _to_assigned(world: World, case: Case) -> Case:
    owner = world.actor(OWNERS[Level(case.level)])
    unit = world.units["company"]
    return loop.assign(owner, case.number, handler_unit_id=unit)


def _to_in_progress(world: World, case: Case) -> Case:
    return loop.accept(world.actor("handler"), _to_assigned(world, case).number)


def _to_pending(world: World, case: Case) -> Case:
    number = _to_in_progress(world, case).number
    return loop.submit_result(world.actor("handler"), number, result_text="已清理。", result_kind="resolved")


def _to_callback(world: World, case: Case) -> Case:
    number = _to_pending(world, case).number
    return loop.pass_check(world.actor(CHECKERS[Level(case.level)]), number)


def _to_appraised(world: World, case: Case) -> Case:
    number = _to_callback(world, case).number
    return review.record_verdict(world.actor(CALLER), number, verdict="satisfied", channel="phone")


def _to_archived(world: World, case: Case) -> Case:
    archivist = "street_staff" if case.level == Level.STREET else "community_staff"
    return review.archive(world.actor(archivist), _to_appraised(world, case).number)


def _to_convening(world: World, case: Case) -> Case:
    return loop.convene(world.actor(OWNERS[Level(case.level)]), case.number, parties=["业委会"])


def _to_suspended(world: World, case: Case) -> Case:
    number = _to_in_progress(world, case).number
    actor = world.actor("street_staff")
    until = clock.today() + timedelta(days=30)
    return loop.suspend(actor, number, reason="等待汛期结束", until=until)


def _to_withdrawn(world: World, case: Case) -> Case:
    return review.withdraw(world.actor(OWNERS[Level(case.level)]), case.number)


def _to_merged(world: World, case: Case) -> Case:
    lead = register(world, case.level)
    return review.merge(world.actor(OWNERS[Level(case.level)]), case.number, into=lead.number)


def confirmer(case: Case) -> str:
    """Who decides what the owner of ``case`` asks the level above."""
    return {
        Level.BUILDING: "branch_secretary",
        Level.GRID: "community_staff",
        Level.COMMUNITY: "street_staff",
        Level.STREET: "street_staff1b",
    }[Level(case.level)]


def _to_declined(world: World, case: Case) -> Case:
    escalation.decline(world.actor(OWNERS[Level(case.level)]), case.number, reason="不属于社区职责")
    return verbs.act(world.actor(confirmer(case)), case.number, "approve_decline")


def _to_redirected(world: World, case: Case) -> Case:
    owner = world.actor(OWNERS[Level(case.level)])
    escalation.redirect(owner, case.number, reason="属于诉讼事项", channel_text="人民法院")
    return verbs.act(world.actor(confirmer(case)), case.number, "approve_redirect")


WAYS = {
    S.REGISTERED: lambda world, case: case,
    S.CONVENING: _to_convening,
    S.ASSIGNED: _to_assigned,
    S.IN_PROGRESS: _to_in_progress,
    S.SUSPENDED: _to_suspended,
    S.PENDING_CHECK: _to_pending,
    S.CALLBACK: _to_callback,
    S.APPRAISED: _to_appraised,
    S.ARCHIVED: _to_archived,
    S.DECLINED: _to_declined,
    S.REDIRECTED: _to_redirected,
    S.WITHDRAWN: _to_withdrawn,
    S.MERGED: _to_merged,
}


def case_at(world: World, state: str, level: str = Level.GRID, **inputs: Any) -> Case:
    """A case in ``state`` owned by ``level``, made by real transitions of real people."""
    case = WAYS[S(state)](world, register(world, level, **inputs))
    assert case.state == state, f"the way to {state} led to {case.state}"
    assert case.level == level
    return db.session.get_one(Case, case.id)
