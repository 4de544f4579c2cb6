"""Periods from a first to a last day, both included; without a last day they last until further notice.

What is taken out of use has ``retired_on`` instead: the first day on which it no longer counts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Mapped


def includes(first: date, last: date | None, day: date) -> bool:
    """Whether ``day`` lies in the period."""
    return first <= day and (last is None or day <= last)


def in_force(
    first: InstrumentedAttribute[date],
    last: InstrumentedAttribute[date | None],
    day: date | sa.ColumnElement[date],
) -> sa.ColumnElement[bool]:
    """The condition that ``day`` (a date, or a parameter for one) lies in the period of a row."""
    return sa.and_(first <= day, not_over(last, day))


def not_over(
    last: InstrumentedAttribute[date | None], day: date | sa.ColumnElement[date]
) -> sa.ColumnElement[bool]:
    """The condition that the period of a row includes ``day`` or comes later."""
    return sa.or_(last.is_(None), last >= day)


def overlaps(
    first: InstrumentedAttribute[date],
    last: InstrumentedAttribute[date | None],
    starts_on: date,
    ends_on: date | None,
) -> sa.ColumnElement[bool]:
    """The condition that the period of a row shares a day with the one from ``starts_on`` to ``ends_on``."""
    rest = not_over(last, starts_on)
    return rest if ends_on is None else sa.and_(rest, first <= ends_on)


def counts(retired_on: date | None, day: date) -> bool:
    """Whether what is retired from ``retired_on`` on still counts on ``day``."""
    return retired_on is None or day < retired_on


def not_retired(retired_on: InstrumentedAttribute[date | None], day: date) -> sa.ColumnElement[bool]:
    """The condition that a row still counts on ``day``."""
    return sa.or_(retired_on.is_(None), retired_on > day)


# Rules that change on a day to come


class DatedRule:
    """A mixin for rules in force from ``valid_from`` to ``valid_to``: a changed rule is a new row after the old one."""

    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


Rule = TypeVar("Rule", bound=DatedRule)
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Standing(Generic[Rule]):
    """A rule as it stands: the row in force, and the row that is announced for later. At least one is there."""

    now: Rule | None
    later: Rule | None

    @property
    def row(self) -> Rule:
        """The row that people go by: what is in force, or else what will be."""
        row = self.now or self.later
        assert row is not None
        return row

    @property
    def last_day(self) -> date | None:
        """The day after which the rule is no more; None while it goes on, unchanged or changed."""
        return self.now.valid_to if self.now and not self.later else None


def standings(rules: Iterable[Rule], key: Callable[[Rule], Key], today: date) -> dict[Key, Standing[Rule]]:
    """The rules in force or announced, in the order of their first rows; rows with the same ``key`` are one rule."""
    rows: dict[Key, list[Rule]] = {}
    for rule in rules:
        rows.setdefault(key(rule), []).append(rule)
    return {
        name: Standing(
            now=next((row for row in each if includes(row.valid_from, row.valid_to, today)), None),
            later=next((row for row in each if row.valid_from > today), None),
        )
        for name, each in rows.items()
        if any(row.valid_to is None or row.valid_to >= today for row in each)
    }
