"""Builds the demo district: places and people, accounts, then the past year as those people would have lived it."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa

from webapp.demo import companies, desks, places, points, scenes, visits, volunteering
from webapp.demo.cases import Cases
from webapp.demo.cast import Cast
from webapp.demo.timeline import SEED, YEAR, Stage
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.calendar import load_calendar
from webapp.foundation.db import transaction

# What is told reaches back a year, what is planned ahead some weeks; the calendar covers both with room to spare.
BEFORE, AHEAD = YEAR + timedelta(days=60), timedelta(days=200)


def district(
    *, small: bool, password: str, say: Callable[[str], object] = str, now: datetime | None = None
) -> None:
    """Write the demo district into an empty database that has the defaults of every room.

    ``small`` builds one street; ``say`` is told what is done; ``now`` is when the history ends. Two builds with the same
    ``now`` differ only in what is random by nature: codes, secrets, encrypted values, the password's hash.
    """
    now = now or clock.now()
    with (
        _seldom_collecting(),
        transaction(),
    ):  # all or nothing: an interrupted first start must not leave half a district
        _tell(now, places.SMALL if small else places.Figures(), password, say)
    _analyse()


def _tell(now: datetime, figures: places.Figures, password: str, say: Callable[[str], object]) -> None:
    today = clock.local(now).date()
    made = places.found(random.Random(SEED), today, figures, password)  # noqa: S311 - invents a district, guards nothing
    say(f"{len(made.grids)} grids, {figures.members} party members")
    stage = Stage(made, now, load_calendar(today - BEFORE, today + AHEAD), Cast())
    companies.tell(stage)
    cases = Cases(stage)
    scenes.tell(stage, cases)
    cases.tell(figures.cases)
    desks.tell(stage)
    visits.tell(stage, figures.visits)
    volunteering.tell(stage)
    points.tell(stage)
    say("a year of their work")
    stage.timeline.play()


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Stories wait by the ten thousand; to look through them all for garbage again and again takes a tenth of the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _analyse() -> None:
    """Let the database look at its tables, so that it chooses the right index from the first page on."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
