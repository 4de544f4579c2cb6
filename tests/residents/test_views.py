"""The pages without a login, walked as a resident walks them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from tests.cases.factories import case_at
from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.cases.models import Case
from webapp.cases.service import intake, loop, review
from webapp.extensions import db
from webapp.foundation.journal import JournalEntry
from webapp.foundation.receipts import Receipt
from webapp.residents import service, views, words
from webapp.residents.models import Feedback

STATION = "S00002"
WHAT = "小区门口积水，下雨天进不去。"
CODE = re.compile(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{5}")


def report(browse: Browse, **data: Any) -> tuple[Case, str]:
    """Report by the station's code; the case and the tracking code that the page shows."""
    answer = browse.post(f"/r/{STATION}", {"what": WHAT, **data})
    page = browse.follow(answer).text
    code = CODE.search(page.split('class="qr"')[-1])
    assert code is not None
    return db.session.scalars(sa.select(Case).order_by(Case.id.desc()).limit(1)).one(), code[0]


def follow(browse: Browse, code: str) -> str:
    return browse.get(f"/t/{code}").text


def code_of(case: Case) -> str:
    return str(db.session.get_one(Case, case.id).tracking_code)


def test_one_sentence_is_enough_and_the_code_comes_back(browse: Browse, world: World) -> None:
    page = browse.get(f"/r/{STATION}")
    assert "示范小区01服务站" in page.text
    assert "119" in page.text
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    case, code = report(browse)
    assert (case.category, case.owner_unit_id, case.registered_by_id) == ("other", world.units["grid"], None)
    assert code == case.tracking_code
    text = follow(browse, code)
    assert case.number in text
    assert "已经收到，正在安排" in text
    assert "网格召集" in text


def test_htmx_or_not_a_double_tap_reports_once(browse: Browse) -> None:
    one = "7f3c1d3e-0000-4000-8000-000000000003"
    browse.get(f"/r/{STATION}")
    for part, status in ((False, 303), (False, 303), (True, 200)):
        browse.post(f"/r/{STATION}", {"what": WHAT}, submission_id=one, part=part, status=status)
    assert db.session.scalar(sa.select(sa.func.count(Case.id))) == 1
    assert CODE.search(browse.get("/r/received").text)


def test_the_code_is_kept_in_no_receipt(browse: Browse) -> None:
    _, code = report(browse)
    browse.post("/t/do/withdraw", {"code": code})
    for row in db.session.scalars(sa.select(Receipt)):
        assert code not in f"{row.result} {row.action}"


