"""What waits for a decision about cases, in the shape that the inbox shows."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.cases.models import Case, CaseRequest
from webapp.cases.permissions import may_decide
from webapp.cases.queries import request_detail, visible
from webapp.cases.service import decide_request
from webapp.cases.workflow import CASE_FLOW, REASON_NAMES, REQUEST_NAMES, ReasonKind, RequestKind
from webapp.directory.models import Person, Unit
from webapp.extensions import db
from webapp.foundation import private
from webapp.foundation.access import Actor
from webapp.foundation.asks import Ask


def _waiting(actor: Actor) -> sa.ColumnElement[bool]:
    """That a request waits for the actor's unit and may be decided by the actor, who did not ask for it."""
    kinds = [kind for kind in RequestKind if may_decide(actor, kind)]
    return sa.and_(
        CaseRequest.deciding_unit_id == actor.unit_id, CaseRequest.decided_at.is_(None),
        CaseRequest.lapsed_at.is_(None), CaseRequest.asked_by_id != actor.person_id, CaseRequest.kind.in_(kinds),
        visible(actor),
        # Whoever handled the case does not prolong its deadline.
        sa.or_(
            CaseRequest.kind != RequestKind.EXTEND, Case.handled_by_id.is_(None), Case.handled_by_id != actor.person_id
        ),
    )


def count(actor: Actor) -> int:
    """How many wait for this actor; one query."""
    query = sa.select(sa.func.count()).select_from(CaseRequest).join(Case, Case.id == CaseRequest.case_id)
    return db.session.scalar(query.where(_waiting(actor))) or 0


def asks(actor: Actor, limit: int = 50) -> list[Ask]:
    """Those that wait for this actor, the oldest first; one query."""
    query = (
        sa.select(
            CaseRequest.id, CaseRequest.kind, CaseRequest.reason, CaseRequest.reason_kind, CaseRequest.asked_at,
            CaseRequest.workdays, CaseRequest.channel_text, Case.number, Case.title, Person.name.label("person"),
            Unit.short_name.label("unit"),
        )
        .join(Case, Case.id == CaseRequest.case_id)
        .join(Person, Person.id == CaseRequest.asked_by_id)
        .join(Unit, Unit.id == CaseRequest.asked_unit_id)
        .where(_waiting(actor)).order_by(CaseRequest.asked_at, CaseRequest.id).limit(limit)
    )
    return [
        Ask(
            id=row.id, kind=REQUEST_NAMES[RequestKind(row.kind)], title=private.scrub(row.title),
            by=f"{row.unit} {row.person}", since=row.asked_at, reason=private.scrub(row.reason),
            url=f"/cases/{row.number}",
            detail=REASON_NAMES[ReasonKind(row.reason_kind)] if row.reason_kind
            else request_detail(row.workdays, row.channel_text),
        )
        for row in db.session.execute(query)
    ]


def decide(actor: Actor, ask_id: int, *, approve: bool, reason: str = "") -> str:
    """Approve, or send back with a reason; returns what happened, in Chinese.

    Raises:
        NotFound: it does not wait for this actor. Conflict: decided already. Invalid: sent back without a reason.
    """
    case = decide_request(actor, ask_id, approve=approve, reason=reason)
    ask = db.session.get_one(CaseRequest, ask_id)
    label = CASE_FLOW[f"{'approve' if approve else 'refuse'}_{ask.kind}"].label
    return f"{label}：{case.number}。"
