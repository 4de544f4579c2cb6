"""The district keeps its list of services; what was logged stays, and what a phone still holds arrives or is kept there."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.extensions import db
from webapp.foundation import clock, order
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.foundation.journal import JournalEntry
from webapp.foundation.order import FIRST, Place
from webapp.offline.queries import owner_key
from webapp.visits import carry_over, queries, service
from webapp.visits.items import service as settings
from webapp.visits.items.service import ItemInput
from webapp.visits.models import ServiceItem, Visit

ONE_DAY = timedelta(days=1)
REPAIR = ItemInput("家电维修", "便民服务", "property_service")


def place(name: str) -> Place[ServiceItem]:
    listed = order.listed(ServiceItem)
    return order.place_of(listed, next(item.id for item in listed if item.name == name))


def add(world: World, given: ItemInput = REPAIR, after: int = FIRST) -> ServiceItem:
    return settings.add_item(world.actor("district_admin"), given=given, after=after)


def change(world: World, name: str, given: ItemInput, after: int | None = None) -> ServiceItem:
    found = place(name)
    where = found.after if after is None else after
    admin = world.actor("district_admin")
    return settings.change_item(admin, found.row.id, given=given, after=where, seen=found.state)


def retire(world: World, name: str) -> ServiceItem:
    found = place(name)
    return settings.retire_item(world.actor("district_admin"), found.row.id, seen=found.state)


def log(world: World, key: str, **details: object) -> Visit:
    given = service.Details(**details)  # type: ignore[arg-type]
    worker = world.actor("grid_worker")
    return service.log_visit(worker, kind="home_visit", items=[key], outcome="settled", details=given)


def offered(world: World) -> list[str]:
    return [name for _, name in queries.items_for(world.actor("grid_worker"))]


def actions() -> list[str]:
    query = sa.select(JournalEntry.action).where(JournalEntry.subject_type == "service_item")
    return list(db.session.scalars(query.order_by(JournalEntry.id)))


@pytest.mark.usefixtures("app")
def test_a_new_item_is_offered_at_once_and_where_it_was_put(world: World) -> None:
    before = offered(world)
    queries.all_items()  # kept in memory from now on
    first, behind = (
        add(world),
        add(world, ItemInput("配钥匙", "便民服务", "other"), place("政策咨询").row.id),
    )
    assert offered(world) == ["家电维修", "政策咨询", "配钥匙", *before[1:]]
    assert first.key != behind.key
    assert queries.item_names([log(world, behind.key).id]).popitem()[1] == ["配钥匙"]
    assert actions() == ["service_item:add"] * 2


@pytest.mark.usefixtures("app")
def test_a_change_is_seen_everywhere_and_the_list_keeps_its_order(world: World) -> None:
    before, visit = offered(world), log(world, "policy")
    change(world, "就业帮扶", ItemInput("就业服务", "便民服务", "assistance"))
    assert sorted(offered(world)) == sorted("就业服务" if name == "就业帮扶" else name for name in before)
    listed = [item.name for item in order.listed(ServiceItem)]
    assert listed == ["就业服务" if name == "就业帮扶" else name for name in before]
    change(world, "政策咨询", ItemInput("政策解答", "便民服务", "other"), place("其他").row.id)
    assert [item.name for item in order.listed(ServiceItem)][-1] == "政策解答"
    assert queries.item_names([visit.id])[visit.id] == ["政策解答"]
    assert carry_over.draft(world.actor("grid_worker"), visit.id).category == "other"
    assert [item.position for item in order.listed(ServiceItem)] == list(range(1, len(listed) + 1))


@pytest.mark.usefixtures("app")
def test_an_item_out_of_use_is_offered_no_more_from_tomorrow_and_old_visits_keep_it(world: World) -> None:
    visit = log(world, "job")
    retire(world, "就业帮扶")
    assert "就业帮扶" in offered(world)
    log(world, "job")
    with time_machine.travel(clock.now() + ONE_DAY, tick=False):
        assert "就业帮扶" not in offered(world)
        with pytest.raises(Invalid, match="“就业帮扶”已经停用") as refusal:
            log(world, "job")
        assert refusal.value.field == "items"
        log(world, "job", at=clock.now() - ONE_DAY)  # a late entry of its last day
        assert queries.item_names([visit.id])[visit.id] == ["就业帮扶"]
        add(world, ItemInput("就业帮扶", "关爱服务", "policy"))
        assert "就业帮扶" in offered(world)


@pytest.mark.usefixtures("app")
def test_an_item_ends_once(world: World) -> None:
    retire(world, "就业帮扶")
    with pytest.raises(Conflict, match="已经停用"):
        retire(world, "就业帮扶")
    with pytest.raises(Conflict, match="已经停用"):
        change(world, "就业帮扶", REPAIR)


@pytest.mark.usefixtures("app")
def test_a_late_entry_for_a_day_before_the_item_says_so(world: World) -> None:
    item = add(world)
    with pytest.raises(Invalid, match="起才有"):
        log(world, item.key, at=clock.now() - 2 * ONE_DAY)
    with pytest.raises(Invalid, match="请选择服务事项"):
        log(world, "nothing")


@pytest.mark.usefixtures("app")
def test_what_another_process_added_just_now_is_no_mistake(world: World) -> None:
    queries.all_items()
    with transaction() as session:
        row = {"key": "fresh", "name": "新事项", "group": "其他", "case_category": "other", "position": 99}
        session.execute(sa.insert(ServiceItem).values(**row, valid_from=clock.today()))
    log(world, "fresh")


@pytest.mark.usefixtures("app")
def test_one_item_stays_in_use(world: World) -> None:
    names = [item.name for item in order.listed(ServiceItem)]
    for name in names[1:]:
        retire(world, name)
    with pytest.raises(Conflict, match="至少要留一项"):
        retire(world, names[0])


@pytest.mark.usefixtures("app")
def test_wrong_input_is_refused_beside_its_field(world: World) -> None:
    wrong = {
        "name": (ItemInput("政策咨询", "便民服务", "policy"), FIRST),
        "case_category": (ItemInput("家电维修", "便民服务", "nothing"), FIRST),
        "after": (REPAIR, 9999),
    }
    for field, (given, after) in wrong.items():
        with pytest.raises(Invalid) as refusal:
            add(world, given, after)
        assert refusal.value.field == field
        with pytest.raises(Invalid) as refusal:
            change(world, "代办帮办", given, after)
        assert refusal.value.field == field
    with pytest.raises(NotFound):
        settings.change_item(world.actor("district_admin"), 9999, given=REPAIR, after=FIRST, seen="")
    assert actions() == []


@pytest.mark.usefixtures("app")
def test_who_saw_an_older_item_changes_nothing(world: World) -> None:
    admin, seen = world.actor("district_admin"), place("代办帮办")
    state, item_id = seen.state, seen.row.id
    change(world, "代办帮办", ItemInput("帮办代办", "便民服务", "other"))
    with pytest.raises(Conflict, match="修改过这一"):
        settings.change_item(admin, item_id, given=REPAIR, after=FIRST, seen=state)
    with pytest.raises(Conflict, match="修改过这一"):
        settings.retire_item(admin, item_id, seen=state)
    assert place("帮办代办").row.retired_on is None


# A phone that had the form open


def send(browse: Browse, world: World, claimed: str, number: int = 1) -> TestResponse:
    """What a phone sends from its outbox: a visit about 就业帮扶, written at ``claimed``."""
    browse.log_in("grid_worker")
    data = {
        "csrf_token": browse.csrf_token, "submission_id": str(uuid.uuid4()), "kind": "home_visit", "items": ["job", "policy"],
        "outcome": "settled", "note": "问了两家", "unit_id": str(world.units["grid"]), "outbox_text": "做了什么：就业帮扶",
    }  # fmt: skip
    headers = {
        "X-Outbox": "1", "X-Outbox-Device": "6f1f7b1e-5f5e-4c57-9d3e-7d1a2b3c4d5e", "X-Outbox-Number": str(number),
        "X-Outbox-Claimed-At": claimed, "X-Outbox-Owner": owner_key(world.people["grid_worker"]), "X-Outbox-Page": "/visits/new",
    }  # fmt: skip
    return browse.client.post("/visits/new", data=data, headers=headers)


def visits() -> int:
    return db.session.scalar(sa.select(sa.func.count(Visit.id))) or 0


def test_a_visit_that_a_phone_held_when_its_item_ended_still_arrives(
    app: Flask, browse: Browse, world: World
) -> None:
    written = clock.now()
    retire(world, "就业帮扶")
    assert send(browse, world, written.isoformat()).status_code == 200  # the same day
    with time_machine.travel(written + 3 * ONE_DAY, tick=False):
        answer = send(browse, world, written.isoformat(), 2)  # without signal for three days
    assert answer.status_code == 200
    assert "submission_id" in answer.get_json()
    assert visits() == 2
    latest = db.session.scalars(sa.select(Visit).order_by(Visit.id.desc())).first()
    assert latest is not None
    assert sorted(queries.item_names([latest.id])[latest.id]) == ["就业帮扶", "政策咨询"]


def test_a_visit_written_later_on_an_old_form_stays_on_the_phone_with_the_reason(
    app: Flask, browse: Browse, world: World
) -> None:
    now = clock.now()
    retire(world, "就业帮扶")
    with time_machine.travel(now + 2 * ONE_DAY, tick=False):
        answer = send(browse, world, (now + ONE_DAY).isoformat())
    assert answer.status_code == 422  # no receipt: the outbox keeps it, to be mended
    assert "submission_id" not in answer.get_json()
    assert answer.get_json()["errors"] == {"items": "“就业帮扶”已经停用，请换一项。"}
    assert answer.get_json()["message"] == "做了什么：“就业帮扶”已经停用，请换一项。"
    assert visits() == 0


# The pages

FORM = {"name": "家电维修", "group": "便民服务", "case_category": "other", "after": "0"}


def link(browse: Browse, name: str) -> str:
    """The address of an item's page, as a person finds it on the list."""
    page = browse.get("/visits/items").text
    return re.findall(rf'href="(/visits/items/\d+)"><span class="grow"><span class="t">{name}<', page)[0]


