"""Terms of cases: which rule applies, when the term ends and why, and how near that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from webapp.cases.models import Case, TermRule
from webapp.cases.states import LIMITS, OPEN, PHASE_NAMES, UNDER_WAY, CaseState, Phase
from webapp.directory.posts import LEVEL_NAMES, Level
from webapp.extensions import db
from webapp.foundation import calendar, clock, periods, text
from webapp.foundation.calendar import Calendar
from webapp.foundation.errors import Conflict
from webapp.foundation.kept import Kept

UNIT_NAMES = {"workday": "个工作日", "work_hour": "个工作时", "minute": "分钟"}
MARGIN = timedelta(days=2)


@dataclass(frozen=True)
class Mark:
    """How near a deadline is: ``kind`` is 'overdue', 'due_soon' or ''; ``text`` says it in Chinese."""

    kind: str = ""
    text: str = ""


class Rule(NamedTuple):
    """A ``TermRule`` as it is kept in memory."""

    id: int
    level: str
    category: str
    urgent: bool
    accept_amount: int
    accept_unit: str
    handle_amount: int
    handle_unit: str
    valid_from: date
    valid_to: date | None


def _read_rules() -> list[Rule]:
    columns = TermRule.__table__.c
    rows = db.session.execute(sa.select(*(columns[name] for name in Rule._fields)))
    return [Rule(*row) for row in rows]


# A change begins on a later day, so a rule that is a minute old is the one in force.
all_rules = Kept(_read_rules)


def choose(rules: Iterable[Rule], level: str, category: str, urgent: bool, day: date) -> Rule | None:
    """The rule in force on ``day``: urgency outweighs the category, the category outweighs the general rule.

    An urgent matter for which nothing special is set falls back to the ordinary terms; the reverse never happens.
    """
    fitting = [
        rule
        for rule in rules
        if rule.level == level
        and rule.category in ("", category)
        and (urgent or not rule.urgent)
        and periods.includes(rule.valid_from, rule.valid_to, day)
    ]
    return max(fitting, key=lambda rule: (rule.urgent, rule.category != "", rule.valid_from), default=None)


def rule_for(level: str, category: str, urgent: bool, day: date) -> Rule:
    """``choose`` from all rules.

    Raises:
        Conflict: none is in force.
    """
    rule = choose(all_rules(), level, category, urgent, day)
    if rule is None:
        raise Conflict("没有适用的办理时限，请管理员先设定时限规则。")
    return rule


def start(case: Case, phase: Phase, now: datetime, *, by_day: date | None = None) -> None:
    """Begin a term on ``case``. The figures are copied, so that a rule changed later never rewrites it.

    ``by_day`` is an earlier last day, set by a person; a later one than the rule allows is not taken.
    """
    amount, unit, rule = _length(case, phase, clock.local(now).date())
    due = _due(now, amount, unit)
    case.term_phase, case.term_amount, case.term_unit = phase, amount, unit
    case.term_rule_id = rule.id if rule else None
    case.term_started_at = now
    case.due_at, case.due_warning = due.due_at, due.warning
    whose = LEVEL_NAMES[Level(case.level)] if rule else ""
    urgent = "（紧急）" if rule and rule.urgent else ""
    head = f"{whose}{PHASE_NAMES[phase]}时限{urgent}{amount}{UNIT_NAMES[unit]}"
    case.due_explained = f"{head}：{due.explanation}。"
    if by_day is not None and _end_of(by_day) < due.due_at:
        case.due_at = _end_of(by_day)
        case.due_explained = f"转办时约定{text.day(by_day)}前办结（{head}）。"


def _length(case: Case, phase: Phase, day: date) -> tuple[int, str, Rule | None]:
    if phase == Phase.CALLBACK:
        return LIMITS.callback_workdays, "workday", None
    # Checking and filing are desk work: even of an urgent matter they take the ordinary term.
    urgent = case.urgent and phase in (Phase.ACCEPT, Phase.HANDLE)
    rule = rule_for(case.level, case.category, urgent, day)
    if phase == Phase.HANDLE:
        return rule.handle_amount, rule.handle_unit, rule
    return rule.accept_amount, rule.accept_unit, rule


def _due(start_at: datetime, amount: int, unit: str) -> calendar.Due:
    if unit == "minute":
        begin = clock.local(start_at)
        return calendar.Due(
            start_at + timedelta(minutes=amount), f"{text.day(begin)}{begin:%H:%M}起算，不分昼夜"
        )
    whole: calendar.Unit = "workday" if unit == "workday" else "work_hour"
    return calendar.deadline(start_at, amount, whole)


def _end_of(day: date) -> datetime:
    return clock.at(day, calendar.END_OF_DAY)


def extend(case: Case, workdays: int, reason: str) -> None:
    """Move the deadline by so many working days."""
    assert case.due_at is not None
    due = calendar.deadline(case.due_at, workdays, "workday")
    before = text.day(case.due_at)
    case.due_at, case.due_warning = due.due_at, due.warning
    case.due_explained = f"原定{before}，同意延期{workdays}个工作日：{reason}"


def suspend(case: Case, until: date, now: datetime) -> None:
    """Stop the running term until the review date."""
    case.suspended_at, case.suspended_until, case.suspended_due_at = now, until, case.due_at
    case.term_phase = Phase.REVIEW
    case.due_at = _end_of(until)
    case.due_explained = f"已挂账，{text.day(until)}前复查，其间不计时限。"
    case.due_warning = ""


def resume(case: Case, now: datetime) -> int:
    """Continue the term with the working days that were left; returns their number. What was overdue stays overdue."""
    assert case.suspended_at is not None
    assert case.suspended_due_at is not None
    left = workdays_between(case.suspended_at, case.suspended_due_at)
    case.term_phase = Phase.HANDLE
    case.due_at = case.suspended_due_at
    case.due_explained = "挂账前已经超期，恢复后按原时限。"
    if left > 0:
        due = calendar.deadline(now, left, "workday")
        case.due_at, case.due_warning = due.due_at, due.warning
        case.due_explained = f"挂账结束，剩余{left}个工作日：{due.explanation}。"
    case.suspended_at = case.suspended_until = case.suspended_due_at = None
    case.suspended_reason = ""
    return left


def workdays_between(a: datetime, b: datetime) -> int:
    """Working days after ``a``'s day up to and with ``b``'s; negative if ``b`` comes first."""
    days = (clock.local(a).date(), clock.local(b).date())
    return calendar.load_calendar(min(days), max(days)).workdays_between(*days)


def step_up_is_due(case: Case, now: datetime) -> bool:
    """Whether the case is overdue beyond its grace: a working day has passed after the deadline, or it is urgent."""
    if case.due_at is None or case.due_at >= now or case.state not in (*UNDER_WAY, CaseState.PENDING_CHECK):
        return False
    return case.urgent or workdays_between(case.due_at, now) > LIMITS.grace_workdays


def is_working_time(now: datetime) -> bool:
    """Whether now is within working hours of a working day."""
    local = clock.local(now)
    if not calendar.load_calendar(local.date(), local.date()).is_workday(local.date()):
        return False
    return any(opens <= local.time() < closes for opens, closes in calendar.WORK_HOURS)


def calendar_over(moments: Sequence[datetime | None], now: datetime) -> Calendar:
    """The calendar that ``mark`` needs for these deadlines."""
    days = [clock.local(moment).date() for moment in (*moments, now) if moment is not None]
    return calendar.load_calendar(min(days) - MARGIN, max(days) + MARGIN)


def mark(state: str, due_at: datetime | None, now: datetime, days: Calendar) -> Mark:
    """How near the deadline of a case is; nothing once it is closed or while it is suspended."""
    if due_at is None or state not in OPEN:
        return Mark()
    if state == CaseState.SUSPENDED:
        return Mark("", f"挂账至{text.day(due_at)}")
    left = days.working_days_left(due_at, now)
    if due_at < now:
        return Mark("overdue", f"超期{-left}个工作日" if left < 0 else "已超期")
    if clock.local(due_at).date() == clock.local(now).date():
        hour = clock.local(due_at).time()
        return Mark("due_soon", "今天到期" if hour >= calendar.END_OF_DAY else f"今天{hour:%H:%M}到期")
    if left <= LIMITS.due_soon_workdays:
        return Mark("due_soon", f"还剩{left}个工作日" if left else f"{text.day(due_at)}到期")
    return Mark("", f"还剩{left}个工作日")


def soon_before(now: datetime) -> datetime:
    """Deadlines up to this moment are due soon: the end of the next working day."""
    today = clock.local(now).date()
    days = calendar.load_calendar(today, today + calendar.SLACK)
    return _end_of(days.add_workdays(today, LIMITS.due_soon_workdays))
