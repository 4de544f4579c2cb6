"""The district changes how long a case may take: from a day to come, and never for a term that runs."""

from __future__ import annotations

import html
import re
import uuid
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.cases.factories import register
from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.cases import terms
from webapp.cases.models import Case
from webapp.cases.settings import service as settings
from webapp.cases.settings.queries import Line, Scope, line_of, lines
from webapp.cases.settings.service import Terms
from webapp.cases.states import Phase
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.foundation.journal import JournalEntry

GRID = Scope("grid")
QUICK = Terms(4, "work_hour", 3, "workday")
USUAL = Terms(1, "workday", 5, "workday")  # of a grid, as seeded


def day(number: int) -> date:
    """So many days from today."""
    return clock.today() + timedelta(days=number)


def line(scope: Scope = GRID) -> Line:
    return next(line for line in lines() if line.scope == scope)


def change(world: World, scope: Scope = GRID, given: Terms = QUICK, starts: date | None = None) -> Line:
    found = line(scope)
    actor = world.actor("district_admin")
    return settings.change_terms(actor, found.row.id, given=given, starts=starts or day(1), seen=found.state)


def add(world: World, scope: Scope, given: Terms = QUICK, starts: date | None = None) -> Line:
    return settings.add_terms(world.actor("district_admin"), scope, given=given, starts=starts or day(1))


def end(world: World, scope: Scope) -> None:
    found = line(scope)
    settings.end_terms(world.actor("district_admin"), found.row.id, seen=found.state)


def in_force(scope: Scope, on: date) -> terms.Rule:
    return terms.rule_for(scope.level, scope.category, scope.urgent, on)


def actions() -> list[str]:
    query = sa.select(JournalEntry.action).where(JournalEntry.subject_type == "term_rule")
    return list(db.session.scalars(query.order_by(JournalEntry.id)))


@pytest.mark.usefixtures("app")
def test_a_change_holds_from_its_day_and_a_running_term_keeps_what_it_began_with(world: World) -> None:
    running = register(world)
    figures = running.due_at, running.term_amount, running.term_unit, running.due_explained
    change(world, starts=day(3))
    for number, amount in ((0, 5), (2, 5), (3, 3), (400, 3)):
        assert in_force(GRID, day(number)).handle_amount == amount
    db.session.expire_all()
    again = db.session.get_one(Case, running.id)
    assert (again.due_at, again.term_amount, again.term_unit, again.due_explained) == figures
    with time_machine.travel(clock.now() + timedelta(days=3), tick=False):
        begun = register(world)
    assert (begun.term_amount, begun.term_unit) == (4, "work_hour")
    case = Case(level="grid", category="parking", urgent=False)
    terms.start(case, Phase.HANDLE, clock.at(day(3)))
    assert case.due_explained.startswith("网格办结时限3个工作日")
    assert actions() == ["terms:change"]


@pytest.mark.usefixtures("app")
def test_a_change_that_waits_is_moved_or_called_off(world: World) -> None:
    change(world, starts=day(10))
    moved = change(world, given=Terms(2, "workday", 8, "workday"), starts=day(5))
    assert moved.later is not None
    assert [in_force(GRID, day(number)).handle_amount for number in (4, 5, 10)] == [5, 8, 8]
    off = change(world, given=USUAL)
    assert off.later is None
    assert in_force(GRID, day(100)).valid_to is None
    assert actions() == ["terms:change", "terms:change", "terms:call_off"]
    with pytest.raises(Invalid, match="没有要改的"):
        change(world, given=USUAL)


WRONG = {
    "today": (QUICK, 0, "starts"),
    "years ahead": (QUICK, 800, "starts"),
    "no amount": (Terms(0, "workday", 5, "workday"), 1, "accept_amount"),
    "a slip of the finger": (Terms(1, "workday", 1000, "workday"), 1, "handle_amount"),
    "an unknown unit": (Terms(1, "week", 5, "workday"), 1, "accept_unit"),
    "no working time at all": (Terms(1, "workday", 5, ""), 1, "handle_unit"),
}


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("which", WRONG)
def test_what_are_no_terms_is_refused_beside_its_field(world: World, which: str) -> None:
    given, number, field = WRONG[which]
    for attempt in (change, add):
        scope = GRID if attempt is change else Scope("grid", "noise")
        with pytest.raises(Invalid) as refusal:
            attempt(world, scope, given, day(number))
        assert refusal.value.field == field
    assert line().later is None


