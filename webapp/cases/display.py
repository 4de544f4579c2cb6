"""What the case page shows: whose turn it is, the main action, the time left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from webapp.cases.states import STAGES, CaseState, Confidentiality
from webapp.cases.workflow import CASE_FLOW
from webapp.foundation import text

if TYPE_CHECKING:
    from webapp.cases.permissions import Offer
    from webapp.cases.queries import CasePage

S = CaseState
# How each state is marked: the word stands beside a shape of this kind.
STATE_KINDS = {
    S.REGISTERED: "todo",
    S.CONVENING: "doing",
    S.ASSIGNED: "todo",
    S.IN_PROGRESS: "doing",
    S.SUSPENDED: "due",
    S.PENDING_CHECK: "doing",
    S.CALLBACK: "doing",
    S.APPRAISED: "doing",
    S.ARCHIVED: "done",
    S.DECLINED: "muted",
    S.REDIRECTED: "muted",
    S.WITHDRAWN: "muted",
    S.MERGED: "muted",
}
MARK_KINDS = {"overdue": "overdue", "due_soon": "due", "": "muted"}
# What comes next in each open state.
NEXT = {
    S.REGISTERED: "受理",
    S.CONVENING: "协商后转办",
    S.ASSIGNED: "签收",
    S.IN_PROGRESS: "办理并反馈结果",
    S.SUSPENDED: "到期复查",
    S.PENDING_CHECK: "核查结果",
    S.CALLBACK: "评议，或等回访",
    S.APPRAISED: "归档",
}
BY_HANDLER = (S.ASSIGNED, S.IN_PROGRESS)
FORWARD = sorted((t for t in CASE_FLOW.transitions if t.forward), key=lambda t: t.forward)


@dataclass(frozen=True)
class Turn:
    """Whose turn it is, to do what, and how much time is left; ``kind`` is the kind of notice."""

    who: str
    what: str
    left: str
    kind: str


def turn(case: CasePage) -> Turn | None:
    """Whose turn it is; None if nothing more happens."""
    state = CaseState(case.case.state)
    if state not in NEXT:
        return None
    kind = MARK_KINDS[case.mark.kind]
    if case.request is not None:
        who, what = case.request.decider, f"决定是否同意{case.request.kind_name}"
    else:
        who, what = _who(state, case), NEXT[state]
    return Turn(who, what, case.mark.text, "info" if kind == "muted" else kind)


def _who(state: CaseState, case: CasePage) -> str:
    if state in BY_HANDLER:
        return case.handler_name
    if state == S.CALLBACK:
        return "诉求人"
    return case.archive_by if state == S.APPRAISED else case.owner_name


def arrange(offers: Sequence[Offer]) -> tuple[Offer | None, list[Offer], list[Offer]]:
    """Sort actions into the main one, those beside it (such as sending back), and the rest."""
    open_now = {offer.transition.action: offer for offer in offers if offer.reason is None}
    main = next((open_now[t.action] for t in FORWARD if t.action in open_now), None)
    beside = [offer for offer in open_now.values() if offer.transition.beside]
    first = {id(offer) for offer in (main, *beside) if offer}
    return main, beside, [offer for offer in offers if id(offer) not in first]


def rail(state: str, stage: str) -> tuple[tuple[str, ...], int] | None:
    """The five stages and the index of the current one, past the last once archived; None if the case left the loop.

    收集 is over once there is a case, so that a new one stands before the first of the five.
    """
    if stage not in STAGES:
        return None
    return STAGES[1:], len(STAGES) if state == S.ARCHIVED else max(0, STAGES.index(stage) - 1)


def flags(page: CasePage) -> tuple[tuple[str, str], ...]:
    """The marks to see at a glance, as pairs of kind and text."""
    case = page.case
    marks = (
        (case.urgent, "overdue", "紧急"),
        (case.key_small_matter, "doing", "关键小事"),
        (case.confidentiality != Confidentiality.NORMAL, "due", page.confidentiality_name),
    )
    return tuple((kind, word) for holds, kind, word in marks if holds)


def facts(page: CasePage) -> tuple[tuple[str, str], ...]:
    """The case's category, origin and owner, as label and value."""
    by = f"{page.registered_by_name or '居民'} · {text.daytime(page.case.registered_at)}"
    known = (
        ("类别", page.category_name),
        ("来源", page.source_name),
        ("登记", by),
        ("主办", page.owner_name),
        ("承办", page.handler_name),
        ("被举报单位", page.against_name),
        ("召集", "、".join(page.parties)),
    )
    return tuple(fact for fact in known if fact[1])


def result_facts(page: CasePage) -> tuple[tuple[str, str], ...]:
    """Who produced and checked the result, and the verdict on it."""
    verdict = f"{page.verdict_name}：{page.verdict_note}" if page.verdict_note else page.verdict_name
    known = (
        ("经办", page.handled_by_name),
        ("核查", page.checked_by_name),
        ("评议", verdict if page.verdict_name else ""),
    )
    return tuple(fact for fact in known if fact[1])


def course(page: CasePage) -> tuple[tuple[str, str, datetime, str], ...]:
    """The timeline, latest first: sentence, note, time, and how long ago."""
    return tuple((line.text, line.note, line.at, text.ago(line.at)) for line in reversed(page.timeline))
