"""单位名册 comes in once: the whole tree from one file, by the rules of setting up by hand."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.imports.files import UNITS, bring_in, counts, take_in, to_csv, wrong
from tests.imports.test_people import everything
from tests.support.queries import counting
from tests.support.world import World
from webapp.cases.service import intake
from webapp.directory.models import Unit
from webapp.directory.people.service import appoint
from webapp.directory.posts import Permission, Post
from webapp.directory.units.service import UnitFacts, create_unit, retire_unit
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.errors import Invalid, Refused
from webapp.foundation.journal import JournalEntry, broken_links
from webapp.imports import registry, service, units
from webapp.imports.models import ExternalId, ImportKind
from webapp.networks.models import Branch, PropertyCompany
from webapp.visits import service as visits
from webapp.visits.service import Details

# From the bottom: each row stands before what is above it.
TREE = [
    UNITS,
    ("U6", "栋", "1栋", "", "示范花园", "24户", ""),
    ("U7", "楼", "示范花园 2栋", "", "新示范社区/示范花园", "", ""),
    ("U4", "小区", "示范花园", "示范花园网格", "新示范社区", "312", "示范花园党支部"),
    ("U5", "网格", "示范新村", "", "U3", "", ""),
    ("U3", "社区", "新示范社区", "新示范社区居民委员会", "示范街道三", "", ""),
    ("U1", "街道", "示范街道三", "", "", "", ""),
    ("U8", "物业公司", "示范物业九", "示范物业服务有限公司", "", "", ""),
    ("U9", "部门", "示范供水", "", "示范区", "", ""),
]


@pytest.fixture
def admin(app: Flask, world: World) -> Actor:
    return world.actor("district_admin")


def at(world: World, name: str) -> Unit:
    return db.session.get_one(Unit, world.units[name])


def called(short_name: str) -> Unit:
    return db.session.scalars(sa.select(Unit).where(Unit.short_name == short_name)).one()


def grid(world: World, **more: str) -> tuple[str, ...]:
    """The row of a grid in the first community."""
    row = {
        "ref": "",
        "level": "网格",
        "short": "示范小区77",
        "name": "",
        "parent": at(world, "community").code,
    }
    return (*{**row, **more}.values(), "", "")


def test_a_whole_tree_in_any_order(admin: Actor, world: World) -> None:
    assert counts(bring_in(admin, "units", TREE)) == (8, 0, 0, 0)
    district = at(world, "district")
    street, community, garden = called("示范街道三"), called("新示范社区"), called("示范花园")
    first, second = called("示范花园 1栋"), called("示范花园 2栋")
    assert street.code == f"{district.code}-J001"
    assert community.code == f"{street.code}-S001"
    assert garden.code == f"{community.code}-001", "codes follow the file's order"
    assert called("示范新村").code == f"{community.code}-002"
    assert (first.code, second.code) == (f"{garden.code}-01", f"{garden.code}-02")
    assert second.path == f"{district.path}{street.code}/{community.code}/{garden.code}/{second.code}/"
    assert (second.street_id, second.community_id, second.grid_id) == (street.id, community.id, garden.id)
    assert (second.parent_id, first.name, first.households) == (garden.id, "示范花园 1栋", 24)
    assert (garden.name, garden.households) == ("示范花园网格", 312)
    assert (
        db.session.scalars(sa.select(Branch.name).where(Branch.unit_id == garden.id)).one()
        == "示范花园党支部"
    )
    company = called("示范物业九")
    assert (company.code, company.name) == (f"{district.code}-W001", "示范物业服务有限公司")
    assert db.session.get_one(PropertyCompany, company.id).party_coverage == "none"
    assert called("示范供水").code == f"{district.code}-B001"
    kept = sa.select(ExternalId.record_id).where(ExternalId.external_id == "U4", ExternalId.kind == "units")
    assert db.session.scalars(kept).one() == garden.id


def test_the_journal_tells_of_each_unit_without_names(admin: Actor, world: World) -> None:
    bring_in(admin, "units", TREE)
    rows = db.session.execute(
        sa.select(JournalEntry.action, JournalEntry.subject_id, JournalEntry.detail)
    ).all()
    made = {row.subject_id: row.detail for row in rows if row.action == "unit:create"}
    assert len(made) == 8
    garden = called("示范花园")
    assert made[str(garden.id)] == {"level": "grid", "parent": called("新示范社区").id}
    assert [row.detail["kind"] for row in rows if row.action == "import:bring_in"] == ["units"]
    assert not any("示范" in str(row.detail) for row in rows)
    assert broken_links() == []


def test_twice_is_once_with_ids_and_without(admin: Actor, world: World) -> None:
    bring_in(admin, "units", TREE)
    before = everything()
    assert counts(bring_in(admin, "units", TREE)) == (0, 0, 8, 0)
    without = [tuple("新示范社区" if cell == "U3" else cell for cell in row[1:]) for row in TREE]
    assert counts(bring_in(admin, "units", without)) == (0, 0, 8, 0)
    after = everything()
    assert {name for name in after if after[name] != before[name]} == {"import_batches", "journal"}
    again = [UNITS[1:], *(row for row in without[1:] for _ in range(2))]
    assert counts(bring_in(admin, "units", again)) == (0, 0, 16, 0)


def test_twice_in_one_file_is_one_unit(admin: Actor, world: World) -> None:
    row = grid(world)
    assert counts(bring_in(admin, "units", [UNITS, row, row])) == (1, 0, 1, 0)


def test_trying_writes_nothing(admin: Actor, world: World) -> None:
    upload = take_in(admin, "units", to_csv(TREE))
    before = everything()
    assert (service.try_out(admin, upload).added, everything()) == (8, before)


def test_what_is_there_is_filled_and_not_changed(admin: Actor, world: World) -> None:
    community, first, second = at(world, "community"), at(world, "grid"), at(world, "building")
    create_unit(admin, community.code, "grid", UnitFacts("示范小区88", "示范小区88"))
    rows = [
        ("级别", "简称", "全称", "上级", "户数", "党支部"),
        ("网格", "示范小区88", "另一个全称", community.name, "88", "示范小区88党支部"),
        ("网格", first.short_name, "", community.code, "301", "另一个党支部"),
        ("楼栋", "1栋", "", first.short_name, "12", ""),
    ]
    assert counts(bring_in(admin, "units", rows)) == (0, 3, 0, 0)
    filled = called("示范小区88")
    assert (filled.name, filled.households) == ("示范小区88", 88)
    names = {row.unit_id: row.name for row in db.session.execute(sa.select(Branch.unit_id, Branch.name))}
    assert names[filled.id] == "示范小区88党支部"
    assert names[first.id] == f"{first.short_name}党支部"
    db.session.refresh(first)
    db.session.refresh(second)
    assert (first.households, second.households) == (301, 12)
    rows = [[cell.replace("301", "999") for cell in row] for row in rows]  # type: ignore[misc]
    assert counts(bring_in(admin, "units", rows)) == (0, 0, 3, 0)
    db.session.refresh(first)
    assert first.households == 301
    changed = sa.select(JournalEntry.subject_id).where(JournalEntry.action == "unit:change")
    assert set(db.session.scalars(changed)) == {str(filled.id), str(first.id), str(second.id)}


def test_numbers_go_on_after_those_out_of_use(admin: Actor, world: World) -> None:
    community = at(world, "community")
    for number in range(2):
        name = f"示范小区8{number}"
        row = create_unit(admin, community.code, "grid", UnitFacts(name, name))
        retire_unit(admin, row.code)
    # A name that is free again, too.
    assert counts(bring_in(admin, "units", [UNITS, grid(world, short="示范小区80")])) == (1, 0, 0, 0)
    codes = sa.select(Unit.code).where(Unit.short_name == "示范小区80", Unit.retired_on.is_(None))
    assert db.session.scalars(codes).one() == f"{community.code}-003"
    after = create_unit(admin, community.code, "grid", UnitFacts("示范小区82", "示范小区82"))
    assert after.code == f"{community.code}-004"


def test_wrong_rows_are_told_beside_their_line(admin: Actor, world: World) -> None:
    company, building = at(world, "company"), at(world, "building")
    bad = [
        UNITS,
        ("", "楼栋", "9栋", "", "错的小区", "", ""),  # its parent's row is wrong
        ("", "片区", "示范片", "", "", "", ""),
        ("", "网格", "", "", "示范社区一", "", ""),
        ("", "网格", "错的小区", "", "没有的社区", "", ""),
        ("", "网格", "示范小区77", "", "", "", ""),
        ("", "网格", "示范小区77", "", "示范街道一", "", ""),
        ("", "部门", "示范供热", "", "示范社区一", "", ""),
        ("", "部门", company.short_name, "", "", "", ""),
        ("", "楼栋", "2栋", "", building.code, "", ""),
        ("", "网格", "示范小区77", "", "示范社区一", "很多", ""),
        ("", "楼栋", "二" * 25, "", "示范小区01", "", ""),
        ("13711110001", "网格", "示范小区77", "", "示范社区一", "", ""),
    ]
    assert wrong(admin, "units", bad) == [
        (2, "上级", "名录里和这张表里都没有这个上级，或者它那一行有问题。请填写全称、简称或代码。"),
        (3, "级别", "可以填：网格、楼栋、物业企业、部门、社区、街道、小区、栋。"),
        (4, "简称", "这一格不能空。"),
        (5, "上级", "名录里和这张表里都没有这个上级，或者它那一行有问题。请填写全称、简称或代码。"),
        (6, "上级", "请写明在哪个社区。"),
        (7, "上级", "网格的上级是社区；这里写的是街道。"),
        (8, "上级", "部门的上级是区，可以空着；这里写的是社区。"),
        (9, "简称", "这里已经有一个叫“示范物业一”的物业企业，请换一个简称。"),
        (10, "上级", "名录里和这张表里都没有这个上级，或者它那一行有问题。请填写全称、简称或代码。"),
        (11, "户数", "请填写0到99999的整数。"),
        (12, "简称", "连小区名一起最多30个字。"),
        (13, "编号", "编号不能用身份证号或电话，请换成原系统的编号，或把这一列设为不导入。"),
    ]
    upload = take_in(admin, "units", to_csv([*bad, grid(world)]))
    with pytest.raises(Invalid, match="12 行不能导入"):
        service.bring_in(admin, upload.id)
    assert counts(service.bring_in(admin, upload.id, leave_out_wrong=True)) == (1, 0, 0, 12)


def test_a_name_that_several_bear_asks_for_the_code(admin: Actor, world: World) -> None:
    twins = [
        UNITS,
        ("", "网格", "示范东苑", "", "示范社区一", "", ""),
        ("", "网格", "示范东苑", "", "示范社区二", "", ""),
    ]
    assert counts(bring_in(admin, "units", twins)) == (2, 0, 0, 0)
    told = "有几个网格都叫这个名字，请写成“社区/网格”，或改填代码。"
    assert wrong(admin, "units", [UNITS, ("", "楼栋", "1栋", "", "示范东苑", "", "")]) == [(2, "上级", told)]
    grids = sa.select(Unit).where(Unit.short_name == "示范东苑").order_by(Unit.path)
    one, two = db.session.scalars(grids).all()
    right = [
        UNITS,
        ("", "栋", "1栋", "", "示范社区一 / 示范东苑", "", ""),
        ("", "栋", "1栋", "", two.code, "", ""),
    ]
    assert counts(bring_in(admin, "units", right)) == (2, 0, 0, 0)
    for parent in (one, two):
        found = db.session.scalars(sa.select(Unit).where(Unit.parent_id == parent.id)).one()
        assert found.short_name == "示范东苑 1栋"
    # In the file itself as well.
    both = [[str(cell).replace("东苑", "西苑") for cell in row] for row in twins]
    assert wrong(admin, "units", [*both, ("", "楼栋", "1栋", "", "示范西苑", "", "")]) == [(4, "上级", told)]


def test_names_that_differ_in_a_stroke_are_told_apart(admin: Actor, world: World) -> None:
    rows = [
        UNITS,
        *(("", "网格", name, "", "示范社区一", "", "") for name in ("示范1-1区", "示范11区")),
        ("", "楼栋", "1栋", "", "示范1-1区", "", ""),
    ]
    bring_in(admin, "units", rows)
    assert called("示范1-1区 1栋").parent_id == called("示范1-1区").id


def test_ids_and_units_belong_together(admin: Actor, world: World) -> None:
    bring_in(admin, "units", [UNITS, grid(world, ref="340603001001001", short="示范小区77")])
    known = called("示范小区77")
    for row, column in (
        (grid(world, ref="340603001001001", short="示范小区78"), "编号"),
        (grid(world, ref="340603001001001", parent="示范社区二"), "编号"),
        (grid(world, ref="340603001001002"), "简称"),
    ):
        assert [line[:2] for line in wrong(admin, "units", [UNITS, row])] == [(2, column)], row
    # A building of a later file names its grid by that id.
    later = [UNITS, ("", "楼栋", "1栋", "", "340603001001001", "", "")]
    assert counts(bring_in(admin, "units", later)) == (1, 0, 0, 0)
    assert called("示范小区77 1栋").parent_id == known.id
    # What was taken out of use does not come back with the old file.
    with transaction():
        retired = sa.update(Unit).where(Unit.path.startswith(known.path))
        db.session.execute(retired.values(retired_on=clock.today()))
    told = wrong(admin, "units", [UNITS, grid(world, ref="340603001001001")])
    assert told == [(2, "编号", "这个编号的单位已经停用，请核对，或不导入这一行。")]


def test_coverage_of_companies_in_the_words_people_use(admin: Actor, world: World) -> None:
    rows = [
        ("类型", "名称", "党组织覆盖情况"),
        ("物业服务企业", "示范物业七", "建有党支部"),
        ("物业企业", "示范物业八", "指导员"),
    ]
    bring_in(admin, "units", rows)
    found = {
        name: db.session.get_one(PropertyCompany, called(name).id).party_coverage
        for name in ("示范物业七", "示范物业八")
    }
    assert found == {"示范物业七": "own_branch", "示范物业八": "instructor"}


@pytest.mark.parametrize(("text", "number"), [("312", 312), ("24户", 24), ("1,208", 1208), ("0", 0)])
def test_households_as_people_write_them(text: str, number: int) -> None:
    assert units.households(text) == number


@pytest.mark.parametrize("text", ["很多", "-1", "100000", "12.5", "1,2"])
def test_what_is_no_number_of_households(text: str) -> None:
    with pytest.raises(ValueError, match="0到99999"):
        units.households(text)


def test_only_who_imports_and_keeps_the_register_brings_units_in(app: Flask, world: World) -> None:
    with pytest.raises(Refused):
        take_in(world.actor("community_staff"), "units", to_csv(TREE))
    with pytest.raises(Refused):
        take_in(world.actor("street_staff"), "units", to_csv(TREE))
    admin = world.actor("district_admin")
    assert ImportKind.UNITS in {kind.key for kind in registry.open_to(admin)}
    lesser = replace(admin, permissions=admin.permissions - {Permission.IMPORT_RUN})
    assert registry.open_to(lesser) == []
    with pytest.raises(Refused):
        take_in(lesser, "units", to_csv(TREE))


def test_a_grid_brought_in_is_served_and_used(admin: Actor, world: World) -> None:
    rows = [
        UNITS,
        ("", "楼栋", "1栋", "", "示范小区77", "", ""),
        ("", "网格", "示范小区77", "", "示范社区一", "", "示范小区77党支部"),
    ]
    bring_in(admin, "units", rows)
    new, building = called("示范小区77"), called("示范小区77 1栋")
    person_id = world.people["grid_worker_ended"]
    appoint(admin, person_id=person_id, post=Post.GRID_WORKER, unit_code=new.code, starts_on=clock.today())
    worker = world.actor("grid_worker_ended")
    assert worker.unit_path == new.path
    visit = visits.log_visit(
        worker, kind="home_visit", items=["policy"], outcome="settled", details=Details(unit_id=building.id)
    )
    case = intake.register(worker, category="property_service", unit_id=building.id, what="路灯不亮。")
    place = (new.id, building.id, world.units["community"])
    assert (visit.grid_id, visit.building_id, visit.community_id) == place
    assert (case.grid_id, case.building_id, case.community_id) == place
    # And a register of people finds it by its name.
    people = [
        ("姓名", "单位", "职务"),
        ("示范甲", "示范小区77", "三报到党员"),
        ("示范乙", "示范小区77 1栋", "楼栋长"),
    ]
    assert counts(bring_in(admin, "people", people)) == (2, 0, 0, 0)


def test_two_at_once_never_share_a_code_or_a_name(app: Flask, world: World) -> None:
    admin, community = world.actor("district_admin"), at(world, "community").code
    rows = [UNITS, *(grid(world, short=f"示范小区9{number}") for number in range(5))]
    files = [take_in(admin, "units", to_csv(rows)).id for _ in range(3)]
    start, told, faults = threading.Barrier(6), [], []

    def bring(upload_id: uuid.UUID) -> None:
        told.append(counts(service.bring_in(admin, upload_id)))

    def by_hand(number: int) -> None:
        name = f"示范小区6{number}"
        create_unit(admin, community, "grid", UnitFacts(name, name))

    def work(call: Callable[[], None]) -> None:
        with app.app_context():
            try:
                start.wait(10)
                call()
            except Exception as error:  # noqa: BLE001 - the assertion below tells of it
                faults.append(error)

    calls = [*(partial(bring, file) for file in files), *(partial(by_hand, n) for n in range(3))]
    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert sorted(told) == [(0, 0, 5, 0), (0, 0, 5, 0), (5, 0, 0, 0)]
    db.session.remove()
    made = db.session.scalars(sa.select(Unit.code).where(Unit.code.startswith(f"{community}-")))
    assert sorted(made) == [f"{community}-{number:03d}" for number in range(1, 9)]


def test_a_district_comes_in_at_a_steady_cost_for_each_row(
    admin: Actor, world: World, record_property: Callable[[str, object], None]
) -> None:
    grids = [
        ("", "网格", f"示范花园{n:03}", "", f"示范社区{'一二三'[n % 3]}", "300", f"示范花园{n:03}党支部")
        for n in range(82)
    ]
    buildings = [
        ("", "楼栋", f"{number // 82 + 1}栋", "", f"示范花园{number % 82:03}", "24", "")
        for number in range(410)
    ]
    upload = take_in(admin, "units", to_csv([UNITS, *buildings, *grids]))
    began, cpu = time.perf_counter(), time.thread_time()
    with counting() as statements:
        batch = service.bring_in(admin, upload.id)
    took, cpu = time.perf_counter() - began, time.thread_time() - cpu
    record_property("note", f"{db.engine.dialect.name}: {took:.2f} s, {len(statements)} statements")
    assert counts(batch) == (492, 0, 0, 0)
    assert cpu < 0.492 * 2 * 10, "some seconds for 1,000 rows, tried and brought in"
    assert len(statements) < 492 * 2 * 8
    assert broken_links() == []
    alike = sa.select(Unit.code).group_by(Unit.code).having(sa.func.count() > 1)
    assert db.session.scalars(alike).all() == []
