"""逐级上报 and everything else that needs approval: 延期, 不予受理, 引导其他渠道."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from webapp.cases import options, terms
from webapp.cases.models import Case, CaseRequest
from webapp.cases.permissions import may_decide, may_see, requests_of, unit_at
from webapp.cases.service.turn import (
    Turn,
    begin,
    clear_handler,
    lock_case,
    one_of,
    open_request,
    phase_of,
    required,
    turn,
    whole,
)
from webapp.cases.states import CaseState, Phase, ReasonKind, RequestKind
from webapp.cases.workflow import next_level
from webapp.directory.posts import Level
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict, Invalid, NotFound

IN_HAND = (CaseState.ASSIGNED, CaseState.IN_PROGRESS)


def escalate(
    actor: Actor,
    number: str,
    *,
    reason_kind: str,
    reason: str,
    to_level: str | None = None,
    version: int | None = None,
) -> Case:
    """上报. From building to grid no approval is needed; further up the next level decides.

    ``to_level`` skips a level, and only where it is urgent or somebody has to step back (回避).
    """
    with turn(actor, number, "escalate", version) as t:
        kind = one_of(reason_kind, ReasonKind, "reason_kind", "请选择上报原因。")
        words = required(reason, "reason", "请写明上报的理由。")
        level = _goal(t.case, kind, to_level)
        data: dict[str, object] = {"reason_kind": kind, "to_level": level}
        if level == Level.GRID:
            return _climb(t, level, words, data)
        unit = unit_at(t.case, level)
        assert unit is not None, "the levels above a case's owner are known"
        request = open_request(t, RequestKind.ESCALATE, unit, words, reason_kind=kind)
        return t.finish(note=words, data={**data, "unit": unit, "request": request.id})


def _goal(case: Case, reason_kind: str, to_level: str | None) -> str:
    above = next_level(case.level)
    assert above is not None, "check_can refuses it at the top"
    if not to_level or to_level == above:
        return above
    if to_level not in options.levels_above(case):
        raise Invalid("请选择上报到哪一级。", "to_level")
    if not (case.urgent or reason_kind == ReasonKind.CONFLICT_OF_INTEREST):
        raise Invalid("只有紧急或需要回避时才能越级上报。", "to_level")
    return to_level


def _climb(t: Turn, level: str, note: str, data: dict[str, object]) -> Case:
    case = t.case
    state = case.state
    if state in IN_HAND:
        data["handler"] = case.handler_unit_id
        clear_handler(case)
        state = CaseState.CONVENING
    data |= t.to_level(level, Phase.ACCEPT)
    return t.finish(state, note=note, data=data)


def hand_down(actor: Actor, number: str, *, reason: str, version: int | None = None) -> Case:
    """交回下级, once: the upper level gives advice, and the level that escalated continues."""
    with turn(actor, number, "hand_down", version) as t:
        case, note = t.case, required(reason, "reason", "请写明交回的理由和建议。")
        assert case.came_from_unit_id is not None
        assert case.came_from_level is not None
        case.owner_unit_id, case.level = case.came_from_unit_id, case.came_from_level
        case.came_from_unit_id = case.came_from_level = None
        case.returned_down = True
        terms.start(case, phase_of(case.state), t.now)
        return t.finish(note=note, data={"unit": case.owner_unit_id})


def decline(actor: Actor, number: str, *, reason: str, version: int | None = None) -> Case:
    """Ask the next level to confirm 不予受理; the reporter is told the reason."""
    with turn(actor, number, "decline", version) as t:
        words = required(reason, "reason", "请写明不予受理的理由，会告知诉求人。")
        request = open_request(t, RequestKind.DECLINE, _confirming(t.case), words)
        return t.finish(note=words, data={"request": request.id, "unit": request.deciding_unit_id})


def redirect(
    actor: Actor, number: str, *, reason: str, channel_text: str, version: int | None = None
) -> Case:
    """Ask the next level to confirm that the matter belongs elsewhere; it must say where to turn."""
    with turn(actor, number, "redirect", version) as t:
        words = required(reason, "reason", "请写明理由，会告知诉求人。")
        channel = required(channel_text, "channel_text", "请写明诉求人应当找哪里。")
        request = open_request(t, RequestKind.REDIRECT, _confirming(t.case), words, channel_text=channel)
        return t.finish(
            note=words, data={"request": request.id, "unit": request.deciding_unit_id, "channel": channel}
        )


def _confirming(case: Case) -> int:
    """The next level's unit; at the top another person of the same unit."""
    return unit_at(case, next_level(case.level)) or case.owner_unit_id


