"""Periods from a first to a last day, both included; without a last day they last until further notice."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Mapped


class DatedRule:
    """A mixin for rules in force from ``valid_from`` to ``valid_to``: a changed rule is a new row after the old one."""

    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


def includes(first: date, last: date | None, day: date) -> bool:
    """Whether ``day`` lies in the period."""
    return first <= day and (last is None or day <= last)


def in_force(
    first: InstrumentedAttribute[date],
    last: InstrumentedAttribute[date | None],
    day: date | sa.ColumnElement[date],
) -> sa.ColumnElement[bool]:
    """The condition that ``day`` (a date, or a parameter for one) lies in the period of a row."""
    return sa.and_(first <= day, sa.or_(last.is_(None), last >= day))


def overlaps(
    first: InstrumentedAttribute[date],
    last: InstrumentedAttribute[date | None],
    starts_on: date,
    ends_on: date | None,
) -> sa.ColumnElement[bool]:
    """The condition that the period of a row shares a day with the one from ``starts_on`` to ``ends_on``."""
    not_over = sa.or_(last.is_(None), last >= starts_on)
    return not_over if ends_on is None else sa.and_(not_over, first <= ends_on)
