"""What the district sets: the working days, and how long a case may take."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from webapp.cases import terms
from webapp.cases.categories import categories
from webapp.cases.models import TERM_UNITS, TermRule
from webapp.cases.settings.queries import Line, Run, Scope, days_of, ends, figures, line_of, lines
from webapp.directory.posts import LADDER
from webapp.extensions import db
from webapp.foundation import calendar, clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.calendar import Calendar, Day
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound

ONE_DAY = timedelta(days=1)
BY_HAND = "hand"  # source of a day that no library gave
# Rest may outweigh work by so many days; the longest holidays come to ten or so. More is a mistyped date, and without
# working days no term would end.
MOST_REST = 30
MOVED = "工作日刚被别人改过。请看现在的安排，还要改就再提交一次。"


def last_day() -> date:
    """The last day that can be set: the State Council publishes holidays one year ahead."""
    return date(clock.today().year + 1, 12, 31)


def correct_workdays(actor: Actor, run: Run, *, seen: str) -> Run:
    """Set future days as workdays or days off. Terms already running keep their end.

    ``seen`` is the calendar's state that the actor saw.

    Raises:
        Invalid: days that are past, today, too far ahead or the wrong way round; a holiday without its name; more rest
            than any term could get round. Conflict: somebody else changed the calendar meanwhile.
    """
    with transaction():
        _check_unmoved(seen)
        _check_run(run)
        calendar.put({day: _as_set(day, run) for day in run.days}, BY_HAND)
        _check_work_left(run)
        detail = {"last": run.last.isoformat(), "works": run.works}
        journal.record(actor, "workdays:correct", "workdays", run.first.isoformat(), detail)
    calendar.forget()
    return run


def _check_unmoved(seen: str) -> None:
    if calendar.held() != seen:
        raise Conflict(MOVED)


def _check_run(run: Run) -> None:
    if run.first <= clock.today():
        raise Invalid("只能改明天起的日子，过去的期限不重算。", "first")
    if run.last < run.first:
        raise Invalid("结束日期早于开始日期。", "last")
    if run.last > last_day():
        raise Invalid(f"最远可以改到 {last_day().year} 年底。", "last")
    if not run.works and not run.name and any(day.weekday() < 5 for day in run.days):
        raise Invalid("请写节日名称，说明期限时会用到。", "name")


def _as_set(day: date, run: Run) -> Day:
    """A plain working day needs no name; that of a worked weekend says for which holiday."""
    return Day(run.works, "" if run.works and day.weekday() < 5 else run.name)


def _check_work_left(run: Run) -> None:
    around = run.first - calendar.SLACK, run.last + calendar.SLACK
    if Calendar(calendar.days_between(*around), *around).surplus_of_rest() > MOST_REST:
        raise Invalid("连着休息的日子太多，请核对日期。", "last")


def fill_year(actor: Actor, year: int, *, seen: str) -> int:
    """Fill the missing days of ``year`` by weekday; from now on the year counts as known.

    Returns:
        How many days were added.

    Raises:
        Invalid: no year of this calendar. Conflict: it is whole already, or somebody changed the calendar meanwhile.
    """
    with transaction():
        _check_unmoved(seen)
        begin = calendar.first_day()
        if not (begin.year if begin else clock.today().year) <= year <= last_day().year:
            raise Invalid("只能补到明年。")
        days = days_of(year)
        missing = {
            day: Day(day.weekday() < 5) for day in Run(*ends(year), works=True).days if day not in days
        }
        if not missing:
            raise Conflict(f"{year} 年已经完整，不用再补。")
        calendar.put(missing, BY_HAND)
        journal.record(actor, "workdays:fill", "workdays", year, {"days": len(missing)})
    calendar.forget()
    return len(missing)


# How long a case may take

MOST = {"workday": 180, "work_hour": 100, "minute": 1440}  # more of a unit is a slip of the finger
TERM_MOVED = "这一条刚被别人改过。请看现在的时限，还要改就再提交一次。"


@dataclass(frozen=True)
class Terms:
    """How long a level has to take a case up, and to bring it to a result."""

    accept_amount: int
    accept_unit: str
    handle_amount: int
    handle_unit: str


def change_terms(actor: Actor, rule_id: int, *, given: Terms, starts: date, seen: str) -> Line:
    """Change terms from a future day on: the current rule gets its last day, and a new one follows.

    A change that waits for its day is replaced; with the terms that hold already it is called off.

    Raises:
        NotFound: there is no such rule. Conflict: changed by somebody else meanwhile, or ended.
        Invalid: terms that are none, a day that is not to come, or nothing to change.
    """
    with transaction() as session:
        line = _held(rule_id, seen)
        if line.last_day:
            raise Conflict("这一条已停用，今天是最后一天。需要的话请另加一条。")
        _check_terms(given)
        _check_starts(starts)
        now, following = line.now, line.later
        same = now is not None and figures(now) == astuple(given)
        if same and following is None:
            raise Invalid("和现在的时限一样，没有要改的。")
        if now is not None and (following is None or now.valid_to == following.valid_from - ONE_DAY):
            now.valid_to = None if same else starts - ONE_DAY
        if same and following is not None:
            session.delete(following)
        elif following is not None:
            # It was never in force: no term began with it.
            following.valid_from = starts
            for name, value in asdict(given).items():
                setattr(following, name, value)
        else:
            session.add(TermRule(**asdict(line.scope), **asdict(given), valid_from=starts))
        session.flush()
        detail: dict[str, object] = {"from": starts.isoformat(), **asdict(given)}
        journal.record(actor, "terms:call_off" if same else "terms:change", "term_rule", rule_id, detail)
        return line_of(rule_id)


def add_terms(actor: Actor, scope: Scope, *, given: Terms, starts: date) -> Line:
    """Set terms of their own for a category, for urgent matters or for both.

    Raises:
        Invalid: as in ``change_terms``; no such level or category; or there is such a rule.
    """
    with transaction() as session:
        if scope.level not in LADDER:
            raise Invalid("请选择层级。", "level")
        if scope.category and scope.category not in {row.key for row in categories()}:
            raise Invalid("请选择类别。", "category")
        _check_terms(given)
        _check_starts(starts)
        _hold(scope.level)
        if any(line.scope == scope and not line.last_day for line in lines(scope.level)):
            raise Invalid("已经有这一条，请到列表里修改它。", "category")
        rule = TermRule(**asdict(scope), **asdict(given), valid_from=starts)
        session.add(rule)
        session.flush()
        detail: dict[str, object] = {"from": starts.isoformat(), **asdict(given), **asdict(scope)}
        journal.record(actor, "terms:add", "term_rule", rule.id, detail)
        return line_of(rule.id)


def end_terms(actor: Actor, rule_id: int, *, seen: str) -> Scope:
    """End a special rule after today, and cancel what was to follow it.

    Raises:
        NotFound, Conflict: as in ``change_terms``; or it is a general one, which there is always.
    """
    with transaction() as session:
        line = _held(rule_id, seen)
        if line.scope.is_general:
            raise Conflict("一般事项的时限只能修改，不能停用。")
        if line.last_day:
            raise Conflict("这一条已经停用。")
        if line.later is not None:
            session.delete(line.later)
        if line.now is not None:
            line.now.valid_to = clock.today()
        journal.record(actor, "terms:end", "term_rule", rule_id)
        return line.scope


def _held(rule_id: int, seen: str) -> Line:
    level = db.session.scalar(sa.select(TermRule.level).where(TermRule.id == rule_id))
    if level is None:
        raise NotFound
    _hold(level)
    line = line_of(rule_id)
    if line.state != seen:
        raise Conflict(TERM_MOVED)
    return line


def _hold(level: str) -> None:
    """Lock a level's rules against other writers, including new rules, and read them anew from now on."""
    terms.all_rules.forget()
    db.session.execute(sa.select(TermRule.id).where(TermRule.level == level).with_for_update())


def _check_terms(given: Terms) -> None:
    for name in ("accept", "handle"):
        amount, unit = getattr(given, f"{name}_amount"), getattr(given, f"{name}_unit")
        if unit not in TERM_UNITS:
            raise Invalid("请选择单位。", f"{name}_unit")
        if not 1 <= amount <= MOST[unit]:
            raise Invalid(f"请填写 1 到 {MOST[unit]} 的整数。", f"{name}_amount")


def _check_starts(starts: date) -> None:
    if starts <= clock.today():
        raise Invalid("最早从明天起；已经在走的期限不变。", "starts")
    if starts > last_day():
        raise Invalid(f"最远可以定到 {last_day().year} 年底。", "starts")
