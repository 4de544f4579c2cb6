"""A case that is told leaves the same rows as one that was worked on: the demo can't drift away from the verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.support.world import World
from webapp.cases.models import Case, CaseEvent, CaseParty, CaseRequest, ContactTry
from webapp.cases.permissions import Voice
from webapp.cases.service import escalation, intake, loop, review, verbs
from webapp.cases.service.sweep import sweep
from webapp.cases.states import CaseState, Channel, ResultKind, Source, Verdict
from webapp.demo.case_record import Opening
from webapp.demo.case_story import NotYetError, Story
from webapp.demo.history import Doer, History
from webapp.demo.places import SMALL, District, Place
from webapp.directory.models import Unit
from webapp.directory.posts import Level
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.calendar import load_calendar
from webapp.foundation.codes import tracking_code

START = clock.at(clock.today() - timedelta(days=200)) + timedelta(hours=9)
# What differs from case to case by nature.
OWN = {"id", "case_id", "number", "tracking_hash", "tracking_code", "merged_into_id"}
WHAT = "楼道灯不亮，老人晚上下楼看不清。"
REPORTER = ("王女士", "13900009999", "2单元301室")


class Pair:
    """The same case twice: worked on by the verbs and told by the story, at the same moments."""

    def __init__(self, world: World, owner: str, by: str, category: str = "lighting") -> None:
        self.world, self.at = world, START
        today = clock.today()
        made = District(SMALL, today, _place(world, "district"))
        calendar = load_calendar(today - timedelta(days=400), today + timedelta(days=200))
        self.history = History(made, clock.now(), calendar)
        self.actors = {name: world.actor(name) for name in world.people if not name.endswith("_ended")}
        with time_machine.travel(self.at, tick=False):
            self.worked = intake.register(
                self.actors[by], category=category, unit_id=world.units["building"], what=WHAT, place_text="楼道",
                reporter_name=REPORTER[0], reporter_phone=REPORTER[1], reporter_door=REPORTER[2],
            )  # fmt: skip
        self.number, self.code = self.worked.number, self.worked.tracking_code
        self.opening = Opening(
            self.at, f"{owner}-{self.number}", tracking_code(), category, WHAT, _place(world, "building"), "楼道",
            _place(world, owner), Source.VISIT, self.doer(by), reporter=REPORTER,
        )  # fmt: skip
        self.steps: list[tuple[datetime, Callable[[], None]]] = []

    def doer(self, name: str) -> Doer:
        actor = self.actors[name]
        return Doer(actor.person_id, actor.post, actor.unit_id)

    def step(self, hours: float, work: Callable[[str], Any], tell: Callable[[], None]) -> None:
        """Do it both ways, so many hours later."""
        self.at += timedelta(hours=hours)
        with time_machine.travel(self.at, tick=False):
            work(self.number)
        self.steps.append((self.at, tell))

    def tell(self) -> Story:
        """The whole story, after the work is done: both would number their rows otherwise."""
        self.story = Story(self.history, self.opening)
        for at, tell in self.steps:
            self.story.go(at)
            tell()
        return self.story

    def compare(self, lead: Pair | None = None) -> None:
        """All rows of both are the same; ``lead`` is what it was merged into."""
        self.tell()
        if lead is not None:
            lead.story.write()
        told = self.story.write()
        self.history.loader.write()
        db.session.expire_all()
        for model, key in ((Case, "id"), (CaseEvent, "case_id"), (CaseParty, "case_id"), (CaseRequest, "case_id"),
                           (ContactTry, "case_id")):  # fmt: skip
            assert _rows(model, key, told.id) == _rows(model, key, self.worked.id), model.__name__


def _place(world: World, name: str) -> Place:
    unit = db.session.get_one(Unit, world.units[name])
    return Place(
        unit.id, Level(unit.level), unit.code, unit.path, unit.short_name, unit.street_id, unit.community_id, unit.grid_id
    )  # fmt: skip


def _rows(model: Any, key: str, case_id: int) -> list[dict[str, Any]]:
    query = sa.select(model.__table__).where(model.__table__.c[key] == case_id).order_by(model.__table__.c.id)
    rows = []
    for row in db.session.execute(query).mappings():
        kept = {name: value for name, value in row.items() if name not in OWN}
        if "data" in kept:
            kept["data"] = {
                name: value for name, value in kept["data"].items() if name not in ("request", "into")
            }
        rows.append(kept)
    return rows


def up_to_the_community(pair: Pair) -> None:
    """Building → grid → (asked, approved) community → given to the company, which has taken it up."""
    company = pair.world.units["company"]
    who, doer = pair.actors, pair.doer
    pair.step(0.5, lambda n: escalation.escalate(who["building_leader"], n, reason_kind="major", reason="很多户"),
              lambda: pair.story.escalate(doer("building_leader"), "major", "很多户"))  # fmt: skip
    pair.step(1, lambda n: loop.convene(who["grid_worker"], n, parties=["业委会", "楼栋长"], note="碰头"),
              lambda: pair.story.convene(doer("grid_worker"), ("业委会", "楼栋长"), "碰头"))  # fmt: skip
    pair.step(1, lambda n: escalation.escalate(who["branch_secretary"], n, reason_kind="unresolved", reason="谈不拢"),
              lambda: pair.story.escalate(doer("branch_secretary"), "unresolved", "谈不拢"))  # fmt: skip
    pair.step(1, lambda n: verbs.act(who["community_staff"], n, "approve_escalate", reason="同意"),
              lambda: pair.story.decide(doer("community_staff"), True, "同意"))  # fmt: skip
    pair.step(1, lambda n: loop.assign(who["community_staff"], n, handler_unit_id=company, note="请快"),
              lambda: pair.story.assign(doer("community_staff"), company, "请快"))  # fmt: skip
    pair.step(1, lambda n: loop.accept(who["handler"], n), lambda: pair.story.accept(doer("handler")))


def result_and_check(pair: Pair, checker: str) -> None:
    """The handler brings a result, somebody finds it good."""
    who, doer, kind = pair.actors, pair.doer, ResultKind.RESOLVED
    pair.step(24, lambda n: loop.submit_result(who["handler"], n, result_text="换了灯", result_kind=kind),
              lambda: pair.story.submit_result(doer("handler"), "换了灯", kind))  # fmt: skip
    pair.step(1, lambda n: loop.pass_check(who[checker], n, note="看过"),
              lambda: pair.story.pass_check(doer(checker), "看过"))  # fmt: skip


def test_the_whole_loop_with_what_can_go_wrong(app: Flask, world: World) -> None:
    pair = Pair(world, "building", "building_leader")
    who, doer = pair.actors, pair.doer
    up_to_the_community(pair)
    pair.step(1, lambda n: escalation.extend(who["handler"], n, reason="等配件", workdays=3),
              lambda: pair.story.extend(doer("handler"), 3, "等配件"))  # fmt: skip
    pair.step(1, lambda n: verbs.act(who["community_staff"], n, "approve_extend"),
              lambda: pair.story.decide(doer("community_staff"), True, ""))  # fmt: skip
    until = clock.local(pair.at).date() + timedelta(days=20)
    pair.step(1, lambda n: loop.suspend(who["community_staff"], n, reason="等资金", until=until),
              lambda: pair.story.suspend(doer("community_staff"), until, "等资金"))  # fmt: skip
    pair.step(48, lambda n: loop.resume(who["community_staff"], n, note="有了"),
              lambda: pair.story.resume(doer("community_staff"), "有了"))  # fmt: skip
    pair.step(1, lambda n: review.supervise_by_code(pair.code, note="请快"),
              lambda: pair.story.supervise(Voice.RESIDENT, "请快"))  # fmt: skip
    pair.step(1, lambda n: loop.submit_result(who["handler"], n, result_text="换了", result_kind="partly"),
              lambda: pair.story.submit_result(doer("handler"), "换了", "partly"))  # fmt: skip
    pair.step(1, lambda n: loop.fail_check(who["community_staff"], n, note="还有一处"),
              lambda: pair.story.fail_check(doer("community_staff"), "还有一处"))  # fmt: skip
    result_and_check(pair, "community_staff")
    pair.step(1, lambda n: review.record_verdict_by_code(pair.code, verdict="unsatisfied", note="不行"),
              lambda: pair.story.record_verdict(Voice.RESIDENT, Verdict.UNSATISFIED, Channel.CODE, "不行"))  # fmt: skip
    result_and_check(pair, "street_staff")
    pair.step(1, lambda n: review.log_try(who["community_staff"], n, channel="phone", note="无人接听"),
              lambda: pair.story.log_try(doer("community_staff"), Channel.PHONE, "无人接听"))  # fmt: skip
    pair.step(1, lambda n: review.record_verdict(who["community_staff"], n, verdict="mostly", channel="phone"),
              lambda: pair.story.record_verdict(doer("community_staff"), Verdict.MOSTLY, Channel.PHONE))  # fmt: skip
    pair.step(
        1, lambda n: review.archive(who["street_staff"], n), lambda: pair.story.archive(doer("street_staff"))
    )
    pair.step(24, lambda n: review.reopen_by_code(pair.code, reason="又坏了"),
              lambda: pair.story.reopen(Voice.RESIDENT, "又坏了"))  # fmt: skip
    pair.compare()


def test_what_is_overdue_steps_up_by_itself(app: Flask, world: World) -> None:
    pair = Pair(world, "grid", "grid_worker")
    for _ in range(400):
        pair.at += timedelta(hours=1)
        with time_machine.travel(pair.at, tick=False):
            sweep()
    with time_machine.travel(clock.now(), tick=False):
        sweep()
    pair.tell()
    with pytest.raises(NotYetError):  # nobody does anything until the present
        pair.story.go(clock.now() + timedelta(minutes=1))
    told, worked = pair.story.case, db.session.get_one(Case, pair.worked.id)
    assert (told.level, told.owner_unit_id, told.state) == (
        worked.level,
        worked.owner_unit_id,
        worked.state,
    )
    assert (told.level, told.overdue_stepped_level) == (Level.STREET, Level.COMMUNITY)


def test_sent_back_handed_down_returned(app: Flask, world: World) -> None:
    pair = Pair(world, "building", "building_leader", category="parking")
    who, doer, company = pair.actors, pair.doer, world.units["company"]
    up_to_the_community(pair)
    pair.step(1, lambda n: loop.return_case(who["handler"], n, reason="不归我们"),
              lambda: pair.story.return_case(doer("handler"), "不归我们"))  # fmt: skip
    pair.step(1, lambda n: escalation.escalate(who["community_staff"], n, reason_kind="major", reason="大"),
              lambda: pair.story.escalate(doer("community_staff"), "major", "大"))  # fmt: skip
    pair.step(1, lambda n: verbs.act(who["street_staff"], n, "refuse_escalate", reason="请再议"),
              lambda: pair.story.decide(doer("street_staff"), False, "请再议"))  # fmt: skip
    pair.step(1, lambda n: escalation.hand_down(who["community_staff"], n, reason="按商定的办"),
              lambda: pair.story.hand_down(doer("community_staff"), "按商定的办"))  # fmt: skip
    pair.step(1, lambda n: loop.assign(who["grid_worker"], n, handler_unit_id=company),
              lambda: pair.story.assign(doer("grid_worker"), company, ""))  # fmt: skip
    pair.compare()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_not_taken(app: Flask, world: World, elsewhere: bool) -> None:
    pair = Pair(world, "grid", "grid_worker")
    who, doer = pair.actors, pair.doer
    if elsewhere:
        pair.step(1, lambda n: escalation.redirect(who["grid_worker"], n, reason="不归我们", channel_text="仲裁部门"),
                  lambda: pair.story.redirect(doer("grid_worker"), "不归我们", "仲裁部门"))  # fmt: skip
    else:
        pair.step(1, lambda n: escalation.decline(who["grid_worker"], n, reason="已在诉讼"),
                  lambda: pair.story.decline(doer("grid_worker"), "已在诉讼"))  # fmt: skip
    action = "approve_redirect" if elsewhere else "approve_decline"
    pair.step(1, lambda n: verbs.act(who["community_staff"], n, action),
              lambda: pair.story.decide(doer("community_staff"), True, ""))  # fmt: skip
    pair.compare()
    assert pair.story.case.state == (CaseState.REDIRECTED if elsewhere else CaseState.DECLINED)


def test_done_on_the_spot_withdrawn_merged(app: Flask, world: World) -> None:
    pair = Pair(world, "building", "building_leader")
    who, doer = pair.actors, pair.doer
    pair.step(0.1, lambda n: loop.settle_on_spot(who["building_leader"], n, result_text="换了灯"),
              lambda: pair.story.settle_on_spot(doer("building_leader"), "换了灯"))  # fmt: skip
    pair.compare()
    pair = Pair(world, "grid", "grid_worker")
    pair.step(0.1, lambda n: review.withdraw_by_code(pair.code, reason="好了"),
              lambda: pair.story.withdraw(Voice.RESIDENT, "好了"))  # fmt: skip
    pair.compare()


def test_merged(app: Flask, world: World) -> None:
    lead, pair = Pair(world, "grid", "grid_worker"), Pair(world, "grid", "grid_worker")
    pair.history = lead.history
    pair.step(0.1, lambda n: review.merge(pair.actors["grid_worker"], n, into=lead.number),
              lambda: pair.story.merge(pair.doer("grid_worker"), lead.tell()))  # fmt: skip
    pair.compare(lead)
