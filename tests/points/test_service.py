"""Earning, caps, review, reversal, objections."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.exc import IntegrityError

from tests.points.helpers import (
    At,
    assert_books_right,
    balance,
    change_rule,
    change_settings,
    earn,
    give,
    offer,
    world_actor,
)
from tests.support.world import World
from webapp.cases.events import case_archived
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.asks import how_many
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.networks.models import Seat
from webapp.points import seeds
from webapp.points.ledger import asks, queries, service
from webapp.points.models import EntryState, PointEntry, PointRule, PointSettings, RuleEvent
from webapp.points.redemptions import service as redemptions
from webapp.points.rules import queries as rule_queries
from webapp.visits.events import visit_logged, visit_undone
from webapp.volunteering.events import attendance_confirmed, hours_corrected


def propose(
    world: World, by: str = "branch_secretary", to: str = "grid_worker", day: date | None = None
) -> PointEntry:
    rule = db.session.scalars(sa.select(PointRule).where(PointRule.code == "mediation")).one()
    return service.propose(
        world_actor(world, by),
        person_id=world.people[to],
        rule_id=rule.id,
        day=day or clock.today(),
        reason="调解漏水纠纷",
    )


def test_a_source_earns_once(app: Flask, world: World) -> None:
    assert len(earn(world, source=7)) == 1
    assert earn(world, source=7) == []
    assert balance(world, "grid_worker") == 1
    assert_books_right()


def test_the_database_refuses_a_second_earning_of_a_source(app: Flask, world: World) -> None:
    entry = earn(world, source=7)[0]
    columns = {c.name: getattr(entry, c.key) for c in PointEntry.__table__.columns if c.name != "id"}
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.insert(PointEntry).values(**columns))


def test_only_members_of_branch_and_committee_earn(app: Flask, world: World) -> None:
    assert earn(world, "volunteer") == []
    assert earn(world, "building_leader") == []
    assert len(earn(world, "committee_member")) == 1


def test_a_setting_widens_who_earns(app: Flask, world: World) -> None:
    change_settings(posts=["volunteer"])
    assert len(earn(world, "volunteer")) == 1
    change_settings(bodies=[], posts=[])
    assert earn(world, "grid_worker") == []


def test_nobody_earns_for_a_day_after_the_seat_has_ended(app: Flask, world: World) -> None:
    end_seat(world, "grid_worker", clock.today() - timedelta(days=3))
    assert earn(world) == []
    assert len(earn(world, on=clock.today() - timedelta(days=3))) == 1


def end_seat(world: World, name: str, day: date) -> None:
    with transaction() as session:
        session.execute(sa.update(Seat).where(Seat.person_id == world.people[name]).values(ends_on=day))


def test_above_the_daily_cap_it_is_only_proposed(app: Flask, world: World) -> None:
    found = [earn(world)[0].state for _ in range(6)]
    assert found == [EntryState.EFFECTIVE] * 5 + [EntryState.PROPOSED]
    assert balance(world, "grid_worker") == 5
    assert queries.waiting_points(world.people["grid_worker"]) == 1


def test_the_daily_cap_turns_at_midnight_in_shanghai(app: Flask, world: World) -> None:
    change_rule("visit", daily_cap=1, monthly_cap=None)
    place, person = At(world.units["grid"]), world.people["grid_worker"]
    # 15:59:59 UTC is one second before midnight in Shanghai.
    moments = [datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC), datetime(2026, 11, 20, 16, 0, 0, tzinfo=UTC)]
    with transaction():
        for number, moment in enumerate([*moments, moments[0]], start=1):
            visit = SimpleNamespace(id=number, worker_id=person, at=moment, **vars(place))
            visit_logged.send(visit=visit, actor=None)
    found = db.session.execute(
        sa.select(PointEntry.earned_on, PointEntry.state).order_by(PointEntry.id)
    ).all()
    assert [(day.day, status) for day, status in found] == [
        (20, "effective"),
        (21, "effective"),
        (20, "proposed"),
    ]


def test_the_monthly_cap_turns_at_the_end_of_the_month(app: Flask, world: World) -> None:
    change_rule("visit", daily_cap=None, monthly_cap=2)
    days = [date(2026, 1, 30), date(2026, 1, 31), date(2026, 1, 31), date(2026, 2, 1), date(2026, 1, 1)]
    with time_machine.travel(datetime(2026, 2, 10, tzinfo=UTC), tick=False):
        change_seat_start(world, date(2025, 1, 1))
        assert [earn(world, on=day)[0].state for day in days] == [
            "effective",
            "effective",
            "proposed",
            "effective",
            "proposed",
        ]


def change_seat_start(world: World, day: date) -> None:
    with transaction() as session:
        session.execute(
            sa.update(Seat).where(Seat.person_id == world.people["grid_worker"]).values(starts_on=day)
        )


def test_a_reversed_earning_frees_its_share_of_the_cap(app: Flask, world: World) -> None:
    change_rule("visit", daily_cap=1)
    first = earn(world)[0]
    service.reverse(world_actor(world, "community_staff"), first.id, reason="记录不实")
    assert earn(world)[0].state == EntryState.EFFECTIVE


def test_a_new_rule_is_never_retroactive(app: Flask, world: World) -> None:
    today = clock.today()
    change_rule("visit", valid_to=today - timedelta(days=1))
    with transaction() as session:
        session.add(
            PointRule(
                code="visit",
                event="visit_logged",
                name="走访服务",
                amount=4,
                per="act",
                evidence="record",
                valid_from=today,
            )
        )
    rule_queries.all_rules.forget()
    assert earn(world, on=today - timedelta(days=1))[0].amount == 1
    assert earn(world, on=today)[0].amount == 4


def test_hours_count_when_they_are_full(app: Flask, world: World) -> None:
    event = RuleEvent.ATTENDANCE_CONFIRMED
    assert earn(world, event=event, minutes=59) == []
    assert earn(world, event=event, minutes=119)[0].amount == 1
    assert earn(world, event=event, minutes=120)[0].amount == 2


def test_corrected_hours_correct_the_points(app: Flask, world: World) -> None:
    activity = SimpleNamespace(starts_at=clock.now(), **vars(At(world.units["grid"])))
    attendance = SimpleNamespace(id=5, person_id=world.people["grid_worker"], minutes=120)
    with transaction():
        attendance_confirmed.send(attendance=attendance, activity=activity, actor=None)
    for old, new, points in ((120, 200, 3), (200, 60, 1), (60, 65, 1), (65, 180, 3)):
        attendance.minutes = new
        with transaction():
            hours_corrected.send(attendance=attendance, activity=activity, actor=None, old=old)
        assert balance(world, "grid_worker") == points, new
    assert_books_right()


def test_hours_are_corrected_even_if_their_points_are_spent(app: Flask, world: World) -> None:
    activity = SimpleNamespace(starts_at=clock.now(), **vars(At(world.units["grid"])))
    attendance = SimpleNamespace(id=5, person_id=world.people["grid_worker"], minutes=120)
    with transaction():
        attendance_confirmed.send(attendance=attendance, activity=activity, actor=None)
    redemptions.redeem(world_actor(world, "grid_worker"), reward_id=offer(world, cost=2).id)
    attendance.minutes = 60
    with transaction():
        hours_corrected.send(attendance=attendance, activity=activity, actor=None, old=120)
    assert balance(world, "grid_worker") == 0
    assert_books_right()


def test_a_case_earns_for_who_registered_and_who_settled_it_once(app: Flask, world: World) -> None:
    case = SimpleNamespace(
        id=3,
        archived_at=clock.now(),
        registered_by_id=world.people["grid_worker"],
        handled_by_id=world.people["branch_secretary"],
        **vars(At(world.units["grid"])),
    )
    for _ in range(2):  # reopened and archived again
        with transaction():
            case_archived.send(case=case, actor=None)
    assert (balance(world, "grid_worker"), balance(world, "branch_secretary")) == (3, 3)
    case.id, case.registered_by_id, case.handled_by_id = 4, None, world.people["grid_worker"]
    with transaction():
        case_archived.send(case=case, actor=None)
    assert balance(world, "grid_worker") == 6


def test_an_undone_visit_takes_its_points_back(app: Flask, world: World) -> None:
    change_rule("visit", daily_cap=1)
    place = vars(At(world.units["grid"]))
    visits = [
        SimpleNamespace(id=n, worker_id=world.people["grid_worker"], at=clock.now(), **place) for n in (1, 2)
    ]
    with transaction():
        for visit in visits:
            visit_logged.send(visit=visit, actor=None)
    for visit in visits:
        with transaction():
            visit_undone.send(visit=visit, actor=world_actor(world, "grid_worker"))
    assert balance(world, "grid_worker") == 0
    assert queries.waiting_points(world.people["grid_worker"]) == 0
    assert_books_right()


def test_an_earning_rolls_back_with_its_record(app: Flask, world: World) -> None:
    def log_and_fail() -> None:
        with transaction():
            earn(world)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        log_and_fail()
    assert balance(world, "grid_worker") == 0


def test_by_hand_one_proposes_and_another_reviews(app: Flask, world: World) -> None:
    entry = propose(world)
    assert balance(world, "grid_worker") == 0
    service.review(world_actor(world, "community_staff"), entry.id, approve=True)
    assert balance(world, "grid_worker") == 3
    with pytest.raises(Conflict):
        service.review(world_actor(world, "community_secretary"), entry.id, approve=False, reason="重复")


def test_a_proposal_that_was_sent_back_may_come_again(app: Flask, world: World) -> None:
    first = propose(world)
    with pytest.raises(Invalid):
        propose(world)
    with pytest.raises(Invalid):
        service.review(world_actor(world, "community_staff"), first.id, approve=False)
    service.review(world_actor(world, "community_staff"), first.id, approve=False, reason="缺少依据")
    assert propose(world).state == EntryState.PROPOSED


@pytest.mark.parametrize("to", ["committee_member2", "volunteer"])
def test_only_people_in_scope_who_may_earn_are_proposed(app: Flask, world: World, to: str) -> None:
    with pytest.raises(Invalid):
        propose(world, to=to)


def test_nothing_is_proposed_for_tomorrow(app: Flask, world: World) -> None:
    with pytest.raises(Invalid):
        propose(world, day=clock.today() + timedelta(days=1))


def test_nobody_reviews_what_they_proposed(app: Flask, world: World) -> None:
    entry = propose(world, by="community_staff")
    with pytest.raises(Refused):
        service.review(world_actor(world, "community_staff"), entry.id, approve=True)
    assert how_many(world_actor(world, "community_staff"), asks) == 0
    assert how_many(world_actor(world, "community_secretary"), asks) == 1


def test_nobody_reviews_or_reverses_their_own_points(app: Flask, world: World) -> None:
    with transaction() as session:
        session.add(
            Seat(
                person_id=world.people["community_staff"],
                unit_id=world.units["grid"],
                body="branch",
                starts_on=clock.today() - timedelta(days=9),
            )
        )
    staff = world_actor(world, "community_staff")
    mine = propose(world, to="community_staff")
    with pytest.raises(Refused):
        service.review(staff, mine.id, approve=True)
    counted = earn(world, "community_staff")[0]
    with pytest.raises(Refused):
        service.reverse(staff, counted.id, reason="记录不实")


def test_the_neighbour_community_can_not_review(app: Flask, world: World) -> None:
    entry = propose(world)
    for name in ("community_staff2", "street_staff2", "grid_worker"):
        with pytest.raises(NotFound):
            service.review(world_actor(world, name), entry.id, approve=True)
    service.review(world_actor(world, "street_staff"), entry.id, approve=True)


def test_a_reversal_is_a_counter_entry_and_happens_once(app: Flask, world: World) -> None:
    entry = earn(world)[0]
    staff = world_actor(world, "community_staff")
    counter = service.reverse(staff, entry.id, reason="记录不实")
    assert (counter.amount, counter.reverses_id, balance(world, "grid_worker")) == (-1, entry.id, 0)
    with pytest.raises(Conflict):
        service.reverse(staff, entry.id, reason="记录不实")
    assert_books_right()


def test_spent_points_are_reversed_from_other_lots_or_not_at_all(app: Flask, world: World) -> None:
    first = give(world, "grid_worker", 10)[0]
    redemptions.redeem(world_actor(world, "grid_worker"), reward_id=offer(world, cost=10).id)
    staff = world_actor(world, "community_staff")
    with pytest.raises(Conflict):
        service.reverse(staff, first.id, reason="记录不实")
    give(world, "grid_worker", 12)
    service.reverse(staff, first.id, reason="记录不实")
    assert balance(world, "grid_worker") == 2
    assert_books_right()


def test_an_objection_freezes_the_entry_and_not_the_account(app: Flask, world: World) -> None:
    give(world, "grid_worker", 4)
    doubtful = give(world, "grid_worker", 6)[0]
    staff, worker = world_actor(world, "community_staff"), world_actor(world, "grid_worker")
    service.object_to(staff, doubtful.id, reason="重复计分")
    with pytest.raises(Conflict):
        redemptions.redeem(worker, reward_id=offer(world, cost=5).id)
    redemptions.redeem(worker, reward_id=offer(world, cost=4).id)
    with pytest.raises(Refused):
        service.settle(staff, doubtful.id, uphold=True)
    service.settle(world_actor(world, "community_secretary"), doubtful.id, uphold=True)
    assert balance(world, "grid_worker") == 0
    assert_books_right()


def test_who_was_wrongly_refused_is_made_good(app: Flask, world: World) -> None:
    entry = propose(world)
    staff, worker = world_actor(world, "community_staff"), world_actor(world, "grid_worker")
    service.review(staff, entry.id, approve=False, reason="缺少依据")
    service.object_to(worker, entry.id, reason="协议已补交")
    with pytest.raises(Conflict):
        service.object_to(worker, entry.id, reason="再说一次")
    with pytest.raises(Refused):
        service.settle(staff, entry.id, uphold=True)
    secretary = world_actor(world, "community_secretary")
    assert [ask.kind for ask in asks.asks(secretary)] == ["积分异议"]
    assert asks.decide(secretary, entry.id, approve=True)
    assert balance(world, "grid_worker") == 3
    assert how_many(secretary, asks) == 0
    assert_books_right()


def test_a_reversal_is_objected_to_and_made_good_or_dismissed(app: Flask, world: World) -> None:
    staff, secretary = world_actor(world, "community_staff"), world_actor(world, "community_secretary")
    for uphold, points in ((False, 0), (True, 1)):
        counter = service.reverse(staff, earn(world)[0].id, reason="记录不实")
        service.object_to(world_actor(world, "grid_worker"), counter.id, reason="确有其事")
        if not uphold:
            with pytest.raises(Invalid):
                service.settle(secretary, counter.id, uphold=False)
        service.settle(secretary, counter.id, uphold=uphold, reason="核对过")
        assert balance(world, "grid_worker") == points
    assert_books_right()


def test_asks_are_the_reviewers_own(app: Flask, world: World) -> None:
    entry = propose(world)
    for name, number in (
        ("community_staff", 1),
        ("street_staff", 1),
        ("community_staff2", 0),
        ("grid_worker", 0),
    ):
        actor = world_actor(world, name)
        assert how_many(actor, asks) == len(asks.asks(actor)) == number, name
    ask = asks.asks(world_actor(world, "community_staff"))[0]
    assert (ask.id, ask.reason) == (entry.id, "调解漏水纠纷")
    assert asks.decide(world_actor(world, "community_staff"), ask.id, approve=True)


def test_defaults_are_written_once(app: Flask, world: World) -> None:
    def counts() -> tuple[int | None, int | None]:
        rules = sa.select(sa.func.count()).select_from(PointRule)
        return db.session.scalar(rules), db.session.scalar(
            sa.select(sa.func.count()).select_from(PointSettings)
        )

    before = counts()
    seeds.seed_defaults()
    assert counts() == before == (len(seeds.RULES), 1)
