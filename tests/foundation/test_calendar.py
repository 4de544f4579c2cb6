from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.calendar import (
    STALE,
    Calendar,
    Day,
    Workday,
    deadline,
    load_calendar,
    seed_workdays,
)
from webapp.foundation.db import transaction

FIRST, LAST = date(2025, 12, 1), date(2027, 6, 30)

# The weekend days that the State Council made working days, and some of the weekdays that it made holidays.
WORKED_WEEKENDS_2026 = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
REST_2026 = {
    **{date(2026, 1, day): "元旦" for day in (1, 2, 3)},
    **{date(2026, 2, day): "春节" for day in range(15, 24)},
    **{date(2026, 10, day): "国庆节" for day in range(1, 8)},
}


@cache
def calendar_2026() -> Calendar:
    """2026 by hand: weekends, some holidays, the worked weekends; 2027 is not known."""
    days = {}
    for n in range((date(2026, 12, 31) - FIRST).days + 1):
        day = FIRST + timedelta(days=n)
        works = (day.weekday() < 5 and day not in REST_2026) or (day.month, day.day) in WORKED_WEEKENDS_2026
        days[day] = Day(works, REST_2026.get(day, ""))
    return Calendar(days, FIRST, LAST)


def shanghai(month: int, day: int, hour: int = 10, minute: int = 0, year: int = 2026) -> datetime:
    return clock.at(date(year, month, day), time(hour, minute))


@pytest.mark.parametrize(("month", "day"), WORKED_WEEKENDS_2026)
def test_weekend_days_made_working_days_count(month: int, day: int) -> None:
    worked = date(2026, month, day)
    assert worked.weekday() >= 5
    assert calendar_2026().is_workday(worked)


def test_a_holiday_on_a_weekday_does_not_count() -> None:
    assert not calendar_2026().is_workday(date(2026, 1, 2))


def test_day_one_is_the_next_working_day() -> None:
    friday, monday = date(2026, 11, 20), date(2026, 11, 23)
    calendar = calendar_2026()
    assert calendar.add_workdays(friday, 0) == friday
    assert calendar.add_workdays(friday, 1) == monday
    assert calendar.add_workdays(date(2026, 11, 21), 1) == monday
    assert calendar.add_workdays(date(2026, 2, 13), 2) == date(2026, 2, 24), (
        "14 is worked, 15 to 23 are Spring Festival"
    )


def test_a_term_ends_with_its_last_day_and_says_what_it_skipped() -> None:
    due = calendar_2026().due_at(shanghai(11, 23), 5, "workday")
    assert due.due_at == datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    assert due.explanation == "11月23日起算，第5个工作日，其中 11月28日、29日休息"
    assert due.warning == ""


def test_the_day_of_the_event_is_the_one_in_shanghai() -> None:
    just_after_midnight = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    assert calendar_2026().due_at(just_after_midnight, 1, "workday").explanation.startswith("11月24日起算")


def test_holidays_and_worked_weekends_are_named() -> None:
    due = calendar_2026().due_at(shanghai(2, 13), 6, "workday")
    assert clock.local(due.due_at).date() == date(2026, 2, 28)
    assert (
        due.explanation
        == "2月13日起算，第6个工作日，其中 2月15日至23日（春节）休息，2月14日、2月28日调休上班"
    )


def test_a_long_term_sums_its_rests_up() -> None:
    due = calendar_2026().due_at(shanghai(1, 26), 30, "workday")
    assert "其中休息" in due.explanation
    assert "2月15日至23日（春节）" in due.explanation
    assert "2月7日" not in due.explanation


def test_a_term_within_a_week_skips_nothing() -> None:
    assert calendar_2026().due_at(shanghai(11, 23), 2, "workday").explanation == "11月23日起算，第2个工作日"


def test_beyond_the_table_weekdays_count_with_a_warning() -> None:
    due = calendar_2026().due_at(shanghai(12, 30), 3, "workday")
    assert clock.local(due.due_at).date() == date(2027, 1, 4), (
        "31, then 1 January as if it were worked, then Monday"
    )
    assert due.warning == STALE
    assert due.explanation == "12月30日起算，第3个工作日，其中 2027年1月2日、3日休息"


