"""Setting up units and stations."""

from __future__ import annotations

import threading
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.directory import service
from webapp.directory.models import Branch, PropertyCompany, Station, Unit
from webapp.directory.posts import LEVELS_BELOW, Level
from webapp.directory.scope import place_of
from webapp.directory.service import StationFacts, UnitFacts
from webapp.extensions import db
from webapp.foundation import codes
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.foundation.journal import JournalEntry
from webapp.inbox import sources

STATION = {
    "name": "示范小区01接待点", "kind": "opinion_collection_point", "address": "2栋一层",
    "hours": "周三 9:00—11:00", "phone": "0561-1234567",
}  # fmt: skip


def unit_of(world: World, name: str) -> Unit:
    return db.session.get_one(Unit, world.units[name])


def code(world: World, name: str) -> str:
    return unit_of(world, name).code


def make(world: World, parent: str, level: str, name: str, **more: object) -> Unit:
    facts = UnitFacts(name, name, **more)  # type: ignore[arg-type]
    return service.create_unit(world.actor("district_admin"), code(world, parent), level, facts)


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(JournalEntry.action).order_by(JournalEntry.id)))


# New units


def test_a_community_grows_down_to_the_building(browse: Browse, app: Flask, world: World) -> None:
    """As a district administrator does it with a phone, from the district's page on."""
    browse.log_in("district_admin")
    here = f"/directory/units/{code(world, 'street')}"
    for level, form, shown in (
        ("community", {"name": "新示范社区居民委员会", "short_name": "新示范社区"}, "新示范社区居民委员会"),
        ("grid", {"name": "示范小区91网格", "short_name": "示范小区91", "households": "312", "branch": "示范小区91党支部"},
         "312"),
    ):  # fmt: skip
        page = browse.get(here).text
        assert "登记下属单位" in page
        browse.get(f"{here}/new")
        answer = browse.post(f"{here}/new", {"level": level, **form})
        assert shown in browse.follow(answer).text
        here = answer.headers["Location"]
    assert "示范小区91党支部" in browse.get(here).text
    # A row of buildings: each time back to where the next one is set up.
    for number in (1, 2):
        form = {"level": "building", "name": f"{number}栋", "short_name": f"{number}栋", "households": "24"}
        assert browse.post(f"{here}/new", form).headers["Location"] == here
    page = browse.get(here).text
    assert "示范小区91 1栋" in page
    assert "示范小区91 2栋" in page

    street = unit_of(world, "street")
    community, grid, first, second = db.session.scalars(
        sa.select(Unit).where(Unit.code.startswith(f"{street.code}-")).order_by(Unit.path)
    )
    assert community.code == f"{street.code}-S001"
    assert grid.code == f"{community.code}-001"
    assert (first.code, second.code) == (f"{grid.code}-01", f"{grid.code}-02")
    assert second.path == f"{street.path}{community.code}/{grid.code}/{second.code}/"
    assert (second.street_id, second.community_id, second.grid_id) == (street.id, community.id, grid.id)
    assert (community.street_id, community.community_id, community.grid_id) == (street.id, None, None)
    assert second.households == 24
    assert actions().count("unit:create") == 4


