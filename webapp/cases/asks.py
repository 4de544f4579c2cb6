"""Case requests waiting for a decision, as the inbox shows them."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.cases.lists import seen_by
from webapp.cases.models import Case, CaseRequest
from webapp.cases.permissions import decides
from webapp.cases.queries import request_detail
from webapp.cases.service import escalation
from webapp.cases.states import REASON_NAMES, REQUEST_NAMES, ReasonKind, RequestKind
from webapp.directory.models import Person, Unit
from webapp.directory.scope import PERSON_ID, UNIT_ID, of_actor
from webapp.extensions import db
from webapp.foundation import private
from webapp.foundation.access import Actor
from webapp.foundation.asks import Ask


def _waits_for(level: str, can: frozenset[str]) -> sa.ColumnElement[bool]:
    """The condition that a request waits for the actor's unit, and that the actor may decide it and did not make it."""
    return sa.and_(
        CaseRequest.deciding_unit_id == UNIT_ID,
        CaseRequest.decided_at.is_(None),
        CaseRequest.lapsed_at.is_(None),
        CaseRequest.asked_by_id != PERSON_ID,
        CaseRequest.kind.in_([kind for kind in RequestKind if decides(level, can, kind)]),
        seen_by(level, can),
        # Whoever handled the case does not prolong its deadline.
        sa.or_(
            CaseRequest.kind != RequestKind.EXTEND,
            Case.handled_by_id.is_(None),
            Case.handled_by_id != PERSON_ID,
        ),
    )


def waiting(level: str, can: frozenset[str]) -> list[sa.Select[int]]:
    """The ids of the requests waiting for an actor; see ``AskSource``."""
    query = sa.select(CaseRequest.id).join(Case, Case.id == CaseRequest.case_id)
    return [query.where(_waits_for(level, can))]


def asks(actor: Actor, limit: int = 50) -> list[Ask]:
    """The requests waiting for this actor, oldest first; one query."""
    query = (
        sa.select(CaseRequest, Case.number, Case.title, Person.name, Unit.short_name)
        .join(Case, Case.id == CaseRequest.case_id)
        .join(Person, Person.id == CaseRequest.asked_by_id)
        .join(Unit, Unit.id == CaseRequest.asked_unit_id)
        .where(_waits_for(actor.unit_level, actor.permissions))
        .order_by(CaseRequest.asked_at, CaseRequest.id)
        .limit(limit)
    )
    return [
        Ask(
            id=request.id,
            kind=REQUEST_NAMES[RequestKind(request.kind)],
            title=private.scrub(title),
            by=f"{unit} {person}",
            since=request.asked_at,
            reason=private.scrub(request.reason),
            url=f"/cases/{number}",
            detail=REASON_NAMES[ReasonKind(request.reason_kind)]
            if request.reason_kind
            else request_detail(request.workdays, request.channel_text),
        )
        for request, number, title, person, unit in db.session.execute(query, of_actor(actor))
    ]


def decide(actor: Actor, ask_id: int, *, approve: bool, reason: str = "") -> str:
    """Approve, or send back with a reason; returns what happened, in Chinese.

    Raises:
        NotFound: it does not wait for this actor. Conflict: decided already. Invalid: sent back without a reason.
    """
    done = escalation.decide(actor, ask_id, approve=approve, reason=reason)
    return f"{done.label}：{done.case.number}。"
