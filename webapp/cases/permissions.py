"""Who may do what with a case, or why not. The button's hint and the refusal use the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from webapp.cases import terms
from webapp.cases.categories import all_categories
from webapp.cases.history import EventRow, events_of
from webapp.cases.models import Case, CaseRequest
from webapp.cases.states import LIMITS, STATE_NAMES, CaseState, Confidentiality, RequestKind
from webapp.cases.workflow import BY_NAMES, CASE_FLOW, By, CaseTransition, next_level, rank
from webapp.directory.posts import LADDER, Level, Permission
from webapp.directory.scope import COLUMN_OF_LEVEL
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict, DomainError, Refused


class Voice(StrEnum):
    """Actors without a post: the reporter with the tracking code, or the system."""

    RESIDENT = "resident"
    SYSTEM = "system"


VOICE_NAMES = {Voice.RESIDENT: "诉求人", Voice.SYSTEM: "系统"}
Who = Actor | Voice

HANDLING = ("settle_on_spot", "accept", "submit_result")
NEW_ROUND = ("assign", "reopen")
DECISIONS = {f"{verb}_{kind}": kind for kind in RequestKind for verb in ("approve", "refuse")}
ANSWERABLE = (CaseState.CALLBACK, CaseState.APPRAISED, CaseState.ARCHIVED)
ASKS = tuple(kind.value for kind in RequestKind)


@dataclass(frozen=True)
class Facts:
    """What the rules need beyond the case's own row."""

    hands: frozenset[int] = (
        frozenset()
    )  # who handled it in this round: none of them checks, calls or files it
    ask: CaseRequest | None = None  # the request that waits for a decision
    extended: bool = False  # at this level
    has_merged: bool = False  # others were merged into it
    reopen_allowed: bool = True
    lead: Case | None = None  # the case that this one joined
    supervised_at: datetime | None = None  # last time by the reporter


@dataclass(frozen=True)
class Offer:
    """An action for the page: what, and the reason why not now (None: it can be done)."""

    transition: CaseTransition
    reason: str | None = field(default=None)


def facts_of(
    case: Case, events: Sequence[EventRow] | None = None, requests: Sequence[CaseRequest] | None = None
) -> Facts:
    """The facts about one case. Pass all its ``events`` and ``requests``, in order, if they are loaded already."""
    lead = db.session.get(Case, case.merged_into_id) if case.merged_into_id else None
    if events is None or lead:
        events = events_of(case.id, *([lead.id] if lead else []))
    latest_first = events[::-1]
    asked = any(event.action in ASKS and event.case_id == case.id for event in events)
    if requests is None:
        requests = requests_of(case.id) if asked else ()
    return Facts(
        hands=_hands(latest_first, (lead or case).id),
        ask=next((r for r in requests if r.decided_at is None and r.lapsed_at is None), None),
        extended=any(r.kind == RequestKind.EXTEND and r.approved and r.level == case.level for r in requests),
        has_merged=case.has_merged,
        reopen_allowed=all_categories()[case.category].reopen_allowed,
        lead=lead,
        supervised_at=next(
            (
                event.at
                for event in latest_first
                if event.action == "supervise" and event.post == Voice.RESIDENT and event.case_id == case.id
            ),
            None,
        ),
    )


def _hands(latest_first: Sequence[EventRow], case_id: int) -> frozenset[int]:
    """Everybody who handled the case in its current round."""
    hands = set()
    for event in latest_first:
        if event.case_id != case_id:
            continue
        if event.action in HANDLING and event.person_id is not None:
            hands.add(event.person_id)
        if event.action in NEW_ROUND:
            break
    return frozenset(hands)


_REQUESTS = sa.select(CaseRequest).where(CaseRequest.case_id == sa.bindparam("case")).order_by(CaseRequest.id)


def requests_of(case_id: int) -> Sequence[CaseRequest]:
    """All requests ever made about the case, in order."""
    return db.session.scalars(_REQUESTS, {"case": case_id}).all()


def unit_at(case: Case, level: str | None) -> int | None:
    """The unit of ``level`` in whose territory the case lies."""
    unit: int | None = getattr(case, COLUMN_OF_LEVEL[Level(level)]) if level else None
    return unit


def may_see(actor: Actor, case: Case) -> bool:
    """Whether the actor may read the case.

    By scope; a handler what was assigned to its unit; a report (举报) only those who keep reports, whoever wrote it
    down, and whom it was assigned to. The side reported sees nothing of it, whatever else it may see.
    """
    if case.against_unit_id is not None and case.against_unit_id in (actor.unit_id, *_over(actor, case)):
        return False
    if case.handler_unit_id == actor.unit_id and _works(actor):
        return True
    if not actor.can(Permission.CASE_READ) or not _in_scope(actor, case):
        return False
    if case.confidentiality != Confidentiality.REPORT:
        return True
    return actor.can(Permission.CASE_REPORTS) or case.registered_by_id == actor.person_id


