"""The case pages through the front door, with HTMX and without."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from tests.cases.factories import case_at, register
from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.cases.forms import FORMS
from webapp.cases.models import Case, CaseEvent
from webapp.cases.service import verbs
from webapp.cases.states import CaseState
from webapp.cases.workflow import CASE_FLOW
from webapp.extensions import db
from webapp.foundation import clock, photos
from webapp.foundation.journal import JournalEntry

WHAT = "单元门坏了，晚上关不上。"
CLEAN = {"category": "lighting", "what": WHAT, "place_text": "东门旁"}


def case_in(world: World, **inputs: Any) -> Case:
    """A case just registered in the first grid."""
    return register(world, **{**CLEAN, **inputs})


def picture() -> tuple[io.BytesIO, str]:
    """A small photo as a form sends it."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    out.seek(0)
    return out, "a.jpg"


def state_of(case: Case) -> str:
    db.session.expire_all()
    return db.session.scalars(sa.select(Case.state).where(Case.id == case.id)).one()


def test_every_action_of_the_table_has_a_form() -> None:
    by_system = {t.action for t in CASE_FLOW.transitions if set(t.by) <= {"system"}} | {"register"}
    assert set(FORMS) == {t.action for t in CASE_FLOW.transitions} - by_system
    assert all(len(t.phrases) in (0, 3) for t in CASE_FLOW.transitions)


# The list


def test_the_list_of_an_empty_grid_says_what_belongs_there(browse: Browse) -> None:
    text = browse.log_in("grid_worker").get("/cases/").text
    assert "没有等您办的诉求" in text
    assert "登记诉求" in text


def test_the_list_shows_place_number_state_and_term(browse: Browse, world: World) -> None:
    case = case_in(world)
    text = browse.log_in("grid_worker").get("/cases/?tab=open").text
    assert case.number in text
    assert "示范小区01" in text
    assert "已登记" in text


@pytest.mark.parametrize("tab", ["mine", "open", "due", "all", "archived", "nonsense"])
@pytest.mark.parametrize("part", [True, False])
def test_each_tab_opens(browse: Browse, world: World, tab: str, part: bool) -> None:
    case_in(world)
    browse.log_in("grid_worker").get(
        f"/cases/?tab={tab}&category=lighting&status=registered&level=grid&urgent=", part=part
    )


def test_search_finds_by_number_and_filters_are_kept(browse: Browse, world: World) -> None:
    case, other = case_in(world), case_in(world, category="noise", what="楼上装修吵。")
    text = browse.log_in("grid_worker").get(f"/cases/?tab=all&q={case.number}").text
    assert case.number in text
    assert other.number not in text
    text = browse.get("/cases/?tab=all&category=noise").text
    assert other.number in text
    assert case.number not in text


def test_more_comes_as_rows_alone(browse: Browse, world: World) -> None:
    for _ in range(22):
        case_in(world)
    page = browse.log_in("grid_worker").get("/cases/?tab=all").text
    url = page.split('hx-get="/cases/?')[-1].split('"')[0].replace("&amp;", "&")
    assert "cursor=" in url
    rows = browse.get(f"/cases/?{url}", part=True).text
    assert rows.lstrip().startswith("<li")
    assert rows.count('class="cell"') == 2


def test_a_neighbouring_grid_does_not_see_it(browse: Browse, world: World) -> None:
    case = case_in(world)
    for name in ("grid_worker2", "community_staff2", "street_staff2", "handler", "building_leader2"):
        browse.log_in(name).get(f"/cases/{case.number}", status=404)
        browse.post(f"/cases/{case.number}/supervise", status=404)
        browse.post(f"/cases/{case.number}/identity", status=404)
        assert case.number not in browse.get("/cases/?tab=all").text


def test_queries_of_the_list_do_not_grow_with_its_rows(browse: Browse, world: World) -> None:
    browse.log_in("community_staff")
    found: list[int] = []
    for upto in (10, 20):
        for _ in range(upto - len(found) * 10):
            case_in(world)
        browse.get("/cases/?tab=all")
        with counting() as statements:
            browse.get("/cases/?tab=all")
        found.append(len(statements))
    assert found[0] == found[1]
    assert found[0] <= 10


