from __future__ import annotations

from typing import Any

import pytest

from tests.cases.factories import case_at, confirmer
from tests.support.world import PEOPLE, World
from webapp.cases.permissions import DECISIONS, Voice, facts_of, offers, reason_not
from webapp.cases.service import verbs
from webapp.cases.states import (
    CHANNEL_NAMES,
    CLOSED,
    CONFIDENTIALITY_NAMES,
    OPEN,
    PHASE_NAMES,
    REASON_NAMES,
    REQUEST_NAMES,
    RESULT_NAMES,
    SOURCE_NAMES,
    STAGE_OF_STATE,
    STAGES,
    STATE_NAMES,
    VERDICT_NAMES,
    CaseState,
    Channel,
    Confidentiality,
    Phase,
    ReasonKind,
    RequestKind,
    ResultKind,
    Source,
    Verdict,
)
from webapp.cases.workflow import BY_NAMES, CASE_FLOW, By, mermaid, moves, next_level
from webapp.directory.posts import Level
from webapp.foundation.errors import DomainError

ACTIONS = [t.action for t in CASE_FLOW.transitions]


def test_every_value_has_a_chinese_name() -> None:
    for kinds, names in (
        (CaseState, STATE_NAMES),
        (Source, SOURCE_NAMES),
        (Confidentiality, CONFIDENTIALITY_NAMES),
        (ResultKind, RESULT_NAMES),
        (Verdict, VERDICT_NAMES),
        (Channel, CHANNEL_NAMES),
        (RequestKind, REQUEST_NAMES),
        (ReasonKind, REASON_NAMES),
        (Phase, PHASE_NAMES),
        (By, BY_NAMES),
    ):
        assert set(kinds) == set(names)
    assert set(OPEN) | set(CLOSED) == set(CaseState)
    assert not set(OPEN) & set(CLOSED)
    assert set(STAGE_OF_STATE.values()) == set(STAGES)


def test_the_five_stages_follow_the_source_in_their_order() -> None:
    assert STAGES[1:] == ("网格召集", "分级转办", "问题处置", "核查反馈", "评议归档")
    assert [t.stage for t in CASE_FLOW.transitions if t.stage] == sorted(
        (t.stage for t in CASE_FLOW.transitions if t.stage), key=STAGES.index
    )


def test_every_action_has_a_sentence_and_a_verb() -> None:
    assert all(t.sentence for t in CASE_FLOW.transitions)
    assert set(verbs.ACTIONS) == set(ACTIONS) - {"register", "step_up"}


def test_every_row_names_who_may_and_leads_somewhere_known() -> None:
    for transition in CASE_FLOW.transitions:
        assert transition.by
        assert set(transition.by) <= set(By)
        for source, target in moves(transition):
            assert source in {*CaseState, ""}
            assert target in set(CaseState)


def test_no_open_state_is_a_dead_end() -> None:
    for state in OPEN:
        reached = {target for t in CASE_FLOW.open_to(state) for _, target in moves(t)}
        assert reached - {state, CaseState.WITHDRAWN, CaseState.MERGED}


def test_whoever_handles_is_never_the_one_that_checks() -> None:
    for action in ("pass_check", "fail_check"):
        assert By.HANDLER not in CASE_FLOW[action].by


def test_the_diagram_shows_every_step_between_two_states() -> None:
    diagram = mermaid()
    for transition in CASE_FLOW.transitions:
        for source, target in moves(transition):
            if source == target or transition.sources == OPEN or transition.action == "unmerge":
                continue
            assert f"    {source or '[*]'} --> {target}: {transition.label}\n" in diagram
    assert "    open --> withdrawn: 撤回\n" in diagram


def test_the_ladder_ends_at_the_street() -> None:
    assert [next_level(level) for level in ("building", "grid", "community", "street")] == [
        "grid",
        "community",
        "street",
        None,
    ]


# Who is what in a case that each level owns, that its first unit registered and that the company handles: written down
# here by hand, so that the rules are held against something else than themselves.
GRID_PEOPLE = {"grid_worker", "grid_worker1b", "branch_secretary"}
COMMUNITY_PEOPLE = {"community_staff", "community_staff1b", "community_secretary"}
STREET_PEOPLE = {"street_staff", "street_staff1b"}
ROLES: dict[Level, dict[By, set[str]]] = {
    Level.BUILDING: {
        By.RECORDER: {"building_leader"},
        By.OWNER: {"building_leader"},
        By.NEXT_LEVEL: GRID_PEOPLE,
        By.ABOVE: GRID_PEOPLE | COMMUNITY_PEOPLE | STREET_PEOPLE,
        By.COMMUNITY: COMMUNITY_PEOPLE | STREET_PEOPLE,
        By.CALLER: COMMUNITY_PEOPLE | STREET_PEOPLE,
    },
    Level.GRID: {
        By.RECORDER: {"grid_worker"},
        By.OWNER: GRID_PEOPLE,
        By.NEXT_LEVEL: COMMUNITY_PEOPLE,
        By.ABOVE: COMMUNITY_PEOPLE | STREET_PEOPLE,
        By.COMMUNITY: COMMUNITY_PEOPLE | STREET_PEOPLE,
        By.CALLER: COMMUNITY_PEOPLE | STREET_PEOPLE,
    },
    Level.COMMUNITY: {
        By.RECORDER: {"community_staff"},
        By.OWNER: COMMUNITY_PEOPLE,
        By.NEXT_LEVEL: STREET_PEOPLE,
        By.ABOVE: STREET_PEOPLE,
        By.COMMUNITY: COMMUNITY_PEOPLE | STREET_PEOPLE,
        # One of them checked it, and does not call as well.
        By.CALLER: (COMMUNITY_PEOPLE | STREET_PEOPLE) - {"community_staff1b"},
    },
    Level.STREET: {
        By.RECORDER: {"street_staff"},
        By.OWNER: STREET_PEOPLE,
        By.NEXT_LEVEL: set(),
        By.ABOVE: set(),
        By.COMMUNITY: STREET_PEOPLE,
        By.CALLER: COMMUNITY_PEOPLE | STREET_PEOPLE - {"street_staff1b"},
    },
}
WITH_HANDLER = {"assigned", "in_progress", "suspended", "pending_check", "callback", "appraised", "archived"}
# Needs more than a state: nothing asks, nothing came from below, and the case that a merged one joined is not done.
NOT_YET = {*DECISIONS, "hand_down"}


