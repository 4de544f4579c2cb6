"""Every row comes exactly once, whatever the page size and wherever new rows arrive."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import transaction
from webapp.foundation.journal import JournalEntry
from webapp.foundation.paging import keyset
from webapp.foundation.receipts import Receipt

TABLE = JournalEntry.__table__.c


def fill(minutes: list[int]) -> list[int]:
    start = clock.now()
    with transaction() as session:
        first = (session.scalar(sa.select(sa.func.max(TABLE.id))) or 0) + 1
        session.execute(
            sa.insert(JournalEntry),
            [
                {
                    "id": first + n, "at": start + timedelta(minutes=m), "action": "paging:test", "post": "",
                    "subject_type": "x", "subject_id": "1", "detail": {}, "previous_hash": "", "hash": f"{first + n}",
                }
                for n, m in enumerate(minutes)
            ],
        )  # fmt: skip
    return list(range(first, first + len(minutes)))


def walk(size: int, ascending: bool) -> list[int]:
    query = sa.select(TABLE.at, TABLE.id).where(TABLE.action == "paging:test")
    seen: list[int] = []
    cursor = ""
    while True:
        page = keyset(query, [TABLE.at, TABLE.id], cursor, size, ascending=ascending)
        seen += [row.id for row in page.rows]
        if not page.next:
            return seen
        cursor = page.next


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(0, 5), min_size=1, max_size=25),
    size=st.integers(1, 7),
    ascending=st.booleans(),
)
def test_the_pages_together_are_the_list(app: Flask, minutes: list[int], size: int, ascending: bool) -> None:
    fill(minutes)
    everything = db.session.execute(
        sa.select(TABLE.id, TABLE.at).where(TABLE.action == "paging:test").order_by(TABLE.at, TABLE.id)
    ).all()
    wanted = [row.id for row in everything]
    assert walk(size, ascending) == (wanted if ascending else wanted[::-1])


def crafted(at: object, number: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([{"t": at}, number]).encode()).decode().rstrip("=")


FAR = [
    crafted("0001-01-01T00:00:00+14:00", 1),
    crafted("9999-12-31T23:59:59-14:00", 1),
    crafted("2026-11-28T00:00:00", 1),
    crafted(5, 1),
    crafted("2026-11-28T00:00:00+00:00", 2**31),
    crafted("2026-11-28T00:00:00+00:00", -(10**25)),
    "W" * 5000,
]


@pytest.mark.parametrize("cursor", ["x", "W10", "bnVsbA", "eyJ0IjoxfQ", "[]", "WzEsMl0x", *FAR])
def test_a_cursor_that_makes_no_sense_starts_anew(app: Flask, cursor: str) -> None:
    fill([1, 2, 3])
    query = sa.select(TABLE.at, TABLE.id).where(TABLE.action == "paging:test")
    assert len(keyset(query, [TABLE.at, TABLE.id], cursor).rows) == 3


def test_receipts_have_an_index_for_their_age(app: Flask) -> None:
    assert any(index.columns.keys() == ["at"] for index in Receipt.__table__.indexes)