# A new case


def test_the_form_asks_three_things_and_knows_the_place(browse: Browse, world: World) -> None:
    text = browse.log_in("grid_worker").get("/cases/new").text
    assert f'<option selected value="{world.units["grid"]}"' in text
    seen = text.split("<details")[0]
    assert "事情经过" in text
    assert 'name="reporter_phone"' not in seen


@pytest.mark.parametrize("part", [True, False])
def test_registering_gives_a_slip_with_the_code(browse: Browse, world: World, part: bool) -> None:
    browse.log_in("grid_worker")
    data = {**CLEAN, "unit_id": world.units["grid"], "photos": picture()}
    answer = browse.post("/cases/new", data, status=200 if part else 303, part=part)
    url = answer.headers["HX-Redirect" if part else "Location"]
    case = db.session.scalars(sa.select(Case)).one()
    text = browse.get(url).text
    assert case.tracking_code in text
    assert 'class="qr"' in text
    assert photos.photos_of("case", case.id)


def test_the_slip_is_for_its_writer_alone_and_only_at_first(browse: Browse, world: World) -> None:
    case = case_in(world)
    code = case.tracking_code
    answer = browse.log_in("grid_worker1b").get(f"/cases/{case.number}/slip", status=303)
    assert code not in browse.follow(answer).text
    assert code in browse.log_in("grid_worker").get(f"/cases/{case.number}/slip").text
    verbs.act(world.actor("grid_worker"), case.number, "convene", parties=["业委会"])
    browse.get(f"/cases/{case.number}/slip", status=303)


def test_an_empty_form_comes_back_with_its_input(browse: Browse, world: World) -> None:
    browse.log_in("grid_worker")
    text = browse.post("/cases/new", {"unit_id": world.units["grid"], "place_text": "西门"}, status=422).text
    assert "请选一类" in text
    assert "请写一句话" in text
    assert "西门" in text
    assert db.session.scalar(sa.select(sa.func.count(Case.id))) == 0


def test_a_double_tap_registers_once(browse: Browse, world: World) -> None:
    browse.log_in("grid_worker")
    data = {**CLEAN, "unit_id": world.units["grid"]}
    one = "7f3c1d3e-0000-4000-8000-000000000001"
    first = browse.post("/cases/new", data, submission_id=one)
    again = browse.post("/cases/new", data, submission_id=one)
    assert first.headers["Location"] == again.headers["Location"]
    assert db.session.scalar(sa.select(sa.func.count(Case.id))) == 1


def test_a_photo_that_is_none_is_refused_beside_its_field(browse: Browse, world: World) -> None:
    browse.log_in("grid_worker")
    data = {**CLEAN, "unit_id": world.units["grid"], "photos": (io.BytesIO(b"no photo"), "a.jpg")}
    assert "不是照片" in browse.post("/cases/new", data, status=422).text


def test_the_same_matter_is_offered_while_typing_and_after_saving(browse: Browse, world: World) -> None:
    first = case_in(world)
    browse.log_in("grid_worker")
    url = f"/cases/new/duplicates?category=lighting&unit_id={world.units['grid']}"
    assert first.number in browse.get(url, part=True).text
    assert first.number in browse.get(url).text
    assert first.number not in browse.get("/cases/new/duplicates?category=&unit_id=x", part=True).text
    answer = browse.post("/cases/new", {**CLEAN, "unit_id": world.units["grid"]})
    slip = browse.follow(answer).text
    assert "并案" in slip
    second = db.session.scalars(sa.select(Case).where(Case.id != first.id)).one()
    browse.post(f"/cases/{second.number}/merge", {"into": first.number, "seen": second.version})
    assert state_of(second) == CaseState.MERGED


# One case


