"""What the reporter sees with the tracking code: the case's progress in plain words, and what they can do now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from webapp.cases import terms, timeline
from webapp.cases.categories import all_categories
from webapp.cases.history import events_of
from webapp.cases.models import Case
from webapp.cases.options import unit_names
from webapp.cases.permissions import ANSWERABLE, Facts, Voice, facts_of, reason_not
from webapp.cases.states import (
    LIMITS,
    RESULT_NAMES,
    STAGE_OF_STATE,
    STATE_NAMES,
    VERDICT_NAMES,
    CaseState,
    Confidentiality,
    ResultKind,
    Verdict,
)
from webapp.cases.terms import Mark
from webapp.cases.timeline import Names, Step
from webapp.directory.models import Unit
from webapp.extensions import db
from webapp.foundation import clock, private
from webapp.foundation.codes import normalise_code
from webapp.foundation.errors import NotFound


@dataclass(frozen=True)
class PublicCase:
    """A case as its reporter sees it: no names of people; phone and door numbers removed from free text."""

    number: str
    title: str
    category_name: str
    place_name: str
    state: str
    state_name: str
    stage: str
    registered_at: datetime
    due_at: datetime | None
    mark: Mark
    steps: list[Step]
    result_name: str
    result_text: str
    verdict_name: str
    can_verdict: bool
    can_withdraw: bool
    can_supervise: bool
    can_reopen: bool
    reopen_until: datetime | None
    merged: bool
    lawful_channels: bool


def public_view(code: str) -> PublicCase:
    """The case behind a tracking code.

    Raises:
        NotFound: no case has this code.
    """
    found = private.keyed_hash(normalise_code(code))
    case = db.session.scalars(sa.select(Case).where(Case.tracking_hash == found)).one_or_none()
    if case is None:
        raise NotFound("没有找到这个查询码。请核对后再输入。")
    facts = facts_of(case)
    shared = facts.lead or case  # who joined another case follows that one
    now = clock.now()
    place = db.session.get_one(Unit, case.grid_id or case.community_id or case.street_id)
    told_result = shared.state in ANSWERABLE and shared.result_kind is not None
    return PublicCase(
        number=case.number,
        title=private.scrub(case.title),
        category_name=all_categories()[case.category].name,
        place_name=place.short_name,
        state=shared.state,
        state_name=STATE_NAMES[CaseState(shared.state)],
        stage=STAGE_OF_STATE.get(CaseState(shared.state), ""),
        registered_at=case.registered_at,
        due_at=shared.due_at if shared.closed_at is None else None,
        mark=terms.mark(shared.state, shared.due_at, now, terms.calendar_over([shared.due_at], now)),
        steps=_steps(case, facts),
        result_name=RESULT_NAMES[ResultKind(shared.result_kind)]
        if told_result and shared.result_kind
        else "",
        result_text=private.scrub(shared.result_text) if told_result else "",
        verdict_name=VERDICT_NAMES[Verdict(case.verdict)] if case.verdict else "",
        can_verdict=_may(case, "record_verdict", facts),
        can_withdraw=_may(case, "withdraw", facts),
        can_supervise=_may(case, "supervise", facts),
        can_reopen=_may(case, "reopen", facts),
        reopen_until=case.archived_at + timedelta(days=LIMITS.reopen_days) if case.archived_at else None,
        merged=facts.lead is not None,
        lawful_channels=case.state == CaseState.ARCHIVED and case.reopen_count >= LIMITS.reopens,
    )


def _may(case: Case, action: str, facts: Facts) -> bool:
    return reason_not(Voice.RESIDENT, case, action, facts) is None


def _steps(case: Case, facts: Facts) -> list[Step]:
    """The case's own progress and, after a merger, that of the case it joined, but not what the other reporter said."""
    events = events_of(case.id, *([facts.lead.id] if facts.lead else []))
    joined = max(
        (event.id for event in events if event.case_id == case.id and event.action == "merge"), default=0
    )
    own = [
        event
        for event in events
        if event.case_id == case.id or (event.id > joined and event.action not in PERSONAL)
    ]
    names = Names({}, {row.id: row.name for row in unit_names(timeline.unit_ids(own))})
    if case.confidentiality == Confidentiality.REPORT:
        names = Names({}, {})
    steps = []
    for event in own:
        words = timeline.told(event, names, private.scrub(event.note))
        if words is not None:
            steps.append(Step(event.at, words))
    return steps


PERSONAL = ("record_verdict", "log_try", "withdraw", "reopen", "supervise", "merge", "unmerge")
