"""Redeem, cancel, hand out, expire; and two hundred at once."""

from __future__ import annotations

import multiprocessing
import os
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.points.helpers import (
    assert_books_right,
    balance,
    change_settings,
    give,
    make_serving,
    offer,
    world_actor,
)
from tests.support.world import World
from webapp.directory.models import Person
from webapp.directory.posts import Permission
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.networks.models import Seat
from webapp.points import checks
from webapp.points.eligibility import add_months
from webapp.points.ledger import balance as ledger
from webapp.points.models import (
    EntryKind,
    EntryState,
    PointEntry,
    PointRule,
    PointSpend,
    Redemption,
    RedemptionState,
    Reward,
    StockMovement,
)
from webapp.points.redemptions import service as redemptions
from webapp.points.rewards import queries as reward_queries
from webapp.points.rewards import service as catalogue

BUYERS, LAST = 200, 10


def shelf(reward: Reward) -> int | None:
    return db.session.scalar(sa.select(Reward.on_shelf).where(Reward.id == reward.id))


def test_redeeming_holds_points_and_a_piece(app: Flask, world: World) -> None:
    give(world, "grid_worker", 25)
    reward = offer(world, cost=10, stock=3)
    redemption = redemptions.redeem(world_actor(world, "grid_worker"), reward_id=reward.id)
    assert (balance(world, "grid_worker"), shelf(reward)) == (15, 2)
    assert redemption.expires_at - redemption.requested_at == timedelta(days=14)
    assert_books_right()


def test_cancelling_gives_back_to_exactly_the_same_lots(app: Flask, world: World) -> None:
    change_settings(lot_months=12)
    give(world, "grid_worker", 7)
    change_settings(lot_months=1)
    give(world, "grid_worker", 7)
    person, today = world.people["grid_worker"], clock.today()
    before = ledger.lots(person, today)
    assert [lot.expires_on for lot in before] == [add_months(today, 1), add_months(today, 12)]
    worker = world_actor(world, "grid_worker")
    redemption = redemptions.redeem(worker, reward_id=offer(world, cost=10).id)
    assert [(lot.id, lot.left) for lot in ledger.lots(person, today)] == [(before[1].id, 4)]
    redemptions.cancel(worker, redemption.code)
    assert ledger.lots(person, today) == before
    with pytest.raises(Conflict):
        redemptions.cancel(worker, redemption.code)
    assert_books_right()


def test_it_is_handed_out_once_and_never_to_the_clerk(app: Flask, world: World) -> None:
    give(world, "grid_worker", 10)
    worker, staff = world_actor(world, "grid_worker"), world_actor(world, "community_staff")
    redemption = redemptions.redeem(worker, reward_id=offer(world).id)
    with pytest.raises(Refused):
        redemptions.hand_out(worker, redemption.code)
    typed = redemption.code.lower().replace("-", " ")
    assert redemptions.hand_out(staff, typed).state == RedemptionState.FULFILLED
    for verb, actor in ((redemptions.hand_out, staff), (redemptions.cancel, worker)):
        with pytest.raises(Conflict):
            verb(actor, redemption.code)
    assert_books_right()


@pytest.mark.parametrize(
    ("clerk", "serves"),
    [
        ("grid_worker1b", True),
        ("grid_worker2", True),
        ("community_staff1b", True),
        ("community_staff2", False),
        ("committee_member", False),
    ],
)
def test_the_clerk_serves_where_it_is_collected(app: Flask, world: World, clerk: str, serves: bool) -> None:
    give(world, "grid_worker", 10)
    code = redemptions.redeem(world_actor(world, "grid_worker"), reward_id=offer(world).id).code
    if serves:
        redemptions.hand_out(world_actor(world, clerk), code)
    else:
        with pytest.raises(NotFound):
            redemptions.hand_out(world_actor(world, clerk), code)


