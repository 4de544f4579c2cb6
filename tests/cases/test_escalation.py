from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from tests.cases.factories import case_at, register
from tests.support.world import World
from webapp.cases import asks, public, queries
from webapp.cases.models import Case, CaseRequest
from webapp.cases.service import escalation, loop, verbs
from webapp.extensions import db
from webapp.foundation import calendar, clock
from webapp.foundation.asks import how_many
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused

pytestmark = pytest.mark.usefixtures("app")
WHY: dict[str, Any] = {"reason_kind": "beyond_authority", "reason": "需要社区协调"}


def escalated(world: World, state: str = "registered") -> Case:
    case = case_at(world, state)
    escalation.escalate(world.actor("grid_worker"), case.number, **WHY)
    return verbs.act(world.actor("community_staff"), case.number, "approve_escalate")


def told(case: Case) -> list[str]:
    return [step.text for step in public.public_view(case.tracking_code).steps]


def test_from_the_building_to_the_grid_needs_no_leave(world: World) -> None:
    case = register(world, "building")
    escalation.escalate(world.actor("building_leader"), case.number, **WHY)
    assert (case.state, case.level, case.owner_unit_id) == ("registered", "grid", world.units["grid"])
    assert case.due_explained.startswith("网格受理时限")
    assert told(case)[-1] == "已上报示范小区01办理。"


def test_from_the_grid_up_the_next_level_is_asked_and_then_owns_it_with_its_own_term(world: World) -> None:
    case = register(world)
    escalation.escalate(world.actor("grid_worker"), case.number, **WHY)
    assert (case.level, case.state) == ("grid", "registered")
    assert how_many(world.actor("community_staff"), asks) == 1
    assert how_many(world.actor("community_staff2"), asks) == 0
    ask = asks.asks(world.actor("community_staff"))[0]
    assert (ask.kind, ask.detail, ask.url) == ("上报", "超出本级权限", f"/cases/{case.number}")
    assert asks.decide(world.actor("community_staff"), ask.id, approve=True) == f"同意上报：{case.number}。"
    assert (case.level, case.owner_unit_id) == ("community", world.units["community"])
    assert case.due_explained.startswith("社区受理时限")
    assert how_many(world.actor("community_staff"), asks) == 0
    with pytest.raises(Conflict):
        asks.decide(world.actor("community_secretary"), ask.id, approve=True)


def test_what_a_handler_had_in_hand_is_convened_anew_by_the_next_level(world: World) -> None:
    case = escalated(world, "in_progress")
    assert (case.state, case.handler_unit_id, case.level) == ("convening", None, "community")


def test_sent_back_it_stays_with_the_advice_and_may_be_asked_again(world: World) -> None:
    case = register(world)
    escalation.escalate(world.actor("grid_worker"), case.number, **WHY)
    with pytest.raises(Conflict, match="已有一项申请"):
        escalation.escalate(world.actor("branch_secretary"), case.number, **WHY)
    ask = asks.asks(world.actor("community_staff"))[0]
    with pytest.raises(Invalid):
        asks.decide(world.actor("community_staff"), ask.id, approve=False)
    asks.decide(world.actor("community_staff"), ask.id, approve=False, reason="请先召集业委会协商")
    assert case.level == "grid"
    page = queries.case_page(world.actor("grid_worker"), case)
    name = world.actor("community_staff").name
    assert page.timeline[-1].text == f"示范社区一社区工作者{name}退回上报，请示范小区01继续办理。"
    assert page.timeline[-1].note == "请先召集业委会协商"
    escalation.escalate(world.actor("grid_worker"), case.number, **WHY)


def test_a_request_lapses_when_the_case_moves_on(world: World) -> None:
    case = register(world)
    escalation.decline(world.actor("grid_worker"), case.number, reason="不归社区管")
    loop.convene(world.actor("branch_secretary"), case.number, parties=["物业"])
    ask = db.session.scalars(sa.select(CaseRequest)).one()
    assert ask.lapsed_at is not None
    with pytest.raises(Conflict):
        escalation.decide(world.actor("community_staff"), ask.id, approve=True)
    assert case.state == "convening"


def test_a_stranger_can_not_even_find_the_request(world: World) -> None:
    case = register(world)
    escalation.escalate(world.actor("grid_worker"), case.number, **WHY)
    ask = db.session.scalars(sa.select(CaseRequest)).one()
    for name in ("community_staff2", "street_staff", "grid_worker", "volunteer"):
        with pytest.raises((NotFound, Refused)):
            escalation.decide(world.actor(name), ask.id, approve=True)


def test_no_level_is_skipped_unless_urgent_or_to_step_back(world: World) -> None:
    case = register(world)
    with pytest.raises(Invalid, match="越级"):
        escalation.escalate(world.actor("grid_worker"), case.number, to_level="street", **WHY)
    escalation.escalate(
        world.actor("grid_worker"),
        case.number,
        to_level="street",
        reason_kind="conflict_of_interest",
        reason="涉及社区干部",
    )
    verbs.act(world.actor("street_staff"), case.number, "approve_escalate")
    assert (case.level, case.owner_unit_id) == ("street", world.units["street"])
    urgent = register(world, urgent=True)
    escalation.escalate(world.actor("grid_worker"), urgent.number, to_level="street", **WHY)


