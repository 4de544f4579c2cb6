"""Points that wait for a decision, for the inbox: proposals to review and objections to settle."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from webapp.directory.models import Person
from webapp.directory.posts import Permission
from webapp.directory.scope import of_actor
from webapp.extensions import db
from webapp.foundation import text
from webapp.foundation.access import Actor
from webapp.foundation.asks import Ask
from webapp.foundation.db import AnySelect, UTCDateTime
from webapp.foundation.errors import NotFound
from webapp.points.ledger import queries, service
from webapp.points.models import STILL_OPEN, PointEntry, PointObjection


def waiting(level: str, can: frozenset[str]) -> list[sa.Select[int]]:
    """The ids of the entries that wait for an actor, as proposals or with an objection to settle; see ``AskSource``."""
    if Permission.POINTS_REVIEW not in can:
        return []
    proposal, objection = queries.decidable(level)
    # Open objections are few: the database begins with them.
    disputed = sa.select(PointEntry.id).join(PointObjection, PointObjection.entry_id == PointEntry.id)
    return [sa.select(PointEntry.id).where(proposal), disputed.where(STILL_OPEN, objection)]


def asks(actor: Actor, limit: int = 50) -> list[Ask]:
    """Those that wait for this actor, the oldest first."""
    if not actor.can(Permission.POINTS_REVIEW):
        return []
    proposal, objection = queries.decidable(actor.unit_level)
    rows = [
        *db.session.execute(
            _rows().where(proposal).order_by(PointEntry.at, PointEntry.id).limit(limit), of_actor(actor)
        ),
        *db.session.execute(
            _rows().where(STILL_OPEN, objection).order_by(PointObjection.at).limit(limit), of_actor(actor)
        ),
    ]
    return [_ask(row) for row in sorted(rows, key=lambda row: (row.since, row.id))[:limit]]


def decide(actor: Actor, ask_id: int, *, approve: bool, reason: str = "") -> str:
    """Approve a proposal or an objection, or send it back with a reason.

    Raises:
        NotFound: it does not wait for this actor. Conflict: decided already. Invalid: sent back without a reason.
    """
    if queries.open_objection(ask_id) is not None:
        service.settle(actor, ask_id, uphold=approve, reason=reason)
        return "异议成立，已更正。" if approve else "异议不成立，已答复。"
    if queries.entry_for_review(actor, ask_id).person_id == actor.person_id:
        raise NotFound
    service.review(actor, ask_id, approve=approve, reason=reason)
    return "积分已入账。" if approve else "已退回，不计积分。"


def _rows() -> AnySelect:
    """Entries with what is asked about them: their open objection, or else the proposal itself."""
    asker = aliased(Person)
    still = sa.and_(PointObjection.entry_id == PointEntry.id, STILL_OPEN)
    since = sa.func.coalesce(PointObjection.at, PointEntry.at, type_=UTCDateTime)
    return (
        sa.select(
            PointEntry.id,
            PointEntry.title,
            PointEntry.amount,
            PointEntry.reason,
            PointEntry.earned_on,
            since.label("since"),
            PointObjection.reason.label("objection"),
            Person.name.label("person_name"),
            asker.name.label("by_name"),
        )
        .join(Person, Person.id == PointEntry.person_id)
        .outerjoin(PointObjection, still)
        .outerjoin(asker, asker.id == sa.func.coalesce(PointObjection.raised_by_id, PointEntry.created_by_id))
    )


def _ask(row: Any) -> Ask:
    return Ask(
        id=row.id,
        kind="积分异议" if row.objection else "积分",
        title=f"{row.person_name} · {row.title} {row.amount:+d} 分",
        by=row.by_name or "系统",
        since=row.since,
        reason=row.objection or row.reason,
        url=f"/points/review/{row.id}",
        detail=text.day(row.earned_on),
    )
