"""What one can ask about the rules of points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.foundation import periods
from webapp.foundation.errors import NotFound
from webapp.foundation.kept import Kept
from webapp.foundation.periods import Standing
from webapp.points.models import (
    PointRule,
    RuleEvent,
)


def read_rules() -> Sequence[Any]:
    """Every rule there ever was, as rows, as they are at this moment."""
    return db.session.execute(sa.select(PointRule.__table__).order_by(PointRule.id)).all()


all_rules = Kept(read_rules)


def in_force(rule: Any, day: date) -> bool:
    """Whether the rule applies to what was done on ``day``."""
    return periods.includes(rule.valid_from, rule.valid_to, day)


def rules_on(day: date, event: str = "") -> Sequence[Any]:
    """The rules in force on a day, for one kind of event or all."""
    return [rule for rule in all_rules() if in_force(rule, day) and event in ("", rule.event)]


def standings(rules: Iterable[Any], today: date) -> list[Standing[PointRule]]:
    """The rules among ``rules`` that are in force or announced, in the order in which they were first made."""
    return list(periods.standings(rules, lambda rule: str(rule.code), today).values())


def resting(rules: Sequence[Any], today: date) -> list[Any]:
    """For each event of other rooms that earns nothing now, nor is announced to: the row by which it earned last."""
    busy = {standing.row.event for standing in standings(rules, today)} | {RuleEvent.BY_HAND}
    last: dict[str, Any] = {}
    for rule in sorted(rules, key=lambda rule: rule.valid_from):
        if rule.event not in busy:
            last[rule.event] = rule
    return list(last.values())


def standing_of(rules: Sequence[Any], rule_id: int, today: date) -> Standing[PointRule]:
    """The rule to which the row ``rule_id`` belongs.

    Raises:
        NotFound: there is none, or it has ended.
    """
    code = next((rule.code for rule in rules if rule.id == rule_id), None)
    found = standings((rule for rule in rules if rule.code == code), today)
    if not found:
        raise NotFound
    return found[0]