def test_what_was_not_collected_goes_back_after_14_days(app: Flask, world: World) -> None:
    give(world, "grid_worker", 10)
    reward = offer(world, stock=1)
    redemption = redemptions.redeem(world_actor(world, "grid_worker"), reward_id=reward.id)
    end = redemption.expires_at
    assert redemptions.expire_due(end - timedelta(seconds=1))["redemptions"] == 0
    with time_machine.travel(end, tick=False), pytest.raises(Conflict):
        redemptions.hand_out(world_actor(world, "community_staff"), redemption.code)
    assert redemptions.expire_due(end) == {"redemptions": 1, "points": 0}
    assert redemptions.expire_due(end) == {"redemptions": 0, "points": 0}
    assert (balance(world, "grid_worker"), shelf(reward)) == (10, 1)
    assert_books_right()


def test_points_past_their_day_expire_once_and_are_not_spent_before(app: Flask, world: World) -> None:
    change_settings(lot_months=12)
    give(world, "grid_worker", 10)
    last_day = add_months(clock.today(), 12)
    reward = offer(world)
    with time_machine.travel(clock.at(last_day + timedelta(days=1)), tick=False):
        assert balance(world, "grid_worker") == 0
        with pytest.raises(Conflict):
            redemptions.redeem(world_actor(world, "grid_worker"), reward_id=reward.id)
    assert redemptions.expire_due(clock.at(last_day))["points"] == 0
    assert redemptions.expire_due(clock.at(last_day + timedelta(days=1)))["points"] == 10
    assert redemptions.expire_due(clock.at(last_day + timedelta(days=1)))["points"] == 0
    assert_books_right()


def test_returned_points_of_a_lot_past_its_day_expire_again(app: Flask, world: World) -> None:
    change_settings(lot_months=1, pickup_days=60)
    give(world, "grid_worker", 15)
    redemption = redemptions.redeem(world_actor(world, "grid_worker"), reward_id=offer(world).id)
    assert redemptions.expire_due(clock.now() + timedelta(days=40)) == {"redemptions": 0, "points": 5}
    assert redemptions.expire_due(redemption.expires_at) == {"redemptions": 1, "points": 10}
    assert_books_right()


def test_the_limit_counts_the_quarter_and_what_was_kept(app: Flask, world: World) -> None:
    give(world, "grid_worker", 100)
    worker, reward = world_actor(world, "grid_worker"), offer(world, limit=1)
    first = redemptions.redeem(worker, reward_id=reward.id)
    with pytest.raises(Conflict):
        redemptions.redeem(worker, reward_id=reward.id)
    redemptions.cancel(worker, first.code)
    redemptions.redeem(worker, reward_id=reward.id)
    today = clock.today()
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    with time_machine.travel(clock.at(add_months(quarter, 3)), tick=False):
        redemptions.redeem(worker, reward_id=reward.id)
    assert_books_right()


def test_in_service_members_keep_the_honour_and_not_the_goods(app: Flask, world: World) -> None:
    give(world, "grid_worker", 10)
    make_serving(world, "grid_worker", True)
    worker, reward = world_actor(world, "grid_worker"), offer(world)
    with pytest.raises(Refused):
        redemptions.redeem(worker, reward_id=reward.id)
    change_settings(serving_members_redeem=True)
    redemptions.redeem(worker, reward_id=reward.id)


def test_points_stay_spendable_for_six_months_after_the_seat(app: Flask, world: World) -> None:
    give(world, "grid_worker", 30)
    worker, reward, today = world_actor(world, "grid_worker"), offer(world), clock.today()
    last = next(
        day for day in (today - timedelta(days=n) for n in range(190, 150, -1)) if add_months(day, 6) >= today
    )
    for ended, allowed in ((today, True), (last, True), (last - timedelta(days=1), False)):
        with transaction() as session:
            session.execute(
                sa.update(Seat).where(Seat.person_id == world.people["grid_worker"]).values(ends_on=ended)
            )
        if allowed:
            redemptions.redeem(worker, reward_id=reward.id)
        else:
            with pytest.raises(Refused):
                redemptions.redeem(worker, reward_id=reward.id)


