"""The settings and rules of a new district: all of them to be changed by it."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from webapp.foundation.db import transaction
from webapp.points import eligibility
from webapp.points.models import Evidence, Per, PointRule, PointSettings, RuleEvent
from webapp.points.rules import queries as rule_queries

FROM = date(2025, 1, 1)
# code, event, name, amount, per, daily cap, monthly cap, evidence. An hour is a point, as most places count it.
RULES = (
    ("visit", RuleEvent.VISIT_LOGGED, "走访服务", 1, Per.ACT, 5, 60, Evidence.RECORD),
    ("case", RuleEvent.CASE_ARCHIVED, "诉求办结归档", 3, Per.ACT, 15, 90, Evidence.RECORD),
    ("service_hour", RuleEvent.ATTENDANCE_CONFIRMED, "志愿服务", 1, Per.HOUR, 4, 30, Evidence.RECORD),
    ("mediation", RuleEvent.BY_HAND, "调解矛盾纠纷", 3, Per.ACT, None, None, Evidence.AGREEMENT),
    ("meeting", RuleEvent.BY_HAND, "参加议事协商", 1, Per.ACT, None, None, Evidence.MINUTES),
    ("cleaning", RuleEvent.BY_HAND, "参加环境整治", 1, Per.ACT, None, None, Evidence.NOTE),
    ("publicity", RuleEvent.BY_HAND, "政策宣讲", 1, Per.ACT, None, None, Evidence.NOTE),
)
COLUMNS = ("code", "event", "name", "amount", "per", "daily_cap", "monthly_cap", "evidence")


def seed_defaults() -> None:
    """Write the settings and the rules that are missing; what the district has changed stays."""
    with transaction() as session:
        if session.get(PointSettings, 1) is None:
            session.add(PointSettings(id=1))
        known = set(session.scalars(sa.select(PointRule.code)))
        for values in RULES:
            if values[0] not in known:
                session.add(PointRule(**dict(zip(COLUMNS, values, strict=True)), valid_from=FROM))
    eligibility.settings.forget()
    rule_queries.all_rules.forget()
