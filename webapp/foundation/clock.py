"""The time. Stored in UTC, thought of and shown in Asia/Shanghai (one zone, no summer time)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_travelled: ContextVar[datetime | None] = ContextVar("travelled", default=None)


def now() -> datetime:
    """This moment, aware, in UTC."""
    return _travelled.get() or datetime.now(UTC)


@contextmanager
def at_moment(moment: datetime) -> Iterator[None]:
    """Let it be ``moment`` inside. Only for the demo district, which does in minutes what takes others a year."""
    token = _travelled.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _travelled.reset(token)


def today() -> date:
    """Today's date where the users are."""
    return now().astimezone(SHANGHAI).date()


def local(moment: datetime) -> datetime:
    """The same moment on the wall clock of the users."""
    return moment.astimezone(SHANGHAI)


def at(day: date, clock: time = time.min) -> datetime:
    """The moment (UTC) at which the users' wall clock shows ``clock`` on ``day``."""
    return datetime.combine(day, clock, SHANGHAI).astimezone(UTC)
