"""What goes straight to the driver gives what SQLAlchemy itself would."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.queries import counting
from tests.support.world import World
from webapp.directory.models import Appointment, Person
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import UTCDateTime, transaction
from webapp.foundation.hot import HotQuery
from webapp.foundation.receipts import Receipt

MOMENT = datetime(2026, 11, 22, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=8)))


class Arrived(NamedTuple):
    submission_id: uuid.UUID
    at: datetime
    result: dict[str, object]
    person_id: int | None


class Serving(NamedTuple):
    id: int
    name: str
    starts_on: date


class Count(NamedTuple):
    number: int


ARRIVED = HotQuery(
    Arrived,
    sa.select(Receipt.submission_id, Receipt.at, Receipt.result, Receipt.person_id)
    .where(
        Receipt.at <= sa.bindparam("at", type_=UTCDateTime),
        Receipt.submission_id == sa.bindparam("id", type_=Receipt.__table__.c.submission_id.type),
    )
    .limit(1),
)
RECEIPTS = HotQuery(Count, sa.select(sa.func.count(Receipt.submission_id).label("number")))


def receipt(at: datetime) -> uuid.UUID:
    with transaction() as session:
        made = Receipt(
            submission_id=uuid.uuid4(), action="测", digest="0" * 64, result={"甲": [1, None]}, at=at
        )
        session.add(made)
    return made.submission_id


def test_moments_ids_and_json_go_in_and_come_out(app: Flask) -> None:
    first, second = receipt(MOMENT), receipt(MOMENT + timedelta(microseconds=1))
    assert ARRIVED.all(at=MOMENT, id=second) == []
    assert ARRIVED.first(at=MOMENT, id=second) is None
    found = ARRIVED.one(at=MOMENT, id=first)
    assert found == Arrived(first, MOMENT, {"甲": [1, None]}, None)
    assert found.at.tzinfo is UTC


def test_rows_are_those_of_a_plain_statement(app: Flask, world: World) -> None:
    query = (
        sa.select(Person.id, Person.name, Appointment.starts_on)
        .join(Appointment, Appointment.person_id == Person.id)
        .where(
            Appointment.starts_on <= sa.bindparam("day", type_=sa.Date),
            Appointment.post.in_(("grid_worker", "community_staff")),
        )
        .order_by(Person.id)
        .limit(5)
    )
    asked = HotQuery(Serving, query)
    for day in (clock.today(), date(2000, 1, 1)):
        assert [tuple(row) for row in asked.all(day=day)] == [
            tuple(row) for row in db.session.execute(query, {"day": day})
        ]
    assert len(asked.all(day=clock.today())) == 5


def test_one_statement_serves_both_kinds_of_database(app: Flask) -> None:
    receipt(MOMENT)
    assert RECEIPTS.one().number == 1


def test_the_columns_must_be_those_of_the_row() -> None:
    with pytest.raises(TypeError, match="Count"):
        HotQuery(Count, sa.select(Person.id))


def test_it_sees_what_the_transaction_has_not_written_yet_unless_that_is_held_back(app: Flask) -> None:
    with transaction() as session:
        with session.no_autoflush:
            session.add(
                Receipt(submission_id=uuid.uuid4(), action="测", digest="0" * 64, result={}, at=MOMENT)
            )
            assert RECEIPTS.one().number == 0
        assert RECEIPTS.one().number == 1


def test_statements_are_heard_by_tests_that_count_them(app: Flask) -> None:
    with counting() as statements:
        RECEIPTS.one()
        db.session.execute(sa.select(Person.id).limit(1))
    assert len(statements) == 2


def test_a_moment_without_a_zone_never_reaches_the_database(app: Flask) -> None:
    with pytest.raises((ValueError, sa.exc.StatementError), match="naive"):
        receipt(MOMENT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="naive"):
        ARRIVED.all(at=MOMENT.replace(tzinfo=None), id=uuid.uuid4())


def test_an_error_of_any_statement_hides_what_it_was_given(app: Flask) -> None:
    query = sa.text("SELECT nothing FROM nowhere WHERE name = :name")
    with pytest.raises(sa.exc.DBAPIError) as told:
        db.session.execute(query, {"name": "张三丰"})
    assert "张三丰" not in str(told.value)
    db.session.rollback()
