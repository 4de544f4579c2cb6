"""The list of services that a new district starts with; it is kept up afterwards in the table."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from webapp.foundation.db import transaction
from webapp.visits.models import ServiceItem
from webapp.visits.queries import all_items

FIRST_DAY = date(2024, 1, 1)  # before any record of the demo district

# key, name, group, category of the case that may come of it (a key of cases' categories)
DEFAULTS = (
    ("policy", "政策咨询", "便民服务", "policy"),
    ("errand", "代办帮办", "便民服务", "other"),
    ("home_call", "走访慰问", "关爱服务", "assistance"),
    ("mediation", "矛盾调解", "平安建设", "dispute"),
    ("safety", "安全隐患排查", "平安建设", "fire_safety"),
    ("sanitation", "环境卫生", "小区治理", "sanitation"),
    ("elderly", "助老助残", "关爱服务", "assistance"),
    ("insurance", "医保社保", "便民服务", "policy"),
    ("certificate", "证明开具引导", "便民服务", "policy"),
    ("property", "物业协调", "小区治理", "property_service"),
    ("opinion", "民情收集", "小区治理", "other"),
    ("outreach", "入户宣传", "便民服务", "other"),
    ("job", "就业帮扶", "关爱服务", "policy"),
    ("other", "其他", "其他", "other"),
)


def seed_defaults() -> int:
    """Add what is missing of the default list; lines already there, changed or ended, stay. Returns how many were added."""
    with transaction() as session:
        there = set(session.scalars(sa.select(ServiceItem.key)))
        rows = [
            {
                "key": key,
                "name": name,
                "group": group,
                "case_category": category,
                "position": position,
                "valid_from": FIRST_DAY,
            }
            for position, (key, name, group, category) in enumerate(DEFAULTS, start=1)
            if key not in there
        ]
        if rows:
            session.execute(sa.insert(ServiceItem), rows)
    all_items.forget()
    return len(rows)
