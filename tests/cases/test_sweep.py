from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
import time_machine

from tests.cases.factories import CALLER, TRY_CHANNEL, case_at, register
from tests.support.world import World
from webapp.cases import queries
from webapp.cases.models import Case
from webapp.cases.service import escalation, review
from webapp.cases.service.sweep import SweepCounts, sweep
from webapp.foundation import calendar, clock

pytestmark = pytest.mark.usefixtures("app")


def workday(after: datetime, n: int, hour: int = 10) -> datetime:
    """That hour of the n-th working day after a moment."""
    day = clock.local(after).date()
    days = calendar.load_calendar(day, day + timedelta(days=120))
    return clock.at(days.add_workdays(day, n), time(hour))


def due(case: Case) -> datetime:
    assert case.due_at is not None
    return case.due_at


def run(now: datetime) -> SweepCounts:
    with time_machine.travel(now, tick=False):
        return sweep()


def test_overdue_beyond_its_grace_a_case_steps_up_once(world: World) -> None:
    case = case_at(world, "in_progress")
    first = due(case)
    assert run(workday(first, 1)) == SweepCounts()  # the day of grace
    assert run(workday(first, 2)).stepped_up == 1
    assert (case.level, case.owner_unit_id, case.state) == (
        "community",
        world.units["community"],
        "in_progress",
    )
    assert case.handler_unit_id == world.units["company"]
    assert due(case) > first
    assert run(workday(first, 2, 11)) == SweepCounts()
    line = queries.case_page(world.actor("community_staff"), case).timeline[-1]
    assert line.text == "办理超期，系统按规则交由示范社区一接办。"


def test_it_steps_up_in_working_hours_only(world: World) -> None:
    case = register(world)
    late = workday(due(case), 2)
    assert run(late.replace(hour=14)) == SweepCounts()  # 22:00 in Shanghai
    assert run(late).stepped_up == 1


def test_once_from_each_level_and_never_above_the_street(world: World) -> None:
    case = register(world)
    levels = []
    for _ in range(4):
        run(workday(due(case), 2))
        levels.append(case.level)
    assert levels == ["community", "street", "street", "street"]


def test_handed_down_after_a_step_up_it_does_not_step_up_again(world: World) -> None:
    case = register(world)
    late = workday(due(case), 2)
    run(late)
    with time_machine.travel(late + timedelta(minutes=5), tick=False):
        escalation.hand_down(world.actor("community_staff"), case.number, reason="网格尽快处理")
    assert run(workday(due(case), 3)).stepped_up == 0
    assert case.level == "grid"


def test_urgent_cases_have_no_grace(world: World) -> None:
    case = register(world, urgent=True)
    assert run(workday(due(case), 1)).stepped_up == 1


def test_a_suspension_ends_with_its_review_date(world: World) -> None:
    case = case_at(world, "suspended")
    assert run(due(case) - timedelta(hours=1)) == SweepCounts()
    assert run(due(case) + timedelta(hours=1)).resumed == 1
    assert (case.state, case.suspended_until, case.suspended_reason) == ("in_progress", None, "")


def test_after_three_tries_and_the_time_for_asking_it_counts_as_not_reached(world: World) -> None:
    case = case_at(world, "callback")
    over = workday(due(case), 1)
    caller = world.actor(CALLER)
    for _ in range(2):
        review.log_try(caller, case.number, channel=TRY_CHANNEL)
    assert run(over).closed_callbacks == 0
    review.log_try(caller, case.number, channel=TRY_CHANNEL)
    assert run(over).closed_callbacks == 1
    assert (case.state, case.verdict, case.verdict_by) == ("appraised", "no_response", "system")


def test_who_left_no_phone_answers_by_the_code_or_not_at_all(world: World) -> None:
    case = case_at(world, "callback", confidentiality="anonymous")
    assert case.reporter_phone_hash is None
    assert run(workday(due(case), 1)).closed_callbacks == 1
    assert case.verdict == "no_response"


def test_what_is_not_overdue_or_closed_is_left_alone(world: World) -> None:
    for state in ("archived", "declined", "withdrawn"):
        case_at(world, state)
    assert run(workday(clock.now(), 60)) == SweepCounts()
