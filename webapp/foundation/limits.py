"""Rate limits in a table, so that any number of processes share them.

Counted in fixed windows: someone who knows where a window ends gets up to twice the limit across its edge, which is
good enough against guessing and flooding and costs one statement.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import UTCDateTime, require_no_transaction, transaction
from webapp.foundation.errors import TooMany
from webapp.foundation.private import keyed_hash

LONGEST_WINDOW = 24 * 60  # minutes; purge() relies on it


class RateHit(db.Model):
    """How often something was tried within one window."""

    __tablename__ = "rate_hits"

    bucket: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    window_start: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True, index=True)
    count: Mapped[int]


# SQLite and PostgreSQL share this statement; it counts and reads in one step.
_HIT = sa.text(
    "INSERT INTO rate_hits (bucket, window_start, count) VALUES (:bucket, :window_start, 1) "
    "ON CONFLICT (bucket, window_start) DO UPDATE SET count = rate_hits.count + 1 RETURNING count"
).bindparams(sa.bindparam("window_start", type_=UTCDateTime))


def hit(bucket: str, limit: int, per_minutes: int) -> None:
    """Count one try of ``bucket`` ("login:13812345678") and refuse it beyond ``limit`` in ``per_minutes``.

    Counts in a transaction of its own, so the try counts although the request then fails. The bucket may hold a phone
    or an address: only its keyed hash is stored.

    Raises:
        TooMany: the limit is passed; says after how many seconds to come again.
        ValueError: ``per_minutes`` is not within 1 and a day.
        RuntimeError: called inside ``transaction()``.
    """
    if not 1 <= per_minutes <= LONGEST_WINDOW:
        raise ValueError(f"per_minutes must be within 1 and {LONGEST_WINDOW}")
    require_no_transaction()
    now = clock.now()
    seconds = per_minutes * 60
    start = int(now.timestamp()) // seconds * seconds
    values = {
        "bucket": keyed_hash(f"{bucket}/{per_minutes}"),
        "window_start": datetime.fromtimestamp(start, UTC),
    }
    with transaction() as session:
        count = session.execute(_HIT, values).scalar_one()
    if count > limit:
        raise TooMany(max(1, start + seconds - int(now.timestamp())))


def purge() -> int:
    """Delete the windows that have passed; returns how many."""
    past = clock.now() - timedelta(minutes=LONGEST_WINDOW)
    with transaction():
        result = db.session.execute(sa.delete(RateHit).where(RateHit.window_start < past))
    return int(result.rowcount)  # type: ignore[attr-defined]
