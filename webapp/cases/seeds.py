"""Default categories and terms of a new district, which it can change afterwards.

The terms are defaults between the analogies that law and hotline rules give (12345: 5 to 15 working days; 信访: 60 days):
building 1, grid 5, community 10, street 15 working days; urgent matters get a first answer within 30 minutes.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from webapp.cases.categories import all_categories
from webapp.cases.models import CaseCategory, TermRule
from webapp.cases.terms import all_rules
from webapp.directory.posts import Level
from webapp.foundation.db import transaction

BEGINNING = date(2020, 1, 1)
ENVIRONMENT, PROPERTY, SAFETY, NEIGHBOURS, SERVICE = "环境", "物业", "安全", "邻里", "服务"
CATEGORIES = (
    ("sanitation", "环境卫生", ENVIRONMENT),
    ("noise", "噪音扰民", ENVIRONMENT),
    ("illegal_building", "违建", ENVIRONMENT),
    ("parking", "停车管理", PROPERTY),
    ("charging", "充电桩", PROPERTY),
    ("property_service", "物业服务", PROPERTY),
    ("utilities", "供水供电", PROPERTY),
    ("lighting", "照明维修", PROPERTY),
    ("fire_safety", "消防安全", SAFETY),
    ("corridor_clutter", "楼道堆物", SAFETY),
    ("lift", "电梯故障", SAFETY),
    ("dispute", "邻里纠纷", NEIGHBOURS),
    ("dogs", "养犬管理", NEIGHBOURS),
    ("assistance", "助老助残", SERVICE),
    ("policy", "政策咨询", SERVICE),
    ("other", "其他", SERVICE),
)
# level, category, urgent, accept, handle
TERMS = (
    (Level.BUILDING, "", False, (4, "work_hour"), (1, "workday")),
    (Level.GRID, "", False, (1, "workday"), (5, "workday")),
    (Level.COMMUNITY, "", False, (1, "workday"), (10, "workday")),
    (Level.STREET, "", False, (2, "workday"), (15, "workday")),
    # Questions are answered sooner than works are done; mediation is given the month that is usual for it.
    (Level.GRID, "policy", False, (1, "workday"), (2, "workday")),
    (Level.COMMUNITY, "policy", False, (1, "workday"), (2, "workday")),
    (Level.GRID, "dispute", False, (1, "workday"), (10, "workday")),
    (Level.COMMUNITY, "dispute", False, (1, "workday"), (20, "workday")),
    *(
        (level, "", True, (30, "minute"), (1, "workday"))
        for level in (
            Level.BUILDING,
            Level.GRID,
            Level.COMMUNITY,
            Level.STREET,
        )
    ),
)


def seed_defaults() -> None:
    """Add missing categories and terms; what the district changed stays."""
    with transaction() as session:
        there = set(session.scalars(sa.select(CaseCategory.key)))
        all_categories.forget()
        for position, (key, name, group) in enumerate(CATEGORIES):
            if key not in there:
                session.add(CaseCategory(key=key, name=name, group=group, position=position))
        all_rules.forget()
        if session.scalar(sa.select(sa.func.count()).select_from(TermRule)):
            return
        for level, category, urgent, accept, handle in TERMS:
            session.add(
                TermRule(
                    level=level,
                    category=category,
                    urgent=urgent,
                    accept_amount=accept[0],
                    accept_unit=accept[1],
                    handle_amount=handle[0],
                    handle_unit=handle[1],
                    valid_from=BEGINNING,
                )
            )
