from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TypedDict

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.support.moments import picture
from tests.support.world import World
from webapp.extensions import db
from webapp.foundation import clock, photos
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.foundation.journal import JournalEntry
from webapp.foundation.photos import photos_of
from webapp.visits import queries, seeds, service
from webapp.visits.events import visit_logged, visit_undone
from webapp.visits.models import ServiceItem, Visit
from webapp.visits.queries import Filters
from webapp.visits.service import Details


class Choices(TypedDict):
    """What everybody who logs a visit has to choose."""

    kind: str
    items: list[str]
    outcome: str


HOME = Choices(kind="home_visit", items=["policy"], outcome="settled")
RECEPTION = Choices(kind="station_reception", items=["policy"], outcome="settled")


def test_three_choices_are_enough(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    visit = service.log_visit(worker, **HOME)
    assert (visit.worker_id, visit.unit_id, visit.grid_id) == (
        worker.person_id,
        world.units["grid"],
        world.units["grid"],
    )
    assert visit.community_id == world.units["community"]
    assert not visit.is_late_entry
    assert clock.now() - visit.at < timedelta(minutes=1)
    assert queries.item_names([visit.id]) == {visit.id: ["政策咨询"]}
    entry = db.session.scalars(sa.select(JournalEntry).where(JournalEntry.action == "visit:log")).one()
    assert (entry.subject_id, entry.person_id) == (str(visit.id), worker.person_id)


def test_a_building_leader_logs_for_the_building(app: Flask, world: World) -> None:
    visit = service.log_visit(world.actor("building_leader"), **HOME)
    assert (visit.building_id, visit.grid_id) == (world.units["building"], world.units["grid"])


@pytest.mark.parametrize(
    ("who", "where"),
    [("grid_worker", "grid2"), ("building_leader", "grid"), ("building_leader", "building2")],
)
def test_the_wrong_place_is_refused(lite_app: Flask, world: World, who: str, where: str) -> None:
    with pytest.raises(Refused):
        service.log_visit(world.actor(who), **HOME, details=Details(unit_id=world.units[where]))
    assert db.session.scalar(sa.select(sa.func.count(Visit.id))) == 0


@pytest.mark.parametrize("who", ["auditor", "street_staff"])
def test_who_only_reads_does_not_log(lite_app: Flask, world: World, who: str) -> None:
    with pytest.raises(Refused):
        service.log_visit(world.actor(who), **HOME)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "telepathy"}, "kind"),
        ({"items": []}, "items"),
        ({"items": ["policy", "no-such"]}, "items"),
        ({"outcome": "great"}, "outcome"),
        ({"kind": "station_reception", "outcome": "nobody_home"}, "outcome"),
    ],
)
def test_a_choice_that_does_not_fit_is_named(
    lite_app: Flask, world: World, change: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        service.log_visit(world.actor("grid_worker"), **{**HOME, **change})  # type: ignore[arg-type]
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (Details(at=datetime(2999, 1, 1, tzinfo=UTC)), "at"),
        (Details(at=datetime(202, 1, 1, tzinfo=UTC)), "at"),
        (Details(next_visit_on=date(2020, 1, 1)), "next_visit_on"),
        (Details(resident_phone="12345"), "resident_phone"),
    ],
)
def test_a_detail_that_does_not_fit_is_named(
    lite_app: Flask, world: World, details: Details, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        service.log_visit(world.actor("grid_worker"), **HOME, details=details)
    assert refusal.value.field == field


def test_a_late_entry_is_marked_by_the_day_in_shanghai(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    # 00:30 on 22 November in Shanghai, still the 21st in UTC.
    with time_machine.travel(datetime(2026, 11, 21, 16, 30, tzinfo=UTC), tick=False):
        before = service.log_visit(
            worker, **HOME, details=Details(at=datetime(2026, 11, 21, 15, 59, tzinfo=UTC))
        )
        after = service.log_visit(
            worker, **HOME, details=Details(at=datetime(2026, 11, 21, 16, 1, tzinfo=UTC))
        )
        assert (before.is_late_entry, after.is_late_entry) == (True, False)
        today = queries.visits_page(worker, Filters(day=date(2026, 11, 22)))
        yesterday = queries.visits_page(worker, Filters(day=date(2026, 11, 21)))
    assert [row.id for row in today.rows] == [after.id]
    assert [row.id for row in yesterday.rows] == [before.id]


def test_a_phone_whose_clock_is_fast_is_forgiven(app: Flask, world: World) -> None:
    visit = service.log_visit(
        world.actor("grid_worker"), **HOME, details=Details(at=clock.now() + timedelta(minutes=5))
    )
    assert not visit.is_late_entry


def test_what_a_phone_wrote_offline_took_place_then(app: Flask, world: World) -> None:
    worker, now = world.actor("grid_worker"), clock.now()
    written = now - timedelta(days=2)
    visit = service.log_visit(worker, **HOME, details=Details(claimed_at=written))
    assert (visit.at, visit.is_late_entry) == (written, True)
    typed = service.log_visit(worker, **HOME, details=Details(at=now - timedelta(days=1), claimed_at=written))
    assert typed.at == now - timedelta(days=1)
    for wrong in (now + timedelta(days=1), now - timedelta(days=9000)):
        assert service.log_visit(worker, **HOME, details=Details(claimed_at=wrong)).at >= now


def test_an_item_is_valid_on_the_day_of_the_visit(app: Flask, world: World) -> None:
    with transaction() as session:
        item = session.scalars(sa.select(ServiceItem).where(ServiceItem.key == "policy")).one()
        item.retired_on = clock.today()
    worker = world.actor("grid_worker")
    with pytest.raises(Invalid):
        service.log_visit(worker, **HOME)
    service.log_visit(worker, **HOME, details=Details(at=clock.now() - timedelta(days=1)))
    assert "policy" not in dict(queries.items_for(worker))


def test_several_items_and_the_favourites_come_first(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    for items in (["safety", "job"], ["job"], ["job", "policy"]):
        service.log_visit(worker, kind="home_visit", items=items, outcome="settled")
    # Another's favourites are no concern of mine.
    service.log_visit(world.actor("grid_worker1b"), kind="home_visit", items=["elderly"], outcome="settled")
    assert [key for key, _ in queries.items_for(worker)][:4] == ["job", "policy", "safety", "errand"]


def test_a_reception_keeps_its_station_and_a_home_visit_has_none(app: Flask, world: World) -> None:
    worker, station = world.actor("grid_worker"), world.stations["station"]
    details = Details(station_id=station)
    assert service.log_visit(worker, **RECEPTION, details=details).station_id == station
    assert service.log_visit(worker, **HOME, details=details).station_id is None
    with pytest.raises(Invalid):
        service.log_visit(worker, **RECEPTION, details=Details(station_id=world.stations["station2"]))


def test_stations_are_those_around_and_above(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    offered = queries.stations(worker)
    assert [row.id for row in offered] == [world.stations["station"], world.stations["center"]]
    assert queries.usual_station(worker, offered) == world.stations["station"]
    service.log_visit(worker, **RECEPTION, details=Details(station_id=world.stations["center"]))
    assert queries.usual_station(worker, offered) == world.stations["center"]


def test_a_resident_is_stored_encrypted_and_found_by_whole_phone_or_name(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    details = Details(
        resident_name="欧阳示例", resident_phone="138 0000 1234", door="2单元301", note="带了材料"
    )
    visit = service.log_visit(worker, **HOME, details=details)
    raw = db.session.execute(sa.text("SELECT resident_name, resident_phone, door FROM visits")).one()
    assert not any("示例" in value or "1380000" in value or "301" in value for value in raw)
    for q in ("13800001234", "+86 138-0000-1234", "欧阳示例", "材料", "政策"):
        page = queries.visits_page(worker, Filters(q=q))
        assert [row.id for row in page.rows] == [visit.id], q
    assert page.rows[0].resident == "欧阳**"
    for q in ("1380000123", "欧阳", "%", "_"):
        assert not queries.visits_page(worker, Filters(q=q)).rows, q


def test_a_note_in_a_list_is_scrubbed_and_short(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    service.log_visit(
        worker, **HOME, details=Details(note="电话13800001234，身份证340603199001011234" + "长" * 60)
    )
    excerpt = queries.visits_page(worker, Filters()).rows[0].excerpt
    assert "13800001234" not in excerpt
    assert "340603199001011234" not in excerpt
    assert excerpt.endswith("…")


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("grid_worker", True), ("grid_worker1b", True), ("branch_secretary", True), ("community_staff", True),
        ("street_staff", True), ("auditor", True), ("grid_worker2", False), ("building_leader", False),
        ("community_staff2", False), ("street_staff2", False), ("auditor2", False), ("handler", False),
    ],
)  # fmt: skip
def test_a_visit_is_seen_from_above_and_not_from_beside(
    lite_app: Flask, world: World, who: str, sees: bool
) -> None:
    visit = service.log_visit(world.actor("grid_worker"), **HOME)
    actor = world.actor(who)
    assert bool(queries.visits_page(actor, Filters()).rows) is sees
    if sees:
        assert queries.visit_for(actor, visit.id).id == visit.id
    else:
        with pytest.raises(NotFound):
            queries.visit_for(actor, visit.id)


def test_who_sees_the_resident_in_full_leaves_a_trace(app: Flask, world: World) -> None:
    details = Details(resident_name="示例", resident_phone="13800001234", door="2单元301")
    visit = service.log_visit(world.actor("grid_worker"), **HOME, details=details)
    seen = service.see_resident(world.actor("community_staff"), visit.id)
    assert (seen.name, seen.phone, seen.door) == ("示例", "13800001234", "2单元301")
    entry = db.session.scalars(
        sa.select(JournalEntry).where(JournalEntry.action == "visit:read_resident")
    ).one()
    assert (entry.subject_id, entry.detail) == (str(visit.id), {})
    with pytest.raises(Refused):
        service.see_resident(world.actor("auditor"), visit.id)


def test_undo_takes_it_back_and_forgets_the_resident(app: Flask, world: World) -> None:
    worker, heard = world.actor("grid_worker"), []
    hear = lambda _, visit, actor: heard.append((visit.id, actor.person_id))  # noqa: E731
    with visit_undone.connected_to(hear):
        visit = service.log_visit(worker, **HOME, details=Details(resident_name="示例", note="要保密"))
        service.undo(worker, visit.id)
    assert heard == [(visit.id, worker.person_id)]
    kept = db.session.get_one(Visit, visit.id, populate_existing=True)
    assert (kept.resident_name, kept.resident_name_hash, kept.note) == (None, None, "")
    assert not queries.visits_page(worker, Filters()).rows
    with pytest.raises(NotFound):
        service.undo(worker, visit.id)


def test_undo_takes_the_photos_along(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    kept, undone = (service.log_visit(worker, **HOME, details=Details(photos=[picture()])) for _ in range(2))
    (kept_photo,), (gone_photo,) = (photos_of("visit", visit.id) for visit in (kept, undone))
    service.undo(worker, undone.id)
    assert photos_of("visit", undone.id) == []
    with pytest.raises(NotFound):
        photos.get_photo(gone_photo.id)
    assert (photos.purge(), photos.purge()) == (1, 0)
    with pytest.raises(NotFound):
        photos.open_photo(gone_photo.id)
    with photos.open_photo(kept_photo.id) as file:
        assert file.read(2) == b"\xff\xd8"
    assert photos_of("visit", kept.id) == [kept_photo]


def test_undo_is_the_workers_own_and_soon(app: Flask, world: World) -> None:
    worker = world.actor("grid_worker")
    visit = service.log_visit(worker, **HOME)
    with pytest.raises(Refused):
        service.undo(world.actor("community_staff"), visit.id)
    with pytest.raises(NotFound):
        service.undo(world.actor("grid_worker2"), visit.id)
    with time_machine.travel(clock.now() + timedelta(seconds=121)), pytest.raises(Conflict):
        service.undo(worker, visit.id)


def test_the_news_is_sent_inside_the_transaction(app: Flask, world: World) -> None:
    def refuse(_: object, visit: Visit, actor: object) -> None:
        assert visit.id is not None
        raise Conflict("no")

    with visit_logged.connected_to(refuse), pytest.raises(Conflict):
        service.log_visit(world.actor("grid_worker"), **HOME)
    assert db.session.scalar(sa.select(sa.func.count(Visit.id))) == 0


def test_the_list_of_services_is_written_once(app: Flask, world: World) -> None:
    assert seeds.seed_defaults() == 0
    assert db.session.scalar(sa.select(sa.func.count(ServiceItem.id))) == len(seeds.DEFAULTS)
    with transaction() as session:
        session.execute(sa.delete(ServiceItem).where(ServiceItem.key == "job"))
    assert seeds.seed_defaults() == 1


def test_what_was_agreed_on_comes_up_in_its_week(app: Flask, world: World) -> None:
    worker, today = world.actor("grid_worker"), clock.today()
    ids = [
        service.log_visit(worker, **HOME, details=Details(next_visit_on=today + timedelta(days=days))).id
        for days in (7, 2, 8)
    ]
    service.log_visit(
        world.actor("grid_worker1b"), **HOME, details=Details(next_visit_on=today + timedelta(days=1))
    )
    assert [row.id for row in queries.agreed_visits(worker)] == [ids[1], ids[0]]
    with time_machine.travel(clock.now() + timedelta(days=5)):
        assert [row.id for row in queries.agreed_visits(worker)] == [ids[1], ids[0], ids[2]]
