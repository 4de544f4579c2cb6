"""The timetable of the desk: every station once a week, some weeks back and some ahead; one today in the demo's grid."""

from __future__ import annotations

import random
from datetime import date, time, timedelta

from webapp.demo.timeline import ONE_DAY, Stage, Story
from webapp.directory.models import Unit
from webapp.directory.posts import Level, Post
from webapp.visits.desks.service import Plan, cancel_desk, plan_desk

WEEKS_BACK, WEEKS_AHEAD = 8, 3
HOURS = ((time(8, 30), time(11, 30)), (time(14, 30), time(17)), (time(9), time(11)))


def tell(stage: Stage) -> None:
    """One series for every station. The demo's grid has its desk today, whatever day it is, and its community tomorrow."""
    rng, made = stage.rng("desks"), stage.made
    fixed = {made.grids[0].id: stage.today, made.communities[0].id: stage.today + ONE_DAY}
    for place in (*made.communities, *made.grids):
        if place.id in made.stations_of:
            weekday = stage.workday(stage.today + timedelta(days=rng.randrange(7)))
            first = fixed.get(place.id, weekday) - timedelta(weeks=WEEKS_BACK)
            at = stage.moment(rng, stage.last_workday(first - timedelta(weeks=1)))
            stage.timeline.begin(at, _series(stage, rng, place, first))


def _series(stage: Stage, rng: random.Random, place: Unit, first: date) -> Story:
    """A session a week; now and then one is cancelled."""
    post = Post.GRID_WORKER if place.level == Level.GRID else Post.COMMUNITY_STAFF
    host, (starts, ends) = stage.cast.first(post, place.id), rng.choice(HOURS)
    station_id = stage.made.stations_of[place.id]
    plan = Plan(first, starts, ends, station_id=station_id, weeks=WEEKS_BACK + WEEKS_AHEAD)
    planned = plan_desk(host, plan)
    for week, session in enumerate(planned.sessions):
        if week != WEEKS_BACK and rng.random() < 0.02:
            yield session.starts_at - ONE_DAY
            cancel_desk(host, session.id, reason="值守人员参加培训，改为下周同一时间")
