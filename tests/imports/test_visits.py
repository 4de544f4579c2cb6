"""走访台账 comes in as late entries: under the right name, within the scope, without points, once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.imports.files import PEOPLE, VISITS, bring_in, counts, take_in, to_csv, unit, wrong
from tests.imports.test_people import everything
from tests.support.world import World
from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.private import keyed_hash
from webapp.imports import service
from webapp.points.models import PointEntry
from webapp.visits import queries
from webapp.visits.models import Visit


@pytest.fixture
def staff(app: Flask, world: World) -> Actor:
    return world.actor("community_staff")


def name_of(world: World, person: str) -> str:
    return db.session.get_one(Person, world.people[person]).name


def rows(world: World) -> list[tuple[object, ...]]:
    worker = name_of(world, "grid_worker")
    return [
        VISITS,
        (
            "V1",
            "2019-3-1 9:30",
            worker,
            "上门服务",
            "政策咨询、矛盾调解",
            "已办结",
            "居民甲",
            "13722220001",
            "问医保",
        ),
        ("V2", "2025年3月2日", worker, "站点", "走访慰问", "已解释", "", "", ""),
    ]


def visits() -> list[Visit]:
    query = sa.select(Visit).where(Visit.is_late_entry).order_by(Visit.at)
    return list(db.session.scalars(query))


def test_a_ledger_comes_in_as_late_entries_without_points(staff: Actor, world: World) -> None:
    before = everything()["point_entries"]
    assert counts(bring_in(staff, "visits", rows(world))) == (2, 0, 0, 0)
    first, second = visits()
    assert (first.worker_id, first.unit_id) == (world.people["grid_worker"], world.units["grid"])
    assert first.at == datetime(2019, 3, 1, 1, 30, tzinfo=UTC)
    assert (clock.now() - first.logged_at).total_seconds() < 60
    assert (first.community_id, first.grid_id) == (world.units["community"], world.units["grid"])
    assert (first.resident_name, first.resident_phone_hash) == ("居民甲", keyed_hash("13722220001"))
    assert queries.item_names([first.id])[first.id] == ["政策咨询", "矛盾调解"]
    assert clock.local(second.at).hour == 12
    assert second.resident_name is None
    assert everything()["point_entries"] == before
    assert db.session.scalar(sa.select(sa.func.count(PointEntry.id))) == before
    stored = db.session.execute(
        sa.text("SELECT resident_name, resident_phone FROM visits WHERE note = '问医保'")
    ).one()
    assert "居民甲" not in str(stored)
    assert "13722220001" not in str(stored)


def test_twice_is_once_with_ids_and_without(staff: Actor, world: World) -> None:
    bring_in(staff, "visits", rows(world))
    assert counts(bring_in(staff, "visits", rows(world))) == (0, 0, 2, 0)
    assert counts(bring_in(staff, "visits", [row[1:] for row in rows(world)])) == (0, 0, 2, 0)
    assert len(visits()) == 2


def test_what_came_of_it_may_change_and_nothing_else(staff: Actor, world: World) -> None:
    bring_in(staff, "visits", rows(world))
    head, first, second = rows(world)
    changed = (*first[:4], "政策咨询", "代办中", *first[6:8], "还在问")
    assert counts(bring_in(staff, "visits", [head, changed, second])) == (0, 1, 1, 0)
    visit = visits()[0]
    assert (visit.outcome, visit.note) == ("in_progress", "还在问")
    assert queries.item_names([visit.id])[visit.id] == ["政策咨询"]
    found = wrong(staff, "visits", [head, ("V1", "2019-3-2", *first[2:])])
    assert found[0][:2] == (2, "编号")


def test_an_undone_visit_stays_undone(staff: Actor, world: World) -> None:
    bring_in(staff, "visits", rows(world))
    with transaction():
        visit = visits()[0]
        visit.undone_at, visit.note = clock.now(), ""
    assert "已经撤销" in wrong(staff, "visits", rows(world))[0][2]


def test_rows_that_say_the_same_need_an_id(staff: Actor, world: World) -> None:
    same = [row[1:] for row in (*rows(world), rows(world)[1])]
    assert wrong(staff, "visits", same) == [
        (4, "走访时间", "和前面的一行完全相同；确实是两次的，请加上编号或写明时间。")
    ]
    twice = [*rows(world), ("V3", *rows(world)[1][1:])]
    assert counts(bring_in(staff, "visits", twice)) == (3, 0, 0, 0)
    later = [VISITS, ("V4", *rows(world)[1][1:])]
    assert counts(bring_in(staff, "visits", later)) == (1, 0, 0, 0), "another id is another visit"


def test_nobody_brings_in_for_units_or_workers_outside_the_scope(staff: Actor, world: World) -> None:
    head = (*VISITS, "地点")
    _, first, second = rows(world)
    stranger = name_of(world, "community_staff2")
    mine = unit(world, "building")
    bad = [
        head,
        (*first[:2], stranger, *first[3:], unit(world, "grid3")),
        (*first, unit(world, "grid3")),
        (*first, unit(world, "grid2")),
        (*second, mine),
    ]
    assert wrong(staff, "visits", bad) == [
        (2, "网格员", "在您的范围内没有这位走访人，请先导入或登记人员。"),
        (3, "地点", "在您的范围内没有找到这个单位，请填写全称、简称或代码。"),
        (4, "地点", "这个地点不在走访人任职的范围内。"),
    ]
    assert counts(bring_in(staff, "visits", bad, leave_out=True)) == (1, 0, 0, 3)
    assert visits()[0].unit_id == world.units["building"]
    other = world.actor("community_staff2")
    assert (
        "不在您的范围内" in wrong(other, "visits", [VISITS, ("V2", *first[1:2], stranger, *first[3:])])[0][2]
    )


def test_wrong_cells_are_named_and_phones_masked(staff: Actor, world: World) -> None:
    _, first, _ = rows(world)
    bad = [
        VISITS,
        ("", "某天", *first[2:]),
        ("", "2090-1-1", *first[2:]),
        ("", "1925-1-1", *first[2:]),
        (*first[:3], "电话", *first[4:]),
        (*first[:4], "修飞船", *first[5:]),
        (*first[:5], "不知道", *first[6:]),
        (*first[:3], "站点", first[4], "无人在家", *first[6:]),
        (*first[:7], "1372222", first[8]),
        (*first[:2], "", *first[3:]),
    ]
    found = wrong(staff, "visits", bad)
    assert [column for _, column, _ in found] == [
        "走访时间", "走访时间", "走访时间", "走访方式", "事项类别", "办理结果", "办理结果", "居民电话", "网格员",
    ]  # fmt: skip
    assert "政策咨询" in found[4][2]
    tried = service.try_out(staff, take_in(staff, "visits", to_csv(bad)))
    assert "1372222" not in str(tried.wrong)


def test_a_worker_is_known_by_the_phone_or_by_the_id_in_the_old_system(staff: Actor, world: World) -> None:
    people = [PEOPLE, ("GH-7", "示范新人", "13733330007", unit(world, "grid2"), "网格员", "2024-1-1")]
    bring_in(world.actor("district_admin"), "people", people)
    head = ("日期", "走访人", "走访人电话", "形式", "事项", "结果")
    ledger = [
        head,
        ("2025-1-1", "GH-7", "", "上门", "政策咨询", "办结"),
        ("2025-1-2", "", "13733330007", "上门", "政策咨询", "办结"),
    ]
    assert counts(bring_in(staff, "visits", ledger)) == (2, 0, 0, 0)
    new = db.session.scalars(sa.select(Person.id).where(Person.name == "示范新人")).one()
    assert {visit.worker_id for visit in visits()} == {new}
    assert {visit.unit_id for visit in visits()} == {world.units["grid2"]}


def test_the_district_may_bring_in_for_all_and_reads_none(app: Flask, world: World) -> None:
    admin = world.actor("district_admin")
    assert counts(bring_in(admin, "visits", rows(world))) == (2, 0, 0, 0)
    assert not admin.can("visit:read")
