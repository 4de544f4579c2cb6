"""The working calendar: working days with 调休, terms in working days or working hours, and how they came about.

A term's day 0 is the day of the event and day 1 the next working day; a term in working days expires at 23:59:59 in
Shanghai. Which day is a working day stands in the table ``workdays``, seeded once from a holiday library and corrected
by hand afterwards (``put``). Where the table ends, Monday to Friday count, and the term carries a warning.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import require_transaction, transaction
from webapp.foundation.kept import Kept
from webapp.foundation.receipts import digest

Unit = Literal["workday", "work_hour"]
WorkHours = Sequence[tuple[time, time]]

# The hours that count as 工作时; a default, handed in from the settings where a district keeps others.
WORK_HOURS: WorkHours = ((time(8), time(12)), (time(14, 30), time(17, 30)))
END_OF_DAY = time(23, 59, 59)
STALE = "节假日数据未更新"

FIRST_SEEDED_YEAR = 2020
ONE_DAY = timedelta(days=1)
# A term of n working days ends within 2n days plus this slack, whatever holidays lie in between.
SLACK = timedelta(days=60)
# More stretches of rest than this are summed up instead of listed.
LISTED_RESTS = 3


class Workday(db.Model):
    """Whether one date is a working day, and why, if it is not what its weekday says."""

    __tablename__ = "workdays"

    day: Mapped[date] = mapped_column("date", primary_key=True)
    is_workday: Mapped[bool]
    note: Mapped[str] = mapped_column(sa.String(40), default="")
    source: Mapped[str] = mapped_column(sa.String(40), default="")


class Day(NamedTuple):
    """What the table says of a date."""

    is_workday: bool
    note: str = ""


@dataclass(frozen=True)
class Due:
    """The end of a term (UTC), in words how it came about, and a warning if holidays were not known."""

    due_at: datetime
    explanation: str
    warning: str = ""


class Calendar:
    """The working days from ``first`` to ``last``, both included. Knows nothing outside: asked for it, it raises."""

    def __init__(
        self, days: Mapping[date, Day], first: date, last: date, hours: WorkHours = WORK_HOURS
    ) -> None:
        self._days = days
        self._first, self._last = first, last
        self._hours = hours
        span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        # As _works says it, without a call a day: every list of deadlines makes a calendar.
        self._working = [day for day in span if (days[day].is_workday if day in days else day.weekday() < 5)]

    def is_workday(self, day: date) -> bool:
        """Whether ``day`` is worked.

        Raises:
            ValueError: ``day`` lies outside the calendar.
        """
        self._require_inside(day)
        return self._works(day)

    def add_workdays(self, start: date, n: int) -> date:
        """The ``n``-th working day after ``start``; ``start`` itself for 0.

        Raises:
            ValueError: ``n`` is negative, or a date lies outside the calendar.
        """
        if n < 0:
            raise ValueError("n must not be negative")
        self._require_inside(start)
        if n == 0:
            return start
        index = bisect_right(self._working, start) + n - 1
        if index >= len(self._working):
            raise ValueError(f"{n} working days after {start} lie beyond {self._last}")
        return self._working[index]

    def workdays_between(self, a: date, b: date) -> int:
        """The number of working days after ``a`` up to and with ``b``; negative if ``b`` comes first.

        Raises:
            ValueError: a date lies outside the calendar.
        """
        self._require_inside(a)
        self._require_inside(b)
        return bisect_right(self._working, b) - bisect_right(self._working, a)

    def surplus_of_rest(self) -> int:
        """By how many days rest outweighs work, over whichever stretch of it that is most.

        As long as this stays below ``SLACK``, every term finds its end within the days that ``deadline`` looks at.
        """
        most = here = 0
        for n in range((self._last - self._first).days + 1):
            here = max(0, here + (-1 if self._works(self._first + timedelta(days=n)) else 1))
            most = max(most, here)
        return most

    def working_days_left(self, due_at: datetime, now: datetime) -> int:
        """Working days from today to the due date: 0 on the day itself, negative once it is past."""
        return self.workdays_between(clock.local(now).date(), clock.local(due_at).date())

    def due_at(self, start: datetime, amount: int, unit: Unit) -> Due:
        """The end of a term of ``amount`` working days or hours that starts at ``start``.

        Raises:
            ValueError: ``amount`` is below 1, or the term ends outside the calendar.
        """
        if amount < 1:
            raise ValueError("a term is at least 1 long")
        begin = clock.local(start)
        if unit == "workday":
            day = self.add_workdays(begin.date(), amount)
            moment = datetime.combine(day, END_OF_DAY, clock.SHANGHAI)
            head = f"{_day(begin.date())}起算，第{amount}个工作日"
        else:
            moment = self._after_hours(begin, timedelta(hours=amount))
            head = f"{_day(begin.date())}{begin:%H:%M}起算，共{amount}个工作时"
        passed = list(_days_from(begin.date() + ONE_DAY, moment.date()))
        unknown = any(day not in self._days for day in [*passed, moment.date()])
        words = head + self._rests(passed, begin.year) + self._extra_work(passed, begin.year)
        return Due(moment.astimezone(UTC), words, STALE if unknown else "")

    def _works(self, day: date) -> bool:
        known = self._days.get(day)
        return known.is_workday if known else day.weekday() < 5

    def _require_inside(self, day: date) -> None:
        if not self._first <= day <= self._last:
            raise ValueError(f"{day} is outside the calendar ({self._first} to {self._last})")

    def _after_hours(self, begin: datetime, left: timedelta) -> datetime:
        for day in _days_from(begin.date(), self._last):
            if not self.is_workday(day):
                continue
            for opens, closes in self._hours:
                opened = max(datetime.combine(day, opens, clock.SHANGHAI), begin)
                open_for = datetime.combine(day, closes, clock.SHANGHAI) - opened
                if left <= open_for:
                    return opened + left
                left -= max(open_for, timedelta())
        raise ValueError(f"the term ends beyond {self._last}")

    def _rests(self, days: Sequence[date], year: int) -> str:
        """Which of ``days`` are rest: "，其中 11月28日、29日休息"; or nothing."""
        rests = [day for day in days if not self._works(day)]
        if not rests:
            return ""
        stretches = _stretches(rests)
        if len(stretches) <= LISTED_RESTS:
            return f"，其中 {'、'.join(self._stretch(stretch, year) for stretch in stretches)}休息"
        named = [self._stretch(stretch, year) for stretch in stretches if self._name(stretch)]
        return f"，其中休息{len(rests)}天" + (f"，含 {'、'.join(named)}" if named else "")

    def _extra_work(self, days: Sequence[date], year: int) -> str:
        """Which weekend days among ``days`` are worked: "，2月28日调休上班"; or nothing."""
        extra = [_day(day, year) for day in days if day.weekday() >= 5 and self._works(day)]
        return f"，{'、'.join(extra)}调休上班" if extra else ""

    def _stretch(self, days: Sequence[date], year: int) -> str:
        first, last = days[0], days[-1]
        end = (
            f"{last.day}日"
            if (last.year, last.month) == (first.year, first.month)
            else _day(last, first.year)
        )
        joint = "、" if len(days) == 2 else "至"
        name = self._name(days)
        return (
            _day(first, year) + (f"{joint}{end}" if len(days) > 1 else "") + (f"（{name}）" if name else "")
        )

    def _name(self, days: Sequence[date]) -> str:
        return next((self._days[day].note for day in days if day in self._days and self._days[day].note), "")


def _days_from(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _day(day: date, year: int | None = None) -> str:
    """The date as "11月28日", with its year if that is another than ``year``."""
    text = f"{day.month}月{day.day}日"
    return text if year in (None, day.year) else f"{day.year}年{text}"


def _stretches(days: Sequence[date]) -> list[list[date]]:
    """``days``, which are in order, cut where they do not follow one another."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == ONE_DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def load_calendar(first: date, last: date, hours: WorkHours = WORK_HOURS) -> Calendar:
    """The calendar from ``first`` to ``last``. For a list: load once, over all its dates."""
    days, made = _known_days()
    if hours is not WORK_HOURS:
        return Calendar(days, first, last, hours)
    if (first, last) not in made:
        made[first, last] = Calendar(days, first, last)
    return made[first, last]


