"""Whatever is done to an account, in whatever order: it adds up, it never falls below zero, and ``verify`` is content."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.points.helpers import change_settings, give, offer, world_actor
from tests.support.world import World
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.errors import Conflict
from webapp.points import checks
from webapp.points.ledger import balance as ledger
from webapp.points.ledger import service
from webapp.points.models import EntryState, PointEntry, Redemption
from webapp.points.redemptions import service as redemptions

NAME = "grid_worker"


class Account(RuleBasedStateMachine):
    """Mirrors one account in plain numbers, beside the tables."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.person = self.world.people[NAME]
        self.worker = world_actor(self.world, NAME)
        self.staff = world_actor(self.world, "community_staff")
        self.secretary = world_actor(self.world, "community_secretary")
        self.now: datetime = clock.now()
        self.reward = offer(self.world, cost=7, stock=100).id
        self.held: list[str] = []
        self.lots: list[int] = []
        self.start = self.total()

    def total(self) -> int:
        db.session.rollback()
        query = db.select(db.func.coalesce(db.func.sum(PointEntry.amount), 0))
        return int(
            db.session.scalar(
                query.where(PointEntry.person_id == self.person, PointEntry.state == EntryState.EFFECTIVE)
            )
        )

    def at(self) -> time_machine.travel:
        return time_machine.travel(self.now, tick=False)

    @rule(points=st.integers(1, 20), months=st.sampled_from([None, 1, 2]))
    def earn(self, points: int, months: int | None) -> None:
        with self.at():
            change_settings(lot_months=months)
            before = self.total()
            self.lots += [entry.id for entry in give(self.world, NAME, points)]
            assert self.total() == before + points

    @rule()
    def redeem(self) -> None:
        with self.at():
            before = self.total()
            today = clock.today()
            spendable = ledger.summary(self.person, today, today).spendable
            try:
                self.held.append(redemptions.redeem(self.worker, reward_id=self.reward).code)
            except Conflict:
                assert spendable < 7
            else:
                assert spendable >= 7
                assert self.total() == before - 7

    @rule(data=st.data())
    def settle_redemption(self, data: st.DataObject) -> None:
        if self.held:
            code = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
            with self.at():
                before = self.total()
                if data.draw(st.booleans()):
                    redemptions.cancel(self.worker, code)
                    assert self.total() == before + 7
                else:
                    redemptions.hand_out(self.staff, code)
                    assert self.total() == before

    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        if self.lots:
            lot = self.lots[data.draw(st.integers(0, len(self.lots) - 1))]
            with self.at():
                before = self.total()
                try:
                    counter = service.reverse(self.staff, lot, reason="记录不实")
                except Conflict:
                    assert self.total() == before
                else:
                    self.lots.remove(lot)
                    assert self.total() == before + counter.amount

    @rule(data=st.data(), uphold=st.booleans())
    def object_and_settle(self, data: st.DataObject, uphold: bool) -> None:
        if self.lots:
            lot = self.lots[data.draw(st.integers(0, len(self.lots) - 1))]
            with self.at():
                try:
                    service.object_to(self.staff, lot, reason="记录不实")
                except Conflict:
                    pass
                else:
                    if data.draw(st.booleans()):
                        return  # stays frozen for now
                try:
                    service.settle(self.secretary, lot, uphold=uphold, reason="核对过")
                except Conflict:
                    return
                if uphold:
                    self.lots.remove(lot)

    @rule(days=st.integers(1, 30))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)
        with self.at():
            redemptions.expire_due(self.now)
            expired = [code for code in self.held if not self.is_open(code)]
            self.held = [code for code in self.held if code not in expired]

    def is_open(self, code: str) -> bool:
        found = db.session.scalar(db.select(Redemption.state).where(Redemption.code == code))
        return bool(found == "requested")

    @invariant()
    def adds_up(self) -> None:
        total = self.total()
        assert total >= 0
        with self.at():
            today = clock.today()
            summary = ledger.summary(self.person, today, today)
            assert 0 <= summary.frozen <= summary.balance <= total
            lots = ledger.lots(self.person, today)
            assert summary.balance == sum(lot.left for lot in lots)
            assert summary.spendable == sum(lot.left for lot in lots if not lot.frozen)
        assert checks.verify() == []


@pytest.mark.slow
def test_the_ledger_adds_up_whatever_is_done(app: Flask, world: World) -> None:
    Account.world = world
    run_state_machine_as_test(
        Account,
        settings=settings(
            max_examples=12,
            stateful_step_count=18,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),
        ),
    )
