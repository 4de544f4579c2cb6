"""What one can do with 投诉建议: send it, answer it. Everything about a case is in the room of cases."""

from __future__ import annotations

from webapp.directory.models import Unit
from webapp.directory.posts import Level
from webapp.directory.scope import place_of
from webapp.extensions import db
from webapp.foundation import clock, codes, journal, private
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.residents.models import Feedback
from webapp.residents.queries import feedback_for

PLACES = (Level.STREET, Level.COMMUNITY)  # what a complaint may be about; none: the district


def send_feedback(
    actor: Actor | None, *, text: str, contact: str = "", unit_id: int | None = None, path: str = ""
) -> Feedback:
    """Keep a complaint or suggestion. Nobody's name is kept with it: who wants an answer follows the code.

    ``path`` is where the sender was; only its first part is kept, since the rest may name a case.

    Raises:
        Invalid: there is nothing in it, or no such place.
    """
    if not text.strip():
        raise Invalid("请写下您的意见。", "text")
    with transaction() as session:
        code = codes.tracking_code()
        row = Feedback(
            code_hash=private.keyed_hash(code),
            code=code,
            text=text.strip(),
            contact=contact.strip(),
            path="/" + path.lstrip("/").partition("/")[0],
            at=clock.now(),
            **_place(unit_id),
        )
        session.add(row)
        session.flush()
        journal.record(None, "feedback:send", "feedback", row.id, {"with_login": actor is not None})
        return row


def _place(unit_id: int | None) -> dict[str, int | None]:
    if unit_id is None:
        return {}
    unit = db.session.get(Unit, unit_id)
    if unit is None or unit.level not in PLACES or unit.retired_on:
        raise Invalid("请重新选择地方。", "unit_id")
    return place_of(unit)


def answer_feedback(actor: Actor, feedback_id: int, *, answer: str) -> Feedback:
    """Reply to a complaint; only once.

    Raises:
        NotFound: it is not within the actor's scope. Conflict: answered already. Invalid: an empty reply.
    """
    with transaction():
        row = locked(Feedback, feedback_for(actor, feedback_id).id)
        if row is None:
            raise NotFound
        if row.answered_at is not None:
            raise Conflict("这条意见已经有人回复。")
        if not answer.strip():
            raise Invalid("请写下答复。", "answer")
        row.answer, row.answered_at = answer.strip(), clock.now()
        row.answered_by_id, row.answered_unit_id = actor.person_id, actor.unit_id
        journal.record(actor, "feedback:answer", "feedback", row.id)
        return row


def reveal_contact(actor: Actor, feedback_id: int) -> str:
    """How to reach the sender, in full; journalled.

    Raises:
        NotFound: it is not within the actor's scope.
    """
    with transaction():
        row = feedback_for(actor, feedback_id)
        journal.record(actor, "feedback:read_contact", "feedback", row.id)
        return row.contact
