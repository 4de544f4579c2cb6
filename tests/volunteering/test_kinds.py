"""The district keeps the kinds of 三报到; reports made stay as they are."""

from __future__ import annotations

import re
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.extensions import db
from webapp.foundation import order
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.foundation.journal import JournalEntry
from webapp.foundation.order import FIRST, Place
from webapp.volunteering.kinds import service as settings
from webapp.volunteering.kinds.service import KindInput
from webapp.volunteering.models import CheckInKind, PartyReport, ReportState
from webapp.volunteering.reports import queries as report_queries
from webapp.volunteering.reports import service as report_service

UNIT, HOME, GRID = "单位党组织到社区报到", "在职党员到居住地社区报到", "在职党员到小区（网格）报到"
PROJECT = KindInput("党员认领微项目", "grid")


def place(name: str) -> Place[CheckInKind]:
    listed = order.listed(CheckInKind)
    return order.place_of(listed, next(kind.id for kind in listed if kind.name == name))


def add(world: World, given: KindInput = PROJECT, after: int = FIRST) -> CheckInKind:
    return settings.add_kind(world.actor("district_admin"), given=given, after=after)


def change(world: World, name: str, given: KindInput, after: int | None = None) -> CheckInKind:
    found = place(name)
    where = found.after if after is None else after
    admin = world.actor("district_admin")
    return settings.change_kind(admin, found.row.id, given=given, after=where, seen=found.state)


def retire(world: World, name: str) -> CheckInKind:
    found = place(name)
    return settings.retire_kind(world.actor("district_admin"), found.row.id, seen=found.state)


def restore(world: World, name: str) -> CheckInKind:
    found = place(name)
    return settings.restore_kind(world.actor("district_admin"), found.row.id, seen=found.state)


def report(world: World, kind_id: int) -> PartyReport:
    grid = world.units["grid"]
    return report_service.report_to_grid(world.actor("volunteer"), kind_id=kind_id, grid_id=grid)


def offered() -> list[str]:
    return [kind.name for kind in report_queries.check_in_kinds()]


def actions() -> list[str]:
    query = sa.select(JournalEntry.action).where(JournalEntry.subject_type == "check_in_kind")
    return list(db.session.scalars(query.order_by(JournalEntry.id)))


@pytest.mark.usefixtures("app")
def test_a_new_kind_is_offered_where_it_was_put_and_one_reports_under_it(world: World) -> None:
    kind = add(world, after=place(UNIT).row.id)
    assert offered() == [UNIT, PROJECT.name, HOME, GRID]
    assert report(world, kind.id).unit_id == world.units["grid"]
    assert actions() == ["check_in_kind:add"]


@pytest.mark.usefixtures("app")
def test_a_change_of_level_leaves_the_reports_made_where_they_are(world: World) -> None:
    kind_id = place(HOME).row.id
    before = report(world, kind_id)
    assert before.unit_id == world.units["community"]
    change(world, HOME, KindInput("在职党员到居住小区报到", "grid"), FIRST)
    assert offered() == ["在职党员到居住小区报到", UNIT, GRID]
    after = report(world, kind_id)
    assert after.unit_id == world.units["grid"]
    assert db.session.get_one(PartyReport, before.id).unit_id == world.units["community"]


@pytest.mark.usefixtures("app")
def test_a_kind_out_of_use_is_not_offered_and_its_reports_stay(world: World) -> None:
    kind_id = place(GRID).row.id
    made = report(world, kind_id)
    retire(world, GRID)
    assert offered() == [UNIT, HOME]
    assert db.session.get_one(PartyReport, made.id).state == ReportState.REPORTED
    assert [row.kind for row in report_queries.reports(world.actor("volunteer")).rows] == [GRID]
    with pytest.raises(Invalid) as refusal:
        report(world, kind_id)
    assert refusal.value.field == "kind_id"
    with pytest.raises(Conflict, match="已经停用"):
        retire(world, GRID)
    with pytest.raises(Conflict, match="先恢复"):
        change(world, GRID, PROJECT)
    with pytest.raises(Invalid, match="可以恢复它"):
        add(world, KindInput(GRID, "grid"))
    restore(world, GRID)
    assert offered() == [UNIT, HOME, GRID]
    with pytest.raises(Conflict, match="正在用"):
        restore(world, GRID)
    assert actions() == ["check_in_kind:retire", "check_in_kind:restore"]


@pytest.mark.usefixtures("app")
def test_one_kind_stays_in_use(world: World) -> None:
    retire(world, UNIT)
    retire(world, HOME)
    with pytest.raises(Conflict, match="至少要留一类"):
        retire(world, GRID)


@pytest.mark.usefixtures("app")
def test_wrong_input_is_refused_beside_its_field(world: World) -> None:
    wrong = {
        "name": (KindInput(UNIT, "grid"), FIRST),
        "level": (KindInput("到街道报到", "street"), FIRST),
        "after": (PROJECT, 9999),
    }
    for field, (given, after) in wrong.items():
        with pytest.raises(Invalid) as refusal:
            add(world, given, after)
        assert refusal.value.field == field
        with pytest.raises(Invalid) as refusal:
            change(world, HOME, given, after)
        assert refusal.value.field == field
    with pytest.raises(NotFound):
        settings.retire_kind(world.actor("district_admin"), 9999, seen="")
    assert offered() == [UNIT, HOME, GRID]


