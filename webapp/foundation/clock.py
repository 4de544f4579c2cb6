"""The time. Stored in UTC, thought of and shown in Asia/Shanghai (one zone, no summer time)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date where the users are."""
    return now().astimezone(SHANGHAI).date()


def local(moment: datetime) -> datetime:
    """The same moment on the wall clock of the users."""
    return moment.astimezone(SHANGHAI)


def at(day: date, clock: time = time.min) -> datetime:
    """The moment (UTC) at which the users' wall clock shows ``clock`` on ``day``."""
    return datetime.combine(day, clock, SHANGHAI).astimezone(UTC)
