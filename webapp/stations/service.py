"""Stations: where residents are received, and whose code stands on their posters."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from webapp.directory.models import Unit
from webapp.directory.permissions import check_can_manage, check_in_use, locked_unit
from webapp.directory.posts import Level
from webapp.directory.scope import covers, place_of
from webapp.extensions import db
from webapp.foundation import clock, codes, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.stations.models import STATION_KINDS, STATION_LEVELS, Station


@dataclass(frozen=True)
class StationFacts:
    """What people need to know of a station."""

    name: str
    kind: str
    address: str
    hours: str = ""
    phone: str = ""


def open_station(actor: Actor, unit_code: str, facts: StationFacts) -> Station:
    """Set up a station at a unit. Its code stands on posters and is never changed.

    Raises:
        NotFound: no such unit, or not the actor's. Conflict: the unit is out of use, or has no stations.
        Invalid: no such kind.
    """
    _check(facts)
    with transaction() as session:
        unit = locked_unit(actor, unit_code)
        check_in_use(unit)
        check_may_have_stations(unit)
        station = Station(code=_new_code(), unit_id=unit.id, **vars(facts), **place_of(unit))
        session.add(station)
        session.flush()
        journal.record(actor, "station:create", "station", station.id, {"unit": unit.id, "kind": facts.kind})
        return station


def check_may_have_stations(unit: Unit) -> None:
    """That stations stand at units of this level.

    Raises:
        Conflict: they don't.
    """
    if Level(unit.level) not in STATION_LEVELS:
        raise Conflict("服务站点登记在社区或网格，请先打开那里的页面。")


def _check(facts: StationFacts) -> None:
    if facts.kind not in STATION_KINDS:
        raise Invalid("请选择类别。", "kind")


def _new_code() -> str:
    """A code that no station has ever had; codes are short enough to collide."""
    while True:
        code = codes.station_code()
        if not db.session.scalar(sa.select(Station.id).where(Station.code == code)):
            return code


def change_station(actor: Actor, code: str, facts: StationFacts) -> Station:
    """Change what people are told of a station.

    Raises:
        NotFound: there is none, or it is not the actor's. Conflict: it is out of use. Invalid: no such kind.
    """
    _check(facts)
    with transaction():
        station = _locked_station(actor, code)
        for name, value in vars(facts).items():
            setattr(station, name, value)
        journal.record(actor, "station:change", "station", station.id)
        return station


def retire_station(actor: Actor, code: str) -> Station:
    """Take a station out of use: its poster leads nowhere from now on; what was recorded there stays.

    Raises:
        NotFound: there is none, or it is not the actor's. Conflict: it is out of use already.
    """
    with transaction():
        station = _locked_station(actor, code)
        station.retired_on = clock.today()
        journal.record(actor, "station:retire", "station", station.id)
        return station


def _locked_station(actor: Actor, code: str) -> Station:
    check_can_manage(actor)
    station_id = db.session.scalar(sa.select(Station.id).where(Station.code == code))
    station = locked(Station, station_id) if station_id else None
    if station is None or not covers(actor, db.session.get_one(Unit, station.unit_id).path):
        raise NotFound
    if station.retired_on:
        raise Conflict("这个站点已经停用了。")
    return station
