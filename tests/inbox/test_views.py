"""The start page of every post, and deciding in place."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.cases.factories import case_at
from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.cases import queries as case_queries
from webapp.cases.models import CaseRequest
from webapp.cases.service import intake, verbs
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.inbox import sources


def ask_for_help(world: World, reason: str = "需要街道的资金", who: str = "grid_worker") -> str:
    """A case that its grid asks the community to take; returns its number."""
    actor = world.actor(who)
    case = intake.register(actor, category="parking", unit_id=actor.unit_id, what="示范小区停车难")
    verbs.act(actor, case.number, "escalate", reason_kind="beyond_authority", reason=reason)
    return case.number


@pytest.mark.parametrize("post", list(Post))
def test_every_post_has_a_start_page(lite_app: Flask, browse: Browse, post: str) -> None:
    browse.log_in(post).get("/")
    browse.get("/", part=True)


def test_an_empty_inbox_says_what_belongs_there(lite_app: Flask, browse: Browse) -> None:
    assert "没有等您决定的事" in browse.log_in("community_staff").get("/inbox/").text


def test_approving_in_place(app: Flask, world: World, browse: Browse) -> None:
    number = ask_for_help(world)
    browse.log_in("community_staff")
    [item] = sources.waiting(world.actor("community_staff"))
    assert number in browse.get("/inbox/").text or item.ask.title in browse.get("/inbox/").text
    url = f"/inbox/{item.source}/{item.ask.id}"
    key = str(uuid.uuid4())
    answer = browse.post(url, {"decision": "approve"}, status=200, part=True, submission_id=key)
    assert 'id="badge-inbox"' in answer.text
    case = case_queries.case_for(world.actor("community_staff"), number)
    assert case.level == "community"
    # The double tap gets the same answer, and changes nothing.
    again = browse.post(url, {"decision": "approve"}, status=200, part=True, submission_id=key)
    assert "没有" not in again.text
    # Another try under a new id finds that it is decided.
    browse.post(url, {"decision": "approve"}, status=409)


def test_sending_back_needs_a_reason(app: Flask, world: World, browse: Browse) -> None:
    ask_for_help(world)
    [item] = sources.waiting(world.actor("community_staff"))
    url = f"/inbox/{item.source}/{item.ask.id}"
    browse.log_in("community_staff")
    for part in (False, True):
        answer = browse.post(url, {"decision": "back", "reason": ""}, status=422, part=part)
        assert 'class="err"' in answer.text
    answer = browse.post(url, {"decision": "back", "reason": ["请先在本级协调", "附上照片"]})
    assert browse.follow(answer).status_code == 200
    assert sources.count(world.actor("community_staff")) == 0


def test_neither_button_is_asked_again(lite_app: Flask, world: World, browse: Browse) -> None:
    ask_for_help(world)
    [item] = sources.waiting(world.actor("community_staff"))
    browse.log_in("community_staff")
    answer = browse.post(f"/inbox/{item.source}/{item.ask.id}", {"decision": "x"}, status=422)
    assert "请选择同意或退回" in answer.text


@pytest.mark.parametrize("who", ["community_staff2", "grid_worker", "branch_secretary", "street_staff"])
def test_others_neither_see_nor_decide(lite_app: Flask, world: World, browse: Browse, who: str) -> None:
    ask_for_help(world)
    [item] = sources.waiting(world.actor("community_staff"))
    assert item not in sources.waiting(world.actor(who))
    browse.log_in(who).post(f"/inbox/{item.source}/{item.ask.id}", {"decision": "approve"}, status=404)


def test_an_unknown_source_is_not_found(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("community_staff").post("/inbox/nonsense/1", {"decision": "approve"}, status=404)


def test_a_batch_approves_what_it_can(app: Flask, world: World, browse: Browse) -> None:
    for number in range(3):
        ask_for_help(world, f"第{number}件")
    items = sources.waiting(world.actor("community_staff"))
    browse.log_in("community_staff")
    chosen = [f"{item.source}:{item.ask.id}" for item in items[:2]]
    answer = browse.post("/inbox/batch", {"chosen": [*chosen, "case:999999", "x"]})
    text = browse.follow(answer).text
    assert "已同意 2 件" in text
    assert "2 件没有办成" in text
    assert sources.count(world.actor("community_staff")) == 1


def test_a_batch_of_nothing_says_so(lite_app: Flask, browse: Browse) -> None:
    assert "请先勾选" in browse.log_in("community_staff").post("/inbox/batch", status=422).text


@pytest.mark.parametrize("path", ["/", "/inbox/"])
def test_queries_stay_while_rows_grow(app: Flask, world: World, browse: Browse, path: str) -> None:
    browse.log_in("community_staff")
    ask_for_help(world)
    browse.get(path)
    with counting() as few:
        browse.get(path)
    for _ in range(8):
        ask_for_help(world)
    with counting() as many:
        browse.get(path)
    assert len(many) == len(few)


def test_community_and_street_know_at_once_of_what_is_urgent(
    app: Flask, world: World, browse: Browse
) -> None:
    worker = world.actor("grid_worker")
    intake.register(
        worker, category="fire_safety", unit_id=worker.unit_id, what="消防通道被堵，楼里有烟", urgent=True
    )
    intake.register(worker, category="parking", unit_id=worker.unit_id, what="示范小区停车难")
    for who in ("community_staff", "street_staff"):
        urgent = browse.log_in(who).get("/").text.partition("本辖区的紧急诉求")[2].partition("等您决定")[0]
        assert "紧急 · 消防通道被堵" in urgent
        assert "停车难" not in urgent
        link = 'href="/cases/?tab=open&amp;urgent=y"'
        assert link in urgent
        listed = browse.get("/cases/?tab=open&urgent=y").text
        assert "消防通道被堵" in listed
        assert "停车难" not in listed
    for who in ("community_staff2", "street_staff2", "grid_worker2"):
        assert "紧急诉求" not in browse.log_in(who).get("/").text


def test_an_escalation_and_its_approval_take_few_statements(
    lite_app: Flask, world: World, browse: Browse
) -> None:
    case = case_at(world, "registered")
    browse.log_in("grid_worker").get(f"/cases/{case.number}")
    asked = {"reason_kind": "unresolved", "reason": "办不了", "seen": case.version}
    with counting() as escalating:
        browse.post(f"/cases/{case.number}/escalate", asked, part=True, status=200)
    browse.log_in("community_staff").get("/inbox/")
    ask = db.session.scalar(sa.select(CaseRequest.id))
    with counting() as approving:
        browse.post(f"/inbox/case/{ask}", {"decision": "approve"}, part=True, status=200)
    assert len(escalating) <= 15, escalating
    assert len(approving) <= 12, approving
