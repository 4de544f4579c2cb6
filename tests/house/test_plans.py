"""Every list and badge is read off an index, whatever the number of rows.

SQLite plans by its statistics. They are written here as they would be in a district after years, and each statement
that a page sends is planned with them: none walks through a table that grows, none sorts one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from tests.support.browse import Browse
from tests.support.world import World
from webapp.directory.models import Appointment
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock, paging
from webapp.foundation.access import access_of
from webapp.foundation.db import transaction

ROWS = 500_000
# Tables that grow with the days; all others stay as small as the district.
GROWING = frozenset(
    {
        "attendances", "case_events", "case_requests", "cases", "contact_tries", "desk_sessions", "feedback", "journal",
        "login_sessions", "objections", "photos", "point_entries", "point_objections", "point_spends", "receipts",
        "redemptions", "signups", "stock_movements", "visit_items", "visits",
    }
)  # fmt: skip
SMALL = 2_000
# How many different values a column has, by its name; others tell every second row apart.
DIFFERENT = {
    "street_id": 10, "community_id": 88, "grid_id": 292, "building_id": 3_000, "station_id": 223, "unit_id": 500,
    "owner_unit_id": 400, "handler_unit_id": 150, "deciding_unit_id": 100, "handler": 150, "post": 12, "state": 5, "kind": 5,
    "category": 20, "rule_code": 10, "owner_type": 4, "source_type": 5, "subject_type": 20, "person_id": 15_000,
    "worker_id": 600, "fulfilled_by_id": 200, "account_id": 15_000, "item_id": 60, "device_id": 3_000, "earned_on": 1_000,
    "expires_on": 1_000,
}  # fmt: skip
# Statements that sort or walk few rows however many there are, by a part of their text, and why.
FEW: dict[str, str] = {
    "JOIN appointments ON appointments.person_id": "the posts of one person",
    "FROM login_sessions WHERE login_sessions.account_id": "the browsers of one person",
    "FROM service_items LEFT OUTER JOIN": "the services on offer",
    "point_objections.state = 'open'": "the objections that wait for an answer",
    "cases.category = ?": "the cases of one category in one grid",
    "reporter_phone_hash = ?": "what one telephone number reported",
    "FROM signups JOIN activities": "what one person signed up for",
    "FROM activities JOIN signups": "what one person signed up for",
    "case_requests.deciding_unit_id = ?": "the requests that wait for one unit",
    "resident_phone_hash = ?": "the visits to one telephone number",
    "FROM cases WHERE cases.closed_at IS NULL": "the open cases",
    "WHERE 0 = 1": "nothing",
}


class Sent(NamedTuple):
    """A statement as the driver got it."""

    text: str
    values: Any


def _write_statistics(connection: sa.Connection) -> None:
    connection.exec_driver_sql("ANALYZE")
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    seen = sa.inspect(connection)
    for table in seen.get_table_names():
        rows = ROWS if table in GROWING else SMALL
        for index in seen.get_indexes(table):
            # A partial index holds what is open or waits: a small part.
            held = rows // 50 if "sqlite_where" in index["dialect_options"] else rows
            same, left = [], held
            for column in index["column_names"]:
                left = max(1, left // DIFFERENT.get(column or "", rows // 2))
                same.append(left)
            if index["unique"]:
                same[-1] = 1
            stat = " ".join(map(str, [held, *same]))
            connection.exec_driver_sql(
                "INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (table, index["name"], stat)
            )


@pytest.fixture
def grown(lite_app: Flask) -> Flask:
    """The app on a database whose statistics tell of years."""
    db.session.remove()
    with db.engine.begin() as connection:
        _write_statistics(connection)
    db.engine.dispose()  # a connection reads them when it is opened
    return lite_app


@contextmanager
def sending() -> Iterator[list[Sent]]:
    sent: list[Sent] = []

    def note(_c: Any, _cur: Any, text: str, values: Any, _ctx: Any, many: bool) -> None:
        if text.lstrip().upper().startswith(("SELECT", "WITH")) and not many:
            sent.append(Sent(text, tuple(values) if isinstance(values, list) else values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _faults(sent: Sent) -> list[str]:
    """What is wrong with the plan of a statement; empty where an index answers it."""
    rows = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sent.text}", sent.values)
    plan = [row[3] for row in rows]
    tables = dict(re.findall(r"(?:FROM|JOIN) (\w+)(?: AS (\w+))?", sent.text))
    names = {alias or table: table for table, alias in tables.items()}
    faults = []
    in_order = "LIMIT" in sent.text and not any("TEMP B-TREE" in step for step in plan)
    for step in plan:
        scanned = re.match(r"SCAN (\w+)", step)
        if scanned and names.get(scanned[1], scanned[1]) in GROWING and not ("INDEX" in step and in_order):
            faults.append(step)
        if "TEMP B-TREE FOR ORDER BY" in step and GROWING & set(names.values()):
            faults.append(step)
    text = " ".join(sent.text.split())
    return [] if any(part in text for part in FEW) else faults


CURSOR = paging._encode([clock.now(), 10**6])
VARIANTS = (
    "", "?q=13800001234", f"?after={CURSOR}", f"?cursor={CURSOR}", "?mine=1", "?tab=open", "?tab=due", "?tab=archived",
    "?tab=all", "?tab=past", "?tab=objections", "?tab=mine", "?kind=home_visit", "?outcome=settled", "?day=2026-11-28",
    "?status=registered", "?category=parking",
)  # fmt: skip


def _serve_the_district(world: World, person: str) -> None:
    with transaction() as session:
        mine = Appointment.person_id == world.people[person]
        session.execute(sa.update(Appointment).where(mine).values(unit_id=world.units["district"]))


@pytest.mark.parametrize("post", [*Post, "auditor of the district"])
def test_no_page_walks_or_sorts_a_table_that_grows(
    grown: Flask, browse: Browse, world: World, post: str
) -> None:
    if post not in set(Post):
        post = Post.AUDITOR
        _serve_the_district(world, post)
    browse.log_in(post)
    actor_rules = [
        rule.rule
        for rule in grown.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and access_of(grown, rule.endpoint) is not None
    ]
    with sending() as sent:
        for path in actor_rules:
            for variant in VARIANTS:
                browse.client.get(path + variant)
    found: dict[str, str] = {}
    for each in {one.text: one for one in sent}.values():
        for fault in _faults(each):
            found[" ".join(each.text.split())[:3000]] = fault
    assert not found, "\n\n".join(f"{fault}\n  {text}" for text, fault in found.items())
