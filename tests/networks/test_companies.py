"""Property companies and the grids that they serve."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.browse import Browse
from tests.support.world import SINCE, World
from webapp.directory.models import Unit
from webapp.directory.units.service import UnitFacts, create_unit, retire_unit
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, Refused
from webapp.foundation.journal import JournalEntry
from webapp.networks.companies import service
from webapp.networks.companies.service import NO_COMPANY
from webapp.networks.models import PropertyCompany, PropertyContract

DAY = timedelta(days=1)


def code(world: World, name: str) -> str:
    return db.session.get_one(Unit, world.units[name]).code


def contracts(world: World, name: str) -> list[tuple[int, date, date | None]]:
    table = PropertyContract
    query = sa.select(table.company_id, table.starts_on, table.ends_on).where(
        table.grid_id == world.units[name]
    )
    return [(row[0], row[1], row[2]) for row in db.session.execute(query.order_by(table.id))]


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(JournalEntry.action).order_by(JournalEntry.id)))


def test_how_the_party_is_present_is_said_on_the_companys_page(
    browse: Browse, app: Flask, world: World
) -> None:
    url = f"/directory/units/{code(world, 'company')}"
    browse.log_in("district_admin")
    assert "党组织覆盖" in browse.get(url).text
    browse.post(f"{url}/coverage", {"coverage": "mass_org"})
    assert db.session.get_one(PropertyCompany, world.units["company"]).party_coverage == "mass_org"
    assert "有群团组织" in browse.get(f"/directory/units/{code(world, 'grid')}").text
    assert "请选择党组织覆盖情况。" in browse.post(f"{url}/coverage", {}, status=422).text
    browse.post(f"/directory/units/{code(world, 'grid')}/coverage", {"coverage": "none"}, status=409)
    with pytest.raises(Invalid):
        service.set_coverage(world.actor("district_admin"), code(world, "company"), "something")
    with pytest.raises(Refused):
        service.set_coverage(world.actor("street_staff"), code(world, "company"), "none")
    assert actions().count("unit:change") == 1


def test_a_new_company_may_serve_at_once(app: Flask, world: World) -> None:
    admin = world.actor("district_admin")
    facts = UnitFacts("示范物业服务有限公司", "示范物业九")
    company = create_unit(admin, code(world, "district"), "company", facts)
    service.change_company(admin, code(world, "grid"), company_code=company.code, starts_on=clock.today())
    assert contracts(world, "grid")[-1] == (company.id, clock.today(), None)


def test_a_company_that_serves_is_not_taken_out_of_use(app: Flask, world: World) -> None:
    admin = world.actor("district_admin")
    with transaction() as session:  # its people first
        session.execute(sa.text("UPDATE appointments SET ends_on = '2025-06-01' WHERE post = 'handler'"))
    with pytest.raises(Conflict, match="1个网格"):
        retire_unit(admin, code(world, "company"))


def test_removed_is_only_the_company_of_which_the_authority_says_so(app: Flask, world: World) -> None:
    admin, top = world.actor("district_admin"), code(world, "district")
    closed, removed = (
        create_unit(admin, top, "company", UnitFacts(f"示范物业服务{n}有限公司", f"示范物业{n}"))
        for n in "八九"
    )
    retire_unit(admin, closed.code)
    service.remove_company(admin, removed.code, "年度评价不合格")
    rows = [db.session.get_one(PropertyCompany, unit.id) for unit in (closed, removed)]
    assert [(row.removed_on, row.removal_note) for row in rows] == [
        (None, ""),
        (clock.today(), "年度评价不合格"),
    ]
    assert removed.retired_on == clock.today()
    assert "company:remove" in actions()
    with pytest.raises(Conflict, match="已经停用"):
        service.remove_company(admin, removed.code, "")
    department = create_unit(admin, top, "department", UnitFacts("示范局", "示范局"))
    with pytest.raises(Conflict, match="不是物业企业"):
        service.remove_company(admin, department.code, "")
    assert db.session.get_one(Unit, department.id).retired_on is None


def test_a_new_company_ends_the_former_on_the_day_before(browse: Browse, app: Flask, world: World) -> None:
    today, url = clock.today(), f"/directory/units/{code(world, 'grid')}"
    browse.log_in("district_admin")
    assert "原来的企业服务到前一天为止" in browse.get(f"{url}/company").text
    browse.post(f"{url}/company", {"company_code": code(world, "company2"), "starts_on": today.isoformat()})
    assert contracts(world, "grid") == [
        (world.units["company"], SINCE, today - DAY),
        (world.units["company2"], today, None),
    ]
    text = browse.get(url).text
    assert "示范物业二" in text
    assert "示范物业一" not in text
    # Entered wrongly: for the same day again, and the wrong one never counted.
    browse.post(f"{url}/company", {"company_code": code(world, "company"), "starts_on": today.isoformat()})
    text = browse.get(url).text
    assert "示范物业一" in text
    assert "示范物业二" not in text
    assert contracts(world, "grid")[1] == (world.units["company2"], today, today - DAY)
    assert actions().count("contract:end") == 2


def test_a_change_ahead_shows_when_its_day_comes(browse: Browse, app: Flask, world: World) -> None:
    today, url = clock.today(), f"/directory/units/{code(world, 'grid')}"
    browse.log_in("district_admin")
    browse.post(
        f"{url}/company",
        {"company_code": code(world, "company2"), "starts_on": (today + 30 * DAY).isoformat()},
    )
    text = browse.get(url).text
    assert "示范物业一" in text
    assert "示范物业二" not in text
    assert "示范物业二" in browse.get(f"{url}/company").text
    earlier = {"company_code": code(world, "company2"), "starts_on": (today + 29 * DAY).isoformat()}
    assert "开始日期不能比它早" in browse.post(f"{url}/company", earlier, status=422).text


def test_a_grid_may_be_without_a_company(browse: Browse, app: Flask, world: World) -> None:
    admin, today = world.actor("district_admin"), clock.today()
    browse.log_in("district_admin")
    assert "不再有物业企业" in browse.get(f"/directory/units/{code(world, 'grid')}/company").text
    assert "不再有物业企业" not in browse.get(f"/directory/units/{code(world, 'grid2')}/company").text
    service.change_company(admin, code(world, "grid"), company_code=NO_COMPANY, starts_on=today)
    assert contracts(world, "grid") == [(world.units["company"], SINCE, today - DAY)]
    assert "登记物业企业" in browse.get(f"/directory/units/{code(world, 'grid')}").text
    with pytest.raises(Invalid):
        service.change_company(admin, code(world, "grid"), company_code=NO_COMPANY, starts_on=today)
    service.change_company(admin, code(world, "grid"), company_code=code(world, "company"), starts_on=today)


@pytest.mark.parametrize("company", ["company", "department", "nothing", "", "removed"])
def test_not_every_company_will_do(browse: Browse, app: Flask, world: World, company: str) -> None:
    with transaction() as session:
        session.execute(
            sa.text("UPDATE property_companies SET removed_on = '2025-01-01' WHERE unit_id = :id"),
            {"id": world.units["company2"]},
        )
    name = {"removed": "company2"}.get(company, company)
    given = code(world, name) if name in world.units else name
    browse.log_in("district_admin")
    url = f"/directory/units/{code(world, 'grid')}/company"
    form = {"company_code": given, "starts_on": clock.today().isoformat()}
    text = browse.post(url, form, status=422).text
    if company == "company":
        assert "现在就由这家企业服务" in text
    assert len(contracts(world, "grid")) == 1
    with pytest.raises(Refused):
        service.change_company(
            world.actor("street_staff"), code(world, "grid"), company_code=given, starts_on=clock.today()
        )
