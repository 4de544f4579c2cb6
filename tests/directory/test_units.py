"""Setting up units."""

from __future__ import annotations

import threading
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.directory.models import Unit
from webapp.directory.posts import LEVELS_BELOW, Level
from webapp.directory.units.service import UnitFacts, create_unit, retire_unit
from webapp.extensions import db
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.foundation.journal import JournalEntry
from webapp.inbox import sources
from webapp.networks.models import PropertyCompany
from webapp.stations.service import StationFacts, open_station


def unit_of(world: World, name: str) -> Unit:
    return db.session.get_one(Unit, world.units[name])


def code(world: World, name: str) -> str:
    return unit_of(world, name).code


def make(world: World, parent: str, level: str, name: str, **more: object) -> Unit:
    facts = UnitFacts(name, name, **more)  # type: ignore[arg-type]
    return create_unit(world.actor("district_admin"), code(world, parent), level, facts)


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(JournalEntry.action).order_by(JournalEntry.id)))


# New units


def test_a_community_grows_down_to_the_building(browse: Browse, app: Flask, world: World) -> None:
    """As a district administrator does it with a phone, from the district's page on."""
    browse.log_in("district_admin")
    here = f"/directory/units/{code(world, 'street')}"
    for level, form, shown in (
        ("community", {"name": "新示范社区居民委员会", "short_name": "新示范社区"}, "新示范社区居民委员会"),
        ("grid", {"name": "示范小区91网格", "short_name": "示范小区91", "households": "312"}, "312"),
    ):
        page = browse.get(here).text
        assert "登记下属单位" in page
        browse.get(f"{here}/new")
        answer = browse.post(f"{here}/new", {"level": level, **form})
        assert shown in browse.follow(answer).text
        here = answer.headers["Location"]
    # Its branch is named on the page that opened.
    assert "党支部名称" in browse.get(here).text
    browse.post(f"{here}/branch", {"branch": "示范小区91党支部"})
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
    browse.get(f"{url}?level=company")
    form = {"level": "company", "name": "示范物业服务有限公司", "short_name": "示范物业九"}
    here = browse.post(url, form).headers["Location"]
    company = db.session.scalars(sa.select(Unit).where(Unit.short_name == "示范物业九")).one()
    assert company.code == f"{district.code}-W001"
    assert company.path == f"{district.path}{company.code}/"
    assert here == f"/directory/units/{company.code}"
    assert db.session.get_one(PropertyCompany, company.id).party_coverage == "none"
    assert "党组织覆盖" in browse.get(here).text
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
            assert make(world, parent, level, f"新{level}").level == level
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
    retire_unit(admin, grid.code)
    with pytest.raises(Conflict):
        create_unit(admin, grid.code, "building", UnitFacts("1栋", "1栋"))
    with pytest.raises(Conflict):
        open_station(admin, grid.code, StationFacts("站点", "service_station", "1号"))
    browse.log_in("district_admin")
    assert "登记下属单位" not in browse.get(f"/directory/units/{grid.code}").text
    for page in ("new", "stations/new", "committees/new", "company"):
        browse.get(f"/directory/units/{grid.code}/{page}", 409)


def test_only_who_keeps_the_register_sets_up(browse: Browse, app: Flask, world: World) -> None:
    for person in ("street_staff", "community_secretary", "grid_worker", "auditor"):
        with pytest.raises(Refused):
            create_unit(world.actor(person), code(world, "community"), "grid", UnitFacts("甲", "甲"))
    browse.log_in("street_staff")
    text = browse.get(f"/directory/units/{code(world, 'community')}").text
    assert "登记下属单位" not in text
    assert "登记站点" not in text
    browse.get(f"/directory/units/{code(world, 'community')}/new", 403)
    with pytest.raises(NotFound):
        create_unit(world.actor("district_admin"), "none", "grid", UnitFacts("甲", "甲"))


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
                made.append(create_unit(admin, parent, "building", facts).code)
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
                made.append(create_unit(admin, parent, "building", UnitFacts("9栋", "9栋")).code)
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
    form = {"name": "示范小区96网格", "short_name": "示范小区96", "households": "120"}
    browse.post(f"{url}/change", form)
    assert db.session.get_one(Unit, grid.id).households == 120
    assert "示范小区96网格" in browse.get(url).text


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
