"""The timetable of the desk: every station once a week, some weeks back and some ahead; one today in the demo's grid."""

from __future__ import annotations

import random
from datetime import date, time, timedelta

from webapp.demo.history import ONE_DAY, Doer, History
from webapp.demo.places import Place
from webapp.directory.posts import Level, Post
from webapp.foundation import clock
from webapp.visits.models import DeskHost, DeskSession

WEEKS_BACK, WEEKS_AHEAD = 8, 3
ONE_WEEK = timedelta(weeks=1)
HOURS = ((time(8, 30), time(11, 30)), (time(14, 30), time(17)), (time(9), time(11)))


def tell(history: History) -> int:
    """Write the desk sessions; returns how many."""
    rng, made = history.rng("desks"), history.made
    count = 0
    for place in (*made.communities, *made.grids):
        if place.id in made.stations_of:
            weekday = history.workday(history.today + timedelta(days=rng.randrange(7)))
            # The demo's grid has its desk today, whatever day it is, and its community tomorrow.
            day = {made.grids[0]: history.today, made.communities[0]: history.today + ONE_DAY}.get(
                place, weekday
            )
            count += _series(history, rng, place, day)
    history.loader.write()
    return count


def _series(history: History, rng: random.Random, place: Place, day: date) -> int:
    """One station's sessions, a week apart, such that one falls on ``day``; now and then one is cancelled."""
    post = Post.GRID_WORKER if place.level == Level.GRID else Post.COMMUNITY_STAFF
    host = Doer(history.made.staff[post, place.id][0], post, place.id)
    starts, ends = rng.choice(HOURS)
    planned_at = history.moment(rng, history.workday(day - (WEEKS_BACK + 1) * ONE_WEEK))
    first = history.loader.reserve(DeskSession)
    for week in range(-WEEKS_BACK, WEEKS_AHEAD):
        when = day + week * ONE_WEEK
        cancelled = rng.random() < 0.02 and week != 0
        session_id = history.loader.add(
            DeskSession,
            id=first if week == -WEEKS_BACK else history.loader.reserve(DeskSession),
            unit_id=place.id,
            station_id=history.made.stations_of[place.id],
            place="",
            starts_at=clock.at(when, starts),
            ends_at=clock.at(when, ends),
            series_id=first,
            planned_by_id=host.person_id,
            cancelled_at=planned_at + timedelta(hours=1) if cancelled else None,
            cancelled_by_id=host.person_id if cancelled else None,
            cancel_reason="值守人员参加培训，改为下周同一时间" if cancelled else "",
            **place.columns(),
        )
        history.loader.add(DeskHost, session_id=session_id, person_id=host.person_id)
        history.book.note(planned_at, host, "desk:plan", ("desk_session", session_id), {"series": first})
        if cancelled:
            history.book.note(
                planned_at + timedelta(hours=1), host, "desk:cancel", ("desk_session", session_id)
            )
    return WEEKS_BACK + WEEKS_AHEAD
