"""Random walks through the loop: whatever people try, in whatever order, no case ever comes into an invalid state."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.factories import OWNERS, case_at, register
from tests.support.world import World
from webapp.cases.models import Case, CaseEvent, CaseRequest
from webapp.cases.permissions import facts_of, reason_not, unit_at
from webapp.cases.service import review, verbs
from webapp.cases.service.sweep import sweep
from webapp.cases.states import OPEN, CaseState, ReasonKind, ResultKind, Verdict
from webapp.cases.workflow import CASE_FLOW, moves
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.errors import DomainError
from webapp.foundation.journal import JournalEntry

PEOPLE = (
    "building_leader",
    "grid_worker",
    "grid_worker1b",
    "branch_secretary",
    "community_staff",
    "community_staff1b",
    "community_secretary",
    "street_staff",
    "street_staff1b",
    "handler",
    "handler1b",
    "grid_worker2",
    "auditor",
)
ASIDE = ("withdraw", "supervise", "merge", "recall", "return_case")
BY_CODE = ("record_verdict", "withdraw", "supervise", "reopen")
MOVES = {t.action: set(moves(t)) for t in CASE_FLOW.transitions}
WALKS = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


def inputs(draw: st.DataObject, action: str, world: World, other: Case, today: date) -> dict[str, Any]:
    """Something to say for every action; mostly right."""
    units = [world.units[name] for name in ("company", "company2", "department", "grid", "community")]
    fitting: dict[str, dict[str, Any]] = {
        "settle_on_spot": {"result_text": "已清理"},
        "convene": {"parties": ["业委会"]},
        "assign": {"handler_unit_id": draw.draw(st.sampled_from(units))},
        "suspend": {"reason": "等汛期", "until": today + timedelta(days=draw.draw(st.integers(-1, 95)))},
        "submit_result": {"result_text": "已清理", "result_kind": draw.draw(st.sampled_from(ResultKind))},
        "fail_check": {"note": "还在"},
        "log_try": {"channel": "phone"},
        "record_verdict": {"verdict": draw.draw(st.sampled_from(Verdict)), "channel": "phone"},
        "merge": {"into": other.number},
        "extend": {"reason": "等配件", "workdays": draw.draw(st.integers(0, 6))},
        "redirect": {"reason": "诉讼", "channel_text": "法院"},
        "escalate": {"reason_kind": draw.draw(st.sampled_from(ReasonKind)), "reason": "协调不了"},
        **{
            action: {}
            for action in ("accept", "resume", "pass_check", "archive", "withdraw", "unmerge", "supervise")
        },
    }
    return fitting.get(action, {"reason": "另有情况"})


def by_code(action: str, code: str, draw: st.DataObject) -> None:
    if action == "record_verdict":
        review.record_verdict_by_code(code, verdict=draw.draw(st.sampled_from(Verdict)))
    elif action == "reopen":
        review.reopen_by_code(code, reason="又来了")
    else:
        (review.withdraw_by_code if action == "withdraw" else review.supervise_by_code)(code)


def check(case: Case) -> None:
    """What must hold after every step."""
    db.session.refresh(case)
    lines = db.session.scalars(
        sa.select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    ).all()
    before = ""
    for line in lines:
        assert line.from_state == before
        assert (line.from_state, line.to_state) in MOVES[line.action]
        before = line.to_state
    assert case.state == before
    assert case.version == len(lines)
    journal = sa.select(sa.func.count()).where(
        JournalEntry.subject_type == "case", JournalEntry.subject_id == str(case.id)
    )
    assert db.session.scalar(journal) == len(lines)
    assert case.owner_unit_id == unit_at(case, case.level)
    assert (case.closed_at is None) == (case.state in OPEN)
    hands = facts_of(case).hands
    if case.checked_by_id is not None and case.handled_by_id is not None:
        assert case.checked_by_id not in {*hands, case.handled_by_id}
    if case.state == CaseState.ARCHIVED:
        archived = next(line for line in reversed(lines) if line.action == "archive")
        assert archived.person_id not in hands
    waiting = [
        r
        for r in db.session.scalars(sa.select(CaseRequest).where(CaseRequest.case_id == case.id))
        if r.decided_at is None and r.lapsed_at is None
    ]
    assert all(
        case.state in CASE_FLOW[f"approve_{r.kind}"].sources and r.level == case.level for r in waiting
    )


def step(draw: st.DataObject, world: World, actors: dict[str, Actor], case: Case, other: Case) -> None:
    kind = draw.draw(st.sampled_from(["person"] * 8 + ["code", "sweep"]))
    if kind == "sweep":
        sweep()
        return
    if kind == "code":
        by_code(draw.draw(st.sampled_from(BY_CODE)), case.tracking_code, draw)
        return
    facts = facts_of(case)
    able = [
        (name, action)
        for name in PEOPLE
        for action in verbs.ACTIONS
        if reason_not(actors[name], case, action, facts) is None
    ]
    names, actions = list(PEOPLE), sorted(verbs.ACTIONS)
    sensible = draw.draw(st.integers(0, 5)) > 0
    if able and sensible:  # mostly what can be done, and mostly what leads on
        actions = sorted({action for _, action in able} - set(ASIDE)) or sorted(
            {action for _, action in able}
        )
        if draw.draw(st.integers(0, 9)) == 0:
            actions = sorted({action for _, action in able})
    action = draw.draw(st.sampled_from(actions))
    names = [name for name, offered in able if offered == action] or names
    name = draw.draw(st.sampled_from(names))
    verbs.act(actors[name], case.number, action, **inputs(draw, action, world, other, clock.today()))
    assert (name, action) in able, f"{name} did {action}, which nobody offered"


def walk(draw: st.DataObject, world: World) -> None:
    level = draw.draw(st.sampled_from(sorted(OWNERS)))
    case, other = case_at(world, draw.draw(st.sampled_from(CaseState)), level), register(world, level)
    actors = {name: world.actor(name) for name in PEOPLE}
    now: datetime = clock.now()
    for _ in range(draw.draw(st.integers(8, 30))):
        now += timedelta(hours=draw.draw(st.sampled_from([1, 5, 24, 24, 72, 240])))
        with time_machine.travel(now, tick=False):
            version, state = case.version, case.state
            try:
                step(draw, world, actors, case, other)
            except DomainError:
                db.session.refresh(case)
                assert (case.version, case.state) == (version, state)
            check(case)
            check(other)


@WALKS
@given(draw=st.data())
def test_no_walk_leads_to_an_invalid_state(lite_app: Flask, world: World, draw: st.DataObject) -> None:
    walk(draw, world)


@pytest.mark.slow
@settings(WALKS, max_examples=3)
@given(draw=st.data())
def test_no_walk_leads_to_an_invalid_state_on_either_database(
    app: Flask, world: World, draw: st.DataObject
) -> None:
    walk(draw, world)
