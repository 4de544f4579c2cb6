"""What every room's history is told with: the days of the past year, who can have done something, the journal."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp.cases.models import TermRule
from webapp.cases.terms import Known
from webapp.demo.loader import CHUNK, Loader
from webapp.demo.places import District, Place
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.calendar import WORK_HOURS, Calendar
from webapp.foundation.db import transaction

SEED = "相山区"
YEAR = timedelta(days=365)
ONE_DAY = timedelta(days=1)
NEXT_MORNING = time(8, 5)
WEEKEND_SHARE = 0.3  # of what a working day sees
MORNING, AFTERNOON, EVENING = (time(8, 10), 225), (time(14, 35), 170), (time(18, 30), 80)  # from, minutes


class Doer(NamedTuple):
    """Who did something, under which post, for which unit."""

    person_id: int
    post: str
    unit_id: int


class Act(NamedTuple):
    """Something that a rule of points may reward: what, whose, noted by whom, from which record, when, where."""

    event: str
    person_id: int
    by: Doer
    source: tuple[str, int]
    on: date
    at: datetime
    place: Mapping[str, int | None]
    minutes: int = 0


class Book:
    """Gathers the journal of the whole history and writes it as one chain, in the order of time."""

    def __init__(self) -> None:
        self._notes: list[tuple[datetime, Doer | None, str, str, str, dict[str, object]]] = []

    def note(
        self,
        at: datetime,
        doer: Doer | None,
        action: str,
        subject: tuple[str, object],
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """One entry, as ``journal.record`` would have made it; ``doer`` None: the system or a resident."""
        self._notes.append((at, doer, action, subject[0], str(subject[1]), dict(detail or {})))

    def write(self) -> int:
        """Write what was gathered behind what is there; returns how many entries."""
        table = journal.JournalEntry.__table__
        self._notes.sort(key=lambda note: note[0])
        with transaction() as session:
            last = sa.select(table.c.hash).order_by(table.c.id.desc()).limit(1)
            previous = session.scalar(last) or journal.GENESIS
            rows: list[dict[str, Any]] = []
            for at, doer, action, subject_type, subject_id, detail in self._notes:
                row: dict[str, Any] = {
                    "at": at,
                    "person_id": doer.person_id if doer else None,
                    "post": doer.post if doer else "",
                    "unit_id": doer.unit_id if doer else None,
                    "action": action,
                    "subject_type": subject_type,
                    "subject_id": subject_id,
                    "detail": detail,
                    "previous_hash": previous,
                }
                previous = row["hash"] = journal.entry_hash(row)
                rows.append(row)
            for start in range(0, len(rows), CHUNK):
                session.execute(sa.insert(table), rows[start : start + CHUNK])
        return len(rows)


@dataclass
class History:
    """The district and its past year up to ``now``; each room adds its part."""

    made: District
    now: datetime
    calendar: Calendar
    loader: Loader = field(default_factory=Loader)
    book: Book = field(default_factory=Book)
    acts: list[Act] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.known = Known(db.session.scalars(sa.select(TermRule)).all(), self.calendar)
        self.today = clock.local(self.now).date()
        self.days = [self.today - YEAR + n * ONE_DAY for n in range(YEAR.days)]
        shares = (1.0 if self.calendar.is_workday(day) else WEEKEND_SHARE for day in self.days)
        self._shares = list(itertools.accumulate(shares))

    def rng(self, room: str) -> random.Random:
        """A generator of its own for each room, so that a change of one does not change the others."""
        return random.Random(f"{SEED}:{room}")  # noqa: S311 - invents a district, guards nothing

    def some_days(self, rng: random.Random, count: int) -> list[date]:
        """``count`` days of the past year up to yesterday, fewer of them at weekends, in order."""
        return sorted(rng.choices(self.days, cum_weights=self._shares, k=count))

    @staticmethod
    def moment(rng: random.Random, day: date, evening: bool = False) -> datetime:
        """A moment of that day in the hours of service; with ``evening``, after work."""
        start, minutes = EVENING if evening else rng.choice((MORNING, AFTERNOON))
        return clock.at(day, start) + timedelta(minutes=rng.randrange(minutes), seconds=rng.randrange(60))

    def workday(self, day: date) -> date:
        """``day`` itself if it is worked, else the next working day."""
        return self.calendar.add_workdays(day - ONE_DAY, 1)

    def last_workday(self, day: date) -> date:
        """``day`` itself if it is worked, else the working day before it."""
        while not self.calendar.is_workday(day):
            day -= ONE_DAY
        return day

    def working_hours(self, at: datetime) -> datetime:
        """``at`` itself if it is worked then, else when work next begins."""
        day = self.workday(clock.local(at).date())
        for opens, closes in WORK_HOURS:
            if at < clock.at(day, closes):
                return max(at, clock.at(day, opens))
        return self.working_hours(clock.at(day + ONE_DAY))

    def serving(self, rng: random.Random, post: Post, unit_id: int) -> Doer:
        """Somebody who holds ``post`` in the unit."""
        return Doer(rng.choice(self.made.staff[post, unit_id]), post, unit_id)


class Slice(NamedTuple):
    """The places of the demo accounts: the first of everything."""

    street: Place
    community: Place
    grid: Place
    building: Place


def demo_slice(made: District) -> Slice:
    """Where the demo accounts serve."""
    grid = made.grids[0]
    return Slice(made.streets[0], made.communities[0], grid, made.buildings[grid.id][0])
