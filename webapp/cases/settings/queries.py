"""Queries for the district's case settings: working days and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from webapp.cases.categories import all_categories
from webapp.cases.models import TermRule
from webapp.directory.posts import LADDER, Level
from webapp.extensions import db
from webapp.foundation import calendar, clock, periods
from webapp.foundation.calendar import Day
from webapp.foundation.errors import NotFound
from webapp.foundation.periods import Standing
from webapp.foundation.receipts import digest

ONE_DAY = timedelta(days=1)


# The working days


@dataclass(frozen=True)
class Run:
    """One or several days in a row that are workdays, or days off under the name of a holiday."""

    first: date
    last: date
    works: bool
    name: str = ""

    @property
    def days(self) -> list[date]:
        """Each of its days."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def ends(year: int) -> tuple[date, date]:
    """The first and the last day of ``year``."""
    return date(year, 1, 1), date(year, 12, 31)


def days_of(year: int) -> dict[date, Day]:
    """The calendar's days of ``year``, as far as entered."""
    return calendar.days_between(*ends(year))


@dataclass(frozen=True)
class Year:
    """One year of the calendar: the days that are not what their weekday says, and whether all days are there."""

    year: int
    runs: Sequence[Run]
    whole: bool
    reach: date | None  # up to which day, from today on, the table is whole
    state: str
    offered: Sequence[int]  # years that one can look at


def year_of_workdays(asked: int | None) -> Year:
    """The requested year if the calendar has it, else the current one; four queries."""
    this = clock.today().year
    begin = calendar.first_day()
    first = min(begin.year, this) if begin else this
    year = asked if asked is not None and first <= asked <= this + 1 else this
    days = days_of(year)
    return Year(
        year=year,
        runs=_runs(days),
        whole=len(days) == len(Run(*ends(year), works=True).days),
        reach=calendar.reach(clock.today()),
        state=calendar.state(),
        offered=sorted({year, this, this + 1}),
    )


def _runs(days: dict[date, Day]) -> list[Run]:
    """The days that differ from Monday to Friday; of a holiday also its weekend, as one run."""
    found: list[Run] = []
    for day, said in days.items():
        plain = said.is_workday == (day.weekday() < 5)
        if plain and (said.is_workday or not said.note):
            continue
        last = found[-1] if found else None
        goes_on = last and (last.works, last.name, last.last + ONE_DAY) == (
            said.is_workday,
            said.note,
            day,
        )
        if last and goes_on:
            found[-1] = Run(last.first, day, last.works, last.name)
        else:
            found.append(Run(day, day, said.is_workday, said.note))
    return found


# How long a case may take


@dataclass(frozen=True)
class Scope:
    """What a rule applies to; without a category, to all."""

    level: str
    category: str = ""
    urgent: bool = False

    @property
    def is_general(self) -> bool:
        """Whether it is the rule that applies where nothing special is set."""
        return not self.category and not self.urgent


@dataclass(frozen=True)
class Line(Standing[TermRule]):
    """The rules of one scope."""

    scope: Scope

    @property
    def state(self) -> str:
        """A digest that changes whenever any of its rules change."""
        rules = [rule for rule in (self.now, self.later) if rule]
        return digest(
            {"rules": [(rule.id, rule.valid_from, rule.valid_to, *figures(rule)) for rule in rules]}
        )


def figures(rule: TermRule) -> tuple[int, str, int, str]:
    """A rule in figures: the terms for acceptance and for a result, with their units."""
    return rule.accept_amount, rule.accept_unit, rule.handle_amount, rule.handle_unit


def _scope(rule: TermRule) -> Scope:
    return Scope(rule.level, rule.category, rule.urgent)


def lines(level: str = "") -> list[Line]:
    """The rules in force or to come, of one level or of all: one query."""
    today = clock.today()
    query = sa.select(TermRule).where(periods.not_over(TermRule.valid_to, today))
    if level:
        query = query.where(TermRule.level == level)
    rules = db.session.scalars(query.order_by(TermRule.valid_from))
    found = periods.standings(rules, _scope, today)
    return [Line(standing.now, standing.later, scope) for scope, standing in found.items()]


def line_of(rule_id: int) -> Line:
    """All rules with the scope of this one.

    Raises:
        NotFound: there is no such rule, or its scope has none any more.
    """
    rule = db.session.get(TermRule, rule_id)
    if rule is None:
        raise NotFound
    found = next((line for line in lines(rule.level) if line.scope == _scope(rule)), None)
    if found is None:
        raise NotFound("这一条时限已经停用。")
    return found


def category_names() -> dict[str, str]:
    """The names of all categories there ever were, in their order."""
    return {category.key: category.name for category in all_categories().values()}


def lines_by_level(names: Mapping[str, str]) -> dict[Level, list[Line]]:
    """All that is in force or to come; of each level the general rule first, then urgency, then the categories."""
    order = {key: number for number, key in enumerate(("", *names))}
    found: dict[Level, list[Line]] = {level: [] for level in LADDER}
    for line in sorted(lines(), key=lambda line: (order[line.scope.category], line.scope.urgent)):
        found[Level(line.scope.level)].append(line)
    return found