def test_rewards_are_offered_by_the_own_community_street_and_district(app: Flask, world: World) -> None:
    offer(world, name="本社区")
    given = catalogue.RewardInput("上级", "service", "", 5, "repair", None, world.stations["center"])
    for name in ("street_staff", "district_admin"):
        catalogue.offer(world_actor(world, name), given=given, stock=1)
    neighbour = catalogue.RewardInput("别处", "service", "", 5, "repair", None, world.stations["station2"])
    other = catalogue.offer(world_actor(world, "community_staff2"), given=neighbour, stock=1)
    worker = world_actor(world, "grid_worker")
    assert [row.name for row in reward_queries.shop_page(worker).rows] == ["上级", "上级", "本社区"]
    assert [row.name for row in reward_queries.shop_page(worker, "goods").rows] == ["本社区"]
    with pytest.raises(NotFound):
        redemptions.redeem(worker, reward_id=other.id)


def test_the_catalogue_is_kept_by_its_unit(app: Flask, world: World) -> None:
    staff, reward = world_actor(world, "community_staff"), offer(world, stock=2)
    given = catalogue.RewardInput("示范大米", "goods", "五公斤", 12, "rice", 2, world.stations["center"])
    with pytest.raises(NotFound):
        catalogue.change(world_actor(world, "community_staff2"), reward.id, given=given, seen="1")
    assert catalogue.change(staff, reward.id, given=given, seen="1").cost == 12
    with pytest.raises(Conflict, match="修改过"):
        catalogue.change(world_actor(world, "community_secretary"), reward.id, given=given, seen="1")
    away = catalogue.RewardInput("示范大米", "goods", "", 12, "rice", 2, world.stations["station2"])
    with pytest.raises(Invalid):
        catalogue.change(staff, reward.id, given=away, seen="2")
    assert catalogue.stock(staff, reward.id, amount=5).on_shelf == 7
    with pytest.raises(Invalid):
        catalogue.stock(staff, reward.id, amount=-1)
    with pytest.raises(Invalid):
        catalogue.stock(staff, reward.id, amount=-8, reason="盘点")
    assert catalogue.stock(staff, reward.id, amount=-2, reason="盘点").on_shelf == 5
    catalogue.retire(staff, reward.id)
    give(world, "grid_worker", 20)
    with pytest.raises(Conflict):
        redemptions.redeem(world_actor(world, "grid_worker"), reward_id=reward.id)
    with pytest.raises(Conflict):
        catalogue.stock(staff, reward.id, amount=1)
    assert_books_right()


def test_verify_finds_what_does_not_add_up(app: Flask, world: World) -> None:
    give(world, "grid_worker", 20)
    reward = offer(world)
    redemption = redemptions.redeem(world_actor(world, "grid_worker"), reward_id=reward.id)
    lot = ledger.lots(world.people["grid_worker"], clock.today())[0]
    with transaction() as session:
        session.get_one(Reward, reward.id).on_shelf += 1
    assert len(checks.verify()) == 1
    with transaction() as session:
        session.get_one(Reward, reward.id).on_shelf -= 1
        session.get_one(Redemption, redemption.id).cost = 9
    assert len(checks.verify()) == 2
    with transaction() as session:
        session.get_one(Redemption, redemption.id).cost = 10
        session.add(
            PointEntry(
                person_id=world.people["grid_worker"],
                kind=EntryKind.EXPIRE,
                amount=-1,
                title="错",
                source_type="lot",
                source_id="1",
                earned_on=clock.today(),
                state=EntryState.EFFECTIVE,
                at=clock.now(),
            )
        )
    assert len(checks.verify()) == 2
    with transaction() as session:
        entry = session.scalars(sa.select(PointEntry).where(PointEntry.kind == EntryKind.EXPIRE)).one()
        session.add(PointSpend(entry_id=entry.id, lot_id=lot.id, amount=1))
    assert checks.verify() == []
    with transaction() as session:
        session.add(StockMovement(reward_id=reward.id, kind="in", amount=1, at=clock.now()))
    assert len(checks.verify()) == 1


