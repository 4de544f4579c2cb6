"""A part of a change may fail by itself; a dry run leaves nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.world import World
from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import journal
from webapp.foundation.db import dry_run, if_undone, savepoint, transaction
from webapp.foundation.errors import Invalid
from webapp.foundation.journal import JournalEntry, broken_links


def enter(name: str) -> None:
    person = Person(name=name)
    db.session.add(person)
    db.session.flush()
    journal.record(None, "person:create", "person", person.id)


def enter_and_fail(name: str) -> None:
    enter(name)
    raise Invalid("no")


def if_undone_and_fail(undone: list[str]) -> None:
    if_undone(lambda: undone.append("the part"))
    enter_and_fail("示例二")


def part_and_fail(undone: list[str]) -> None:
    with savepoint():
        enter("示例一")
        if_undone(lambda: undone.append("the part"))
    raise Invalid("no")


def names() -> set[str]:
    return set(db.session.scalars(sa.select(Person.name).where(Person.name.startswith("示例"))))


def entries() -> int:
    return db.session.scalar(sa.select(sa.func.count(JournalEntry.id))) or 0


def test_what_fails_in_a_savepoint_is_undone_with_its_journal_and_the_rest_stays(
    app: Flask, world: World
) -> None:
    before, undone = entries(), list[str]()
    with transaction():
        enter("示例一")
        if_undone(lambda: undone.append("the change"))
        with pytest.raises(Invalid), savepoint():
            if_undone_and_fail(undone)
        assert undone == ["the part"]
        with savepoint():
            enter("示例三")
            with pytest.raises(Invalid), savepoint():
                enter_and_fail("示例四")
    assert names() == {"示例一", "示例三"}
    assert entries() == before + 2
    assert undone == ["the part"]
    assert broken_links() == []


def test_what_a_savepoint_did_is_undone_with_the_change(app: Flask, world: World) -> None:
    before, undone = entries(), list[str]()
    with pytest.raises(Invalid), transaction():
        part_and_fail(undone)
    assert (names(), entries(), undone) == (set(), before, ["the part"])


def test_a_dry_run_leaves_nothing(app: Flask, world: World) -> None:
    before, undone = entries(), list[str]()
    with dry_run():
        enter("示例一")
        if_undone(lambda: undone.append("it"))
        assert names() == {"示例一"}
    assert (names(), entries(), undone) == (set(), before, ["it"])
    with pytest.raises(Invalid), dry_run():
        raise Invalid("told")


def test_neither_is_used_out_of_its_place(app: Flask, world: World) -> None:
    with pytest.raises(RuntimeError), savepoint():
        pass
    with transaction(), pytest.raises(RuntimeError), dry_run():
        pass