@pytest.mark.usefixtures("app")
def test_who_saw_an_older_kind_changes_nothing(world: World) -> None:
    admin, seen = world.actor("district_admin"), place(HOME)
    state, kind_id = seen.state, seen.row.id
    change(world, HOME, KindInput(HOME, "grid"))
    with pytest.raises(Conflict, match="修改过这一"):
        settings.change_kind(admin, kind_id, given=PROJECT, after=FIRST, seen=state)
    for switch in (settings.retire_kind, settings.restore_kind):
        with pytest.raises(Conflict, match="修改过这一"):
            switch(admin, kind_id, seen=state)
    assert place(HOME).row.level == "grid"


# The pages

FORM = {"name": PROJECT.name, "level": "grid", "after": "0"}


def shown(browse: Browse) -> list[str]:
    """The kinds on the list, those out of use last."""
    return re.findall(r'<span class="t">([^<]+)<', browse.get("/volunteering/kinds").text)


def link(browse: Browse, name: str) -> str:
    """The address of a kind's page, as a person finds it on the list."""
    page = browse.get("/volunteering/kinds").text
    return re.findall(rf'href="(/volunteering/kinds/\d+)"><span class="grow"><span class="t">{name}<', page)[
        0
    ]


def sent(browse: Browse, url: str, **fields: str) -> dict[str, str]:
    """What a person sends from the page as it stands."""
    seen = re.findall(r'name="seen" value="(\w+)"', browse.get(url).text)[0]
    return {"seen": seen, **FORM, **fields}


def test_an_admin_adds_changes_and_takes_out_of_use_and_back(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    page = browse.get("/volunteering/kinds/new").text
    assert re.search(rf'<option selected value="\d+">{GRID}<', page)
    page = browse.follow(browse.post("/volunteering/kinds/new", FORM)).text
    assert "现在就能选" in page
    assert shown(browse) == [PROJECT.name, UNIT, HOME, GRID]
    assert PROJECT.name in browse.log_in("volunteer").get("/volunteering/reports").text

    url = link(browse.log_in("district_admin"), PROJECT.name)
    assert re.search(r'value="grid" checked', browse.get(url).text)
    behind = link(browse, UNIT).rpartition("/")[2]
    browse.post(url, sent(browse, url, name="认领微心愿", level="community", after=behind))
    assert shown(browse) == [UNIT, "认领微心愿", HOME, GRID]

    page = browse.follow(browse.post(f"{url}/retire", {"seen": sent(browse, url)["seen"]})).text
    assert "以前的报到不变" in page
    assert shown(browse) == [UNIT, HOME, GRID, "认领微心愿"]
    page = browse.get(url).text
    assert "保存" not in page
    assert "认领微心愿" not in browse.log_in("volunteer").get("/volunteering/reports").text

    browse.log_in("district_admin")
    browse.post(url, {**FORM, "seen": ""}, status=409)
    browse.post(f"{url}/restore", {"seen": sent(browse, url)["seen"]})
    assert shown(browse) == [UNIT, "认领微心愿", HOME, GRID]
    verbs = ("add", "change", "retire", "restore")
    assert actions() == [f"check_in_kind:{verb}" for verb in verbs]


def test_wrong_input_comes_back_with_what_was_typed(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    page = browse.post("/volunteering/kinds/new", {**FORM, "name": UNIT}, status=422).text
    assert re.search(r'id="name-err">.*?已经有这一类', page)
    assert f'value="{UNIT}"' in page
    url = link(browse, UNIT)
    wrong = {"name": "", "level": "street", "after": "zz"}
    page = browse.post(url, sent(browse, url, **wrong), status=422).text
    for field in wrong:
        assert f'id="{field}-err"' in page, field
    browse.post(url, sent(browse, url, name="字" * 21), status=422)


def test_a_form_opened_before_another_s_change_comes_back_with_what_was_typed(
    app: Flask, browse: Browse, world: World
) -> None:
    browse.log_in("district_admin")
    url = link(browse, HOME)
    mine = sent(browse, url, name="我的改法")
    change(world, HOME, KindInput("别人的改法", "grid"))
    page = browse.post(url, mine, status=409).text
    assert "修改过这一" in page
    assert 'value="我的改法"' in page
    assert "<dd>别人的改法</dd>" in page
    again = re.findall(r'name="seen" value="(\w+)"', page)[0]
    browse.post(url, {**mine, "seen": again})
    assert "我的改法" in shown(browse)


def test_sent_twice_it_is_done_once(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    once = str(uuid.uuid4())
    for _ in range(2):
        browse.post("/volunteering/kinds/new", FORM, submission_id=once)
    assert actions() == ["check_in_kind:add"]


def test_it_is_for_the_district_s_administrator_alone(lite_app: Flask, browse: Browse) -> None:
    kind = f"/volunteering/kinds/{place(UNIT).row.id}"
    for person in ("volunteer", "grid_worker", "community_staff", "street_staff", "auditor"):
        browse.log_in(person)
        for url in ("/volunteering/kinds", "/volunteering/kinds/new", kind):
            browse.get(url, status=403)
        for url in ("/volunteering/kinds/new", kind, f"{kind}/retire", f"{kind}/restore"):
            browse.post(url, status=403)
    browse.log_in("district_admin").get("/volunteering/kinds/9999", status=404)
    browse.post("/volunteering/kinds/9999/retire", status=404)


def test_more_kinds_take_no_more_queries(lite_app: Flask, browse: Browse, world: World) -> None:
    url = link(browse.log_in("district_admin"), UNIT)

    def asked() -> tuple[int, int]:
        with counting() as on_list:
            browse.get("/volunteering/kinds")
        with counting() as on_page:
            browse.get(url)
        return len(on_list), len(on_page)

    few = asked()
    for number in range(8):
        add(world, KindInput(f"类型{number}", "grid"))
    assert asked() == few