def test_the_page_says_whose_turn_it_is_and_how_the_term_came_about(browse: Browse, world: World) -> None:
    case = case_at(world, "assigned")
    text = browse.log_in("grid_worker").get(f"/cases/{case.number}").text
    assert "现在轮到 <b>示范物业一</b> · 签收" in text
    assert "个工作日" in text
    assert case.due_explained in text
    assert case.what in text
    lines = text.split("办理经过")[1]
    assert lines.index("转办给示范物业一") < lines.index("登记了这件事")


def test_the_part_is_the_article_alone(browse: Browse, world: World) -> None:
    case = case_in(world)
    text = browse.log_in("grid_worker").get(f"/cases/{case.number}", part=True).text
    assert text.lstrip().startswith(f'<article id="case-{case.number}"')
    assert "<h1" not in text


# who, state before, action, input, state after
ACTIONS: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("grid_worker", "registered", "convene", {"usual": ["物业企业"], "others": "张老师、楼长"}, "convening"),
    ("grid_worker", "registered", "assign", {"handler_unit_id": "company", "note": "尽快"}, "assigned"),
    (
        "grid_worker",
        "registered",
        "settle_on_spot",
        {"result_text": "换了灯泡", "result_kind": "resolved"},
        "pending_check",
    ),
    (
        "grid_worker",
        "registered",
        "escalate",
        {"reason_kind": "beyond_authority", "reason": "管不了"},
        "registered",
    ),
    ("grid_worker", "registered", "decline", {"reason": "不属于范围"}, "registered"),
    (
        "grid_worker",
        "registered",
        "redirect",
        {"reason": "专门机构受理", "channel_text": "区市场监管局"},
        "registered",
    ),
    ("grid_worker", "registered", "withdraw", {"reason": ""}, "withdrawn"),
    ("community_staff", "registered", "supervise", {"note": "抓紧"}, "registered"),
    ("grid_worker", "convening", "assign", {"handler_unit_id": "department"}, "assigned"),
    ("handler", "assigned", "accept", {}, "in_progress"),
    ("grid_worker", "assigned", "recall", {"reason": "换一家"}, "convening"),
    (
        "handler",
        "in_progress",
        "submit_result",
        {"result_text": ["", "修好了"], "result_kind": "partly"},
        "pending_check",
    ),
    ("handler", "in_progress", "extend", {"reason": "等配件", "workdays": "2"}, "in_progress"),
    ("community_staff", "in_progress", "suspend", {"reason": "等施工季", "until": "+30"}, "suspended"),
    ("branch_secretary", "pending_check", "pass_check", {"note": ""}, "callback"),
    ("branch_secretary", "pending_check", "fail_check", {"note": "还没修好"}, "in_progress"),
    ("community_staff", "callback", "log_try", {"channel": "phone"}, "callback"),
    ("community_staff", "callback", "record_verdict", {"channel": "phone", "verdict": "mostly"}, "appraised"),
    ("community_staff1b", "appraised", "archive", {}, "archived"),
    ("community_staff", "suspended", "resume", {}, "in_progress"),
    ("grid_worker", "archived", "reopen", {"reason": "又坏了"}, "in_progress"),
]


def _ready(world: World, before: str, data: dict[str, Any]) -> tuple[Case, dict[str, Any]]:
    case = case_at(world, before)
    data = dict(data)
    if "handler_unit_id" in data:
        data["handler_unit_id"] = world.units[data["handler_unit_id"]]
    if "until" in data:
        data["until"] = (clock.today() + timedelta(days=int(data["until"]))).isoformat()
    return case, {**data, "seen": case.version}


@pytest.mark.parametrize("part", [True, False])
@pytest.mark.parametrize(("who", "before", "action", "data", "after"), ACTIONS)
def test_each_action_through_the_front_door(
    browse: Browse,
    world: World,
    who: str,
    before: str,
    action: str,
    data: dict[str, Any],
    after: str,
    part: bool,
) -> None:
    case, data = _ready(world, before, data)
    browse.log_in(who)
    address = f"/cases/{case.number}/{action}"
    page = browse.get(f"/cases/{case.number}").text
    if f'action="{address}"' not in page:
        assert f'<a class="btn plain" href="{address}" hx-get="{address}"' in page
        page = browse.get(address, part=part).text
        assert page.lstrip().startswith('<details class="sheet" name="sheet" open>') == part
    assert page.count(f'action="{address}"') == 1
    answer = browse.post(f"/cases/{case.number}/{action}", data, status=200 if part else 303, part=part)
    assert state_of(case) == after
    said = "已申请上报" if action == "escalate" else f"已{CASE_FLOW[action].label}。"
    if part:
        assert answer.text.lstrip().startswith(f'<article id="case-{case.number}"')
        assert said in answer.text
    else:
        assert said in browse.follow(answer).text


