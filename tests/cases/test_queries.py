from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from tests.cases.factories import case_at, register
from tests.support.queries import counting, plan
from tests.support.world import PEOPLE, World
from webapp.cases import asks, lists, options, public, queries
from webapp.cases.lists import CaseFilters
from webapp.cases.models import Case
from webapp.cases.permissions import may_see
from webapp.cases.service import escalation, review
from webapp.cases.states import CaseState
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.asks import how_many
from webapp.foundation.errors import NotFound

pytestmark = pytest.mark.usefixtures("app")


def numbers(world: World, name: str, **filters: object) -> list[str]:
    page = lists.list_cases(world.actor(name), CaseFilters(**filters))  # type: ignore[arg-type]
    return [row.number for row in page.rows]


def test_lists_and_pages_agree_on_what_a_person_may_see(world: World) -> None:
    for state in CaseState:
        case_at(world, state)
    for level in ("building", "community", "street"):
        register(world, level)
    for against in (None, "company", "community"):
        register(world, confidentiality="report", against_unit_id=world.units[against] if against else None)
    for name in PEOPLE:
        actor = world.actor(name)
        seen = {row.number for row in _all(world, name)}
        for case in db.session.query(Case).all():
            recorder = case.confidentiality == "report" and case.registered_by_id == actor.person_id
            assert (case.number in seen) == (may_see(actor, case) and not recorder), (name, case.state)
            if may_see(actor, case):
                assert queries.case_for(actor, case.number).id == case.id
            else:
                with pytest.raises(NotFound):
                    queries.case_for(actor, case.number)


def _all(world: World, name: str) -> list[lists.CaseRow]:
    rows: list[lists.CaseRow] = []
    cursor = ""
    while True:
        page = lists.list_cases(world.actor(name), CaseFilters(tab="all"), cursor)
        rows += page.rows
        cursor = page.next
        if not cursor:
            return rows


def test_mine_is_what_waits_for_my_unit(world: World) -> None:
    new = register(world)
    given = case_at(world, "assigned")
    to_check = case_at(world, "pending_check")
    to_call = case_at(world, "callback")
    assert set(numbers(world, "grid_worker", tab="mine")) == {new.number, to_check.number}
    assert set(numbers(world, "handler", tab="mine")) == {given.number}
    assert set(numbers(world, "community_staff", tab="mine")) == {to_call.number}
    assert numbers(world, "community_staff2", tab="mine") == []
    counted = lists.counts(world.actor("grid_worker"))
    assert (counted.mine, counted.open, counted.to_check, counted.to_call) == (2, 4, 1, 0)
    assert lists.counts(world.actor("community_staff")).to_call == 1
    assert lists.counts(world.actor("handler")).mine == 1


def test_filters_and_search(world: World) -> None:
    noisy = register(world, category="noise", what="夜里装修100%吵", urgent=True)
    parked = register(world, reporter_phone="13900139000")
    hidden = register(world, confidentiality="name_hidden", reporter_phone="13900139000")
    for filters, expected in (
        ({"category": "noise"}, [noisy]),
        ({"urgent": True}, [noisy]),
        ({"q": "装修100%"}, [noisy]),
        ({"q": "装修1_0"}, []),
        ({"q": noisy.number}, [noisy]),
        ({"q": "139 0013 9000"}, [parked]),
        ({"level": "street"}, []),
        ({"state": "registered"}, [noisy, parked, hidden]),
    ):
        assert numbers(world, "grid_worker", **filters) == [case.number for case in expected]
    row = lists.list_cases(world.actor("grid_worker"), CaseFilters(q=noisy.number)).rows[0]
    assert (row.category_name, row.place_name, row.owner_name, row.level_name) == (
        "噪音扰民",
        "示范小区01",
        "示范小区01",
        "网格",
    )
    assert row.mark.kind == "due_soon"


def test_due_shows_what_is_near_or_past_its_deadline(world: World) -> None:
    soon, later = register(world), case_at(world, "assigned")
    assert numbers(world, "grid_worker", tab="due") == [soon.number]
    assert later.due_at is not None
    with time_machine.travel(later.due_at + timedelta(days=9), tick=False):
        assert numbers(world, "grid_worker", tab="due") == [soon.number, later.number]
        counted = lists.counts(world.actor("grid_worker"))
        assert (counted.overdue, counted.due_soon) == (2, 0)