def extend(actor: Actor, number: str, *, reason: str, workdays: int, version: int | None = None) -> Case:
    """申请延期: the handler asks, somebody else of the owner decides; once a level, at most as long as the term itself."""
    with turn(actor, number, "extend", version) as t:
        words = required(reason, "reason", "请写明延期的理由，会告知诉求人。")
        longest = options.longest_extension(t.case)
        if not 1 <= workdays <= longest:
            raise Invalid(f"最多延期{longest}个工作日。", "workdays")
        request = open_request(t, RequestKind.EXTEND, t.case.owner_unit_id, words, workdays=workdays)
        return t.finish(
            note=words, data={"request": request.id, "workdays": workdays, "unit": t.case.owner_unit_id}
        )


class Decided(NamedTuple):
    """The case after a decision, and what the decision is called."""

    case: Case
    label: str


def decide(
    actor: Actor, request_id: int, *, approve: bool, reason: str = "", version: int | None = None
) -> Decided:
    """Approve a request that waits for one's unit, or send it back with a reason.

    Raises:
        NotFound: it does not wait for the actor. Refused: it is the actor's own request.
        Conflict: it was decided, or is no longer needed. Invalid: sent back without a reason.
    """
    with whole():
        case_id = db.session.scalar(sa.select(CaseRequest.case_id).where(CaseRequest.id == request_id))
        if case_id is None:
            raise NotFound
        case = lock_case(Case.id, case_id)
        if not may_see(actor, case):
            raise NotFound
        requests = requests_of(case.id)
        ask = next(request for request in requests if request.id == request_id)
        if ask.deciding_unit_id != actor.unit_id or not may_decide(actor, ask.kind):
            raise NotFound
        if ask.decided_at or ask.lapsed_at:
            raise Conflict("这件事已经有人决定了，或者已经不需要决定。")
        t = begin(actor, case, f"{'approve' if approve else 'refuse'}_{ask.kind}", version, requests)
        if not approve:
            reason = required(reason, "reason", "请写明不同意的理由。")
        ask.decided_by_id, ask.decided_at, ask.approved = actor.person_id, t.now, approve
        ask.answer = reason.strip()
        if approve:
            _approve(t, ask)
        else:
            t.finish(note=ask.answer, data={"request": ask.id, "unit": ask.asked_unit_id})
        return Decided(case, t.transition.label)


def _approve(t: Turn, ask: CaseRequest) -> Case:
    data: dict[str, object] = {"request": ask.id}
    if ask.kind == RequestKind.ESCALATE:
        # The level is the decider's: it may be two above, where one was skipped.
        level = next(
            level for level in options.levels_above(t.case) if unit_at(t.case, level) == ask.deciding_unit_id
        )
        return _climb(t, level, ask.answer, data)
    if ask.kind == RequestKind.EXTEND:
        assert ask.workdays is not None
        terms.extend(t.case, ask.workdays, ask.reason)
        assert t.case.due_at is not None
        data |= {"workdays": ask.workdays, "due": t.case.due_at.isoformat()}
    if ask.kind == RequestKind.REDIRECT:
        data["channel"] = ask.channel_text
    return t.finish(note=ask.reason, data=data)