def _over(actor: Actor, case: Case) -> list[int]:
    """The ancestors of the actor's unit at the case's place: reports about one of them are hidden from its own staff."""
    if actor.unit_level not in LADDER:
        return []
    above = LADDER[rank(actor.unit_level) + 1 :]
    return [unit for level in above if (unit := unit_at(case, level)) is not None]


def _in_scope(actor: Actor, case: Case) -> bool:
    if actor.unit_level == Level.DISTRICT:
        return True
    return actor.unit_level in LADDER and unit_at(case, actor.unit_level) == actor.unit_id


def may_reveal(actor: Actor, case: Case) -> bool:
    """Whether the reporter's identity may be shown in full to the actor (domain rules 6.3).

    To the owner, and to the community and above, who call back; to a handler only where it is not to be kept from it.
    """
    if case.confidentiality == Confidentiality.ANONYMOUS or not may_see(actor, case):
        return False
    if actor.unit_id == case.owner_unit_id:
        return actor.can(Permission.CASE_OWN)
    if actor.unit_id == case.handler_unit_id:
        return case.confidentiality == Confidentiality.NORMAL and _works(actor)
    return actor.can(Permission.CASE_ARCHIVE)


def _works(actor: Actor) -> bool:
    return actor.can(Permission.CASE_HANDLE) or actor.can(Permission.CASE_OWN)


def standing(who: Who, case: Case, facts: Facts) -> frozenset[By]:
    """The roles in which ``who`` may act in this case."""
    if who == Voice.RESIDENT:
        return frozenset({By.RESIDENT})
    if who == Voice.SYSTEM:
        return frozenset({By.SYSTEM})
    assert isinstance(who, Actor)
    if not may_see(who, case):
        return frozenset()
    above = next_level(case.level)
    in_scope = who.unit_level in LADDER and _in_scope(who, case)
    higher = in_scope and rank(who.unit_level) > rank(case.level)
    decides = who.can(Permission.CASE_DECIDE) or (
        who.can(Permission.CASE_OWN) and who.unit_level == Level.GRID
    )
    holds = {
        By.RECORDER: case.registered_by_id == who.person_id and who.can(Permission.CASE_REGISTER),
        By.OWNER: who.can(Permission.CASE_OWN) and who.unit_id == case.owner_unit_id,
        By.HANDLER: who.unit_id == (facts.lead or case).handler_unit_id and _works(who),
        By.NEXT_LEVEL: decides and above is not None and who.unit_id == unit_at(case, above),
        By.ABOVE: decides and higher,
        By.COMMUNITY: who.can(Permission.CASE_ARCHIVE)
        and in_scope
        and rank(who.unit_level) >= rank(case.level),
        By.CALLER: who.can(Permission.CASE_ARCHIVE) and in_scope,
        By.DECIDER: facts.ask is not None
        and who.unit_id == facts.ask.deciding_unit_id
        and may_decide(who, facts.ask.kind),
    }
    return frozenset(by for by, held in holds.items() if held)


def may_decide(actor: Actor, kind: str) -> bool:
    """Whether the actor's post decides requests of this kind that wait for its unit."""
    return decides(actor.unit_level, actor.permissions, kind)


def decides(level: str, can: frozenset[str], kind: str) -> bool:
    """``may_decide``, for a post with the permissions ``can`` at a unit of this level."""
    if kind == RequestKind.EXTEND or level == Level.GRID:
        return Permission.CASE_OWN in can
    return Permission.CASE_DECIDE in can


def check_can(who: Who, case: Case, action: str, facts: Facts | None = None) -> None:
    """Refuse with the reason unless it is allowed.

    Raises:
        Refused: it is not ``who``'s to do. Conflict: it can't be done in this state.
    """
    facts = facts or facts_of(case)
    error = _refusal(who, case, action, facts, standing(who, case, facts))
    if error:
        raise error


def reason_not(who: Who, case: Case, action: str, facts: Facts | None = None) -> str | None:
    """Why ``who`` can't do it; None if they can."""
    facts = facts or facts_of(case)
    error = _refusal(who, case, action, facts, standing(who, case, facts))
    return error.message if error else None


def offers(actor: Actor, case: Case, facts: Facts | None = None) -> list[Offer]:
    """The actions open in this state to this actor's role; those barred for another reason carry that reason."""
    facts = facts or facts_of(case)
    roles = standing(actor, case, facts)
    found = []
    for transition in CASE_FLOW.open_to(case.state):
        kind = DECISIONS.get(transition.action)
        if roles.isdisjoint(transition.by) or (kind and (facts.ask is None or facts.ask.kind != kind)):
            continue
        error = _refusal(actor, case, transition.action, facts, roles)
        found.append(Offer(transition, error.message if error else None))
    return found


def _refusal(who: Who, case: Case, action: str, facts: Facts, roles: frozenset[By]) -> DomainError | None:
    transition = CASE_FLOW[action]
    if roles.isdisjoint(transition.by):
        return Refused(f"“{transition.label}”要由{'或'.join(BY_NAMES[By(by)] for by in transition.by)}来做。")
    try:
        CASE_FLOW.check(action, case.state, STATE_NAMES[CaseState(case.state)])
    except Conflict as error:
        return error
    person = who.person_id if isinstance(who, Actor) else None
    for rule in (_own_work, _open_request, _ladder, _return, _again, _merge):
        if error_found := rule(case, action, facts, person, roles):
            return error_found
    return None