def expected(action: str, state: str, level: Level, name: str) -> bool:
    """Whether the table lets this person do it, by the roles written down above."""
    transition = CASE_FLOW[action]
    if (
        state not in transition.sources
        or action in NOT_YET
        or (action == "escalate" and level == Level.STREET)
    ):
        return False
    if state == CaseState.MERGED and action in ("log_try", "record_verdict"):
        return False
    roles = {by for by, people in ROLES[level].items() if name in people}
    if name in ("handler", "handler1b") and state in WITH_HANDLER:
        roles.add(By.HANDLER)
    return not roles.isdisjoint(transition.by)


@pytest.mark.usefixtures("lite_app")
@pytest.mark.parametrize("level", ROLES)
@pytest.mark.parametrize("state", CaseState)
def test_matrix_of_action_state_and_person(world: World, state: CaseState, level: Level) -> None:
    case = case_at(world, state, level)
    facts = facts_of(case)
    wrong = []
    for name in PEOPLE:
        actor = world.actor(name)
        offered = {offer.transition.action for offer in offers(actor, case, facts) if offer.reason is None}
        for action in ACTIONS[1:]:
            reason = reason_not(actor, case, action, facts)
            if (reason is None) != expected(action, state, level, name):
                wrong.append((name, action, reason))
            # The page offers exactly what the server would do.
            assert (reason is None) == (action in offered)
    assert wrong == []


@pytest.mark.usefixtures("lite_app")
@pytest.mark.parametrize("state", CaseState)
def test_what_is_refused_changes_nothing(world: World, state: CaseState) -> None:
    case = case_at(world, state)
    number, version = case.number, case.version
    facts = facts_of(case)
    for name in (
        "grid_worker",
        "handler",
        "community_staff",
        "grid_worker2",
        "auditor",
        "volunteer",
        "district_admin",
    ):
        actor = world.actor(name)
        for action in verbs.ACTIONS:
            if reason_not(actor, case, action, facts) is None:
                continue
            with pytest.raises(DomainError):
                verbs.act(actor, number, action, **INPUTS.get(action, {}))
    assert case.state == state
    assert case.version == version


INPUTS: dict[str, dict[str, Any]] = {
    "settle_on_spot": {"result_text": "已清理"},
    "convene": {"parties": ["业委会"]},
    "assign": {"handler_unit_id": 1},
    "return_case": {"reason": "不归我们管"},
    "recall": {"reason": "另派"},
    "suspend": {"reason": "等天气", "until": None},
    "submit_result": {"result_text": "已清理", "result_kind": "resolved"},
    "fail_check": {"note": "没有清理"},
    "log_try": {"channel": "phone"},
    "record_verdict": {"verdict": "satisfied", "channel": "phone"},
    "reopen": {"reason": "又来了"},
    "decline": {"reason": "不归社区管"},
    "redirect": {"reason": "诉讼", "channel_text": "法院"},
    "merge": {"into": "0000-0000"},
    "extend": {"reason": "等配件", "workdays": 1},
    "escalate": {"reason_kind": "major", "reason": "涉及多个小区"},
    "hand_down": {"reason": "请先协商"},
}

ASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "escalate": ("in_progress", "grid_worker", INPUTS["escalate"]),
    "extend": ("in_progress", "handler", INPUTS["extend"]),
    "decline": ("registered", "grid_worker", INPUTS["decline"]),
    "redirect": ("registered", "grid_worker", INPUTS["redirect"]),
}


@pytest.mark.usefixtures("lite_app")
@pytest.mark.parametrize("kind", ASKED)
def test_a_request_is_decided_by_the_right_unit_and_never_by_who_asked(world: World, kind: str) -> None:
    state, asker, inputs = ASKED[kind]
    case = case_at(world, state)
    verbs.act(world.actor(asker), case.number, kind, **inputs)
    facts = facts_of(case)
    deciders = GRID_PEOPLE if kind == "extend" else COMMUNITY_PEOPLE
    for name in PEOPLE:
        for verb in ("approve", "refuse"):
            allowed = reason_not(world.actor(name), case, f"{verb}_{kind}", facts) is None
            assert allowed == (name in deciders), (name, verb)
    assert confirmer(case) in COMMUNITY_PEOPLE


@pytest.mark.usefixtures("lite_app")
@pytest.mark.parametrize("state", CaseState)
def test_the_reporter_with_the_code_may_do_just_four_things(world: World, state: CaseState) -> None:
    case = case_at(world, state)
    facts = facts_of(case)
    allowed = {action for action in ACTIONS if reason_not(Voice.RESIDENT, case, action, facts) is None}
    if state in OPEN:
        assert allowed == {"withdraw", "supervise"} | (
            {"record_verdict"} if state == CaseState.CALLBACK else set()
        )
    else:
        assert allowed == ({"reopen"} if state == CaseState.ARCHIVED else set())
