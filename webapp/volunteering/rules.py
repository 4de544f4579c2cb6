"""The figures of this room, each with where it comes from, and the arithmetic of service time.

Service time is stored in whole minutes and never rounded; what is added up are minutes, and only the sum is shown as
hours with one decimal. The way there and back does not count.
"""

from __future__ import annotations

from datetime import datetime, timedelta

# No source fixes these five; they are this product's defaults.
CODE_SECONDS = 5 * 60  # how long one rotating code is shown; the one before is still taken
EARLY = timedelta(minutes=60)  # before the start one may check in
GRACE = timedelta(minutes=30)  # more than the activity's length that is credited at most
CLOSE_AFTER = timedelta(hours=2)  # after the end a check-out is still taken; then it counts as forgotten
LONG_DAY_MINUTES = 12 * 60  # more than this on one day is pointed out to the one who confirms
LONGEST = timedelta(hours=24)  # one activity; what is longer is planned as several

# 志愿服务记录与证明出具办法（试行） (2021), article 11: recorded within ten working days.
RECORD_WORKDAYS = 10


def length_minutes(starts_at: datetime, ends_at: datetime) -> int:
    """How long an activity lasts, in whole minutes."""
    return int((ends_at - starts_at).total_seconds() // 60)


def most_minutes(starts_at: datetime, ends_at: datetime) -> int:
    """The most that one person can be credited for an activity, in minutes."""
    return length_minutes(starts_at, ends_at) + int(GRACE.total_seconds() // 60)


def service_minutes(
    sign_in: datetime, sign_out: datetime, starts_at: datetime, ends_at: datetime
) -> tuple[int, bool]:
    """Minutes between check-in and check-out, and whether they were cut to the most that is credited."""
    spent = max(0, int((sign_out - sign_in).total_seconds() // 60))
    most = most_minutes(starts_at, ends_at)
    return min(spent, most), spent > most