@Kept
def _known_days() -> tuple[dict[date, Day], dict[tuple[date, date], Calendar]]:
    """All days of the table, and the calendars made of them so far."""
    columns = Workday.__table__.c
    rows = db.session.execute(sa.select(columns.date, columns.is_workday, columns.note))
    return {day: Day(is_workday, note) for day, is_workday, note in rows}, {}


def deadline(start: datetime, amount: int, unit: Unit, hours: WorkHours = WORK_HOURS) -> Due:
    """``Calendar.due_at`` with a calendar that is just long enough for the term."""
    begin = clock.local(start).date()
    days = amount if unit == "workday" else amount * timedelta(hours=1) // _hours_a_day(hours) + 1
    return load_calendar(begin, begin + 2 * days * ONE_DAY + SLACK, hours).due_at(start, amount, unit)


def _hours_a_day(hours: WorkHours) -> timedelta:
    spans = (
        datetime.combine(date.min, closes) - datetime.combine(date.min, opens) for opens, closes in hours
    )
    return sum(spans, timedelta())


def seed_workdays() -> int:
    """Fill in every day that the holiday library knows from 2020 on; days already there, and corrections, stay.

    Returns:
        How many days were added.
    """
    import chinese_calendar  # slow to import and needed here alone

    names = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
    last_year = max(chinese_calendar.holidays).year
    with transaction() as session:
        there = set(session.scalars(sa.select(Workday.day)))
        rows = []
        for day in _days_from(date(FIRST_SEEDED_YEAR, 1, 1), date(last_year, 12, 31)):
            if day not in there:
                _, name = chinese_calendar.get_holiday_detail(day)
                works = chinese_calendar.is_workday(day)
                note = names.get(name, "") if name else ""
                rows.append({"day": day, "is_workday": works, "note": note, "source": "chinesecalendar"})
        if rows:
            session.execute(sa.insert(Workday), rows)
    _known_days.forget()
    return len(rows)


