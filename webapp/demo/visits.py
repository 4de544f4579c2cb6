"""A year of visits that were settled or explained on the spot; those of which a case came are told with the cases."""

from __future__ import annotations

import random
from datetime import timedelta

import sqlalchemy as sa

from webapp.demo import people
from webapp.demo.timeline import ONE_DAY, Stage, Story, weighted
from webapp.demo.visit_texts import NOTES, SHARES
from webapp.directory.models import Unit
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.visits.models import Outcome, ServiceItem, VisitKind
from webapp.visits.service import Details, log_visit

OUTCOMES = (
    (Outcome.SETTLED, 62), (Outcome.EXPLAINED, 24), (Outcome.IN_PROGRESS, 6), (Outcome.NOBODY_HOME, 8),
)  # fmt: skip
STILL_OPEN = timedelta(days=14)  # what was in progress longer ago has long been settled
LATEST = range(150, 10, -35)  # minutes ago, in the demo's grid


def tell(stage: Stage, count: int) -> None:
    """``count`` visits in the course of the year, and some of the last hours in the demo's grid."""
    rng, timeline, grids = stage.rng("visits"), stage.timeline, stage.made.grids
    keys = set(db.session.scalars(sa.select(ServiceItem.key)))
    items = [(key, share) for key, share in SHARES.items() if key in keys]
    for day in stage.some_days(rng, count):
        timeline.begin(stage.moment(rng, day), _visit(stage, rng, items, rng.choice(grids)))
    for minutes in LATEST:
        timeline.begin(stage.now - timedelta(minutes=minutes), _visit(stage, rng, items, grids[0]))
    timeline.begin(stage.now - timedelta(minutes=190), _to_go_on(stage, items[0][0]))


def _visit(stage: Stage, rng: random.Random, items: list[tuple[str, int]], grid: Unit) -> Story:
    """Within minutes, mostly; now and then it is written down on the next working day (补记)."""
    at = clock.now()
    worker, unit_id = _worker(stage, rng, grid)
    at_station = worker.post == Post.COMMUNITY_STAFF or rng.random() < 0.38
    kind = VisitKind.STATION_RECEPTION if at_station else VisitKind.HOME_VISIT
    outcome = weighted(rng, OUTCOMES)
    if outcome == Outcome.NOBODY_HOME and at_station:
        outcome = Outcome.EXPLAINED
    if outcome == Outcome.IN_PROGRESS and at < stage.now - STILL_OPEN:
        outcome = Outcome.SETTLED
    keys = [weighted(rng, items), *([weighted(rng, items)] if rng.random() < 0.08 else [])]
    met = outcome != Outcome.NOBODY_HOME
    note = rng.choice(NOTES[keys[0]]) if met and rng.random() < 0.5 else ""
    name, phone, door = people.resident(rng) if met and rng.random() < 0.3 else ("", "", "")
    if rng.random() < 0.04:
        yield stage.moment(rng, stage.workday(clock.local(at).date() + ONE_DAY))
    next_on = (
        stage.workday(stage.today + rng.randint(0, 9) * ONE_DAY) if outcome == Outcome.IN_PROGRESS else None
    )
    stations = stage.made.stations_of
    details = Details(
        unit_id=unit_id, at=at, note=note, resident_name=name, door=door, next_visit_on=next_on,
        resident_phone=phone if rng.random() < 0.5 else "", do_not_disturb=rng.random() < 0.01,
        station_id=stations.get(grid.id, stations[grid.community_id or 0]) if at_station else None,
    )  # fmt: skip
    log_visit(worker, kind=kind, items=list(dict.fromkeys(keys)), outcome=outcome, details=details)


def _worker(stage: Stage, rng: random.Random, grid: Unit) -> tuple[Actor, int]:
    """Who goes, and where: mostly the grid worker; sometimes a building's leader or the community."""
    luck, building, cast = rng.random(), rng.choice(stage.made.buildings[grid.id]), stage.cast
    if luck < 0.82:
        return rng.choice(cast.holders(Post.GRID_WORKER, grid.id)), building.id if luck < 0.6 else grid.id
    if luck < 0.93:
        return cast.first(Post.BUILDING_LEADER, building.id), building.id
    return rng.choice(cast.holders(Post.COMMUNITY_STAFF, grid.community_id)), grid.id


def _to_go_on(stage: Stage, key: str) -> Story:
    """The demo's grid worker will come again tomorrow."""
    worker = stage.cast.first(Post.GRID_WORKER, stage.made.grids[0].id)
    details = Details(next_visit_on=stage.today + ONE_DAY)
    log_visit(worker, kind=VisitKind.HOME_VISIT, items=[key], outcome=Outcome.IN_PROGRESS, details=details)
    yield from ()