@pytest.mark.parametrize("action", ["accept", "archive", "nonsense"])
def test_what_has_no_sheet_leads_back_to_the_case(browse: Browse, world: World, action: str) -> None:
    """A button that asks nothing, what can't be done now, and what there is not."""
    case = case_at(world, "assigned")
    browse.log_in("handler")
    address = f"/cases/{case.number}/{action}"
    assert browse.get(address, status=303).headers["Location"] == f"/cases/{case.number}"
    assert browse.get(address, part=True).headers["HX-Redirect"] == f"/cases/{case.number}"


# who asks, state before, what, input, who decides, state after a yes
REQUESTS: list[tuple[str, str, str, dict[str, Any], str, str]] = [
    ("grid_worker", "registered", "decline", {"reason": "不归这里"}, "community_staff", "declined"),
    (
        "grid_worker",
        "registered",
        "redirect",
        {"reason": "另有渠道", "channel_text": "法院"},
        "community_staff",
        "redirected",
    ),
    ("handler", "in_progress", "extend", {"reason": "等配件", "workdays": 2}, "grid_worker", "in_progress"),
]


@pytest.mark.parametrize("part", [True, False])
@pytest.mark.parametrize(("who", "before", "action", "data", "decider", "after"), REQUESTS)
def test_each_request_is_refused_and_granted_on_the_page(
    browse: Browse,
    world: World,
    who: str,
    before: str,
    action: str,
    data: dict[str, Any],
    decider: str,
    after: str,
    part: bool,
) -> None:
    case, status = case_at(world, before), 200 if part else 303
    verbs.act(world.actor(who), case.number, action, **data)
    browse.log_in(decider).get(f"/cases/{case.number}")
    browse.post(f"/cases/{case.number}/refuse_{action}", {"reason": "再想想"}, status=status, part=part)
    assert state_of(case) == before
    verbs.act(world.actor(who), case.number, action, **data)
    browse.post(f"/cases/{case.number}/approve_{action}", {}, status=status, part=part)
    assert state_of(case) == after


@pytest.mark.parametrize("part", [True, False])
def test_two_cases_become_one_and_two_again(browse: Browse, world: World, part: bool) -> None:
    lead, case = case_in(world), case_in(world)
    status = 200 if part else 303
    browse.log_in("grid_worker")
    assert lead.number in browse.get(f"/cases/{case.number}/merge").text
    browse.post(f"/cases/{case.number}/merge", {"into": "0000-0000"}, status=422, part=part)
    browse.post(f"/cases/{case.number}/merge", {"into": lead.number}, status=status, part=part)
    assert "已并入" in browse.get(f"/cases/{case.number}").text
    assert "并入的诉求" in browse.get(f"/cases/{lead.number}").text
    browse.post(f"/cases/{case.number}/unmerge", {}, status=status, part=part)
    assert state_of(case) == "registered"


@pytest.mark.parametrize("part", [True, False])
def test_a_request_is_decided_on_the_page(browse: Browse, world: World, part: bool) -> None:
    status = 200 if part else 303
    case = case_in(world)
    verbs.act(world.actor("grid_worker"), case.number, "escalate", reason_kind="major", reason="涉及三栋楼")
    text = browse.log_in("community_staff").get(f"/cases/{case.number}").text
    assert "等待决定：上报" in text
    assert "涉及三栋楼" in text
    browse.post(f"/cases/{case.number}/refuse_escalate", {"reason": ""}, status=422, part=part)
    browse.post(f"/cases/{case.number}/refuse_escalate", {"reason": "先协调"}, status=status, part=part)
    verbs.act(world.actor("grid_worker"), case.number, "escalate", reason_kind="major", reason="协调过了")
    browse.post(f"/cases/{case.number}/approve_escalate", {}, status=status, part=part)
    db.session.expire_all()
    assert db.session.get_one(Case, case.id).owner_unit_id == world.units["community"]
    browse.post(f"/cases/{case.number}/hand_down", {"reason": "请网格办"}, status=status, part=part)
    db.session.expire_all()
    assert db.session.get_one(Case, case.id).owner_unit_id == world.units["grid"]


