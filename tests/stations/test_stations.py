"""Stations: looked up, opened, changed, closed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.browse import Browse
from tests.support.world import World
from webapp.directory.models import Unit
from webapp.directory.scope import place_of
from webapp.directory.units.service import UnitFacts, create_unit, retire_unit
from webapp.extensions import db
from webapp.foundation import codes
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Refused
from webapp.foundation.journal import JournalEntry
from webapp.stations import service
from webapp.stations.models import Station
from webapp.stations.service import StationFacts

STATION = {
    "name": "示范小区01接待点", "kind": "opinion_collection_point", "address": "2栋一层",
    "hours": "周三 9:00—11:00", "phone": "0561-1234567",
}  # fmt: skip


def unit_of(world: World, name: str) -> Unit:
    return db.session.get_one(Unit, world.units[name])


def code(world: World, name: str) -> str:
    return unit_of(world, name).code


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(JournalEntry.action).order_by(JournalEntry.id)))


def test_stations_of_my_scope_and_above_me(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("building_leader")
    text = browse.get("/directory/stations/").text
    assert "示范小区01服务站" in text
    assert "示范社区一服务站" in text
    assert "示范小区03" not in text
    browse.get("/directory/stations/S00002")
    browse.get("/directory/stations/S00002", part=True)
    browse.get("/directory/stations/S00003", 404)


def test_the_poster_carries_the_address_of_the_residents_page(
    browse: Browse, lite_app: Flask, world: World
) -> None:
    text = browse.log_in("grid_worker").get("/directory/stations/S00002/poster").text
    assert "http://localhost/r/S00002" in text
    assert 'class="qr"><title>二维码' in text


def test_a_station_page_in_a_deeper_place(browse: Browse, app: Flask, world: World) -> None:
    with transaction() as session:
        building = session.get_one(Unit, world.units["building"])
        session.add(
            Station(
                code="S90000", kind="opinion_collection_point", name="一栋收集点", unit_id=building.id,
                **place_of(building),
            )
        )  # fmt: skip
    assert "民情收集站" in browse.log_in("building_leader").get("/directory/stations/S90000").text
    browse.log_in("building_leader2").get("/directory/stations/S90000", 404)


def test_a_station_is_opened_changed_and_closed(browse: Browse, app: Flask, world: World) -> None:
    grid = unit_of(world, "grid")
    browse.log_in("district_admin")
    assert "登记站点" in browse.get(f"/directory/units/{grid.code}").text
    url = f"/directory/units/{grid.code}/stations/new"
    browse.get(url)
    browse.post(url, STATION)
    station = db.session.scalars(sa.select(Station).where(Station.name == STATION["name"])).one()
    assert {key: getattr(station, key) for key in place_of(grid)} == place_of(grid)
    assert len(station.code) == codes.STATION_LENGTH
    assert set(station.code) <= set(codes.ALPHABET)

    here, kept = f"/directory/stations/{station.code}", station.code
    browse.get(f"{here}/change")
    browse.post(
        f"{here}/change", {**STATION, "address": "3栋一层", "kind": "service_station", "code": "HACKED"}
    )
    text = browse.get(here).text
    assert "3栋一层" in text
    assert "网格党群服务站" in text
    assert db.session.get_one(Station, station.id).code == kept

    browse.post(f"{here}/retire")
    browse.post(f"{here}/retire", status=409)
    browse.get(f"{here}/poster", 409)
    text = browse.get(here).text
    assert "停用" in text
    assert "居民扫码海报" not in text
    browse.post(f"{here}/change", STATION, status=409)
    assert STATION["name"] not in browse.get(f"/directory/units/{grid.code}").text
    wanted = ["station:create", "station:change", "station:retire"]
    assert [action for action in actions() if action in wanted] == wanted


def test_the_poster_of_a_closed_station_leads_nowhere(browse: Browse, app: Flask, world: World) -> None:
    station = db.session.get_one(Station, world.stations["station"])
    address = f"/r/{station.code}"
    browse.get(address)
    browse.log_in("district_admin").post(f"/directory/stations/{station.code}/retire")
    stranger = Browse(app, world)
    assert "没有找到这个站点" in stranger.get(address, 404).text
    stranger.post(address, {"category": "sanitation", "what": "楼道里堆了杂物。"}, status=404)


def test_stations_stand_at_communities_and_grids(browse: Browse, app: Flask, world: World) -> None:
    admin, facts = world.actor("district_admin"), StationFacts("站点", "service_station", "1号")
    assert (
        service.open_station(admin, code(world, "community"), facts).community_id == world.units["community"]
    )
    for name in ("district", "street", "building", "company", "department"):
        with pytest.raises(Conflict):
            service.open_station(admin, code(world, name), facts)
    browse.log_in("district_admin").get(f"/directory/units/{code(world, 'street')}/stations/new", 409)
    with pytest.raises(Refused):
        service.open_station(world.actor("community_staff"), code(world, "community"), facts)
    with pytest.raises(Refused):
        service.retire_station(world.actor("community_staff"), "S00001")


def test_a_station_says_what_is_missing(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    text = browse.post(
        f"/directory/units/{code(world, 'grid')}/stations/new", {"name": "新站"}, status=422
    ).text
    for message in ("请选择类别。", "请填写地址。"):
        assert message in text
    assert "新站" in text


def test_a_grid_with_a_station_is_not_taken_out_of_use(app: Flask, world: World) -> None:
    admin = world.actor("district_admin")
    grid = create_unit(admin, code(world, "community"), "grid", UnitFacts("示范小区97", "示范小区97"))
    station = service.open_station(admin, grid.code, StationFacts("站点", "service_station", "1号"))
    with pytest.raises(Conflict, match="1个服务站点"):
        retire_unit(admin, grid.code)
    service.retire_station(admin, station.code)
    retire_unit(admin, grid.code)
