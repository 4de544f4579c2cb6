"""Who did what to which record, when, under which post.

Entries hold ids and no personal data, so that erasing a person leaves the chain whole; each carries the hash of the one
before. They gather during a transaction and are written as its last act, so the chain's lock is held for an instant.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import Json, UTCDateTime, append_only, before_commit, require_transaction
from webapp.foundation.hot import HotQuery

CHAIN_LOCK = 0x4445534B  # PostgreSQL advisory lock of the chain
GENESIS = "0" * 64


class JournalEntry(db.Model):
    """One entry; never changed, never deleted."""

    __tablename__ = "journal"
    __table_args__ = (sa.Index("ix_journal_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    person_id: Mapped[int | None]
    post: Mapped[str] = mapped_column(default="")
    unit_id: Mapped[int | None]
    action: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    detail: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    previous_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


append_only(JournalEntry.__table__)


class _Last(NamedTuple):
    hash: str


_last = HotQuery(_Last, sa.select(JournalEntry.hash).order_by(JournalEntry.id.desc()).limit(1))


def record(
    actor: Actor | None,
    action: str,
    subject_type: str,
    subject_id: object,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Note that ``actor`` (None: the system or a resident) did ``action`` ("case:assign") to a record.

    ``detail`` holds ids, states and numbers only; never a name, a phone or free text.
    """
    require_transaction()
    db.session.info.setdefault("journal", []).append(
        (clock.now(), actor, action, subject_type, str(subject_id), dict(detail or {}))
    )


_WRITE = sa.insert(JournalEntry.__table__)


@before_commit
def _write(session: Session) -> None:
    waiting = session.info.pop("journal", [])
    if not waiting:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(CHAIN_LOCK)))
    last = _last.first()
    previous = last.hash if last else GENESIS
    rows = []
    for at, actor, action, subject_type, subject_id, detail in waiting:
        row: dict[str, object] = {
            "at": at,
            "person_id": actor.person_id if actor else None,
            "post": actor.post if actor else "",
            "unit_id": actor.unit_id if actor else None,
            "action": action,
            "subject_type": subject_type,
            "subject_id": subject_id,
            "detail": detail,
            "previous_hash": previous,
        }
        previous = row["hash"] = entry_hash(row)
        rows.append(row)
    session.execute(_WRITE, rows)


def entry_hash(row: Mapping[Any, Any]) -> str:
    """The hash that ``row`` must carry, over all its fields and the hash before it."""
    fields = {key: row[key] for key in row if key not in ("id", "hash")}
    at = fields["at"]
    assert isinstance(at, datetime)
    fields["at"] = at.isoformat(timespec="microseconds")
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def broken_links() -> list[int]:
    """Walk the chain; return the ids of entries that do not follow from the one before."""
    bad, previous = [], GENESIS
    columns = JournalEntry.__table__.columns
    for row in db.session.execute(sa.select(*columns).order_by(columns.id)).mappings():
        if row["previous_hash"] != previous or row["hash"] != entry_hash(row):
            bad.append(row["id"])
        previous = row["hash"]
    return bad