def test_a_handler_that_returns_a_case_is_led_to_the_list(browse: Browse, world: World) -> None:
    case = case_at(world, "assigned")
    browse.log_in("handler")
    answer = browse.post(f"/cases/{case.number}/return_case", {"reason": "不归我们"}, part=True, status=200)
    assert answer.headers["HX-Redirect"] == "/cases/"
    browse.get(f"/cases/{case.number}", status=404)


@pytest.mark.parametrize("part", [True, False])
def test_a_form_without_its_reason_comes_back_open_with_the_input(
    browse: Browse, world: World, part: bool
) -> None:
    case = case_in(world)
    browse.log_in("grid_worker")
    text = browse.post(
        f"/cases/{case.number}/redirect", {"reason": "", "channel_text": "区信访局"}, status=422, part=part
    ).text
    assert "请选一条原因" in text
    assert "区信访局" in text
    assert 'id="tried"' in text
    assert state_of(case) == "registered"


@pytest.mark.parametrize("part", [True, False])
def test_who_was_quicker_is_named_and_the_input_kept(browse: Browse, world: World, part: bool) -> None:
    case = case_in(world)
    seen = case.version
    browse.log_in("grid_worker")
    verbs.act(world.actor("grid_worker1b"), case.number, "convene", parties=["业委会"])
    data = {"handler_unit_id": world.units["company"], "note": "请带工具", "seen": seen}
    text = browse.post(f"/cases/{case.number}/assign", data, status=409, part=part).text
    assert "召集" in text
    assert "这件事已有变化" in text
    assert "请带工具" in text
    assert state_of(case) == "convening"
    # Sent again with what the page now says, it is done.
    version = text.split('id="tried"')[1].split('name="seen"')[1].split('value="')[1].split('"')[0]
    browse.post(
        f"/cases/{case.number}/assign", {**data, "seen": version}, part=part, status=200 if part else 303
    )
    assert state_of(case) == "assigned"


def test_what_can_not_be_done_any_more_shows_what_was_typed(browse: Browse, world: World) -> None:
    case = case_in(world)
    seen = case.version
    verbs.act(world.actor("grid_worker"), case.number, "withdraw")
    browse.log_in("grid_worker")
    data = {"parties": "", "others": "业委会", "note": "周五晚上谈", "seen": seen}
    text = browse.post(f"/cases/{case.number}/convene", data, status=409).text
    assert "现在不能召集了" in text
    assert "周五晚上谈" in text


def test_a_double_tap_acts_once(browse: Browse, world: World) -> None:
    case = case_in(world)
    browse.log_in("grid_worker")
    data = {"usual": ["物业企业"], "seen": case.version}
    one = "7f3c1d3e-0000-4000-8000-000000000002"
    for part, status in ((True, 200), (True, 200), (False, 303)):
        browse.post(f"/cases/{case.number}/convene", data, submission_id=one, part=part, status=status)
    events = sa.select(sa.func.count(CaseEvent.id)).where(
        CaseEvent.case_id == case.id, CaseEvent.action == "convene"
    )
    assert db.session.scalar(events) == 1


def test_the_handler_is_shown_why_it_can_not_check_and_refused_too(browse: Browse, world: World) -> None:
    case = case_in(world)
    verbs.act(world.actor("grid_worker"), case.number, "settle_on_spot", result_text="换了灯泡")
    text = browse.log_in("grid_worker").get(f"/cases/{case.number}").text
    assert "您经办了这件事，要由其他人核查。" in text
    assert f'"/cases/{case.number}/pass_check"' not in text
    browse.post(f"/cases/{case.number}/pass_check", status=403)
    assert state_of(case) == "pending_check"