def shown(browse: Browse) -> list[str]:
    """The items in use, as the list shows them."""
    return re.findall(r'<span class="t">([^<]+)<', browse.get("/visits/items").text)


def sent(browse: Browse, url: str, **fields: str) -> dict[str, str]:
    """What a person sends from the page as it stands."""
    seen = re.findall(r'name="seen" value="(\w+)"', browse.get(url).text)[0]
    return {"seen": seen, **FORM, **fields}


def test_an_admin_adds_moves_renames_and_takes_out_of_use(app: Flask, browse: Browse, world: World) -> None:
    browse.log_in("district_admin")
    page = browse.get("/visits/items/new").text
    assert re.search(r'<option selected value="\d+">其他<', page)
    page = browse.follow(browse.post("/visits/items/new", FORM)).text
    assert "已添加“家电维修”，现在就能选" in page
    assert shown(browse)[:2] == ["家电维修", "政策咨询"]
    assert "家电维修" in browse.log_in("grid_worker").get("/visits/new").text

    url = link(browse.log_in("district_admin"), "家电维修")
    policy = link(browse, "政策咨询").rpartition("/")[2]
    browse.post(url, sent(browse, url, name="小家电维修", after=policy, case_category="other"))
    assert shown(browse)[:3] == ["政策咨询", "小家电维修", "代办帮办"]
    assert f'<option selected value="{policy}">政策咨询<' in browse.get(url).text

    page = browse.follow(browse.post(f"{url}/retire", {"seen": sent(browse, url)["seen"]})).text
    assert "明天起不再提供" in page
    assert "已停用 1 项" in page
    page = browse.get(url).text
    assert "已停用，用到" in page
    assert "保存" not in page
    browse.post(url, {**FORM, "seen": ""}, status=409)
    assert actions() == ["service_item:add", "service_item:change", "service_item:retire"]


