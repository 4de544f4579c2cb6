"""Nothing twice: every changing form carries a ``submission_id``, and its first arrival leaves a receipt.

The same id with the same content again gets the same answer and does nothing; with other content it is a conflict for a
person to settle. The receipt is written in the same transaction as the change, so one can't exist without the other.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import Json, UTCDateTime, transaction, where_given
from webapp.foundation.errors import Conflict, DomainError


class Receipt(db.Model):
    """A record that a submission was carried out, by whom, and how it was answered."""

    __tablename__ = "receipts"
    __table_args__ = (where_given("uq_receipts_device", "device_id", "device_number", unique=True),)

    submission_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[int | None]  # None: a resident without a login
    action: Mapped[str]
    digest: Mapped[str] = mapped_column(sa.String(64))
    result: Mapped[dict[str, object]] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    # Only of what came through a phone's outbox; a number that is missing here never arrived.
    device_id: Mapped[uuid.UUID | None]
    device_number: Mapped[int | None]
    claimed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # by the phone's clock


@dataclass(frozen=True)
class Done:
    """The answer to a submission: where to go next, and the message."""

    url: str
    message: str = ""
    remember: dict[str, object] = field(default_factory=dict)  # goes into the browser's session
    made: object = None  # what was done it to, for this one answer; no receipt keeps it


@dataclass(frozen=True)
class Origin:
    """The phone that kept it, its sequence number there, and the phone's own, unverified time."""

    device: uuid.UUID
    number: int
    claimed_at: datetime | None = None


@dataclass(frozen=True)
class Submission:
    """One arrival of a form: its id, its sender, which action it asks for, and a digest of its content."""

    id: uuid.UUID
    person_id: int | None
    action: str
    digest: str
    origin: Origin | None = None


def digest(content: Mapping[str, object]) -> str:
    """A hash of a form's content, independent of the order of its fields."""
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, default=str, ensure_ascii=False).encode()
    ).hexdigest()


_KEEP = sa.insert(Receipt.__table__)


def once(submission: Submission, do: Callable[[], Done]) -> Done:
    """Carry it out once; a repeat gets the same answer again.

    Raises:
        Conflict: this id was used for other content, another action or by another person. Otherwise what ``do`` raises.
    """
    try:
        with transaction() as session:
            done = do()
            session.execute(_KEEP, _receipt(submission, done))
            return done
    except (IntegrityError, DomainError):
        # Most of what was done once can't be done again, and says so; the receipt is refused where it can.
        before = kept(submission.id)
        if before is None:
            raise
        return _replay(before, submission)


def kept(submission_id: uuid.UUID) -> Receipt | None:
    """The receipt of this submission, if it was done."""
    return db.session.get(Receipt, submission_id)


def _receipt(submission: Submission, done: Done) -> dict[str, object]:
    return {
        "submission_id": submission.id,
        "person_id": submission.person_id,
        "action": submission.action,
        "digest": submission.digest,
        "result": {"url": done.url, "message": done.message, "remember": done.remember},
        "at": clock.now(),
        **_origin(submission.origin),
    }


def _origin(origin: Origin | None) -> dict[str, object]:
    """Where it came from. A sequence number used before (the phone's storage was copied) is dropped, not refused."""
    if origin is None:
        return {"device_id": None, "device_number": None, "claimed_at": None}
    used = sa.select(Receipt.submission_id).where(
        Receipt.device_id == origin.device, Receipt.device_number == origin.number
    )
    number = None if db.session.scalar(used) else origin.number
    return {"device_id": origin.device, "device_number": number, "claimed_at": origin.claimed_at}


def _replay(before: Receipt, submission: Submission) -> Done:
    same = (before.person_id, before.action, before.digest) == (
        submission.person_id,
        submission.action,
        submission.digest,
    )
    if not same:
        raise Conflict("这份表单已经提交过，内容与现在的不同。请刷新页面，核对后再提交。")
    kept = dict(before.result)
    remember = kept.pop("remember", kept.pop("data", {}))  # receipts of older versions call it data
    return Done(**kept, remember=remember)  # type: ignore[arg-type]
