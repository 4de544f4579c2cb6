"""The pages: with HTMX and without, fields kept, nothing twice, nobody ranked, the same number of queries for more rows."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from markupsafe import Markup

from tests.points.helpers import assert_books_right, balance, change_rule, earn, give, offer, world_actor
from tests.support.browse import Browse
from tests.support.queries import counting, plan
from tests.support.world import World
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.asks import how_many
from webapp.foundation.qr import qr_svg
from webapp.points.ledger import asks, queries, service
from webapp.points.models import WAITS, PointEntry, PointRule, Redemption, Reward
from webapp.points.redemptions import service as redemptions
from webapp.points.rewards import service as catalogue

ROOT = Path(__file__).resolve().parents[2]


def propose(world: World, times: int = 1) -> list[int]:
    """Earnings above the cap: they wait for review."""
    change_rule("visit", daily_cap=1)
    earn(world)
    return [earn(world)[0].id for _ in range(times)]


def test_the_account_shows_balance_entries_and_how_to_earn(
    lite_app: Flask, world: World, browse: Browse
) -> None:
    browse.log_in("grid_worker")
    assert "还没有积分" in browse.get("/points/").text
    for _ in range(25):
        give(world, "grid_worker", 2)
    propose(world)
    text = browse.get("/points/").text
    assert '<p class="balance">51</p>' in text
    assert "还有 1 分等审核" in text
    assert "每天最多" in text
    more = re.search(r'hx-get="(/points/\?after=[^"]+)"', text)
    assert more
    part = browse.get(more[1], part=True).text
    assert "<html" not in part
    assert part.count('class="cell"') == 7
    whole = browse.get(more[1]).text  # without a script, the link is a page
    assert "<html" in whole
    assert whole.count('class="cell"') == 7


def test_shop_redeem_and_collect(lite_app: Flask, world: World, browse: Browse) -> None:
    give(world, "grid_worker", 12)
    reward = offer(world, cost=10, stock=1)
    browse.log_in("grid_worker")
    assert "还剩 1 份" in browse.get("/points/shop").text
    assert "兑换后还剩 2 分" in browse.get(f"/points/shop/{reward.id}").text
    shown = browse.follow(browse.post(f"/points/shop/{reward.id}/redeem")).text
    code = db.session.scalar(sa.select(Redemption.code))
    assert code
    for words in (code, "<svg", "示范路1号", "周一至周五", 'class="qr"'):
        assert words in shown
    mine = browse.get("/points/redemptions/").text
    assert "待领取" in mine
    browse.log_in("community_staff")
    typed = browse.get(f"/points/desk?code={code.lower()}", status=303)
    assert "已交给" in browse.follow(typed).text
    assert "已发放" in browse.follow(browse.post(f"/points/desk/{code}")).text
    assert "已领取" in browse.get(f"/points/desk/{code}").text
    browse.post(f"/points/desk/{code}", status=409)
    assert "已领取" in browse.log_in("grid_worker").get(f"/points/redemptions/{code}").text
    assert_books_right()


def test_the_qr_code_leads_the_clerk_to_the_hand_out(
    lite_app: Flask, world: World, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(world, "grid_worker", 12)
    code = redemptions.redeem(world_actor(world, "grid_worker"), reward_id=offer(world).id).code
    seen: list[str] = []

    def drawn(text: str) -> Markup:
        seen.append(text)
        return qr_svg(text)

    monkeypatch.setattr("webapp.points.redemptions.views.qr_svg", drawn)
    browse.log_in("grid_worker").get(f"/points/redemptions/{code}")
    assert seen == [f"http://localhost/points/desk/{code}"]


def test_a_double_tap_redeems_and_hands_out_once(lite_app: Flask, world: World, browse: Browse) -> None:
    give(world, "grid_worker", 30)
    reward = offer(world, cost=10)
    tap = str(uuid.uuid4())
    browse.log_in("grid_worker")
    first = browse.post(f"/points/shop/{reward.id}/redeem", submission_id=tap)
    second = browse.post(f"/points/shop/{reward.id}/redeem", submission_id=tap)
    assert first.headers["Location"] == second.headers["Location"]
    assert balance(world, "grid_worker") == 20
    code = db.session.scalar(sa.select(Redemption.code))
    tap = str(uuid.uuid4())
    browse.log_in("community_staff")
    for _ in range(2):
        browse.post(f"/points/desk/{code}", submission_id=tap)
    assert_books_right()


def test_what_can_not_be_redeemed_says_why(lite_app: Flask, world: World, browse: Browse) -> None:
    reward = offer(world, cost=10, stock=0)
    browse.log_in("grid_worker")
    assert "兑换完了" in browse.get("/points/shop").text
    browse.post(f"/points/shop/{reward.id}/redeem", status=409)
    catalogue.stock(world_actor(world, "community_staff"), reward.id, amount=1)
    assert "还差 10 分" in browse.get(f"/points/shop/{reward.id}").text
    assert "还差 10 分" in browse.post(f"/points/shop/{reward.id}/redeem", status=409, part=True).text


def test_cancelling_returns_the_points(lite_app: Flask, world: World, browse: Browse) -> None:
    give(world, "grid_worker", 12)
    code = redemptions.redeem(world_actor(world, "grid_worker"), reward_id=offer(world).id).code
    assert (
        "10 分已退回"
        in browse.follow(browse.log_in("grid_worker").post(f"/points/redemptions/{code}/cancel")).text
    )
    assert "已退回账户" in browse.get(f"/points/redemptions/{code}").text


def test_others_redemptions_and_codes_are_not_found(lite_app: Flask, world: World, browse: Browse) -> None:
    give(world, "grid_worker", 12)
    code = redemptions.redeem(world_actor(world, "grid_worker"), reward_id=offer(world).id).code
    browse.log_in("grid_worker1b").get(f"/points/redemptions/{code}", status=404)
    browse.post(f"/points/redemptions/{code}/cancel", status=404)
    browse.log_in("community_staff2").get(f"/points/desk/{code}", status=404)
    browse.post(f"/points/desk/{code}", status=404)
    browse.get("/points/desk/2222-2222", status=404)


def test_codes_can_not_be_guessed(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("community_staff")
    for _ in range(redemptions.TRIES):
        browse.get("/points/desk/2222-2222", status=404)
    browse.get("/points/desk/2222-2222", status=429)


def test_propose_keeps_what_was_typed(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("branch_secretary")
    rule = db.session.scalar(sa.select(PointRule.id).where(PointRule.code == "mediation"))
    given = {"person_id": world.people["grid_worker"], "rule_id": rule, "day": clock.today().isoformat()}
    refused = browse.post("/points/propose", {**given, "reason": ""}, status=422).text
    assert "请写一句说明" in refused
    assert re.search(rf'value="{rule}" checked', refused)
    assert (
        "已申报 3 分" in browse.follow(browse.post("/points/propose", {**given, "reason": "调解漏水"})).text
    )
    assert "已经申报过" in browse.post("/points/propose", {**given, "reason": "调解漏水"}, status=422).text
    assert "没有找到可积分的人员" in browse.get("/points/propose?q=没有这个人").text


@pytest.mark.parametrize("part", [True, False])
def test_a_proposal_is_answered_in_place(lite_app: Flask, world: World, browse: Browse, part: bool) -> None:
    first, second = propose(world, 2)
    browse.log_in("community_staff")
    assert browse.get("/points/review").text.count("同意") == 2
    status = 200 if part else 303
    done = browse.post(f"/points/review/{first}/approve", status=status, part=part)
    text = done.text if part else browse.follow(done).text
    assert "已入账" in text
    assert ("<html" in text) is not part
    missing = browse.post(f"/points/review/{second}/reject", status=422, part=part).text
    assert "请写明原因" in missing
    browse.post(f"/points/review/{second}/reject", {"reason": "缺少依据"}, status=status, part=part)
    assert "没有等审核的积分" in browse.get("/points/review").text
    assert balance(world, "grid_worker") == 2


def test_nobody_is_offered_to_review_their_own_proposal(
    lite_app: Flask, world: World, browse: Browse
) -> None:
    rule = db.session.scalar(sa.select(PointRule.id).where(PointRule.code == "mediation"))
    entry = service.propose(
        world_actor(world, "community_staff"),
        person_id=world.people["grid_worker"],
        rule_id=rule or 0,
        day=clock.today(),
        reason="调解漏水",
    )
    text = browse.log_in("community_staff").get("/points/review").text
    assert "请由其他人审核" in text
    assert "同意" not in text
    browse.post(f"/points/review/{entry.id}/approve", status=403)


def test_reverse_object_settle_on_the_pages(lite_app: Flask, world: World, browse: Browse) -> None:
    entry = earn(world)[0].id
    browse.log_in("community_staff").get(f"/points/review/{entry}")
    assert (
        "已冲正" in browse.follow(browse.post(f"/points/review/{entry}/reverse", {"reason": "记录不实"})).text
    )
    counter = db.session.scalar(sa.select(PointEntry.id).where(PointEntry.reverses_id == entry))
    browse.log_in("grid_worker")
    assert "提出异议" in browse.get(f"/points/entries/{counter}").text
    assert "请写明原因" in browse.post(f"/points/entries/{counter}/object", status=422).text
    assert (
        "确有其事"
        in browse.follow(browse.post(f"/points/entries/{counter}/object", {"reason": "确有其事"})).text
    )
    browse.log_in("community_secretary")
    assert "确有其事" in browse.get(f"/points/review/{counter}").text
    assert "异议成立" in browse.follow(browse.post(f"/points/review/{counter}/uphold")).text
    assert balance(world, "grid_worker") == 1
    browse.log_in("grid_worker1b").get(f"/points/entries/{counter}", status=404)
    browse.log_in("community_staff2").get(f"/points/review/{counter}", status=404)


def test_the_catalogue_on_the_pages(lite_app: Flask, world: World, browse: Browse) -> None:
    given = {"name": "示范雨伞", "kind": "goods", "cost": "8", "station_id": world.stations["center"], "picture": "umbrella",
             "stock": "5", "quarter_limit": "", "about": ""}  # fmt: skip
    browse.log_in("community_staff")
    assert "还没有奖品" in browse.get("/points/rewards/").text
    refused = browse.post("/points/rewards/new", {**given, "cost": "-1"}, status=422).text
    assert "请填写 1 以上的整数" in refused
    assert "示范雨伞" in refused
    shown = browse.follow(browse.post("/points/rewards/new", given)).text
    assert "入库" in shown
    reward = db.session.scalar(sa.select(Reward.id))
    url = f"/points/rewards/{reward}"
    assert "说明" in browse.post(f"{url}/stock", {"amount": "-2"}, status=422).text
    assert "现有 3 份" in browse.follow(browse.post(f"{url}/stock", {"amount": "-2", "reason": "盘点"})).text
    assert "已保存" in browse.follow(browse.post(url, {**given, "name": "长柄雨伞", "seen": "1"})).text
    browse.post(url, {**given, "seen": "1"}, status=409)
    browse.log_in("community_staff2").get(url, status=404)
    browse.log_in("community_staff")
    assert "已下架" in browse.follow(browse.post(f"{url}/retire")).text
    assert "长柄雨伞" not in browse.log_in("grid_worker").get("/points/shop").text
    assert_books_right()


def test_the_statement_adds_up(lite_app: Flask, world: World, browse: Browse) -> None:
    give(world, "grid_worker", 12)
    redemptions.redeem(world_actor(world, "grid_worker"), reward_id=offer(world).id)
    text = browse.log_in("grid_worker").get("/points/statement").text
    assert re.findall(r"<b>([^<]*)</b><span>期", text) == ["0", "+2", "2"]
    later = browse.get("/points/statement?first=2100-01-01&last=not-a-day").text
    assert re.findall(r"<b>([^<]*)</b><span>期", later)[2] == "2"
    earlier = browse.get("/points/statement?first=2020-01-01&last=2020-12-31").text
    assert "这段时间没有积分变动" in earlier


PAGES = {
    "grid_worker": ["/points/", "/points/shop", "/points/redemptions/", "/points/statement"],
    "community_staff": [
        "/points/review",
        "/points/review?tab=all",
        "/points/rewards/",
        "/points/desk",
        "/points/propose",
    ],
}


def fill(world: World, rows: int) -> None:
    staff, worker = world_actor(world, "community_staff"), world_actor(world, "grid_worker")
    for number in range(rows):
        give(world, "grid_worker", 20)
        reward = offer(world, name=f"示范奖品{number}", stock=2)
        code = redemptions.redeem(worker, reward_id=reward.id).code
        if number % 2:
            redemptions.hand_out(staff, code)
    propose(world, rows)


@pytest.mark.parametrize(("name", "url"), [(name, url) for name, urls in PAGES.items() for url in urls])
def test_more_rows_cost_no_more_queries(
    lite_app: Flask, world: World, browse: Browse, name: str, url: str
) -> None:
    browse.log_in(name)
    numbers = []
    for rows in (3, 9):
        fill(world, rows)
        db.session.rollback()
        browse.get(url)  # warms what is loaded once
        with counting() as statements:
            browse.get(url, lint=False)
        numbers.append(len(statements))
    assert numbers[0] == numbers[1] <= 9, numbers


def test_asks_cost_the_same_for_more_rows(lite_app: Flask, world: World) -> None:
    actor = world_actor(world, "community_staff")
    numbers = []
    for rows in (3, 9):
        propose(world, rows)
        db.session.rollback()
        with counting() as statements:
            assert how_many(actor, asks) == len(asks.asks(actor))
        numbers.append(len(statements))
    assert numbers == [3, 3]


def test_lists_are_read_off_their_indexes(lite_app: Flask, world: World) -> None:
    person, columns = world.people["grid_worker"], queries.ENTRY_COLUMNS
    order = (PointEntry.at.desc(), PointEntry.id.desc())
    mine = sa.select(*columns).where(PointEntry.person_id == person).order_by(*order).limit(21)
    assert "ix_point_entries_person" in plan(mine)
    assert "TEMP B-TREE" not in plan(mine)
    ours = (
        sa.select(*columns)
        .where(PointEntry.community_id == world.units["community"])
        .order_by(*order)
        .limit(21)
    )
    assert "ix_point_entries_community" in plan(ours)
    assert "TEMP B-TREE" not in plan(ours)
    assert "ix_point_entries_waiting" in plan(ours.where(WAITS))
    assert "TEMP B-TREE" not in plan(ours.where(WAITS))


def test_points_rank_nobody() -> None:
    """F-06: no page orders or compares persons by points."""
    files = [*(ROOT / "templates/points").glob("*.html"), *(ROOT / "webapp/points").glob("*.py")]
    for path in files:
        text = path.read_text()
        assert not re.search(r"排名|排行|名次|ranking|leaderboard|\brank\b|\btop_", text), path
        assert not re.search(r"order_by\([^)]*amount", text), path
