from __future__ import annotations

from datetime import date

import pytest

from webapp.foundation import periods


@pytest.mark.parametrize(
    ("last", "day", "expected"),
    [
        (date(2026, 12, 31), date(2025, 12, 31), False),
        (date(2026, 12, 31), date(2026, 1, 1), True),
        (date(2026, 12, 31), date(2026, 12, 31), True),
        (date(2026, 12, 31), date(2027, 1, 1), False),
        (None, date(2099, 1, 1), True),
        (date(2025, 12, 31), date(2026, 1, 1), False),  # void: it ended before it began
    ],
)
def test_both_ends_of_a_period_belong_to_it(last: date | None, day: date, expected: bool) -> None:
    assert periods.includes(date(2026, 1, 1), last, day) is expected