def test_another_browser_does_not_see_the_code(browse: Browse) -> None:
    report(browse)
    Browse(browse.app, browse.world).get("/r/received", status=404)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"what": ""}, "请写一句话"),
        ({"phone": "12"}, "电话号码不对"),
        ({"website": "http://spam"}, "清空"),
        ({"category": "nonsense"}, "请选择类别"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_kept(browse: Browse, data: dict[str, str], said: str) -> None:
    text = browse.post(f"/r/{STATION}", {"what": WHAT, "place_text": "东门", **data}, status=422).text
    assert said in text
    assert "东门" in text
    assert db.session.scalar(sa.select(sa.func.count(Case.id))) == 0


def test_anonymous_keeps_no_name(browse: Browse) -> None:
    case, _ = report(browse, name="张三丰", phone="13812345678", confidentiality="anonymous")
    assert (case.reporter_name, case.reporter_phone, case.reporter_phone_hash) == (None, None, None)


def test_an_unknown_station_is_not_found(browse: Browse) -> None:
    browse.get("/r/XXXXXX", status=404)
    browse.post("/r/XXXXXX", {"what": WHAT}, status=404)


def test_reports_are_limited_by_address(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "REPORTS_OF_ADDRESS", (2, 60))
    for status in (303, 303, 429):
        browse.post(f"/r/{STATION}", {"what": WHAT}, status=status)


def test_reports_are_limited_by_station(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "REPORTS_OF_STATION", (1, 60))
    browse.post(f"/r/{STATION}", {"what": WHAT})
    browse.post(f"/r/{STATION}", {"what": WHAT}, status=429)


# Following


def test_a_code_typed_carelessly_is_found(browse: Browse) -> None:
    _, code = report(browse)
    answer = browse.get(f"/t?code={code.lower().replace('-', ' ')}", status=303)
    assert answer.headers["Location"] == f"/t/{code}"
    assert "查询码" in browse.get("/t").text


def test_a_wrong_code_is_told_kindly_and_guessing_is_limited(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, code = report(browse)
    monkeypatch.setattr(views, "LOOKS_OF_ADDRESS", (3, 10))
    for _ in range(3):
        assert "没有找到" in browse.get("/t/AAAA-AAAA-AAAAA", status=404).text
    # Past the limit the right code tells nothing either.
    browse.get(f"/t/{code}", status=429)
    browse.post("/t/do/withdraw", {"code": code}, status=429)


def test_the_page_names_units_and_nobody(browse: Browse, world: World) -> None:
    case = case_at(world, "in_progress")
    text = follow(browse, code_of(case))
    assert "已转办给示范物业一" in text
    assert "测试" not in text
    assert "张三丰" not in text
    assert "13812345678" not in text
    assert "反馈" not in text.split("办理经过")[1]


def test_the_verdict_is_given_once(browse: Browse, world: World) -> None:
    code = code_of(case_at(world, "callback"))
    assert "请您评价" in follow(browse, code)
    assert "请选择一项" in browse.post("/t/do/verdict", {"code": code}, status=422).text
    answer = browse.post("/t/do/verdict", {"code": code, "verdict": "satisfied", "note": "谢谢"})
    text = browse.follow(answer).text
    assert "您的评价已经记下" in text
    assert "请您评价" not in text
    browse.post("/t/do/verdict", {"code": code, "verdict": "unsatisfied"}, status=409)


def test_not_satisfied_without_a_reason_opens_it_again(browse: Browse, world: World) -> None:
    case = case_at(world, "callback")
    browse.post("/t/do/verdict", {"code": code_of(case), "verdict": "unsatisfied"})
    db.session.expire_all()
    assert db.session.get_one(Case, case.id).state == "in_progress"


def test_urging_once_a_day_and_taking_back(browse: Browse) -> None:
    case, code = report(browse)
    browse.follow(browse.post("/t/do/supervise", {"code": code, "note": "很急"}))
    assert "催办过" in browse.post("/t/do/supervise", {"code": code}, status=409).text
    assert (
        "已撤回" in browse.follow(browse.post("/t/do/withdraw", {"code": code, "reason": "已经解决了"})).text
    )
    db.session.expire_all()
    assert db.session.get_one(Case, case.id).state == "withdrawn"
    browse.post("/t/do/withdraw", {"code": code}, status=409)


def test_reopening_needs_a_reason(browse: Browse, world: World) -> None:
    case = case_at(world, "archived")
    code = code_of(case)
    assert "重新办理" in follow(browse, code)
    assert "请写一句" in browse.post("/t/do/reopen", {"code": code, "reason": ""}, status=422).text
    browse.post("/t/do/reopen", {"code": code, "reason": ["又坏了", ""]})
    db.session.expire_all()
    assert db.session.get_one(Case, case.id).state == "in_progress"


def test_a_joined_case_follows_the_other_and_keeps_its_own_verdict(browse: Browse, world: World) -> None:
    lead = case_at(world, "pending_check")
    joined = intake.register(
        world.actor("grid_worker"), category="parking", unit_id=world.units["grid"], what="又有车堵通道。"
    )
    review.merge(world.actor("grid_worker"), joined.number, into=lead.number)
    loop.pass_check(world.actor("branch_secretary"), lead.number)
    code = code_of(joined)
    text = follow(browse, code)
    assert "已经一起办理" in text
    assert "已清理" in text
    browse.post("/t/do/verdict", {"code": code, "verdict": "mostly"})
    db.session.expire_all()
    assert db.session.get_one(Case, joined.id).verdict == "mostly"
    assert db.session.get_one(Case, lead.id).verdict is None


def test_an_action_without_a_code_or_of_another_name(browse: Browse) -> None:
    browse.post("/t/do/explode", {}, status=404)
    browse.post("/t/do/withdraw", {"code": "AAAA-AAAA-AAAAA"}, status=404)
    browse.post("/t/do/withdraw", {}, status=404)


# Privacy and complaints


def test_the_notice_says_what_the_law_asks(browse: Browse) -> None:
    text = browse.get("/privacy").text
    for word in ("谁来负责", "用来做什么", "保存多久", "您的权利", "3年"):
        assert word in text


def test_a_complaint_gets_a_code_and_an_answer(browse: Browse, world: World) -> None:
    browse.get("/feedback")
    data = {"text": "表太多，电话13812345678", "contact": "微信 abc", "unit_id": world.units["community"]}
    page = browse.follow(browse.post("/feedback", data)).text
    found = CODE.search(page)
    assert found is not None
    assert "等待答复" in browse.get(f"/feedback/{found[0].lower()}").text
    row = db.session.scalars(sa.select(Feedback)).one()
    browse.log_in("community_staff")
    inbox = browse.get("/feedback/inbox").text
    assert "表太多" in inbox
    assert "13812345678" not in inbox
    assert "微信" not in inbox
    assert "微信 abc" in browse.post(f"/feedback/{row.id}/contact", status=200).text
    browse.post(f"/feedback/{row.id}/answer", {"answer": ""}, status=422)
    browse.post(f"/feedback/{row.id}/answer", {"answer": "已合并成一张表"})
    browse.post(f"/feedback/{row.id}/answer", {"answer": "再说一次"}, status=409)
    text = browse.get(f"/feedback/{found[0]}").text
    assert "已合并成一张表" in text
    assert "示范社区一" in text
    assert "测试" not in text.split("<main")[1]
    actions = set(db.session.scalars(sa.select(JournalEntry.action)))
    assert {"feedback:send", "feedback:answer", "feedback:read_contact"} <= actions


def test_a_complaint_is_for_its_place_and_those_above(browse: Browse, world: World) -> None:
    mine = service.send_feedback(None, text="本社区的事", unit_id=world.units["community"])
    whole = service.send_feedback(None, text="全区的事")
    for name, sees_mine, sees_whole in (
        ("community_staff", True, False),
        ("street_staff", True, False),
        ("community_staff2", False, False),
        ("street_staff2", False, False),
        ("district_admin", True, True),
    ):
        text = browse.log_in(name).get("/feedback/inbox").text
        assert ("本社区的事" in text, "全区的事" in text) == (sees_mine, sees_whole), name
        browse.post(f"/feedback/{whole.id}/contact", status=200 if sees_whole else 404)
    browse.log_in("community_staff2").post(f"/feedback/{mine.id}/answer", {"answer": "x"}, status=404)
    browse.log_in("grid_worker").get("/feedback/inbox", status=403)


def test_a_complaint_keeps_no_name_and_only_the_part_of_the_product(browse: Browse, world: World) -> None:
    browse.log_in("grid_worker")
    browse.post("/feedback", {"text": "字太小", "path": "t/K7QM-4FPX-9TRWH"})
    row = db.session.scalars(sa.select(Feedback)).one()
    assert row.path == "/t"
    sent = sa.select(JournalEntry.person_id).where(JournalEntry.action == "feedback:send")
    assert db.session.scalars(sent).all() == [None]


def test_an_empty_complaint_an_unknown_place_and_a_wrong_code(browse: Browse, world: World) -> None:
    assert "请写下您的意见" in browse.post("/feedback", {"text": ""}, status=422).text
    browse.post("/feedback", {"text": "x", "unit_id": world.units["company"]}, status=422)
    browse.get("/feedback/AAAA-AAAA-AAAAA", status=404)
    Browse(browse.app, browse.world).get("/feedback/received", status=404)


def test_queries_of_the_inbox_do_not_grow_with_its_rows(browse: Browse, world: World) -> None:
    browse.log_in("district_admin")
    found = []
    for _ in range(2):
        for _ in range(9):
            service.send_feedback(None, text="字太小")
        browse.get("/feedback/inbox")
        with counting() as statements:
            browse.get("/feedback/inbox")
        found.append(len(statements))
    assert found[0] == found[1]


def test_queries_of_the_followed_case_do_not_grow_with_its_events(browse: Browse, world: World) -> None:
    case = case_at(world, "in_progress")
    code, found = code_of(case), []
    for _ in range(2):
        follow(browse, code)
        with counting() as statements:
            follow(browse, code)
        found.append(len(statements))
        for _ in range(30):
            review.supervise(world.actor("community_staff"), case.number)
    assert found[0] == found[1]


def test_what_a_phone_can_do_reaches_the_administrator_who_answers(browse: Browse) -> None:
    page = browse.get("/check").text
    for key, name, _ in words.ABILITIES:
        assert f'id="can-{key}"' in page
        assert name in page
    browse.post("/feedback", {"text": "没有信号时先存在手机里：不可以", "path": "check"})
    browse.log_in("district_admin")
    assert "没有信号时先存在手机里：不可以" in browse.get("/feedback/inbox").text
