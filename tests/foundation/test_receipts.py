"""Nothing twice, and nothing halfway."""

from __future__ import annotations

import threading
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import journal
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict
from webapp.foundation.journal import JournalEntry
from webapp.foundation.receipts import Done, Submission, digest, once


def arrival(content: str = "a", person_id: int | None = None, key: uuid.UUID | None = None) -> Submission:
    return Submission(key or uuid.uuid4(), person_id, "test", digest({"name": content}))


def add(name: str = "甲") -> Person:
    with transaction() as session:
        person = Person(name=name)
        session.add(person)
        session.flush()
        journal.record(None, "person:add", "person", person.id)
        return person


def count(name: str = "甲") -> int:
    return db.session.scalar(sa.select(sa.func.count()).where(Person.name == name)) or 0


def do() -> Done:
    return Done(f"/people/{add().id}", "已保存。")


def test_the_same_arrival_again_gets_the_same_answer_and_does_nothing(app: Flask) -> None:
    sent = arrival()
    first = once(sent, do)
    again = once(sent, do)
    assert first == again
    assert count() == 1


def test_other_content_under_the_same_id_is_a_conflict(app: Flask) -> None:
    sent = arrival()
    once(sent, do)
    with pytest.raises(Conflict):
        once(arrival("b", key=sent.id), do)
    assert count() == 1


def test_another_person_cannot_claim_the_id(app: Flask) -> None:
    sent = arrival(person_id=1)
    once(sent, do)
    with pytest.raises(Conflict):
        once(arrival(person_id=2, key=sent.id), do)


def test_a_failure_leaves_neither_row_nor_receipt_nor_journal(app: Flask) -> None:
    before = db.session.scalar(sa.select(sa.func.count(JournalEntry.id)))

    def fail() -> Done:
        add()
        raise Conflict("不行。")

    sent = arrival()
    with pytest.raises(Conflict):
        once(sent, fail)
    assert count() == 0
    assert db.session.scalar(sa.select(sa.func.count(JournalEntry.id))) == before
    once(sent, do)
    assert count() == 1


def test_ten_at_once_make_one_row(app: Flask) -> None:
    sent = arrival()
    answers: list[Done] = []

    def send() -> None:
        with app.app_context():
            answers.append(once(sent, do))

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count() == 1
    assert len(answers) == 10
    assert len({a.url for a in answers}) == 1


def test_many_writers_at_once_keep_the_chain_whole(app: Flask) -> None:
    def write() -> None:
        with app.app_context():
            for _ in range(5):
                add("乙")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count("乙") == 40
    assert journal.broken_links() == []


def test_a_write_outside_a_transaction_is_refused(app: Flask) -> None:
    db.session.add(Person(name="丙"))
    with pytest.raises(RuntimeError, match="outside"):
        db.session.flush()
    db.session.rollback()


@pytest.mark.parametrize("statement", ["UPDATE journal SET action = 'x'", "DELETE FROM journal"])
def test_the_database_refuses_to_change_the_journal(app: Flask, statement: str) -> None:
    add()
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), transaction() as session:
        session.execute(sa.text(statement))


def test_a_forged_entry_is_found(app: Flask) -> None:
    add()
    with transaction() as session:
        session.execute(
            sa.insert(JournalEntry),
            [
                {
                    "at": db.session.scalar(sa.select(JournalEntry.at).limit(1)),
                    "action": "person:add",
                    "post": "",
                    "subject_type": "person",
                    "subject_id": "1",
                    "detail": {},
                    "previous_hash": "0" * 64,
                    "hash": "f" * 64,
                }
            ],
        )
    assert len(journal.broken_links()) == 1