def _own_work(
    case: Case, action: str, facts: Facts, person: int | None, roles: frozenset[By]
) -> DomainError | None:
    """Handling, checking and calling the reporter must be done by three different people."""
    if person is None:
        return None
    done = facts.lead or case
    mine = person in facts.hands or person == done.handled_by_id
    if action in ("pass_check", "fail_check") and mine:
        return Refused("您经办了这件事，要由其他人核查。")
    if action in ("log_try", "record_verdict"):
        if mine or By.HANDLER in roles:
            return Refused("承办单位不回访自己办的事，要由其他单位的人回访。")
        if person == done.checked_by_id:
            return Refused("您核查了这件事，要由其他人回访。")
    if action == "archive" and mine:
        return Refused("您经办了这件事，要由其他人归档。")
    if action in DECISIONS and facts.ask is not None:
        if person == facts.ask.asked_by_id:
            return Refused("这是您自己提出的，要由其他人决定。")
        if facts.ask.kind == RequestKind.EXTEND and mine:
            return Refused("您经办了这件事，延期要由其他人决定。")
    return None


def _open_request(
    case: Case, action: str, facts: Facts, person: int | None, roles: frozenset[By]
) -> DomainError | None:
    if action in ASKS and facts.ask is not None:
        return Conflict("已有一项申请在等待决定。")
    kind = DECISIONS.get(action)
    if kind and (facts.ask is None or facts.ask.kind != kind):
        return Conflict("没有等待决定的申请。可能已经有人决定了。")
    if action == "extend":
        if facts.extended:
            return Conflict("这一级已经延期过一次，不能再延。")
        if case.due_at is not None and case.due_at < clock.now():
            return Conflict("已经超期，不能再申请延期。")
    return None


def _ladder(
    case: Case, action: str, facts: Facts, person: int | None, roles: frozenset[By]
) -> DomainError | None:
    if action == "escalate" and next_level(case.level) is None:
        return Conflict("已经在街道，没有更高一级。")
    if action != "hand_down":
        return None
    if case.came_from_level is None or rank(case.came_from_level) >= rank(case.level):
        return Conflict("这件事不是下级上报的，不能交回。")
    if case.returned_down:
        return Conflict("已经交回过一次，不能再交回。")
    if case.came_from_unit_id in (case.against_unit_id, None):
        return Conflict("不能交给被反映的单位。")
    return None


def _return(
    case: Case, action: str, facts: Facts, person: int | None, roles: frozenset[By]
) -> DomainError | None:
    if action != "return_case":
        return None
    if case.ruled or (case.returns >= LIMITS.returns and next_level(case.level) is None):
        return Conflict("上级已经裁定由您单位承办，不能再退单。")
    assert case.assigned_at is not None
    if terms.workdays_between(case.assigned_at, clock.now()) > LIMITS.return_workdays:
        return Conflict(f"转办已超过{LIMITS.return_workdays}个工作日，不能再退单。")
    return None


def _again(
    case: Case, action: str, facts: Facts, person: int | None, roles: frozenset[By]
) -> DomainError | None:
    now = clock.now()
    if action == "reopen":
        if not facts.reopen_allowed:
            return Conflict("这类事项办结后不再重新办理。")
        if case.reopen_count >= LIMITS.reopens:
            return Conflict("已重新办理两次，这件事已经终结。仍有异议的，可以向上级部门或通过法律途径反映。")
        late = case.archived_at is not None and now - case.archived_at > timedelta(days=LIMITS.reopen_days)
        if late and By.OWNER not in roles:
            return Conflict(f"归档已超过{LIMITS.reopen_days}天。如有新情况，请重新登记。")
    if action == "supervise" and By.RESIDENT in roles and facts.supervised_at is not None:
        soon = now - facts.supervised_at < timedelta(hours=LIMITS.supervise_hours)
        return Conflict("您刚催办过，承办单位已经收到，请明天再试。") if soon else None
    return None


def _merge(
    case: Case, action: str, facts: Facts, person: int | None, roles: frozenset[By]
) -> DomainError | None:
    if facts.lead is not None and action in ("log_try", "record_verdict"):
        if facts.lead.state not in ANSWERABLE:
            return Conflict("并入的那件事还没有核查通过，现在不能评议。")
        return Conflict("已经评议过了。") if case.verdict is not None else None
    if action == "unmerge" and case.verdict is not None and case.state_before != CaseState.APPRAISED:
        return Conflict("诉求人已经评议，不能再拆分。")
    if action != "merge":
        return None
    if case.confidentiality == Confidentiality.REPORT:
        return Conflict("举报不能并案。")
    if facts.has_merged:
        return Conflict("已有其他诉求并入这件事，请把另一件并到这里。")
    return None
