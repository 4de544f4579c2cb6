"""The year of the demo district: stories that each do something, wait, and go on, played in the order of time.

A story is a generator. What it does between two ``yield`` happens at the moment that it yielded before, under a clock
that stands there: by the rooms' own services, which check it as they check everybody.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from webapp.cases.service.sweep import sweep
from webapp.demo.cast import Cast
from webapp.demo.places import District
from webapp.foundation import clock
from webapp.foundation.calendar import Calendar
from webapp.points.redemptions.service import expire_due
from webapp.volunteering.attendance.service import close_forgotten

T = TypeVar("T")
Story = Iterator[datetime]  # yields when it goes on

SEED = "相山区"
YEAR = timedelta(days=365)
ONE_DAY = timedelta(days=1)
WEEKEND_SHARE = 0.3  # of what a working day sees
SWEEPS = (time(8, 5), time(14, 35))
MORNING, AFTERNOON = (time(8, 10), 225), (time(14, 35), 170)  # from, minutes


class Timeline:
    """Plays stories until ``ends_at``; what would happen later stays untold."""

    def __init__(self, ends_at: datetime) -> None:
        self._ends_at = ends_at
        self._waiting: list[tuple[datetime, int, Story]] = []
        self._order = itertools.count()

    def begin(self, at: datetime, story: Story) -> None:
        """Let the story begin at that moment."""
        heapq.heappush(self._waiting, (at, next(self._order), story))

    def play(self) -> None:
        """Everything, in the order of time."""
        while self._waiting and self._waiting[0][0] < self._ends_at:
            at, _, story = heapq.heappop(self._waiting)
            with clock.at_moment(at):
                goes_on_at = next(story, None)
            if goes_on_at is not None:
                self.begin(max(at, goes_on_at), story)
        with clock.at_moment(self._ends_at):
            sweep_all()


def sweep_all() -> None:
    """What happens by itself, as ``flask sweep`` does it."""
    sweep()
    close_forgotten()
    expire_due(clock.now())


@dataclass
class Stage:
    """The district, its people and its past year up to ``now``."""

    made: District
    now: datetime
    calendar: Calendar
    cast: Cast
    timeline: Timeline = field(init=False)

    def __post_init__(self) -> None:
        self.timeline = Timeline(self.now)
        self.today = clock.local(self.now).date()
        self.days = [self.today - YEAR + n * ONE_DAY for n in range(YEAR.days)]
        shares = (1.0 if self.calendar.is_workday(day) else WEEKEND_SHARE for day in self.days)
        self._shares = list(itertools.accumulate(shares))
        self.timeline.begin(clock.at(self.days[0]), self._sweeps())

    def _sweeps(self) -> Story:
        for day in (*self.days, self.today):
            for hour in SWEEPS:
                yield clock.at(day, hour)
                sweep_all()

    def rng(self, room: str) -> random.Random:
        """A generator of its own for each room, so that a change of one does not change the others."""
        return random.Random(f"{SEED}:{room}")  # noqa: S311 - invents a district, guards nothing

    def some_days(self, rng: random.Random, count: int) -> list[date]:
        """``count`` days of the past year up to yesterday, fewer of them at weekends, in order."""
        return sorted(rng.choices(self.days, cum_weights=self._shares, k=count))

    @staticmethod
    def moment(rng: random.Random, day: date) -> datetime:
        """A moment of that day in the hours of service."""
        start, minutes = rng.choice((MORNING, AFTERNOON))
        return clock.at(day, start) + timedelta(minutes=rng.randrange(minutes), seconds=rng.randrange(60))

    def workday(self, day: date) -> date:
        """``day`` itself if it is worked, else the next working day."""
        return self.calendar.add_workdays(day - ONE_DAY, 1)

    def last_workday(self, day: date) -> date:
        """``day`` itself if it is worked, else the working day before it."""
        while not self.calendar.is_workday(day):
            day -= ONE_DAY
        return day


def weighted(rng: random.Random, choices: Sequence[tuple[T, int]]) -> T:
    """One of them, as often as its share says."""
    return rng.choices([value for value, _ in choices], weights=[share for _, share in choices])[0]
