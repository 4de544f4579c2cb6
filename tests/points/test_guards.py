"""What the database itself refuses, whatever the code does."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError

from tests.points.helpers import earn, give, offer, world_actor
from tests.support.world import World
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import transaction
from webapp.points import guards
from webapp.points.models import PointEntry, PointSpend, Redemption, Reward, StockMovement
from webapp.points.redemptions import service as redemptions


def refuses(statement: sa.Executable) -> None:
    with pytest.raises(DBAPIError), transaction() as session:
        session.execute(statement)


def proposal(world: World) -> PointEntry:
    for _ in range(5):
        earn(world)
    entry = earn(world)[0]
    assert entry.state == "proposed"
    return entry


def answer(entry: PointEntry, **values: object) -> sa.Update:
    given = {"state": "effective", "reviewed_at": clock.now(), **values}
    return sa.update(PointEntry).where(PointEntry.id == entry.id).values(**given)


def test_every_column_is_fixed_or_part_of_the_answer() -> None:
    answers = {"state", "reviewed_by_id", "reviewed_at", "answer"}
    assert set(guards.FIXED) | answers == {column.name for column in PointEntry.__table__.columns}


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 99},
        {"person_id": 0},
        {"earned_on": date(2025, 3, 1)},
        {"title": "另一个"},
    ],
)
def test_a_proposal_is_answered_and_not_changed(app: Flask, world: World, change: dict[str, object]) -> None:
    entry = proposal(world)
    if "person_id" in change:
        earn(world, "branch_secretary")
        change = {"person_id": world.people["branch_secretary"]}
    refuses(answer(entry, reviewed_by_id=world.people["community_staff"], **change))


def test_an_answer_is_final(app: Flask, world: World) -> None:
    entry = proposal(world)
    with transaction() as session:
        session.execute(answer(entry, reviewed_by_id=world.people["community_staff"]))
    refuses(answer(entry, state="rejected", reviewed_by_id=world.people["community_staff"]))
    refuses(answer(entry, state="proposed"))


def test_nobody_answers_their_own(app: Flask, world: World) -> None:
    refuses(answer(proposal(world), reviewed_by_id=world.people["grid_worker"]))


def test_an_entry_that_counts_stays(app: Flask, world: World) -> None:
    entry = earn(world)[0]
    refuses(sa.update(PointEntry).where(PointEntry.id == entry.id).values(amount=5))
    refuses(sa.delete(PointEntry).where(PointEntry.id == entry.id))


def test_by_hand_nothing_counts_without_a_reviewer(app: Flask, world: World) -> None:
    entry = earn(world)[0]
    columns = {c.name: getattr(entry, c.key) for c in PointEntry.__table__.columns if c.name != "id"}
    refuses(sa.insert(PointEntry).values(**{**columns, "source_type": "by_hand", "source_id": "x"}))


def test_spends_movements_and_the_shelf_hold(app: Flask, world: World) -> None:
    give(world, "grid_worker", 10)
    redemption = redemptions.redeem(world_actor(world, "grid_worker"), reward_id=offer(world, stock=1).id)
    refuses(sa.update(PointSpend).values(amount=1))
    refuses(sa.delete(PointSpend))
    refuses(sa.update(StockMovement).values(reason="改"))
    refuses(sa.delete(StockMovement))
    refuses(sa.update(Reward).values(on_shelf=-1))
    now = clock.now()
    mine = sa.update(Redemption).where(Redemption.id == redemption.id)
    refuses(mine.values(state="fulfilled", settled_at=now, fulfilled_by_id=world.people["grid_worker"]))
    refuses(mine.values(state="fulfilled", settled_at=now))
    assert db.session.get_one(Redemption, redemption.id).state == "requested"
