"""人员名册 comes in once: new, known, changed, wrong."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.imports.files import PEOPLE, bring_in, counts, take_in, to_csv, unit, wrong
from tests.support.world import World
from webapp.directory.models import Appointment, Person
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.errors import Invalid, NotFound, Refused
from webapp.foundation.journal import JournalEntry
from webapp.imports import people, service
from webapp.imports.models import Batch, ExternalId, Upload
from webapp.networks.models import Seat


@pytest.fixture
def admin(app: Flask, world: World) -> Actor:
    return world.actor("district_admin")


def rows(world: World) -> list[tuple[object, ...]]:
    grid, grid2 = unit(world, "grid"), unit(world, "grid2")
    return [
        PEOPLE,
        ("A1", "示范甲", "13711110001", grid, "网格员", "2025-3-1"),
        ("A2", "示范乙", "", grid2, "三报到党员", "2025/3/1"),
        ("A3", "示范丙", "13711110003", unit(world, "building"), "楼栋长", ""),
        ("A3", "示范丙", "13711110003", grid, "业委会成员", ""),
    ]


def person(name: str) -> Person:
    return db.session.scalars(sa.select(Person).where(Person.name == name)).one()


def everything() -> dict[str, int]:
    return {
        table.name: db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in db.metadata.sorted_tables
    }


def test_a_register_comes_in_with_posts_and_ids(admin: Actor, world: World) -> None:
    assert counts(bring_in(admin, "people", rows(world))) == (3, 1, 0, 0), "the fourth row is a second post"
    found = person("示范甲")
    assert found.phone == "13711110001"
    held = db.session.scalars(sa.select(Appointment).where(Appointment.person_id == found.id)).one()
    assert (held.post, held.unit_id, held.starts_on) == ("grid_worker", world.units["grid"], date(2025, 3, 1))
    volunteer = person("示范乙")
    assert volunteer.is_party_member
    assert volunteer.is_serving_party_member
    posts = sa.select(Appointment.post).where(Appointment.person_id == person("示范丙").id)
    assert set(db.session.scalars(posts)) == {"building_leader", "committee_member"}
    kept = db.session.execute(
        sa.select(ExternalId.source, ExternalId.external_id, ExternalId.record_id)
    ).all()
    assert ("旧网格平台", "A1", found.id) in [tuple(row) for row in kept]
    assert len(kept) == 3


def test_twice_is_once(admin: Actor, world: World) -> None:
    bring_in(admin, "people", rows(world))
    before = everything()
    assert counts(bring_in(admin, "people", rows(world))) == (0, 0, 4, 0)
    without_ids = [row[1:] for row in rows(world)]
    assert counts(bring_in(admin, "people", without_ids)) == (0, 0, 4, 0)
    after = everything()
    assert {name for name in after if after[name] != before[name]} == {"import_batches", "journal"}


def test_without_ids_and_phones_twice_is_once_too(admin: Actor, world: World) -> None:
    plain = [("姓名", "单位", "席位"), ("示范丁", unit(world, "grid"), "业委会委员"), ("示范戊", "", "")]
    assert counts(bring_in(admin, "people", plain)) == (2, 0, 0, 0)
    assert counts(bring_in(admin, "people", plain)) == (0, 0, 2, 0)
    seat = db.session.scalars(sa.select(Seat).where(Seat.person_id == person("示范丁").id)).one()
    assert (seat.body, seat.title) == ("committee", "委员")


@pytest.mark.parametrize(
    ("text", "seat"),
    [
        ("党员", ("branch", "成员")),
        ("小区党支部书记", ("branch", "书记")),
        ("业主委员会 主任", ("committee", "主任")),
        ("物管会", ("committee", "成员")),
    ],
)
def test_a_seat_however_called(text: str, seat: tuple[str, str]) -> None:
    assert people.seat(text) == seat


def test_a_changed_phone_or_name_is_a_change(admin: Actor, world: World) -> None:
    bring_in(admin, "people", rows(world))
    new = [PEOPLE, ("A1", "示范甲", "13711119999", "", "", ""), ("A3", "示范丙丙", "13711110003", "", "", "")]
    assert counts(bring_in(admin, "people", new)) == (0, 2, 0, 0)
    assert person("示范甲").phone == "13711119999"
    assert person("示范丙丙").phone == "13711110003"


def test_the_journal_tells_of_the_file_and_of_each_record_without_names(admin: Actor, world: World) -> None:
    batch = bring_in(admin, "people", rows(world))
    entries = db.session.scalars(
        sa.select(JournalEntry).where(JournalEntry.person_id == admin.person_id)
    ).all()
    actions = [entry.action for entry in entries]
    assert actions.count("person:create") == 3
    assert actions.count("appointment:create") == 4
    told = next(entry for entry in entries if entry.action == "import:bring_in")
    assert told.detail == {
        "kind": "people", "sha256": batch.digest, "added": 3, "changed": 1, "unchanged": 0, "left_out": 0,
    }  # fmt: skip
    assert not any("示范" in str(entry.detail) or "1371111" in str(entry.detail) for entry in entries)


def test_trying_writes_nothing(admin: Actor, world: World) -> None:
    upload = take_in(admin, "people", to_csv(rows(world)))
    before = everything()
    found = service.try_out(admin, upload)
    assert (found.added, found.changed, found.unchanged, found.wrong) == (3, 1, 0, [])
    service.wrong_rows(admin, upload.id)
    assert everything() == before


def test_wrong_rows_are_named_with_column_and_reason(admin: Actor, world: World) -> None:
    grid = unit(world, "grid")
    known = db.session.get_one(Person, world.people["grid_worker"])
    bad = [
        PEOPLE,
        ("", "", "13711110001", grid, "网格员", ""),
        ("", "示范甲", "1371111", grid, "网格员", ""),
        ("", "示范甲", "", "没有的小区", "网格员", ""),
        ("", "示范甲", "", unit(world, "community"), "网格员", ""),
        ("", "示范甲", "", grid, "县长", "2025-13-1"),
        ("", "另一个人", known.phone, grid, "网格员", ""),
        ("", "示范甲", "", grid, "", ""),
        ("", "示范甲", "", "", "网格员", ""),
    ]
    found = wrong(admin, "people", bad)
    assert [(row, column) for row, column, _ in found] == [
        (2, "姓名"), (3, "手机号"), (4, "所在网格"), (5, "所在网格"), (6, "职务"), (6, "任职日期"), (7, "手机号"),
        (8, "所在网格"), (9, "所在网格"),
    ]  # fmt: skip
    assert found[3][2] == "这里要填网格，这是社区。"
    tried = service.try_out(admin, take_in(admin, "people", to_csv(bad)))
    assert known.phone not in str(tried.wrong)
    assert "****" in tried.wrong[6].value


def test_all_or_nothing_unless_wrong_rows_are_left_out(admin: Actor, world: World) -> None:
    mixed = [*rows(world), ("A9", "", "", "", "", "")]
    upload = take_in(admin, "people", to_csv(mixed))
    before = everything()
    with pytest.raises(Invalid, match="1 行不能导入") as refused:
        service.bring_in(admin, upload.id)
    assert refused.value.field == "leave_out"
    assert everything() == before
    assert counts(service.bring_in(admin, upload.id, leave_out_wrong=True)) == (3, 1, 0, 1)


def test_the_wrong_rows_come_back_as_a_file_to_be_mended(admin: Actor, world: World) -> None:
    mixed = [*rows(world), ("A9", "=示范己", "123", "", "", "")]
    upload = take_in(admin, "people", to_csv(mixed))
    text = service.wrong_rows(admin, upload.id).decode("utf-8-sig")
    assert text.splitlines() == [
        "编号,姓名,手机号,所在网格,职务,任职日期,问题",
        "A9,'=示范己,123,,,,手机号：这不像一个电话号码，请核对。",
    ]


def test_an_id_used_for_somebody_else_is_wrong(admin: Actor, world: World) -> None:
    bring_in(admin, "people", rows(world))
    found = wrong(admin, "people", [PEOPLE, ("A1", "别的人", "13711118888", "", "", "")])
    assert found == [(2, "编号", "这个编号登记的是示**，请核对编号和姓名。")]


def test_no_id_number_and_no_phone_is_kept_as_an_id(admin: Actor, world: World) -> None:
    bad = [PEOPLE, *((ref, "示范甲", "", "", "", "") for ref in ("11010119900101123X", "13711110001"))]
    assert [column for _, column, _ in wrong(admin, "people", bad)] == ["编号", "编号"]
    shown = str(service.try_out(admin, take_in(admin, "people", to_csv(bad))).wrong)
    assert "1990" not in shown
    assert "13711110001" not in shown


def test_the_same_id_of_another_system_is_another_id(admin: Actor, world: World) -> None:
    bring_in(admin, "people", rows(world))
    other = [PEOPLE, ("A1", "示范庚", "13711110007", "", "", "")]
    assert counts(bring_in(admin, "people", other, source="另一个平台")) == (1, 0, 0, 0)


def test_only_the_sender_sees_a_file_and_only_for_a_day(
    admin: Actor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = take_in(admin, "people", to_csv(rows(world)))
    kept = db.session.execute(sa.text("SELECT rows FROM import_uploads")).scalar_one()
    assert "13711110001" not in kept, "encrypted while it waits"
    with pytest.raises(NotFound):
        service.upload_for(world.actor("community_staff"), upload.id)
    with pytest.raises(NotFound):
        service.bring_in(world.actor("community_staff"), upload.id)
    assert service.sweep() == 0
    with transaction():
        db.session.get_one(Upload, upload.id).at -= service.KEPT * 2
    with pytest.raises(NotFound):
        service.upload_for(admin, upload.id)
    assert service.sweep() == 1
    assert everything()["import_uploads"] == 0


def test_the_file_is_gone_after_confirming_and_after_cancelling(admin: Actor, world: World) -> None:
    first, second = (take_in(admin, "people", to_csv(rows(world))) for _ in range(2))
    service.bring_in(admin, first.id)
    service.cancel(admin, second.id)
    assert everything()["import_uploads"] == 0
    with pytest.raises(NotFound):
        service.bring_in(admin, first.id)
    assert len(db.session.scalars(sa.select(Batch)).all()) == 1


def test_who_does_not_keep_the_register_brings_no_people_in(app: Flask, world: World) -> None:
    with pytest.raises(Refused):
        take_in(world.actor("community_staff"), "people", to_csv(rows(world)))
    with pytest.raises(Refused):
        take_in(world.actor("grid_worker"), "visits", to_csv(rows(world)))
