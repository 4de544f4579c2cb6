"""Answers for the outbox of a phone (``static/outbox.js``): JSON in place of pages.

The outbox keeps what was written until an answer names its submission id; a page, a redirect or silence never does. So
each answer to it is one of: a receipt (200), wrong input (422), a refusal with its reason (403, 404, 409, 413, 429), or
that somebody must log in first (401).
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from flask import Response, jsonify, request

from webapp.foundation import incoming, receipts
from webapp.foundation.receipts import Done, Origin

LOG_IN = "请先登录，再发送。内容还在本机。"
NOT_DONE = "没有办成。请打开这一页，看看现在的情况。"
CLAIM_YEARS = range(2000, 2100)  # a clock beyond them tells nothing


def asks() -> bool:
    """Whether this request is a submission out of a phone's outbox."""
    return request.method == "POST" and request.headers.get("X-Outbox") == "1"


def origin() -> Origin | None:
    """The phone a submission came from, its sequence number there and the phone's time; None if the headers are missing."""
    if not asks():
        return None
    try:
        device = uuid.UUID(request.headers.get("X-Outbox-Device", ""))
    except ValueError:
        return None
    running = number("X-Outbox-Number")
    return Origin(device, running, _claim()) if running else None


def _claim() -> datetime | None:
    claimed = incoming.moment(request.headers.get("X-Outbox-Claimed-At"))
    return claimed.astimezone(UTC) if claimed and claimed.year in CLAIM_YEARS else None


def number(name: str) -> int | None:
    """A header of the outbox that holds an id or a running number; None where it is missing or none."""
    return incoming.number(request.headers.get(name))


def receipt(submission_id: uuid.UUID, done: Done) -> Response:
    """That it was done, naming its id: the only answer on which the phone lets go of it."""
    kept = receipts.kept(submission_id)
    return _json(
        200,
        submission_id=str(submission_id),
        url=done.url,
        message=done.message,
        received_at=kept.at.isoformat() if kept else None,
    )


def refused(message: str, errors: dict[str, str]) -> Response:
    """That the input is wrong; ``errors`` by field."""
    return refusal(422, message or NOT_DONE, errors=errors)


def refusal(status: int, message: str, **more: object) -> Response:
    """That it was not done, and why."""
    return _json(status, message=message, **more)


def _json(status: int, **content: object) -> Response:
    response = jsonify(content)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
