"""What goes straight to the driver gives what SQLAlchemy itself would."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.queries import counting
from tests.support.world import World
from webapp.cases.models import Case
from webapp.directory.models import Appointment, Person
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.db import AnySelect, transaction
from webapp.foundation.journal import JournalEntry
from webapp.foundation.kept import Kept
from webapp.foundation.prepared import Prepared
from webapp.foundation.receipts import Receipt

MOMENT = datetime(2026, 11, 22, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=8)))


def agree(query: AnySelect, **values: object) -> list[tuple[object, ...]]:
    """The rows, after a look that both ways give the same ones."""
    mine = [tuple(row) for row in Prepared(query).rows(values)]
    assert mine == [tuple(row) for row in db.session.execute(query, values)]
    return mine


def receipt(at: datetime) -> uuid.UUID:
    with transaction() as session:
        made = Receipt(
            submission_id=uuid.uuid4(),
            person_id=7,
            action="测",
            digest="0" * 64,
            result={"甲": [1, None]},
            at=at,
        )
        session.add(made)
        return made.submission_id


def test_moments_ids_and_json_go_in_and_come_out_as_ever(app: Flask) -> None:
    first, second = receipt(MOMENT), receipt(MOMENT + timedelta(microseconds=1))
    query = sa.select(Receipt.__table__).where(
        Receipt.at <= sa.bindparam("at", type_=Receipt.__table__.c.at.type),
        Receipt.submission_id == sa.bindparam("id"),
    )
    row = agree(query, at=MOMENT, id=first)[0]
    assert row[0] == first
    assert agree(query, at=MOMENT, id=second) == []
    found = Prepared(query).rows({"at": MOMENT, "id": first})[0]
    assert found.at == MOMENT
    assert found.at.tzinfo is UTC
    assert found.result == {"甲": [1, None]}


def test_dates_lists_of_any_length_and_fixed_values(app: Flask, world: World) -> None:
    query = (
        sa.select(Person.id, Person.name, sa.func.count(), Appointment.starts_on)
        .join(Appointment, Appointment.person_id == Person.id)
        .where(
            Person.id.in_(sa.bindparam("ids", expanding=True)),
            Appointment.starts_on <= sa.bindparam("day", type_=sa.Date),
            Appointment.post.in_(("grid_worker", "community_staff")),
        )
        .group_by(Person.id, Person.name, Appointment.starts_on)
        .order_by(Person.id)
        .limit(5)
    )
    ids = sorted(world.people.values())
    for few in ([], ids[:1], ids[:3], ids):
        agree(query, ids=few, day=clock.today())
    assert agree(query, ids=ids, day=clock.today())
    assert agree(query, ids=ids, day=date(1999, 1, 1)) == []


def test_what_is_written_in_the_transaction_is_seen_in_it(app: Flask) -> None:
    count = Prepared(sa.select(sa.func.count().label("n")).select_from(JournalEntry.__table__))
    before = count.rows({})[0].n
    with transaction() as session:
        journal.record(None, "test:write", "nothing", 1)
        journal._write(session)
        assert count.rows({})[0].n == before + 1
        session.rollback()
    assert count.rows({})[0].n == before


def test_a_change_outside_a_transaction_and_a_broken_rule_are_refused(app: Flask) -> None:
    again = {column.key: None for column in Receipt.__table__.c} | {
        "submission_id": receipt(MOMENT),
        "action": "a",
        "digest": "b",
        "result": {},
        "at": MOMENT,
    }
    insert = Prepared(sa.insert(Receipt.__table__))
    with pytest.raises(RuntimeError):
        insert.rows(again)
    with pytest.raises(sa.exc.IntegrityError) as told, transaction():
        insert.rows(again)
    assert "[SQL parameters hidden" in str(told.value)  # the log shows no content


def test_an_error_of_any_statement_hides_what_it_was_given(app: Flask) -> None:
    query = sa.text("SELECT nothing FROM nowhere WHERE name = :name")
    with pytest.raises(sa.exc.DBAPIError) as told:
        db.session.execute(query, {"name": "张三丰"})
    assert "张三丰" not in str(told.value)
    db.session.rollback()


def test_statements_are_heard_by_who_counts_them(app: Flask) -> None:
    query = Prepared(sa.select(Case.id).where(Case.number == sa.bindparam("number")))
    with counting() as statements:
        query.rows({"number": "2611-0001"})
    assert len(statements) == 1


def test_what_is_kept_is_read_once_until_forgotten(app: Flask) -> None:
    seen: list[int] = []

    @Kept
    def size() -> int:
        seen.append(1)
        return len(seen)

    assert (size(), size()) == (1, 1)
    size.forget()
    assert size() == 2


def test_a_request_reads_one_moment_and_after_its_change_a_new_one(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("on PostgreSQL the session reads")
    count = Prepared(sa.select(sa.func.count()).select_from(Receipt))
    before = count.rows({})[0][0]
    with ThreadPoolExecutor(1) as other:  # another request
        other.submit(_in_a_request_of_its_own, app).result()
    assert count.rows({})[0][0] == before
    receipt(MOMENT)
    assert count.rows({})[0][0] == before + 2


def _in_a_request_of_its_own(app: Flask) -> None:
    with app.app_context():
        receipt(MOMENT)


def test_several_rows_are_written_with_one_statement(app: Flask) -> None:
    insert = Prepared(sa.insert(Receipt.__table__))
    rows = [
        {
            "submission_id": uuid.uuid4(), "person_id": n, "action": "测", "digest": "0" * 64, "result": {"n": n},
            "at": MOMENT, "device_id": None, "device_number": None, "claimed_at": None,
        }
        for n in range(3)
    ]  # fmt: skip
    with pytest.raises(RuntimeError):
        insert.many(rows)
    with transaction(), counting() as statements:
        insert.many([])
        insert.many(rows)
    assert len(statements) == 1
    found = agree(sa.select(Receipt.result).where(Receipt.action == "测").order_by(Receipt.person_id))
    assert [row[0] for row in found] == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_a_moment_without_a_zone_never_reaches_the_database(app: Flask) -> None:
    with pytest.raises((ValueError, sa.exc.StatementError), match="naive"):
        receipt(MOMENT.replace(tzinfo=None))
    query = sa.select(Receipt.at).where(Receipt.at == sa.bindparam("at", type_=Receipt.__table__.c.at.type))
    with pytest.raises((ValueError, sa.exc.StatementError), match="naive"):
        Prepared(query).rows({"at": MOMENT.replace(tzinfo=None)})


def test_what_is_held_back_on_purpose_is_not_written_by_a_question(app: Flask) -> None:
    count = Prepared(sa.select(sa.func.count()).select_from(Receipt))
    before = count.rows({})[0][0]
    with transaction() as session:
        with session.no_autoflush:
            session.add(
                Receipt(submission_id=uuid.uuid4(), action="测", digest="0" * 64, result={}, at=MOMENT)
            )
            assert count.rows({})[0][0] == before
        assert count.rows({})[0][0] == before + 1