def test_beside_the_ladder(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    district = unit_of(world, "district")
    url = f"/directory/units/{district.code}/new"
    assert "党组织覆盖" not in browse.get(url).text
    assert "党组织覆盖" in browse.get(f"{url}?level=company").text
    form = {"level": "company", "name": "示范物业服务有限公司", "short_name": "示范物业九"}
    assert "请选择党组织覆盖情况。" in browse.post(url, form, status=422).text
    browse.post(url, {**form, "coverage": "instructor"})
    company = db.session.scalars(sa.select(Unit).where(Unit.short_name == "示范物业九")).one()
    assert company.code == f"{district.code}-W001"
    assert company.path == f"{district.path}{company.code}/"
    assert db.session.get_one(PropertyCompany, company.id).party_coverage == "instructor"
    assert "有党建指导员" in browse.get(f"/directory/units/{company.code}").text
    browse.post(url, {"level": "department", "name": "示范供水部门", "short_name": "示范供水"})
    browse.post(url, {"level": "street", "name": "示范街道三", "short_name": "示范街道三"})
    for ending in ("B001", "J001"):
        assert db.session.scalar(sa.select(Unit.id).where(Unit.code == f"{district.code}-{ending}"))


@pytest.mark.parametrize(
    "parent", ["district", "street", "community", "grid", "building", "company", "department"]
)
def test_what_may_stand_where(app: Flask, world: World, parent: str) -> None:
    own = LEVELS_BELOW[Level(unit_of(world, parent).level)]
    for level in Level:
        if level in own:
            more = {"coverage": "none"} if level == "company" else {}
            assert make(world, parent, level, f"新{level}", **more).level == level
        else:
            with pytest.raises(Invalid) as refusal:
                make(world, parent, level, "新单位二")
            assert refusal.value.field == "level"


def test_nothing_is_set_up_below_a_building(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    url = f"/directory/units/{code(world, 'building')}"
    assert "登记下属单位" not in browse.get(url).text
    assert "楼栋下面不再登记单位" in browse.get(f"{url}/new", 409).text
    browse.post(f"{url}/new", {"level": "building", "name": "甲", "short_name": "甲"}, status=409)


def test_two_in_use_are_never_called_alike(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    url = f"/directory/units/{code(world, 'community')}/new"
    form = {"level": "grid", "name": "另一个网格", "short_name": "示范小区01"}
    text = browse.post(url, form, status=422).text
    assert "已经有一个叫“示范小区01”的单位" in text
    assert "另一个网格" in text
    # Under another parent it may; and so it may where the other is out of use.
    make(world, "community2", "grid", "示范小区01")
    make(world, "community", "grid", "示范小区92")
    with transaction() as session:
        session.execute(
            sa.update(Unit).where(Unit.short_name == "示范小区92").values(retired_on=sa.func.current_date())
        )
    again = make(world, "community", "grid", "示范小区92")
    # Its number was given once and for all.
    assert again.code == f"{code(world, 'community')}-002"
    taken = {"name": "示范小区92", "short_name": "示范小区01"}
    text = browse.post(f"/directory/units/{again.code}/change", taken, status=422).text
    assert "已经有一个叫“示范小区01”的单位" in text


def test_a_retired_parent_takes_no_more(browse: Browse, app: Flask, world: World) -> None:
    grid = make(world, "community", "grid", "示范小区93")
    admin = world.actor("district_admin")
    service.retire_unit(admin, grid.code)
    with pytest.raises(Conflict):
        service.create_unit(admin, grid.code, "building", UnitFacts("1栋", "1栋"))
    with pytest.raises(Conflict):
        service.open_station(admin, grid.code, StationFacts("站点", "service_station", "1号"))
    browse.log_in("district_admin")
    assert "登记下属单位" not in browse.get(f"/directory/units/{grid.code}").text
    for page in ("new", "stations/new", "committees/new", "company"):
        browse.get(f"/directory/units/{grid.code}/{page}", 409)


def test_only_who_keeps_the_register_sets_up(browse: Browse, app: Flask, world: World) -> None:
    for person in ("street_staff", "community_secretary", "grid_worker", "auditor"):
        with pytest.raises(Refused):
            service.create_unit(world.actor(person), code(world, "community"), "grid", UnitFacts("甲", "甲"))
    browse.log_in("street_staff")
    text = browse.get(f"/directory/units/{code(world, 'community')}").text
    assert "登记下属单位" not in text
    assert "登记站点" not in text
    browse.get(f"/directory/units/{code(world, 'community')}/new", 403)
    with pytest.raises(NotFound):
        service.create_unit(world.actor("district_admin"), "none", "grid", UnitFacts("甲", "甲"))


def test_sent_twice_it_is_set_up_once(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    url, one = f"/directory/units/{code(world, 'community')}/new", str(uuid.uuid4())
    form = {"level": "grid", "name": "示范小区94网格", "short_name": "示范小区94"}
    first = browse.post(url, form, submission_id=one).headers["Location"]
    assert browse.post(url, form, submission_id=one).headers["Location"] == first
    assert actions().count("unit:create") == 1


def test_wrong_input_stays_beside_its_field(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    url = f"/directory/units/{code(world, 'community')}/new"
    text = browse.post(url, {"level": "grid", "name": "示范小区95网格", "households": "-3"}, status=422).text
    assert "请填写简称。" in text
    assert "0到99999" in text
    assert "示范小区95网格" in text
    long = {"level": "building", "name": "栋" * 28, "short_name": "栋" * 28}
    grid_url = f"/directory/units/{code(world, 'grid')}/new"
    assert "最多30个字" in browse.post(grid_url, long, status=422).text


def test_two_at_once_get_two_codes(app: Flask, world: World) -> None:
    admin, parent = world.actor("district_admin"), code(world, "grid")
    db.session.remove()
    start, made, faults = threading.Barrier(6), [], []

    def work(number: int) -> None:
        with app.app_context():
            try:
                start.wait(10)
                facts = UnitFacts(f"{number + 10}栋", f"{number + 10}栋")
                made.append(service.create_unit(admin, parent, "building", facts).code)
            except Exception as error:  # noqa: BLE001 - the assertion below tells of it
                faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert sorted(made) == [f"{parent}-{number:02d}" for number in range(1, 7)]


def test_two_at_once_never_share_a_name(app: Flask, world: World) -> None:
    admin, parent = world.actor("district_admin"), code(world, "grid")
    db.session.remove()
    start, made, refused = threading.Barrier(4), [], []

    def work() -> None:
        with app.app_context():
            start.wait(10)
            try:
                made.append(service.create_unit(admin, parent, "building", UnitFacts("9栋", "9栋")).code)
            except Invalid as error:
                refused.append(error.field)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), refused) == (1, ["short_name"] * 3)


def test_what_is_known_of_a_unit_is_changed(browse: Browse, app: Flask, world: World) -> None:
    grid = make(world, "community", "grid", "示范小区96", households=100)
    browse.log_in("district_admin")
    url = f"/directory/units/{grid.code}"
    assert "党支部名称" in browse.get(url).text
    form = {
        "name": "示范小区96网格",
        "short_name": "示范小区96",
        "households": "120",
        "branch": "示范小区96党支部",
    }
    browse.post(f"{url}/change", form)
    browse.post(f"{url}/change", {**form, "branch": "示范小区96联合党支部"})
    assert list(db.session.scalars(sa.select(Branch.name).where(Branch.unit_id == grid.id))) == [
        "示范小区96联合党支部"
    ]
    assert "不能去掉" in browse.post(f"{url}/change", {**form, "branch": ""}, status=422).text
    assert db.session.get_one(Unit, grid.id).households == 120
    company = {"name": "示范物业一", "short_name": "示范物业一", "coverage": "mass_org"}
    browse.post(f"/directory/units/{code(world, 'company')}/change", company)
    assert db.session.get_one(PropertyCompany, world.units["company"]).party_coverage == "mass_org"


def test_a_company_that_serves_is_not_taken_out_of_use(app: Flask, world: World) -> None:
    admin = world.actor("district_admin")
    with transaction() as session:  # its people first
        session.execute(sa.text("UPDATE appointments SET ends_on = '2025-06-01' WHERE post = 'handler'"))
    with pytest.raises(Conflict, match="1个网格"):
        service.retire_unit(admin, code(world, "company"))


def test_a_longer_list_of_units_costs_no_more_queries(
    browse: Browse, app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "count", lambda actor: 0)
    browse.log_in("district_admin")
    url, counts = f"/directory/units/{code(world, 'grid')}", []
    browse.get(url)
    for number in (20, 40):
        for index in range(10):
            make(world, "grid", "building", f"{number + index}栋")
        db.session.remove()
        with counting() as statements:
            browse.get(url)
        counts.append(len(statements))
    assert counts[0] == counts[1]


# Stations


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
    grid = make(world, "community", "grid", "示范小区97")
    station = service.open_station(admin, grid.code, StationFacts("站点", "service_station", "1号"))
    with pytest.raises(Conflict, match="1个服务站点"):
        service.retire_unit(admin, grid.code)
    service.retire_station(admin, station.code)
    service.retire_unit(admin, grid.code)