@pytest.mark.usefixtures("app")
def test_a_special_rule_is_added_and_ended_and_the_general_one_holds_again(world: World) -> None:
    noise = Scope("grid", "noise")
    add(world, noise, starts=day(2))
    assert [in_force(noise, day(number)).category for number in (1, 2)] == ["", "noise"]
    with pytest.raises(Invalid, match="已经有这一条") as refusal:
        add(world, noise)
    assert refusal.value.field == "category"
    with time_machine.travel(clock.now() + timedelta(days=2), tick=False):
        end(world, noise)
        assert in_force(noise, day(0)).category == "noise"
        assert in_force(noise, day(1)).category == ""
        with pytest.raises(Conflict, match="已经停用"):
            end(world, noise)
        with pytest.raises(Conflict, match="已停用"):
            change(world, noise, USUAL)
        add(world, noise, USUAL)
        assert in_force(noise, day(1)).handle_amount == 5
    assert actions() == ["terms:add", "terms:end", "terms:add"]


@pytest.mark.usefixtures("app")
def test_what_never_began_is_gone_when_it_is_ended(world: World) -> None:
    both = Scope("street", "lift", urgent=True)
    rule_id = add(world, both).row.id
    end(world, both)
    with pytest.raises(NotFound):
        line_of(rule_id)
    change(world, Scope("grid", "policy"), starts=day(7))
    end(world, Scope("grid", "policy"))
    assert in_force(Scope("grid", "policy"), day(30)).category == ""


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("level", ["building", "grid", "community", "street"])
def test_there_is_always_a_general_rule(world: World, level: str) -> None:
    with pytest.raises(Conflict, match="不能停用"):
        end(world, Scope(level))
    with pytest.raises(Invalid, match="已经有这一条"):
        add(world, Scope(level))
    end(world, Scope(level, urgent=True))
    assert not in_force(Scope(level, urgent=True), day(1)).urgent