def test_outside_its_range_a_calendar_does_not_guess() -> None:
    calendar = calendar_2026()
    with pytest.raises(ValueError, match="outside"):
        calendar.is_workday(date(2025, 11, 30))
    with pytest.raises(ValueError, match="beyond"):
        calendar.add_workdays(LAST, 1)
    with pytest.raises(ValueError, match="negative"):
        calendar.add_workdays(FIRST, -1)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (shanghai(11, 23, 9), 2, shanghai(11, 23, 11)),
        (
            shanghai(11, 23, 8),
            4,
            shanghai(11, 23, 12),
        ),  # ends with the morning, not when the afternoon begins
        (shanghai(11, 23, 11), 2, shanghai(11, 23, 15, 30)),  # across lunch
        (shanghai(11, 23, 13), 1, shanghai(11, 23, 15, 30)),  # begun at lunch
        (shanghai(11, 23, 17), 1, shanghai(11, 24, 8, 30)),  # across the night
        (shanghai(11, 23, 22), 4, shanghai(11, 24, 12)),  # begun at night
        (shanghai(11, 27, 16, 30), 4, shanghai(11, 30, 11)),  # across a weekend
        (shanghai(11, 28, 9), 1, shanghai(11, 30, 9)),  # begun on a Saturday
        (shanghai(2, 14, 17), 1, shanghai(2, 24, 8, 30)),  # a worked Saturday, then Spring Festival
    ],
)
def test_working_hours(start: datetime, hours: int, end: datetime) -> None:
    assert calendar_2026().due_at(start, hours, "work_hour").due_at == end


def test_working_hours_explain_themselves() -> None:
    due = calendar_2026().due_at(shanghai(11, 27, 16, 30), 4, "work_hour")
    assert due.explanation == "11月27日16:30起算，共4个工作时，其中 11月28日、29日休息"


def test_other_working_hours_can_be_handed_in() -> None:
    calendar = Calendar({}, FIRST, LAST, hours=[(time(9), time(17))])
    assert calendar.due_at(shanghai(11, 23, 16), 2, "work_hour").due_at == shanghai(11, 24, 10)


def test_days_left_are_signed() -> None:
    calendar = calendar_2026()
    due = calendar.due_at(shanghai(11, 23), 5, "workday").due_at
    assert calendar.working_days_left(due, shanghai(11, 23)) == 5
    assert calendar.working_days_left(due, shanghai(11, 28)) == 1
    assert calendar.working_days_left(due, shanghai(11, 30, 23)) == 0
    assert calendar.working_days_left(due, shanghai(12, 2)) == -2


START = st.dates(FIRST, date(2026, 12, 31))


@given(START, st.integers(1, 90))
def test_adding_then_counting_gives_the_same_number(start: date, n: int) -> None:
    calendar = calendar_2026()
    end = calendar.add_workdays(start, n)
    assert calendar.is_workday(end)
    assert calendar.workdays_between(start, end) == n
    assert calendar.workdays_between(end, start) == -n


@given(START, START, st.integers(1, 90))
def test_who_starts_later_is_never_due_earlier(a: date, b: date, n: int) -> None:
    calendar = calendar_2026()
    first, second = min(a, b), max(a, b)
    assert calendar.add_workdays(first, n) <= calendar.add_workdays(second, n)
    assert calendar.add_workdays(a, n) < calendar.add_workdays(a, n + 1)


@given(START, st.times(), st.integers(1, 60))
def test_working_hours_end_in_working_hours(day: date, at: time, hours: int) -> None:
    calendar = calendar_2026()
    begun = clock.at(day, at)
    end = clock.local(calendar.due_at(begun, hours, "work_hour").due_at)
    assert end > begun + timedelta(hours=hours) - timedelta(seconds=1)
    assert calendar.is_workday(end.date())
    assert time(8) < end.time() <= time(12) or time(14, 30) < end.time() <= time(17, 30)


def test_the_table_is_seeded_once_and_keeps_corrections(app: Flask) -> None:
    with transaction():
        db.session.execute(sa.delete(Workday))
    assert seed_workdays() == (date(2026, 12, 31) - date(2019, 12, 31)).days
    with transaction():
        kept = db.session.get_one(Workday, date(2026, 11, 23))
        kept.is_workday, kept.note, kept.source = False, "停工", "本地"
    assert seed_workdays() == 0
    calendar = load_calendar(date(2026, 1, 1), date(2026, 12, 31))
    assert not calendar.is_workday(date(2026, 11, 23))
    assert all(calendar.is_workday(date(2026, month, day)) for month, day in WORKED_WEEKENDS_2026)
    assert not calendar.is_workday(date(2026, 1, 2))


def test_a_deadline_reads_the_table(app: Flask) -> None:
    seed_workdays()
    due = deadline(shanghai(9, 18), 10, "workday")
    assert clock.local(due.due_at).date() == date(2026, 10, 9), (
        "20 is worked, 25 to 27 and 1 to 7 October are not"
    )
    assert "9月25日至27日（中秋）" in due.explanation
    assert "9月20日调休上班" in due.explanation
    assert due.warning == ""
    assert deadline(shanghai(12, 1), 90, "workday").warning == STALE
    assert deadline(shanghai(2, 14, 17), 1, "work_hour").due_at == shanghai(2, 24, 8, 30)