# Correcting the table by hand


def held() -> str:
    """The table's state, as ``state`` gives it, held against other writers until the transaction ends."""
    require_transaction()
    day = Workday.__table__.c.date
    # Its first row stands for the whole: of a year that is not there yet, there is nothing else to hold.
    db.session.execute(sa.select(day).order_by(day).limit(1).with_for_update())
    return state()


def state() -> str:
    """What the table says, in one word that is another once anything in it was changed."""
    columns = Workday.__table__.c
    rows = db.session.execute(
        sa.select(columns.date, columns.is_workday, columns.note).order_by(columns.date)
    )
    return digest({"days": [tuple(row) for row in rows]})


def days_between(first: date, last: date) -> dict[date, Day]:
    """What the table says of the days from ``first`` to ``last`` now; days that it does not have are missing."""
    columns = Workday.__table__.c
    query = sa.select(columns.date, columns.is_workday, columns.note).where(columns.date.between(first, last))
    return {
        day: Day(is_workday, note)
        for day, is_workday, note in db.session.execute(query.order_by(columns.date))
    }


def first_day() -> date | None:
    """The first day of the table; None while it is empty."""
    return db.session.scalar(sa.select(sa.func.min(Workday.day)))


def reach(start: date) -> date | None:
    """The last day up to which the table has every day from ``start`` on; None where it lacks even that one."""
    last = None
    for day in days_between(start, date.max):
        if day != (last + ONE_DAY if last else start):
            break
        last = day
    return last


def put(days: Mapping[date, Day], source: str) -> None:
    """Write what is to hold of ``days``, in the place of what stood there. Call ``forget`` once it is done."""
    require_transaction()
    table = Workday.__table__
    db.session.execute(sa.delete(table).where(table.c.date.in_(list(days))))
    rows = [
        {"date": day, "is_workday": known.is_workday, "note": known.note, "source": source}
        for day, known in days.items()
    ]
    db.session.execute(sa.insert(table), rows)


def forget() -> None:
    """Read the table anew for the next term."""
    _known_days.forget()
