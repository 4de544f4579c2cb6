"""Put a phone's submission aside for the community if its author may no longer send it, instead of refusing it."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, current_app, g, request

from webapp.accounts.session import current_person_id
from webapp.foundation import incoming, outbox, photos, receipts
from webapp.foundation.access import Actor, access_of
from webapp.foundation.errors import Invalid
from webapp.foundation.forms import CONTENT_IN_WORDS, NOT_CONTENT, Form, submission
from webapp.foundation.htmx import inside
from webapp.foundation.receipts import Done, Submission
from webapp.offline import queries, service

HANDED = "已交社区处理。"
POST_ENDED = "写下之后，当时的职务已经结束"
HANDED_OVER = "本人转交"
TEXT_LENGTH = 8000


def take_over() -> Response | None:
    """Answer in place of the view. Runs after the actor is identified, before access is checked."""
    if not outbox.asks() or access_of(current_app, request.endpoint) is None:
        return None
    actor: Actor | None = g.actor
    person_id = current_person_id()
    if person_id is None:
        return None
    if request.headers.get("X-Outbox-Owner", "") != queries.owner_key(person_id):
        return outbox.refusal(401, "这条内容是另一位工作人员写的，请由本人登录后发送。")
    if request.headers.get("X-Outbox-Hand-Over") == "1":
        return _put_aside(person_id, HANDED_OVER)
    return _put_aside(person_id, POST_ENDED) if _post_ended(actor) else None


def _post_ended(actor: Actor | None) -> bool:
    if actor is None:
        return True
    post = outbox.number("X-Outbox-Post")
    return post is not None and all(held.appointment_id != post for held in actor.holdings)


def _put_aside(person_id: int, reason: str) -> Response:
    form = Form()
    if not form.validate_on_submit():
        return outbox.refused(form.refusal(), form.first_errors())
    arrival = replace(submission(form), person_id=person_id)
    parcel = _parcel(arrival, person_id, reason)

    def put_aside() -> Done:
        service.put_aside(parcel)
        return Done("/outbox", HANDED)

    done = receipts.once(arrival, put_aside)
    return outbox.receipt(arrival.id, done)


def _parcel(arrival: Submission, person_id: int, reason: str) -> service.Parcel:
    return service.Parcel(
        submission_id=arrival.id,
        person_id=person_id,
        appointment_id=outbox.number("X-Outbox-Post"),
        action=request.path,
        page=inside(request.headers.get("X-Outbox-Page", "")),
        fields=[
            (incoming.line(name), incoming.lines(value))
            for name, value in request.form.items(multi=True)
            if name not in NOT_CONTENT
        ],
        text=incoming.lines(request.form.get(CONTENT_IN_WORDS))[:TEXT_LENGTH],
        reason=reason,
        claimed_at=arrival.origin.claimed_at if arrival.origin else None,
        photos=_photos(),
    )


def _photos() -> list[photos.ReadyPhoto]:
    """Keep the readable photos; an unreadable one must not cost the rest of the form."""
    ready = []
    for _, file in list(request.files.items(multi=True))[: photos.MAX_PHOTOS]:
        try:
            ready.append(photos.accept(file.read()))
        except Invalid:
            continue
        finally:
            file.stream.seek(0)
    return ready
