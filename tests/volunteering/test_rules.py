from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from webapp.foundation import clock
from webapp.volunteering import codes
from webapp.volunteering.rules import CODE_SECONDS, GRACE, length_minutes, most_minutes, service_minutes

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware
STEPS = st.timedeltas(timedelta(), timedelta(hours=30))
SECRET = "0f" * 32


@given(MOMENTS, STEPS, MOMENTS, st.timedeltas(timedelta(minutes=1), timedelta(hours=24)))
def test_minutes_are_those_spent_and_never_more_than_the_activity_and_its_grace(
    came: datetime, stayed: timedelta, starts: datetime, length: timedelta
) -> None:
    minutes, capped = service_minutes(came, came + stayed, starts, starts + length)
    assert 0 <= minutes <= length / timedelta(minutes=1) + GRACE / timedelta(minutes=1)
    assert minutes <= stayed / timedelta(minutes=1)
    assert capped == (
        minutes == most_minutes(starts, starts + length) and stayed // timedelta(minutes=1) > minutes
    )
    if not capped:
        assert minutes == stayed // timedelta(minutes=1)


@given(MOMENTS, STEPS, st.timedeltas(timedelta(), timedelta(hours=1)))
def test_who_stays_longer_is_never_credited_less(came: datetime, stayed: timedelta, more: timedelta) -> None:
    starts, ends = came, came + timedelta(hours=2)
    assert service_minutes(came, came + stayed, starts, ends) <= service_minutes(
        came, came + stayed + more, starts, ends
    )


def test_minutes_run_through_midnight_and_new_year() -> None:
    came = datetime(2026, 12, 31, 23, 30, tzinfo=clock.SHANGHAI)
    went = datetime(2027, 1, 1, 0, 45, 59, tzinfo=clock.SHANGHAI)
    assert service_minutes(came, went, came, went) == (75, False)
    assert length_minutes(came, went) == 75


@given(MOMENTS, st.integers(1, 10**6))
def test_a_code_is_taken_in_its_window_and_the_next_and_then_no_more(shown: datetime, number: int) -> None:
    token = codes.rotating_code(number, SECRET, shown)
    window = timedelta(seconds=CODE_SECONDS)
    assert codes.activity_of(token) == number
    assert codes.is_current(token, number, SECRET, shown)
    assert codes.is_current(token, number, SECRET, shown + window)
    assert not codes.is_current(token, number, SECRET, shown + 2 * window)
    assert not codes.is_current(token, number, SECRET, shown - window)
    assert not codes.is_current(token, number + 1, SECRET, shown)
    assert not codes.is_current(token, number, "1f" * 32, shown)


def test_what_is_no_rotating_code_names_no_activity() -> None:
    for text in ("K7QM-4FPX-9TRWH", "", ".", "٣.abc", "-1.abc", "99999999999999.abc", "十.abc"):
        assert codes.activity_of(text) is None
    assert not codes.is_current("1.签到", 1, SECRET, datetime(2026, 11, 22, tzinfo=UTC))