def test_it_may_be_handed_down_once(world: World) -> None:
    case = escalated(world)
    escalation.hand_down(world.actor("community_staff"), case.number, reason="网格先协商")
    assert (case.level, case.owner_unit_id, case.state) == ("grid", world.units["grid"], "registered")
    escalation.escalate(world.actor("grid_worker"), case.number, **WHY)
    verbs.act(world.actor("community_staff"), case.number, "approve_escalate")
    with pytest.raises(Conflict, match="交回过一次"):
        escalation.hand_down(world.actor("community_staff"), case.number, reason="再来")


def test_declining_is_confirmed_by_the_next_level_and_the_reason_told(world: World) -> None:
    case = register(world)
    escalation.decline(world.actor("grid_worker"), case.number, reason="属于邻里私人约定，请联系13812345678")
    assert case.state == "registered"
    verbs.act(world.actor("community_staff"), case.number, "approve_decline")
    assert case.state == "declined"
    assert told(case)[-1] == "不予受理。理由：属于邻里私人约定，请联系138****5678"


def test_redirecting_says_where_to_turn(world: World) -> None:
    case = case_at(world, "redirected")
    assert told(case)[-1] == "这件事请找：人民法院。理由：属于诉讼事项"


def test_at_the_top_another_person_of_the_street_confirms(world: World) -> None:
    case = register(world, "street")
    escalation.decline(world.actor("street_staff"), case.number, reason="不属于职责")
    with pytest.raises(Refused, match="您自己提出"):
        verbs.act(world.actor("street_staff"), case.number, "approve_decline")
    verbs.act(world.actor("street_staff1b"), case.number, "approve_decline")
    assert case.state == "declined"


def test_an_extension_is_asked_by_the_handler_decided_by_the_owner_told_and_given_once(world: World) -> None:
    case = case_at(world, "in_progress")
    handler, due = world.actor("handler"), case.due_at
    assert due is not None
    with pytest.raises(Invalid, match="最多延期5个工作日"):
        escalation.extend(handler, case.number, reason="等配件", workdays=6)
    escalation.extend(handler, case.number, reason="等配件", workdays=5)
    assert case.due_at == due
    verbs.act(world.actor("branch_secretary"), case.number, "approve_extend")
    assert case.due_at is not None
    assert case.due_at > due
    assert "理由：等配件" in told(case)[-1]
    with pytest.raises(Conflict, match="延期过一次"):
        escalation.extend(handler, case.number, reason="还要等", workdays=1)


def test_who_works_on_it_does_not_prolong_the_own_deadline(world: World) -> None:
    case = register(world)
    loop.assign(world.actor("grid_worker"), case.number, handler_unit_id=world.units["grid"])
    loop.accept(world.actor("grid_worker1b"), case.number)
    escalation.extend(world.actor("grid_worker"), case.number, reason="等配件", workdays=1)
    with pytest.raises(Refused, match="经办"):
        verbs.act(world.actor("grid_worker1b"), case.number, "approve_extend")
    verbs.act(world.actor("branch_secretary"), case.number, "approve_extend")


def test_what_is_overdue_is_not_prolonged(world: World) -> None:
    case = case_at(world, "in_progress")
    assert case.due_at is not None
    with (
        time_machine.travel(case.due_at + timedelta(hours=1), tick=False),
        pytest.raises(Conflict, match="超期"),
    ):
        escalation.extend(world.actor("handler"), case.number, reason="等配件", workdays=1)


def test_returned_twice_it_is_ruled_by_the_level_above(world: World) -> None:
    case = register(world)
    owner, handler = "grid_worker", world.actor("handler")
    for _ in range(2):
        loop.assign(world.actor(owner), case.number, handler_unit_id=world.units["company"])
        loop.return_case(handler, case.number, reason="不归我们管")
        assert (case.state, case.level) == ("convening", "grid")
    loop.assign(world.actor(owner), case.number, handler_unit_id=world.units["company"])
    loop.return_case(handler, case.number, reason="不归我们管")
    assert (case.state, case.level, case.returns, case.ruled) == ("convening", "community", 2, True)
    loop.assign(world.actor("community_staff"), case.number, handler_unit_id=world.units["company"])
    with pytest.raises(Conflict, match="裁定"):
        loop.return_case(handler, case.number, reason="不归我们管")
    loop.accept(handler, case.number)


def test_it_is_returned_within_two_working_days_or_not_at_all(world: World) -> None:
    case = case_at(world, "assigned")
    today = clock.today()
    days = calendar.load_calendar(today, today + timedelta(days=60))
    late = clock.at(days.add_workdays(today, 3)) + timedelta(hours=1)
    with time_machine.travel(late, tick=False), pytest.raises(Conflict, match="2个工作日"):
        loop.return_case(world.actor("handler"), case.number, reason="不归我们管")


def test_the_owner_takes_it_back_from_a_silent_handler(world: World) -> None:
    case = case_at(world, "assigned")
    loop.recall(world.actor("grid_worker"), case.number, reason="一直没有签收")
    assert (case.state, case.handler_unit_id) == ("convening", None)
    with pytest.raises(NotFound):
        queries.case_for(world.actor("handler"), case.number)
