"""A database of the first release keeps its data when its columns get their present names."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import AnySelect

FIRST_RELEASE = "0004"
AT = "2026-03-01 01:00:00.000000"
LATE = "2026-03-01 17:30:00.000000"  # 2 March in Shanghai

PERSON = {
    "phone": "", "is_party_member": False, "is_serving_party_member": False, "is_reserve_cadre": False, "employer": "",
}  # fmt: skip
CASE = {
    "tracking_code": "", "version": 1, "title": "灯不亮", "what": "楼道的灯不亮", "place_text": "", "category": "other",
    "source": "phone", "confidentiality": "normal", "urgent": False, "key_small_matter": False,
    "registered_at": AT, "level": "grid", "owner_unit_id": 1, "returned_down": False, "returns": 0, "ruled": False,
    "result_text": "", "rework_count": 0, "verdict_note": "", "contact_tries": 0, "reopen_count": 0,
    "due_explained": "", "due_warning": "", "term_phase": "accept", "suspended_reason": "", "updated_at": LATE,
    "merged_into_id": None, "status_before": None, "closed_at": None, "escalated_at": None,
}  # fmt: skip
ENTRY = {
    "person_id": 1, "kind": "earn", "amount": 5, "title": "入户走访", "rule_id": 1, "rule_code": "visit",
    "source_type": "by_hand", "earned_on": "2026-03-01", "created_by": 2, "reason": "看望老人", "at": AT, "answer": "",
    "reviewed_by": None, "reviewed_at": None,
}  # fmt: skip
REWARD = {
    "unit_id": 1, "kind": "goods", "about": "", "cost": 5, "picture": "", "on_shelf": 1, "station_id": 1, "version": 1,
    "created_at": AT, "changed_at": AT, "changed_by": 2,
}  # fmt: skip

# What the first release wrote, in an order that keys allow.
ROWS: dict[str, list[dict[str, object]]] = {
    "persons": [{"id": number, "name": f"第{number}人", **PERSON} for number in (1, 2, 3)],
    "units": [{"id": 1, "code": "1", "level": "grid", "name": "一网格", "short_name": "一", "path": "1/"}],
    "stations": [
        {
            "id": 1, "code": "S1", "kind": "service_station", "name": "服务站", "unit_id": 1, "address": "", "hours": "",
            "phone": "",
        },
    ],
    "case_categories": [
        {"key": "old", "name": "旧类", "group": "其他", "position": 1, "reopen_allowed": True, "retired": True},
        {"key": "other", "name": "其他", "group": "其他", "position": 2, "reopen_allowed": True, "retired": False},
    ],
    "cases": [
        {**CASE, "id": 1, "number": "A1", "tracking_hash": "1", "status": "registered", "due_at": LATE},
        {
            **CASE, "id": 2, "number": "A2", "tracking_hash": "2", "status": "merged", "due_at": None,
            "merged_into_id": 1, "status_before": "convening", "closed_at": LATE, "escalated_at": AT,
        },
    ],
    "case_events": [
        {
            "id": 1, "case_id": 2, "at": LATE, "action": "merge", "from_status": "convening", "to_status": "merged",
            "level": "grid", "post": "grid_worker", "note": "同一件事", "data": "{}",
        },
    ],
    "check_in_kinds": [{"id": 1, "name": "双报到", "level": "grid", "sort": 3}],
    "service_items": [
        {
            "id": number, "key": key, "name": key, "group": "政策", "case_category": "other", "position": number,
            "valid_from": "2026-10-31", "valid_to": last,
        }
        for number, key, last in ((1, "policy", "2026-10-31"), (2, "help", None))
    ],
    "point_rules": [
        {
            "id": 1, "code": "visit", "event": "by_hand", "name": "入户走访", "amount": 5, "per": "act",
            "evidence": "note", "valid_from": "2026-01-01",
        },
    ],
    "point_accounts": [{"person_id": 1, "opened_at": AT}],
    "point_entries": [
        {**ENTRY, "id": 1, "source_id": "1", "status": "effective", "reviewed_by": 3, "reviewed_at": LATE},
        {**ENTRY, "id": 2, "source_id": "2", "status": "proposed"},
    ],
    "point_objections": [
        {
            "id": 1, "entry_id": 1, "raised_by": 2, "reason": "没有去", "at": AT, "state": "dismissed", "settled_by": 3,
            "settled_at": LATE, "answer": "去过",
        },
    ],
    "rewards": [
        {**REWARD, "id": 1, "name": "毛巾", "retired_at": LATE},
        {**REWARD, "id": 2, "name": "米", "retired_at": None},
    ],
    "redemptions": [
        {
            "id": 1, "code": "R1", "reward_id": 2, "person_id": 1, "cost": 5, "station_id": 1, "state": "fulfilled",
            "requested_at": AT, "expires_at": LATE, "settled_at": LATE, "fulfilled_by": 2,
        },
    ],
    "stock_movements": [
        {"id": 1, "reward_id": 2, "kind": "in", "amount": 1, "by": 2, "at": AT, "reason": "进货"},
        {"id": 2, "reward_id": 2, "kind": "correction", "amount": 1, "by": None, "at": AT, "reason": ""},
    ],
}  # fmt: skip


@pytest.fixture
def old(empty: Flask) -> Flask:
    """The app on a database as the first release left it."""
    upgrade(revision=FIRST_RELEASE)
    with db.engine.begin() as connection:
        for table, rows in ROWS.items():
            columns = sa.table(table, *(sa.column(name) for name in rows[0]))
            connection.execute(sa.insert(columns), rows)
    return empty


def values(table: str, *columns: str, key: str = "id") -> list[tuple[str, ...]]:
    """What the rows hold, as text, in the order of their keys."""
    query: AnySelect = sa.select(*(sa.column(name) for name in columns)).select_from(sa.table(table))
    with db.engine.connect() as connection:
        rows = connection.execute(query.order_by(sa.column(key))).all()
    return [tuple(str(value) for value in row) for row in rows]


def test_rows_keep_what_they_said(old: Flask) -> None:
    before = clock.today()
    upgrade()
    assert values("cases", "state", "state_before") == [("registered", "None"), ("merged", "convening")]
    assert values("case_events", "from_state", "to_state") == [("convening", "merged")]
    assert values("point_entries", "state") == [("effective",), ("proposed",)]
    assert values("check_in_kinds", "position") == [("3",)]

    assert values("point_entries", "created_by_id", "reviewed_by_id") == [("2", "3"), ("2", "None")]
    assert values("point_objections", "raised_by_id", "settled_by_id") == [("2", "3")]
    assert values("rewards", "changed_by_id") == [("2",), ("2",)]
    assert values("redemptions", "fulfilled_by_id") == [("2",)]
    assert values("stock_movements", "by_id") == [("2",), ("None",)]

    assert values("service_items", "retired_on") == [("2026-11-01",), ("None",)]
    assert values("rewards", "retired_on") == [("2026-03-02",), ("None",)]
    (retired,), (in_use,) = values("case_categories", "retired_on", key="key")
    assert before.isoformat() <= retired <= clock.today().isoformat()
    assert in_use == "None"


def test_the_first_release_gets_its_data_back(old: Flask) -> None:
    upgrade()
    downgrade(revision=FIRST_RELEASE)
    assert values("cases", "status", "status_before") == [("registered", "None"), ("merged", "convening")]
    assert values("point_entries", "status", "created_by") == [("effective", "2"), ("proposed", "2")]
    assert values("service_items", "valid_to") == [("2026-10-31",), ("None",)]
    retired = values("case_categories", "retired", key="key")
    assert retired in ([("1",), ("0",)], [("True",), ("False",)])


# What the database itself refused of the first release's rows, and the words in its refusal.
REFUSED = (
    ("point_entries", "UPDATE point_entries SET created_by_id = 3 WHERE id = 2"),
    ("point_entries", "UPDATE point_entries SET state = 'rejected' WHERE id = 1"),
    ("point_entries", "DELETE FROM point_entries WHERE id = 2"),
    ("append-only", "UPDATE stock_movements SET by_id = 3"),
    ("dates", "UPDATE service_items SET retired_on = valid_from"),
    ("cases_state", "UPDATE cases SET state = 'lost' WHERE id = 1"),
    ("merged_from", "UPDATE cases SET state_before = NULL WHERE id = 2"),
    ("clerk_is_not_receiver", "UPDATE redemptions SET fulfilled_by_id = person_id"),
)


def test_a_migrated_database_refuses_what_it_always_refused(old: Flask) -> None:
    upgrade()
    for words, statement in REFUSED:
        with pytest.raises(sa.exc.DatabaseError, match=words), db.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    with db.engine.begin() as connection:  # but a proposal is still answered
        connection.exec_driver_sql(
            "UPDATE point_entries SET state = 'effective', reviewed_by_id = 3, reviewed_at = at WHERE id = 2"
        )
    assert values("point_entries", "state") == [("effective",), ("effective",)]