@pytest.mark.usefixtures("lite_app")
@pytest.mark.parametrize(
    ("scope", "field"), [(Scope("district"), "level"), (Scope("grid", "nothing"), "category")]
)
def test_a_rule_is_for_a_level_and_a_category_that_there_are(world: World, scope: Scope, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        add(world, scope)
    assert refusal.value.field == field


@pytest.mark.usefixtures("app")
def test_who_saw_older_terms_changes_nothing(world: World) -> None:
    admin, seen = world.actor("district_admin"), line(Scope("grid", "policy"))
    change(world, seen.scope, starts=day(4))
    with pytest.raises(Conflict, match="别人改过"):
        settings.change_terms(admin, seen.row.id, given=USUAL, starts=day(9), seen=seen.state)
    with pytest.raises(Conflict, match="别人改过"):
        settings.end_terms(admin, seen.row.id, seen=seen.state)
    assert in_force(seen.scope, day(4)).handle_amount == 3


# The pages

FORM = {"accept_amount": "4", "accept_unit": "work_hour", "handle_amount": "3", "handle_unit": "workday"}


def link(browse: Browse, level: str, name: str) -> str:
    """The address of a rule's page, as a person finds it on the list."""
    page = browse.get("/cases/terms").text.partition(f'<h2 class="over">{level}</h2>')[2]
    return re.findall(rf'href="(/cases/terms/\d+)"><span class="grow"><span class="t">{name}<', page)[0]


def sent(browse: Browse, url: str, starts: date | None = None, **fields: str) -> dict[str, str]:
    """What a person sends from the page as it stands."""
    seen = re.findall(r'name="seen" value="(\w+)"', browse.get(url).text)[0]
    return {"seen": seen, **FORM, "starts": (starts or day(1)).isoformat(), **fields}


def main(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", text.partition("<main")[2]))


def test_the_list_says_it_in_words_by_level(lite_app: Flask, browse: Browse) -> None:
    page = browse.log_in("district_admin").get("/cases/terms").text
    assert re.findall(r'<h2 class="over">(\w+)</h2>', page) == [
        "楼栋",
        "网格",
        "社区",
        "街道",
    ]
    assert "受理 1 个工作日 · 办结 5 个工作日" in page
    assert "受理 30 分钟 · 办结 1 个工作日" in page
    names = re.findall(
        r'<span class="t">([^<]+)</span>', page.partition("网格</h2>")[2].partition("</ul>")[0]
    )
    assert names[:2] == ["一般事项", "紧急事项"]
    assert set(names[2:4]) == {"政策咨询", "邻里纠纷"}


def test_an_admin_changes_the_general_terms_of_the_grids(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    url = link(browse, "网格", "一般事项")
    page = browse.get(url).text
    assert "停用" not in page
    assert f'value="{day(1).isoformat()}"' in page
    assert re.search(r'<option selected value="workday">', page)
    page = browse.follow(browse.post(url, sent(browse, url, day(6)))).text
    assert "已经在走的期限不变" in page
    assert "起改" in page
    shown = main(browse.get(url).text)
    assert "受理 1 个工作日 · 办结 5 个工作日" in shown
    assert "受理 4 个工作时 · 办结 3 个工作日" in shown
    back = {"accept_amount": "1", "accept_unit": "workday", "handle_amount": "5"}
    page = browse.follow(browse.post(url, {**sent(browse, url), **back})).text
    assert "已取消原定的变动" in page
    assert "起改" not in page


def test_an_admin_adds_a_rule_of_its_own_for_a_category_and_ends_it(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    page = browse.get("/cases/terms/new?level=street").text
    assert '<input type="hidden" name="level" value="street">' in page
    form = {**FORM, "starts": day(1).isoformat(), "level": "street", "category": "lift", "urgent": "y"}
    browse.post("/cases/terms/new", form)
    url = link(browse, "街道", "电梯故障（紧急）")
    assert "还没有执行" in browse.get(url).text
    page = browse.post("/cases/terms/new", form, status=422).text
    assert "已经有这一条" in page
    seen = sent(browse, url)
    page = browse.follow(browse.post(f"{url}/end", {"seen": seen["seen"]})).text
    assert "已停用" in page
    assert "电梯故障（紧急）" not in page
    browse.get(url, status=404)


def test_a_rule_in_force_is_shown_as_ending_on_its_last_day(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    url = link(browse, "网格", "政策咨询")
    page = browse.follow(browse.post(f"{url}/end", {"seen": sent(browse, url)["seen"]})).text
    assert "用到" in page
    page = browse.get(url).text
    assert "已停用" in page
    assert "保存" not in page
    browse.post(url, {"seen": "", **FORM, "starts": day(1).isoformat()}, status=409)


def test_wrong_input_comes_back_with_what_was_typed(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    url = link(browse, "社区", "一般事项")
    page = browse.post(url, sent(browse, url, handle_amount="x", accept_amount="77"), status=422).text
    assert 'id="handle_amount-err"' in page
    assert 'value="77"' in page
    page = browse.post(url, sent(browse, url, day(0)), status=422).text
    assert re.search(r'id="starts-err">.*?最早从明天起', page)
    page = browse.post(url, sent(browse, url, accept_unit="week"), status=422).text
    assert 'id="accept_unit-err"' in page
    page = browse.post("/cases/terms/new", {**FORM, "category": "zzz"}, status=422).text
    assert 'id="category-err"' in page
    assert "请选择层级" in page


def test_a_form_opened_before_another_s_change_comes_back_with_what_was_typed(
    app: Flask, browse: Browse, world: World
) -> None:
    browse.log_in("district_admin")
    url = link(browse, "网格", "一般事项")
    mine = sent(browse, url, handle_amount="9")
    change(world)
    page = browse.post(url, mine, status=409).text
    assert "刚被别人改过" in page
    assert 'value="9"' in page
    assert "办结 3 个工作日" in main(page)
    again = re.findall(r'name="seen" value="(\w+)"', page)[0]
    browse.post(url, {**mine, "seen": again})
    assert in_force(GRID, day(1)).handle_amount == 9


def test_sent_twice_it_is_done_once(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    url, once = link(browse, "网格", "一般事项"), str(uuid.uuid4())
    form = sent(browse, url)
    for _ in range(2):
        browse.post(url, form, submission_id=once)
    assert actions() == ["terms:change"]


def test_it_is_for_the_district_s_administrator_alone(lite_app: Flask, browse: Browse) -> None:
    rule_id = line().row.id
    for person in ("grid_worker", "community_secretary", "street_staff", "auditor"):
        browse.log_in(person)
        for url in ("/cases/terms", "/cases/terms/new", f"/cases/terms/{rule_id}"):
            browse.get(url, status=403)
        for url in ("/cases/terms/new", f"/cases/terms/{rule_id}", f"/cases/terms/{rule_id}/end"):
            browse.post(url, status=403)
    browse.log_in("district_admin").get("/cases/terms/99999", status=404)
    browse.post("/cases/terms/99999", FORM, status=404)


def test_more_rules_take_no_more_queries(lite_app: Flask, browse: Browse, world: World) -> None:
    browse.log_in("district_admin")

    def queries() -> int:
        with counting() as asked:
            browse.get("/cases/terms")
        return len(asked)

    queries()  # the categories are read once a minute
    few = queries()
    for category in ("noise", "lift", "parking", "dogs"):
        add(world, Scope("street", category))
    assert queries() == few
