"""The small demo district: its figures counted from rows, its books in order, its accounts at work."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.demo.conftest import PASSWORD, Demo
from tests.support.browse import Browse
from webapp.accounts import service as accounts
from webapp.accounts.models import Account
from webapp.cases import asks as case_asks
from webapp.cases import lists
from webapp.cases.models import Case, CaseEvent
from webapp.cases.states import CaseState, Source
from webapp.demo.examples import links
from webapp.demo.places import SMALL
from webapp.directory.models import Person, Unit
from webapp.directory.posts import LADDER, Level, Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.asks import how_many
from webapp.foundation.journal import JournalEntry, broken_links
from webapp.networks.models import Branch, Committee, PropertyCompany
from webapp.points.checks import verify
from webapp.points.ledger import asks as point_asks
from webapp.points.models import EntryState, PointEntry, Redemption, RedemptionState, Reward
from webapp.stations.models import Station
from webapp.visits.models import DeskSession, Outcome, Visit
from webapp.volunteering.hours import asks as hour_asks
from webapp.volunteering.models import Activity, Attendance, HoursState, PartyReport, Signup, SignupState

pytestmark = pytest.mark.usefixtures("demo_app")
SLICE = (Post.STREET_STAFF, Post.COMMUNITY_STAFF, Post.GRID_WORKER, Post.BUILDING_LEADER)


def count(model: type, *where: object) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0  # type: ignore[arg-type]


def test_places_and_bodies_are_as_many_as_the_figures_say() -> None:
    assert count(Unit, Unit.level == Level.GRID) == SMALL.grids
    assert count(Branch) == count(Committee) == SMALL.grids
    assert count(Committee, Committee.is_red) == SMALL.owners_committees
    assert count(PropertyCompany, PropertyCompany.party_coverage == "own_branch") == SMALL.own_branch
    assert count(PropertyCompany, PropertyCompany.removed_on.is_not(None)) == SMALL.removed
    assert count(Station, Station.kind == "service_station") == SMALL.stations
    assert count(Person, Person.is_reserve_cadre) == SMALL.cadres
    assert count(Person, Person.is_serving_party_member) == SMALL.members
    reported = db.session.scalar(sa.select(sa.func.count(PartyReport.person_id.distinct())))
    assert reported == SMALL.members


def test_there_are_cases_of_every_state_level_and_source() -> None:
    states = set(db.session.scalars(sa.select(Case.state).distinct()))
    assert states == set(CaseState)
    closed_at = set(
        db.session.scalars(sa.select(Case.level).where(Case.state == CaseState.ARCHIVED).distinct())
    )
    assert closed_at == set(LADDER)
    assert set(db.session.scalars(sa.select(Case.level).where(Case.closed_at.is_(None)).distinct())) == set(
        LADDER
    )
    assert set(db.session.scalars(sa.select(Case.source).distinct())) >= {Source.VISIT, Source.RESIDENT_QR}


def test_the_timeline_of_each_case_is_whole() -> None:
    """Each line begins where the one before ended, and the last one ends where the case stands."""
    query = sa.select(
        CaseEvent.case_id, CaseEvent.from_state, CaseEvent.to_state, CaseEvent.at, CaseEvent.action
    )
    at: dict[int, tuple[str, datetime]] = {}
    for case_id, before, after, moment, action in db.session.execute(
        query.order_by(CaseEvent.case_id, CaseEvent.id)
    ):
        if case_id in at:
            assert (before, True) == (at[case_id][0], at[case_id][1] <= moment), (case_id, action)
        else:
            assert action == "register"
        at[case_id] = (after, moment)
    stands = {row.id: row.state for row in db.session.execute(sa.select(Case.id, Case.state))}
    assert {case_id: status for case_id, (status, _) in at.items()} == stands
    assert max(moment for _, moment in at.values()) <= clock.now()


def test_the_books_are_in_order() -> None:
    assert broken_links() == []
    assert verify() == []
    moments = list(db.session.scalars(sa.select(JournalEntry.at).order_by(JournalEntry.id)))
    assert moments[-1] <= clock.now()


def test_everybody_can_log_in_and_stands_in_one_slice(demo: Demo) -> None:
    names = set(
        db.session.scalars(sa.select(Account.username).where(Account.is_demo, ~Account.must_change_password))
    )
    assert names == set(Post)
    assert accounts.log_in("grid_worker", PASSWORD, trusted=True, device="test", address="192.0.2.7")
    actors = {post: demo.actor(post) for post in Post}
    assert all(actor.post == post for post, actor in actors.items())
    paths = [actors[post].unit_path for post in SLICE]
    assert all(lower.startswith(upper) for upper, lower in pairwise(paths))
    grid = actors[Post.GRID_WORKER].unit_id
    assert {actors[p].unit_id for p in (Post.BRANCH_SECRETARY, Post.VOLUNTEER, Post.COMMITTEE_MEMBER)} == {
        grid
    }
    assert actors[Post.COMMUNITY_SECRETARY].unit_id == actors[Post.COMMUNITY_STAFF].unit_id


def test_something_waits_for_those_who_decide(demo: Demo) -> None:
    def kinds(source: object, post: Post) -> set[str]:
        return {ask.kind for ask in source.asks(demo.actor(post))}  # type: ignore[attr-defined]

    assert kinds(case_asks, Post.COMMUNITY_STAFF) >= {"上报", "延期", "不予受理"}
    assert kinds(case_asks, Post.STREET_STAFF) >= {"上报", "引导其他渠道"}
    assert kinds(case_asks, Post.GRID_WORKER) >= {"延期", "不予受理"}
    assert how_many(demo.actor(Post.COMMUNITY_STAFF), point_asks) >= 3
    assert how_many(demo.actor(Post.COMMUNITY_STAFF), hour_asks) >= 3
    assert how_many(demo.actor(Post.GRID_WORKER), hour_asks) >= 3


def test_the_desks_of_the_demo_accounts_are_full(demo: Demo) -> None:
    worker, handler, staff = (demo.actor(p) for p in (Post.GRID_WORKER, Post.HANDLER, Post.COMMUNITY_STAFF))
    marks = [row.mark.kind for row in lists.list_cases(worker, lists.CaseFilters(tab="open")).rows]
    assert "overdue" in marks
    assert "due_soon" in marks
    assert lists.counts(handler).mine >= 3
    assert lists.counts(staff).to_check >= 1
    today = clock.at(clock.today())
    mine = (DeskSession.grid_id == worker.unit_id, DeskSession.starts_at >= today)
    assert count(DeskSession, *mine) >= 3
    assert count(Visit, Visit.worker_id == worker.person_id, Visit.at > today - timedelta(days=30)) >= 3
    assert count(Visit, Visit.outcome == Outcome.TO_CASE, Visit.case_id.is_(None)) == 0


def test_the_demo_volunteer_has_hours_points_and_plans(demo: Demo) -> None:
    me = demo.actor(Post.VOLUNTEER)
    states = set(db.session.scalars(sa.select(Attendance.state).where(Attendance.person_id == me.person_id)))
    assert states >= {HoursState.CONFIRMED, HoursState.PENDING}
    assert (
        count(PointEntry, PointEntry.person_id == me.person_id, PointEntry.state == EntryState.EFFECTIVE) >= 3
    )
    ahead = (Activity.grid_id == me.unit_id, Activity.ends_at > clock.now())
    assert count(Activity, *ahead) >= 2
    waiting = sa.select(Signup.id).join(Activity).where(Signup.state == SignupState.WAITING, *ahead)
    assert len(db.session.scalars(waiting).all()) >= 2


def test_the_shop_has_seen_everything(demo: Demo) -> None:
    community = demo.actor(Post.COMMUNITY_STAFF).unit_id
    query = sa.select(Redemption.state).join(Reward, Reward.id == Redemption.reward_id)
    assert set(db.session.scalars(query.where(Reward.community_id == community).distinct())) == set(
        RedemptionState
    )
    assert count(Reward, Reward.community_id == community) == 12


@pytest.mark.parametrize("status", CaseState)
def test_a_case_of_each_status_has_its_page(status: CaseState, demo: Demo, visitor: Browse) -> None:
    street = demo.actor(Post.STREET_STAFF).unit_id
    query = sa.select(Case.number).where(
        Case.state == status, Case.street_id == street, Case.confidentiality == "normal"
    )
    number = db.session.scalars(query.order_by(Case.id.desc())).first()
    visitor.log_in(Post.STREET_STAFF)
    visitor.get(f"/cases/{number}")


def test_the_examples_for_visitors_work(visitor: Browse) -> None:
    paths = [path for path, _ in links()]
    assert [path[:3] for path in paths] == ["/r/", "/t/"]
    for path in paths:
        visitor.get(path)


@pytest.mark.parametrize("post", Post)
def test_each_account_has_its_pages(post: Post, visitor: Browse) -> None:
    visitor.log_in(post)
    visitor.get("/")
    visitor.get("/me")


def test_the_live_cases_can_be_worked_on(demo: Demo, visitor: Browse) -> None:
    """What is asked for can be decided: nothing stands in the way of the verbs."""
    staff = demo.actor(Post.COMMUNITY_STAFF)
    wanted = [ask for ask in case_asks.asks(staff) if ask.kind == "上报"]
    assert case_asks.decide(staff, wanted[0].id, approve=True)
    assert case_asks.decide(demo.actor(Post.STREET_STAFF), case_asks.asks(demo.actor(Post.STREET_STAFF))[0].id,
                            approve=False, reason="请再与各方商量一次")  # fmt: skip


def test_new_rows_follow_the_built_ones(demo_app: Flask, demo: Demo) -> None:
    """The sequences and counters go on behind what was built."""
    from webapp.cases.service import intake

    worker = demo.actor(Post.GRID_WORKER)
    case = intake.register(worker, category="other", unit_id=worker.unit_id, what="测试登记。")
    assert case.number.startswith(f"{clock.today():%y%m}-")
    assert count(Case, Case.number == case.number) == 1