def buyers(world: World) -> list[Actor]:
    """Two hundred people of the grid, each with a lot that is large enough."""
    pattern = world_actor(world, "grid_worker")
    rule = db.session.scalars(sa.select(PointRule).where(PointRule.code == "case")).one()
    people = []
    with transaction() as session:
        for number in range(BUYERS):
            person = Person(name=f"测试{number}")
            session.add(person)
            session.flush()
            people.append(person.id)
            session.add(
                Seat(
                    person_id=person.id,
                    unit_id=world.units["grid"],
                    body="branch",
                    starts_on=clock.today() - timedelta(days=9),
                )
            )
            ledger.lock_account(person.id)
            session.add(
                PointEntry(
                    person_id=person.id,
                    kind=EntryKind.EARN,
                    amount=15,
                    title=rule.name,
                    rule_id=rule.id,
                    rule_code=rule.code,
                    source_type="case",
                    source_id="1",
                    earned_on=clock.today(),
                    state=EntryState.EFFECTIVE,
                    at=clock.now(),
                )
            )
    return [
        Actor(
            person_id=key,
            account_id=0,
            name="",
            holding=pattern.holding,
            permissions=frozenset({Permission.POINTS_OWN}),
        )
        for key in people
    ]


def test_two_hundred_at_once_get_the_last_ten(app: Flask, world: World) -> None:
    reward_id = offer(world, stock=LAST).id
    actors = buyers(world)
    start, outcomes = threading.Barrier(BUYERS), []

    def buy(actor: Actor) -> None:
        with app.app_context():
            start.wait()
            try:
                redemptions.redeem(actor, reward_id=reward_id)
                outcomes.append("bought")
            except Conflict as error:
                outcomes.append(error.message)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=buy, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted(["bought"] * LAST + ["刚刚被兑换完了，请看看别的。"] * (BUYERS - LAST))
    db.session.expire_all()
    assert db.session.scalar(sa.select(Reward.on_shelf)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Redemption)) == LAST
    assert_books_right()


def test_four_processes_sell_the_last_ten_once(app: Flask, world: World) -> None:
    reward_id = offer(world, stock=LAST).id
    actors = buyers(world)[:80]
    db.session.remove()
    db.engine.dispose()
    forked = multiprocessing.get_context("fork")
    start = forked.Barrier(4)

    def sell(share: list[Actor]) -> None:
        bought = 0
        start.wait()
        for actor in share:
            try:
                redemptions.redeem(actor, reward_id=reward_id)
                bought += 1
            except Conflict:
                pass
        db.session.remove()
        db.engine.dispose()
        os._exit(bought)  # nothing of pytest may run on in a child

    children = [forked.Process(target=sell, args=(actors[number::4],)) for number in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert sum(child.exitcode or 0 for child in children) == LAST
    assert db.session.scalar(sa.select(Reward.on_shelf).where(Reward.id == reward_id)) == 0
    assert_books_right()


def test_one_person_at_two_phones_spends_the_points_once(app: Flask, world: World) -> None:
    give(world, "grid_worker", 15)
    rewards = [offer(world).id for _ in range(8)]
    worker, outcomes, start = world_actor(world, "grid_worker"), [], threading.Barrier(8)

    def buy(reward_id: int) -> None:
        with app.app_context():
            start.wait()
            try:
                redemptions.redeem(worker, reward_id=reward_id)
                outcomes.append("bought")
            except Conflict:
                outcomes.append("refused")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=buy, args=(reward_id,)) for reward_id in rewards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.expire_all()
    assert outcomes.count("bought") == 1
    assert balance(world, "grid_worker") == 5
    assert_books_right()


def test_cancel_hand_out_and_sweep_at_once_settle_it_once(app: Flask, world: World) -> None:
    give(world, "grid_worker", 100)
    worker, staff = world_actor(world, "grid_worker"), world_actor(world, "community_staff")
    reward = offer(world, cost=10, stock=10)
    codes = [redemptions.redeem(worker, reward_id=reward.id).code for _ in range(10)]
    settled: list[str] = []
    errors: list[BaseException] = []

    def run(verb: str) -> None:
        with app.app_context():
            for code in codes:
                try:
                    if verb == "cancel":
                        redemptions.cancel(worker, code)
                    elif verb == "hand_out":
                        redemptions.hand_out(staff, code)
                    else:
                        redemptions.expire_due(clock.now() + timedelta(days=14))
                    settled.append(verb)
                except Conflict:
                    pass
                except Exception as error:  # noqa: BLE001 - a deadlock must fail the test, not the thread
                    errors.append(error)
            db.session.remove()

    threads = [threading.Thread(target=run, args=(verb,)) for verb in ("cancel", "hand_out", "expire")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.expire_all()
    assert errors == []
    assert_books_right()