def test_wrong_input_comes_back_with_what_was_typed(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    page = browse.post("/visits/items/new", {**FORM, "name": "政策咨询", "group": "新组"}, status=422).text
    assert re.search(r'id="name-err">.*?已经有这一项', page)
    assert 'value="新组"' in page
    url = link(browse, "政策咨询")
    wrong = {"name": "", "group": "", "case_category": "zz", "after": "zz"}
    page = browse.post(url, sent(browse, url, **wrong), status=422).text
    for field in wrong:
        assert f'id="{field}-err"' in page, field
    browse.post(url, sent(browse, url, name="字" * 13), status=422)


def test_a_form_opened_before_another_s_change_comes_back_with_what_was_typed(
    app: Flask, browse: Browse, world: World
) -> None:
    browse.log_in("district_admin")
    url = link(browse, "代办帮办")
    mine = sent(browse, url, name="我的改法")
    change(world, "代办帮办", ItemInput("别人的改法", "便民服务", "other"))
    page = browse.post(url, mine, status=409).text
    assert "修改过这一" in page
    assert 'value="我的改法"' in page
    assert "<dd>别人的改法</dd>" in page
    again = re.findall(r'name="seen" value="(\w+)"', page)[0]
    browse.post(url, {**mine, "seen": again})
    assert "我的改法" in browse.get("/visits/items").text


def test_sent_twice_it_is_done_once(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    once = str(uuid.uuid4())
    for _ in range(2):
        browse.post("/visits/items/new", FORM, submission_id=once)
    assert actions() == ["service_item:add"]


def test_it_is_for_the_district_s_administrator_alone(lite_app: Flask, browse: Browse) -> None:
    item_id = place("政策咨询").row.id
    for person in ("grid_worker", "community_staff", "street_staff", "auditor"):
        browse.log_in(person)
        for url in ("/visits/items", "/visits/items/new", f"/visits/items/{item_id}"):
            browse.get(url, status=403)
        for url in ("/visits/items/new", f"/visits/items/{item_id}", f"/visits/items/{item_id}/retire"):
            browse.post(url, status=403)
    browse.log_in("district_admin").get("/visits/items/9999", status=404)
    browse.post("/visits/items/9999/retire", status=404)


def test_a_retired_category_stays_that_of_its_item(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    with transaction() as session:
        session.execute(sa.text("UPDATE case_categories SET retired_on = '2026-01-01' WHERE key = 'policy'"))
    url = link(browse, "政策咨询")
    browse.post(url, sent(browse, url, name="政策解答", case_category="policy"))
    assert place("政策解答").row.case_category == "policy"


def test_more_items_take_no_more_queries(lite_app: Flask, browse: Browse, world: World) -> None:
    url = link(browse.log_in("district_admin"), "政策咨询")

    def asked() -> tuple[int, int]:
        with counting() as on_list:
            browse.get("/visits/items")
        with counting() as on_page:
            browse.get(url)
        return len(on_list), len(on_page)

    asked()  # the categories of cases are kept from now on
    few = asked()
    for number in range(8):
        add(world, ItemInput(f"事项{number}", "便民服务", "other"))
    assert asked() == few