@pytest.mark.parametrize("name", ["auditor", "handler", "volunteer", "district_admin"])
def test_those_without_a_part_in_it_can_do_nothing(browse: Browse, world: World, name: str) -> None:
    case = case_in(world)
    browse.log_in(name)
    answer = browse.client.post(f"/cases/{case.number}/withdraw", data={"csrf_token": browse.csrf_token})
    assert answer.status_code in (403, 404, 422)
    assert state_of(case) == "registered"


def test_unknown_actions_are_not_found_and_a_reloaded_answer_leads_back(browse: Browse, world: World) -> None:
    case = case_in(world)
    browse.log_in("grid_worker")
    browse.post(f"/cases/{case.number}/explode", status=404)
    browse.post(f"/cases/{case.number}/step_up", status=404)
    for action in ("archive", "step_up", "explode"):
        answer = browse.get(f"/cases/{case.number}/{action}", status=303)
        assert answer.headers["Location"] == f"/cases/{case.number}"
    browse.get("/cases/0000-0000", status=404)


# Who reported


@pytest.mark.parametrize("part", [True, False])
def test_the_reporter_is_masked_until_somebody_asks(browse: Browse, world: World, part: bool) -> None:
    case = case_in(world)
    text = browse.log_in("grid_worker").get(f"/cases/{case.number}").text
    assert "138****5678" in text
    assert "13812345678" not in text
    assert "张三丰" not in text
    text = browse.post(f"/cases/{case.number}/identity", status=200, part=part).text
    assert "13812345678" in text
    assert "张三丰" in text
    looks = sa.select(sa.func.count(JournalEntry.id)).where(JournalEntry.action == "case:read_identity")
    assert db.session.scalar(looks) == 1


def test_a_handler_sees_no_identity_where_the_name_is_hidden(browse: Browse, world: World) -> None:
    case = case_at(world, "in_progress", confidentiality="name_hidden")
    text = browse.log_in("handler").get(f"/cases/{case.number}").text
    assert "5678" not in text
    assert "张" not in text.split("诉求人</h2>")[1].split("</section>")[0]
    assert "查看联系方式" not in text
    assert case.tracking_code not in text
    browse.post(f"/cases/{case.number}/identity", status=403)


def test_a_handler_sees_only_what_was_assigned_to_it(browse: Browse, world: World) -> None:
    mine, other = case_at(world, "assigned"), case_in(world)
    text = browse.log_in("handler").get("/cases/").text
    assert mine.number in text
    assert other.number not in text
    assert "登记诉求" not in text
    browse.get("/cases/new", status=403)
    browse.log_in("handler2").get(f"/cases/{mine.number}", status=404)


# Photos


def test_a_photo_is_for_those_who_may_see_the_case(browse: Browse, world: World) -> None:
    ready = photos.accept(picture()[0])
    case, other = case_in(world, photos=[ready]), case_in(world)
    photo = photos.photos_of("case", case.id)[0]
    url = f"/cases/{case.number}/photo/{photo.id}"
    answer = browse.log_in("grid_worker").get(url + "?thumb=1")
    assert answer.mimetype == "image/jpeg"
    browse.get(f"/cases/{other.number}/photo/{photo.id}", status=404)
    browse.get(f"/cases/{case.number}/photo/{'0' * 32}", status=404)
    browse.log_in("grid_worker2").get(url, status=404)
    browse.log_in("handler").get(url, status=404)


def test_queries_of_the_page_do_not_grow_with_its_events(browse: Browse, world: World) -> None:
    case = case_in(world)
    browse.log_in("grid_worker")
    found = []
    for _ in range(2):
        browse.get(f"/cases/{case.number}")
        with counting() as statements:
            browse.get(f"/cases/{case.number}")
        found.append(len(statements))
        for _ in range(30):
            verbs.act(world.actor("community_staff"), case.number, "supervise", note="抓紧")
    assert found[0] == found[1]
    assert found[0] <= 18
