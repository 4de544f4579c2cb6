"""What waits for a decision about cases, in the shape that the inbox shows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.cases.lists import C, seen_by
from webapp.cases.models import CaseRequest
from webapp.cases.permissions import may_decide
from webapp.cases.queries import request_detail
from webapp.cases.service import decide_request
from webapp.cases.workflow import CASE_FLOW, REASON_NAMES, REQUEST_NAMES, ReasonKind, RequestKind
from webapp.directory.models import Person, Unit
from webapp.directory.scope import PERSON_ID, UNIT_ID
from webapp.extensions import db
from webapp.foundation import private
from webapp.foundation.access import Actor
from webapp.foundation.asks import Ask
from webapp.foundation.db import AnySelect
from webapp.foundation.prepared import prepared

R = CaseRequest.__table__.c


def _shape(actor: Actor) -> tuple[str, frozenset[str], tuple[RequestKind, ...]]:
    return actor.unit_level, actor.permissions, tuple(kind for kind in RequestKind if may_decide(actor, kind))


def _waiting(level: str, can: frozenset[str], kinds: tuple[RequestKind, ...]) -> sa.ColumnElement[bool]:
    """That a request waits for the actor's unit and may be decided by the actor, who did not ask for it."""
    return sa.and_(
        R.deciding_unit_id == UNIT_ID,
        R.decided_at.is_(None),
        R.lapsed_at.is_(None),
        R.asked_by_id != PERSON_ID,
        R.kind.in_(kinds),
        seen_by(level, can),
        # Whoever handled the case does not prolong its deadline.
        sa.or_(R.kind != RequestKind.EXTEND, C.handled_by_id.is_(None), C.handled_by_id != PERSON_ID),
    )


def count(actor: Actor) -> int:
    """How many wait for this actor; one query."""
    number: int = _count(*_shape(actor), unit_id=actor.unit_id, person_id=actor.person_id)[0][0]
    return number


@prepared
def _count(*shape: Any) -> AnySelect:
    return (
        sa.select(sa.func.count())
        .join_from(R.id.table, C.id.table, C.id == R.case_id)
        .where(_waiting(*shape))
    )


def asks(actor: Actor, limit: int = 50) -> list[Ask]:
    """Those that wait for this actor, the oldest first; one query."""
    rows = _asks(*_shape(actor), unit_id=actor.unit_id, person_id=actor.person_id, most=limit)
    return [
        Ask(
            id=row.id,
            kind=REQUEST_NAMES[RequestKind(row.kind)],
            title=private.scrub(row.title),
            by=f"{row.unit} {row.person}",
            since=row.asked_at,
            reason=private.scrub(row.reason),
            url=f"/cases/{row.number}",
            detail=REASON_NAMES[ReasonKind(row.reason_kind)]
            if row.reason_kind
            else request_detail(row.workdays, row.channel_text),
        )
        for row in rows
    ]


@prepared
def _asks(*shape: Any) -> AnySelect:
    person, unit = Person.__table__.c, Unit.__table__.c
    return (
        sa.select(
            R.id,
            R.kind,
            R.reason,
            R.reason_kind,
            R.asked_at,
            R.workdays,
            R.channel_text,
            C.number,
            C.title,
            person.name.label("person"),
            unit.short_name.label("unit"),
        )
        .join_from(R.id.table, C.id.table, C.id == R.case_id)
        .join(person.id.table, person.id == R.asked_by_id)
        .join(unit.id.table, unit.id == R.asked_unit_id)
        .where(_waiting(*shape))
        .order_by(R.asked_at, R.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )


def decide(actor: Actor, ask_id: int, *, approve: bool, reason: str = "") -> str:
    """Approve, or send back with a reason; returns what happened, in Chinese.

    Raises:
        NotFound: it does not wait for this actor. Conflict: decided already. Invalid: sent back without a reason.
    """
    case = decide_request(actor, ask_id, approve=approve, reason=reason)
    ask = db.session.get_one(CaseRequest, ask_id)
    label = CASE_FLOW[f"{'approve' if approve else 'refuse'}_{ask.kind}"].label
    return f"{label}：{case.number}。"