def test_names_and_numbers_are_masked_in_lists(world: World) -> None:
    register(world, title="张三 3栋2单元501 漏水 13812345678", what="漏水")
    title = lists.list_cases(world.actor("grid_worker"), CaseFilters()).rows[0].title
    assert "13812345678" not in title
    assert "501" not in title


def test_possible_duplicates_of_two_weeks_in_the_same_grid(world: World) -> None:
    case = register(world)
    actor, unit = world.actor("grid_worker"), world.units["building"]
    assert [row.number for row in options.duplicates(actor, category="parking", unit_id=unit)] == [
        case.number
    ]
    assert options.duplicates(actor, category="noise", unit_id=unit) == []
    assert (
        options.duplicates(world.actor("grid_worker2"), category="parking", unit_id=world.units["grid2"])
        == []
    )
    with time_machine.travel(clock.now() + timedelta(days=15), tick=False):
        assert options.duplicates(actor, category="parking", unit_id=unit) == []
    register(world, category="dogs", confidentiality="report")
    assert options.duplicates(actor, category="dogs", unit_id=unit) == []


def test_handlers_to_choose_from(world: World) -> None:
    grid = {row.name for row in options.handler_options(world.actor("grid_worker"), register(world))}
    assert grid == {"示范物业一", "示范城管大队", "示范小区01"}
    case = register(world, "building")
    escalation.escalate(world.actor("building_leader"), case.number, reason_kind="major", reason="多户")
    assert {row.name for row in options.handler_options(world.actor("grid_worker"), case)} == grid | {
        "示范小区01 1栋"
    }


def test_places_to_choose_from_lie_in_ones_own_unit(world: World) -> None:
    assert {row.name for row in options.places(world.actor("grid_worker"))} == {
        "示范小区01",
        "示范小区01 1栋",
        "示范小区01 2栋",
    }
    assert {row.level for row in options.places(world.actor("street_staff"))} == {
        "street",
        "community",
        "grid",
    }
    assert options.places(world.actor("handler")) == []


def test_merge_options_are_open_cases_of_the_same_kind(world: World) -> None:
    one, two = register(world), register(world)
    register(world, category="noise")
    register(world, confidentiality="name_hidden")
    case_at(world, "archived")
    found = options.merge_options(world.actor("grid_worker"), one)
    assert [ref.number for ref in found] == [two.number]


def test_the_number_of_queries_does_not_grow_with_the_rows(world: World) -> None:
    def sent() -> list[int]:
        worker, staff = world.actor("grid_worker"), world.actor("community_staff")
        found = []
        for call in (
            lambda: lists.list_cases(worker, CaseFilters()),
            lambda: lists.counts(worker),
            lambda: queries.case_page(worker, queries.case_for(worker, number)),
            lambda: public.public_view(code),
            lambda: how_many(staff, asks),
            lambda: asks.asks(staff),
        ):
            db.session.expunge_all()
            with counting() as statements:
                call()
            found.append(len(statements))
        return found

    first = register(world)
    number, code = first.number, first.tracking_code
    escalation.decline(world.actor("grid_worker"), number, reason="不归社区管")
    before = sent()
    for _ in range(5):
        case = register(world)
        escalation.decline(world.actor("grid_worker"), case.number, reason="不归社区管")
        review.supervise(world.actor("community_staff"), number)
    assert before == [1, 1, 4, 6, 1, 1]
    # Fewer where the names came with the events.
    assert all(now <= then for now, then in zip(sent(), before, strict=True))


def test_a_page_of_a_list_is_read_off_its_index(world: World) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the plan is SQLite's")
    actor = world.actor("grid_worker")
    pages = lists._pages(actor.unit_level, actor.permissions, "open", (), False, 20)
    steps = plan(pages._first._query.params(unit_id=actor.unit_id))
    assert "ix_cases_grid_open" in steps
    assert "TEMP B-TREE" not in steps
