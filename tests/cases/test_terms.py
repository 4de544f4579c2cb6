from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.cases.factories import register
from tests.support.world import World
from webapp.cases import seeds, terms
from webapp.cases.models import Case, CaseCategory, TermRule
from webapp.cases.states import CaseState, Phase
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.calendar import Calendar, Day
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict


def rule(
    level: str = "grid", category: str = "", urgent: bool = False, start: int = 2020, end: date | None = None
) -> terms.Rule:
    return terms.Rule(
        id=0,
        level=level,
        category=category,
        urgent=urgent,
        accept_amount=1,
        accept_unit="workday",
        handle_amount=5,
        handle_unit="workday",
        valid_from=date(start, 1, 1),
        valid_to=end,
    )


DAY = date(2026, 3, 4)


def test_urgency_outweighs_category_and_category_outweighs_the_general_rule() -> None:
    general, special, urgent = rule(), rule(category="noise"), rule(urgent=True)
    rules = [general, special, urgent, rule(level="street")]
    assert terms.choose(rules, "grid", "parking", False, DAY) is general
    assert terms.choose(rules, "grid", "noise", False, DAY) is special
    assert terms.choose(rules, "grid", "noise", True, DAY) is urgent
    assert terms.choose([general, special], "grid", "noise", True, DAY) is special
    assert terms.choose([urgent], "grid", "noise", False, DAY) is None


def test_of_two_versions_the_one_in_force_on_the_day_is_taken() -> None:
    old, new = rule(end=date(2025, 12, 31)), rule(start=2026)
    assert terms.choose([old, new], "grid", "", False, date(2025, 12, 31)) is old
    assert terms.choose([old, new], "grid", "", False, date(2026, 1, 1)) is new


def moment(day: date, hour: int = 10, minute: int = 0) -> datetime:
    return clock.at(day, time(hour, minute))


def a_case(level: str = "grid", category: str = "parking", urgent: bool = False) -> Case:
    return Case(level=level, category=category, urgent=urgent)


@pytest.mark.usefixtures("lite_app")
def test_terms_count_working_days_over_the_spring_festival() -> None:
    case = a_case()
    terms.start(
        case, Phase.HANDLE, moment(date(2026, 2, 12))
    )  # Thursday; 14 is worked, 15 to 23 is the holiday
    assert case.due_at == clock.at(date(2026, 2, 26), time(23, 59, 59))
    assert case.due_explained.startswith("网格办结时限5个工作日：2月12日起算，第5个工作日，其中")
    assert "春节" in case.due_explained
    assert "2月14日调休上班" in case.due_explained
    assert case.due_warning == ""


@pytest.mark.usefixtures("lite_app")
@pytest.mark.parametrize(
    ("level", "phase", "due"),
    [
        ("building", Phase.HANDLE, date(2026, 3, 5)),
        ("grid", Phase.ACCEPT, date(2026, 3, 5)),
        ("grid", Phase.HANDLE, date(2026, 3, 11)),
        ("community", Phase.HANDLE, date(2026, 3, 18)),
        ("street", Phase.ACCEPT, date(2026, 3, 6)),
        ("street", Phase.HANDLE, date(2026, 3, 25)),
        ("street", Phase.CALLBACK, date(2026, 3, 11)),
    ],
)
def test_every_level_has_its_own_term(level: str, phase: Phase, due: date) -> None:
    case = a_case(level)
    terms.start(case, phase, moment(DAY))
    assert case.due_at == clock.at(due, time(23, 59, 59))


@time_machine.travel(moment(DAY), tick=False)  # the year is named where it is not this one
@pytest.mark.usefixtures("lite_app")
def test_urgent_is_answered_within_thirty_minutes_at_night_too_but_checked_in_ordinary_time() -> None:
    case = a_case(urgent=True)
    terms.start(case, Phase.ACCEPT, moment(DAY, 23, 50))
    assert case.due_at == moment(date(2026, 3, 5), 0, 20)
    assert case.due_explained == "网格受理时限（紧急）30分钟：3月4日23:50起算，不分昼夜。"
    terms.start(case, Phase.CHECK, moment(DAY))
    assert case.due_at == clock.at(date(2026, 3, 5), time(23, 59, 59))


@time_machine.travel(moment(DAY), tick=False)  # the year is named where it is not this one
@pytest.mark.usefixtures("lite_app")
def test_a_day_agreed_may_be_earlier_than_the_term_and_never_later() -> None:
    case = a_case()
    terms.start(case, Phase.HANDLE, moment(DAY), by_day=date(2026, 3, 6))
    assert case.due_at == clock.at(date(2026, 3, 6), time(23, 59, 59))
    assert case.due_explained.startswith("转办时约定3月6日前办结")
    terms.start(case, Phase.HANDLE, moment(DAY), by_day=date(2026, 4, 6))
    assert case.due_at == clock.at(date(2026, 3, 11), time(23, 59, 59))


