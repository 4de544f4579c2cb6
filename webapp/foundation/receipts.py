"""Nothing twice: every changing form carries a ``submission_id``, and its first arrival leaves a receipt.

The same id with the same content again gets the same answer and does nothing; with other content it is a conflict for a
person to settle. The receipt is written in the same transaction as the change, so one can't exist without the other.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import Json, UTCDateTime, transaction
from webapp.foundation.errors import Conflict

T = TypeVar("T")


class Receipt(db.Model):
    """That a submission was done, by whom, and what it was answered."""

    __tablename__ = "receipts"

    submission_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[int | None]  # None: a resident without a login
    action: Mapped[str]
    digest: Mapped[str] = mapped_column(sa.String(64))
    result: Mapped[dict[str, object]] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


@dataclass(frozen=True)
class Done:
    """What a submission is answered: where to go next, and what to tell."""

    url: str
    message: str = ""
    data: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Submission:
    """One arrival of a form: its id, its sender, which action it asks for, and a digest of its content."""

    id: uuid.UUID
    person_id: int | None
    action: str
    digest: str


def digest(content: Mapping[str, object]) -> str:
    """A hash of a form's content that does not depend on the order of its fields."""
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, default=str, ensure_ascii=False).encode()
    ).hexdigest()


def once(submission: Submission, do: Callable[[], T], answer: Callable[[T], Done]) -> Done:
    """Do it, unless it was done: then give the same answer again.

    Raises:
        Conflict: this id was used for other content, another action or by another person.
    """
    try:
        with transaction() as session:
            kept = session.get(Receipt, submission.id)
            if kept:
                return _replay(kept, submission)
            # Flushed before the work: a second arrival at the same moment waits here, then fails below.
            receipt = Receipt(
                submission_id=submission.id,
                person_id=submission.person_id,
                action=submission.action,
                digest=submission.digest,
                result={},
                at=clock.now(),
            )
            session.add(receipt)
            session.flush()
            done = answer(do())
            receipt.result = asdict(done)
            return done
    except IntegrityError:
        kept = db.session.get(Receipt, submission.id)
        if kept is None:
            raise
        return _replay(kept, submission)


def _replay(kept: Receipt, submission: Submission) -> Done:
    same = (kept.person_id, kept.action, kept.digest) == (
        submission.person_id,
        submission.action,
        submission.digest,
    )
    if not same:
        raise Conflict("这份表单已经提交过，内容与现在的不同。请刷新页面，核对后再提交。")
    return Done(**kept.result)  # type: ignore[arg-type]
