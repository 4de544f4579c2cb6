from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from tests.support.world import World
from webapp.cases.models import Case, CaseCategory
from webapp.extensions import db
from webapp.foundation import photos
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.visits import carry_over, queries, seeds, service
from webapp.visits.service import Details


def log(world: World, who: str = "grid_worker", *, kind: str = "home_visit", **details: object) -> int:
    outcome = "to_case"
    visit = service.log_visit(
        world.actor(who),
        kind=kind,
        items=["safety"],
        outcome=outcome,
        details=Details(**details),  # type: ignore[arg-type]
    )
    return visit.id


def picture() -> photos.ReadyPhoto:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(out, "PNG")
    return photos.accept(out.getvalue())


def taken_over(world: World, visit_id: int, who: str = "grid_worker") -> Case:
    """Register the case just as the form stands."""
    actor = world.actor(who)
    draft = carry_over.draft(actor, visit_id)
    assert draft.category is not None
    return carry_over.turn_into_case(
        actor, visit_id, category=draft.category, what=draft.what, place_text=draft.place_text
    )


def test_nothing_is_typed_again(app: Flask, world: World) -> None:
    visit_id = log(
        world, unit_id=world.units["building2"], note="楼道里有电动车充电", resident_name="示例",
        resident_phone="138 0000 1234", door="2单元301", photos=[picture()],
    )  # fmt: skip
    case = taken_over(world, visit_id)
    kept = db.session.get_one(Case, case.id, populate_existing=True)
    assert (kept.category, kept.what, kept.source) == ("fire_safety", "楼道里有电动车充电", "visit")
    assert (kept.building_id, kept.grid_id) == (world.units["building2"], world.units["grid"])
    assert (kept.reporter_name, kept.reporter_phone, kept.reporter_door) == (
        "示例",
        "13800001234",
        "2单元301",
    )
    assert kept.registered_by_id == world.people["grid_worker"]
    assert len(photos.photos_of("case", kept.id)) == 1
    visit = queries.visit_for(world.actor("grid_worker"), visit_id)
    assert (visit.case_id, visit.outcome) == (kept.id, "to_case")
    assert queries.sheet(visit).case_number == kept.number


def test_without_a_note_the_item_says_what_it_is_about(app: Flask, world: World) -> None:
    case = taken_over(world, log(world, kind="station_reception"))
    assert (case.what, case.source) == ("安全隐患排查", "station")


def test_one_visit_makes_one_case(app: Flask, world: World) -> None:
    visit_id = log(world)
    taken_over(world, visit_id)
    with pytest.raises(Conflict):
        taken_over(world, visit_id)
    with pytest.raises(Conflict):
        service.undo(world.actor("grid_worker"), visit_id)
    assert db.session.scalar(sa.select(sa.func.count(Case.id))) == 1


def test_a_refused_case_leaves_the_visit_as_it_was(app: Flask, world: World) -> None:
    visit_id, worker = log(world), world.actor("grid_worker")
    with pytest.raises(Invalid):
        carry_over.turn_into_case(worker, visit_id, category="no-such", what="电动车")
    assert queries.visit_for(worker, visit_id).case_id is None


def test_who_may_turn_it_into_a_case(app: Flask, world: World) -> None:
    visit_id = log(world)
    with pytest.raises(NotFound):
        taken_over(world, visit_id, "grid_worker2")
    with pytest.raises(Refused):
        taken_over(world, visit_id, "street_staff")
    assert taken_over(world, visit_id, "community_staff").owner_unit_id == world.units["community"]


def test_an_undone_visit_makes_no_case(app: Flask, world: World) -> None:
    visit_id, worker = log(world), world.actor("grid_worker")
    service.undo(worker, visit_id)
    with pytest.raises(NotFound):
        carry_over.draft(worker, visit_id)


def test_each_item_leads_to_a_category_that_there_is(lite_app: Flask, world: World) -> None:
    there = set(db.session.scalars(sa.select(CaseCategory.key)))
    assert {category for *_, category in seeds.DEFAULTS} <= there