@pytest.mark.usefixtures("lite_app")
def test_beyond_the_known_holidays_the_term_carries_a_warning() -> None:
    case = a_case()
    terms.start(case, Phase.HANDLE, moment(date(2031, 3, 4)))
    assert case.due_warning == "节假日数据未更新"


@pytest.mark.usefixtures("app")
def test_a_rule_changed_later_never_rewrites_a_running_term(world: World) -> None:
    case = register(world)
    before = (case.due_at, case.term_amount, case.due_explained)
    with transaction() as session:
        session.execute(sa.update(TermRule).values(accept_amount=9))
    terms.all_rules.forget()
    db.session.expire_all()
    assert (case.due_at, case.term_amount, case.due_explained) == before


@pytest.mark.usefixtures("lite_app")
def test_without_a_rule_it_says_what_is_missing(world: World) -> None:
    with transaction() as session:
        session.execute(sa.update(TermRule).values(valid_to=date(2021, 1, 1)))
    terms.all_rules.forget()
    with pytest.raises(Conflict, match="没有适用的办理时限"):
        register(world)


def test_a_suspended_term_goes_on_with_the_working_days_that_were_left(lite_app: object) -> None:
    case = a_case()
    terms.start(case, Phase.HANDLE, moment(DAY))  # Wednesday; due Wednesday 11
    terms.suspend(case, date(2026, 4, 1), moment(date(2026, 3, 6)))
    assert case.due_at == clock.at(date(2026, 4, 1), time(23, 59, 59))
    assert terms.resume(case, moment(date(2026, 3, 30))) == 3
    assert case.due_at == clock.at(date(2026, 4, 2), time(23, 59, 59))
    assert case.due_explained.startswith("挂账结束，剩余3个工作日：3月30日起算")


def test_suspending_does_not_wash_off_what_is_overdue(lite_app: object) -> None:
    case = a_case()
    terms.start(case, Phase.HANDLE, moment(DAY))
    due = case.due_at
    terms.suspend(case, date(2026, 4, 1), moment(date(2026, 3, 20)))
    terms.resume(case, moment(date(2026, 3, 25)))
    assert case.due_at == due


WEEK = Calendar({DAY: Day(True)}, date(2026, 2, 1), date(2026, 4, 30))  # Wednesday, 4 March


@pytest.mark.parametrize(
    ("days", "at", "kind", "text"),
    [
        (5, time(23, 59, 59), "", "还剩3个工作日"),
        (1, time(23, 59, 59), "due_soon", "还剩1个工作日"),
        (0, time(23, 59, 59), "due_soon", "今天到期"),
        (0, time(15, 30), "due_soon", "今天15:30到期"),
        (0, time(9, 0), "overdue", "已超期"),
        (-1, time(23, 59, 59), "overdue", "超期1个工作日"),
        (-5, time(23, 59, 59), "overdue", "超期3个工作日"),
    ],
)
def test_marks_say_how_near_the_deadline_is(days: int, at: time, kind: str, text: str) -> None:
    due = clock.at(DAY + timedelta(days=days), at)
    assert terms.mark("assigned", due, moment(DAY), WEEK) == terms.Mark(kind, text)


def test_closed_cases_bear_no_mark_and_suspended_ones_the_review_date() -> None:
    due = clock.at(DAY - timedelta(days=3))
    for state in CaseState:
        mark = terms.mark(state, due, moment(DAY), WEEK)
        closed = state in ("archived", "declined", "redirected", "withdrawn", "merged")
        assert (mark.kind == "overdue") == (not closed and state != "suspended")
    assert terms.mark("suspended", due, moment(DAY), WEEK).text.startswith("挂账至")


@pytest.mark.usefixtures("lite_app")
def test_working_time_is_a_working_day_within_hours() -> None:
    assert terms.is_working_time(moment(DAY, 9))
    assert not terms.is_working_time(moment(DAY, 12, 30))
    assert not terms.is_working_time(moment(DAY, 22))
    assert not terms.is_working_time(moment(date(2026, 3, 7)))  # Saturday
    assert terms.is_working_time(moment(date(2026, 2, 14)))  # a Saturday that is worked


@pytest.mark.usefixtures("app")
def test_seeding_twice_adds_nothing_and_undoes_no_correction() -> None:
    with transaction() as session:
        session.execute(sa.update(CaseCategory).where(CaseCategory.key == "noise").values(name="噪声"))
    count = sa.select(sa.func.count()).select_from(TermRule)
    before = db.session.scalar(count)
    seeds.seed_defaults()
    assert db.session.scalar(count) == before == len(seeds.TERMS)
    assert (
        db.session.scalar(sa.select(sa.func.count()).select_from(CaseCategory)) == len(seeds.CATEGORIES) == 16
    )
    assert db.session.get_one(CaseCategory, "noise").name == "噪声"
