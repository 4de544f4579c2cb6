"""Queries for the public pages, and for those who answer 投诉建议."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from webapp.cases.models import Case
from webapp.directory.models import Unit
from webapp.directory.posts import Level
from webapp.directory.scope import within
from webapp.extensions import db
from webapp.foundation import codes, private
from webapp.foundation.access import Actor
from webapp.foundation.errors import NotFound
from webapp.foundation.paging import PAGE_SIZE, Page, keyset
from webapp.residents.models import Feedback

NOT_FOUND = "没有找到。请核对查询码，字母和数字都要对。"


@dataclass(frozen=True)
class PublicFeedback:
    """A complaint as its sender sees it: no name of who answered, only the unit."""

    text: str
    at: datetime
    answer: str
    answered_at: datetime | None
    unit_name: str


@dataclass(frozen=True)
class FeedbackRow:
    """One complaint in the list of those who answer; how to reach the sender is hidden."""

    id: int
    at: datetime
    text: str
    contact: str
    answer: str
    answered_at: datetime | None
    place: str | None


def code_of_case(number: str) -> str:
    """The tracking code of a case, for the browser that has just reported it.

    Raises:
        NotFound: there is no such case.
    """
    code = db.session.scalar(sa.select(Case.tracking_code).where(Case.number == number))
    if code is None:
        raise NotFound
    return code


def code_of_feedback(feedback_id: int) -> str:
    """The code of a complaint, for the browser that has just sent it.

    Raises:
        NotFound: there is no such complaint.
    """
    code = db.session.scalar(sa.select(Feedback.code).where(Feedback.id == feedback_id))
    if code is None:
        raise NotFound
    return code


def public_feedback(code: str) -> PublicFeedback:
    """A complaint by its code.

    Raises:
        NotFound: no such code.
    """
    row = db.session.execute(
        sa.select(Feedback.text, Feedback.at, Feedback.answer, Feedback.answered_at, Unit.short_name)
        .outerjoin(Unit, Unit.id == Feedback.answered_unit_id)
        .where(Feedback.code_hash == private.keyed_hash(codes.normalise_code(code)))
    ).one_or_none()
    if row is None:
        raise NotFound(NOT_FOUND)
    return PublicFeedback(row.text, row.at, row.answer, row.answered_at, row.short_name or "")


def feedback_for(actor: Actor, feedback_id: int) -> Feedback:
    """A complaint about the actor's places; those about none of them are the district's.

    Raises:
        NotFound: there is none, or it is another's to answer.
    """
    row = db.session.scalar(sa.select(Feedback).where(Feedback.id == feedback_id, within(actor, Feedback)))
    if row is None:
        raise NotFound
    return row


def list_feedback(actor: Actor, cursor: str = "", size: int = PAGE_SIZE) -> Page[FeedbackRow]:
    """Complaints about the actor's places, the latest first."""
    place = sa.func.coalesce(Feedback.community_id, Feedback.street_id)
    query = (
        sa.select(
            Feedback.id,
            Feedback.at,
            Feedback.text,
            Feedback.contact,
            Feedback.answer,
            Feedback.answered_at,
            Unit.short_name.label("place"),
        )
        .outerjoin(Unit, Unit.id == place)
        .where(within(actor, Feedback))
    )
    page = keyset(query, [Feedback.at, Feedback.id], cursor, size)
    return Page([_dressed(row) for row in page.rows], page.next)


def _dressed(row: Any) -> FeedbackRow:
    scrubbed = {"text": private.scrub(row.text), "contact": private.HIDDEN if row.contact else ""}
    return FeedbackRow(**{**row._mapping, **scrubbed})


def feedback_places() -> list[tuple[int, str]]:
    """Streets and communities, each community under its street's name."""
    street = aliased(Unit)
    rows = db.session.execute(
        sa.select(Unit.id, Unit.level, Unit.short_name, street.short_name.label("street"))
        .outerjoin(street, street.id == Unit.street_id)
        .where(Unit.level.in_((Level.STREET, Level.COMMUNITY)), Unit.retired_on.is_(None))
        .order_by(Unit.path)
    )
    return [
        (row.id, row.short_name if row.level == Level.STREET else f"{row.street} · {row.short_name}")
        for row in rows
    ]
