"""The district's rules and settings: read by everybody, changed from a day on, and never what has been."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.points.helpers import (
    At,
    assert_books_right,
    balance,
    change_settings,
    earn,
    make_serving,
    offer,
    world_actor,
)
from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.extensions import db
from webapp.foundation import clock, text
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.foundation.journal import JournalEntry
from webapp.points import eligibility, seeds
from webapp.points.ledger import service
from webapp.points.models import PointEntry, PointRule, PointSettings, RuleEvent
from webapp.points.redemptions import service as redemptions
from webapp.points.rules import queries as rule_queries
from webapp.points.rules import service as rules
from webapp.points.rules.service import RuleInput
from webapp.volunteering.events import attendance_confirmed, hours_corrected

DAY = timedelta(days=1)
VISIT = RuleInput(name="走访服务", amount=2, daily_cap=6, monthly_cap=None)
MEDIATION = RuleInput(name="调解矛盾纠纷", amount=5, evidence="agreement")


def tomorrow(more: int = 0) -> date:
    return clock.today() + (1 + more) * DAY


def rows_of(code: str) -> list[PointRule]:
    """All rows of a rule, the oldest first."""
    db.session.rollback()
    found = sa.select(PointRule).where(PointRule.code == code).order_by(PointRule.valid_from)
    return list(db.session.scalars(found))


def id_of(code: str) -> int:
    return rows_of(code)[0].id


def seen(code: str) -> str:
    """What a form that is seen now carries."""
    found = rule_queries.read_rules()
    return rules.stamp(found, rule_queries.standing_of(found, id_of(code), clock.today()))


def change(
    world: World,
    code: str = "visit",
    given: RuleInput = VISIT,
    first_day: date | None = None,
    stamp: str = "",
) -> PointRule:
    admin = world_actor(world, "district_admin")
    return rules.change(
        admin, id_of(code), given=given, first_day=first_day or tomorrow(), seen=stamp or seen(code)
    )


def end(world: World, code: str, last_day: date) -> PointRule:
    admin = world_actor(world, "district_admin")
    return rules.end(admin, id_of(code), last_day=last_day, seen=seen(code))


def take_back(world: World, code: str) -> None:
    rules.take_back(world_actor(world, "district_admin"), id_of(code), seen=seen(code))


def begin(world: World, event: str, given: RuleInput, first_day: date | None = None) -> PointRule:
    admin = world_actor(world, "district_admin")
    return rules.begin(admin, event=event, given=given, first_day=first_day or tomorrow())


def last_noted() -> JournalEntry:
    db.session.rollback()
    return db.session.scalars(sa.select(JournalEntry).order_by(JournalEntry.id.desc()).limit(1)).one()


# Changing a rule


def test_a_change_is_used_from_its_day_on_and_the_old_row_before(app: Flask, world: World) -> None:
    today, first = clock.today(), tomorrow(2)
    change(world, first_day=first)
    old, new = rows_of("visit")
    assert (old.amount, old.valid_to) == (1, first - DAY)
    assert (new.amount, new.daily_cap, new.monthly_cap, new.valid_from, new.valid_to) == (
        2,
        6,
        None,
        first,
        None,
    )
    assert earn(world)[0].amount == 1
    with time_machine.travel(clock.at(first) + timedelta(hours=9), tick=False):
        assert earn(world)[0].amount == 2
        # Entered late: the day of the act counts.
        assert earn(world, on=today)[0].amount == 1
        assert earn(world, on=first - DAY)[0].amount == 1
    assert_books_right()


def test_a_change_is_on_the_record_with_old_and_new_figures(app: Flask, world: World) -> None:
    change(world, given=replace(VISIT, name="上门走访"))
    noted = last_noted()
    assert (noted.action, noted.subject_type, noted.subject_id) == (
        "point_rule:change",
        "point_rule",
        "visit",
    )
    assert noted.detail["old"]["amount"] == 1  # type: ignore[index]
    assert noted.detail["new"] == {
        "amount": 2, "per": "act", "daily_cap": 6, "monthly_cap": None, "evidence": "record",
        "from": tomorrow().isoformat(), "to": None,
    }  # fmt: skip
    assert noted.detail["renamed"] is True
    assert "走访" not in str(noted.detail)


def test_an_announced_change_is_replaced_and_the_days_stay_without_a_gap(app: Flask, world: World) -> None:
    change(world, first_day=tomorrow(5))
    change(world, given=replace(VISIT, amount=3), first_day=tomorrow(9))
    old, new = rows_of("visit")
    assert (old.valid_to, new.valid_from, new.amount) == (tomorrow(8), tomorrow(9), 3)
    assert last_noted().detail["replaced"]["amount"] == 2  # type: ignore[index]
    change(world, given=replace(VISIT, amount=4), first_day=tomorrow(1))
    old, new = rows_of("visit")
    assert (old.valid_to, new.valid_from, new.amount) == (tomorrow(0), tomorrow(1), 4)
    for number in range(12):
        assert len(rule_queries.rules_on(clock.today() + number * DAY, RuleEvent.VISIT_LOGGED)) == 1


def test_an_announced_change_is_taken_back(app: Flask, world: World) -> None:
    change(world)
    take_back(world, "visit")
    (row,) = rows_of("visit")
    assert (row.amount, row.valid_to) == (1, None)
    assert last_noted().action == "point_rule:take_back"
    assert last_noted().detail["old"]["amount"] == 2  # type: ignore[index]
    with pytest.raises(Conflict):
        take_back(world, "visit")


@pytest.mark.parametrize("days", [-3, 0, 400])
def test_a_change_is_never_retroactive_nor_far_away(app: Flask, world: World, days: int) -> None:
    with pytest.raises(Invalid) as refused:
        change(world, first_day=clock.today() + days * DAY)
    assert refused.value.field == "first_day"
    assert len(rows_of("visit")) == 1


@pytest.mark.parametrize(
    ("code", "given", "field"),
    [
        ("visit", replace(VISIT, amount=7), "daily_cap"),
        ("visit", replace(VISIT, monthly_cap=5), "daily_cap"),
        ("visit", replace(VISIT, daily_cap=None, monthly_cap=1), "monthly_cap"),
        ("visit", replace(VISIT, per="hour"), "per"),
        ("visit", replace(VISIT, evidence="note"), "evidence"),
        ("mediation", replace(MEDIATION, daily_cap=10), "daily_cap"),
        ("mediation", replace(MEDIATION, name="政策宣讲"), "name"),
        ("mediation", replace(MEDIATION, amount=3), ""),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field(
    app: Flask, world: World, code: str, given: RuleInput, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        change(world, code, given)
    assert refused.value.field == field
    assert len(rows_of(code)) == 1


def test_nobody_else_changes_rules_or_settings(app: Flask, world: World) -> None:
    secretary, stamp = world_actor(world, "community_secretary"), seen("visit")
    chosen = eligibility.read_settings()
    with pytest.raises(Refused):
        rules.change(secretary, id_of("visit"), given=VISIT, first_day=tomorrow(), seen=stamp)
    with pytest.raises(Refused):
        rules.end(secretary, id_of("visit"), last_day=clock.today(), seen=stamp)
    with pytest.raises(Refused):
        rules.begin(secretary, event="by_hand", given=MEDIATION, first_day=tomorrow())
    with pytest.raises(Refused):
        rules.change_settings(
            secretary, given=chosen._replace(pickup_days=3), seen=rules.settings_stamp(chosen)
        )


def test_the_later_of_two_admins_is_told_who_was_there_before(app: Flask, world: World) -> None:
    stamp = seen("visit")
    change(world)
    with pytest.raises(Conflict, match="刚刚修改过这项规则") as refused:
        change(world, given=replace(VISIT, amount=9, daily_cap=None), stamp=stamp)
    assert world_actor(world, "district_admin").name in refused.value.message
    assert rows_of("visit")[1].amount == 2
    with pytest.raises(Conflict):
        rules.end(world_actor(world, "district_admin"), id_of("visit"), last_day=clock.today(), seen=stamp)
    with pytest.raises(Conflict):
        rules.take_back(world_actor(world, "district_admin"), id_of("visit"), seen=stamp)


def test_a_form_stays_good_when_the_announced_day_comes(app: Flask, world: World) -> None:
    change(world)
    stamp = seen("visit")
    with time_machine.travel(clock.at(tomorrow()), tick=False):
        change(world, given=replace(VISIT, amount=3), stamp=stamp)
        assert [row.amount for row in rows_of("visit")] == [1, 2, 3]


# Ending and beginning


def test_a_rule_earns_to_its_last_day_and_not_after(app: Flask, world: World) -> None:
    today = clock.today()
    end(world, "visit", today)
    assert len(earn(world)) == 1
    with time_machine.travel(clock.at(tomorrow()), tick=False):
        assert earn(world) == []
        assert len(earn(world, on=today)) == 1
        with pytest.raises(NotFound):
            change(world)
    assert balance(world, "grid_worker") == 2
    seeds.seed_defaults()
    assert len(rows_of("visit")) == 1


def test_an_end_does_away_with_an_announced_change_and_is_taken_back(app: Flask, world: World) -> None:
    change(world, first_day=tomorrow(3))
    end(world, "visit", tomorrow(6))
    (row,) = rows_of("visit")
    assert (row.amount, row.valid_to) == (1, tomorrow(6))
    with pytest.raises(Invalid):
        end(world, "visit", tomorrow(6))
    with pytest.raises(Invalid):
        end(world, "visit", clock.today() - DAY)
    take_back(world, "visit")
    assert rows_of("visit")[0].valid_to is None
    end(world, "visit", tomorrow(6))
    change(world, first_day=tomorrow(9))  # instead of the end
    old, new = rows_of("visit")
    assert (old.valid_to, new.valid_to) == (tomorrow(8), None)


def test_what_other_rooms_report_earns_by_one_rule_a_day(app: Flask, world: World) -> None:
    """``service.earn`` gives what every rule of the event gives that day: so there is never a second one."""
    with pytest.raises(Conflict):
        begin(world, "visit_logged", VISIT)
    end(world, "visit", clock.today())
    with pytest.raises(Conflict):  # it still earns today; its end can be taken back
        begin(world, "visit_logged", VISIT)
    with time_machine.travel(clock.at(tomorrow()), tick=False):
        begin(world, "visit_logged", VISIT, clock.today() + 2 * DAY)
        with pytest.raises(Conflict):
            begin(world, "visit_logged", replace(VISIT, name="另一条"))
        assert [row.code for row in rows_of("visit")] == ["visit", "visit"]
    for number in range(9):
        found = rule_queries.rules_on(clock.today() + number * DAY, RuleEvent.VISIT_LOGGED)
        assert len(found) == (0 if number in (1, 2) else 1), number


def test_no_change_lets_two_rules_of_one_event_go_on(app: Flask, world: World) -> None:
    """Two by another hand: neither can be changed or be taken up again before the other has ended."""
    with transaction() as session:
        session.add(
            PointRule(
                code="visit_too", event="visit_logged", name="走访", amount=1, per="act", evidence="record",
                valid_from=clock.today(),
            )
        )  # fmt: skip
    rule_queries.all_rules.forget()
    with pytest.raises(Conflict, match="请先停用"):
        change(world)
    end(world, "visit", clock.today())
    with pytest.raises(Conflict, match="请先停用"):
        take_back(world, "visit")
    change(world, "visit_too")
    assert len(rule_queries.rules_on(tomorrow(), RuleEvent.VISIT_LOGGED)) == 1


def test_a_source_that_has_earned_does_not_earn_again_by_a_rule_begun_anew(app: Flask, world: World) -> None:
    earn(world, source=7)
    end(world, "visit", clock.today())
    with time_machine.travel(clock.at(tomorrow()), tick=False):
        begin(world, "visit_logged", VISIT)
    with time_machine.travel(clock.at(tomorrow(1)), tick=False):
        assert earn(world, source=7) == []
        assert earn(world, source=8)[0].amount == 2


def test_a_new_rule_by_hand_has_a_code_of_its_own(app: Flask, world: World) -> None:
    first = begin(world, "by_hand", RuleInput(name="照看独居老人", amount=2, evidence="note"))
    second = begin(world, "by_hand", RuleInput(name="守护校门", amount=1, evidence="note"), tomorrow(3))
    assert len({first.code, second.code, *(values[0] for values in seeds.RULES)}) == 2 + len(seeds.RULES)
    with pytest.raises(Invalid) as refused:
        begin(world, "by_hand", RuleInput(name="守护校门", amount=9, evidence="note"))
    assert refused.value.field == "name"
    # Not begun yet: it can be changed and taken back, but there is nothing to end.
    change(world, second.code, RuleInput(name="守护校门", amount=3, evidence="note"), tomorrow(1))
    (row,) = rows_of(second.code)
    assert (row.amount, row.valid_from) == (3, tomorrow(1))
    with pytest.raises(Conflict):
        end(world, second.code, tomorrow(5))
    take_back(world, second.code)
    assert rows_of(second.code) == []


def test_a_proposal_gets_what_was_given_on_the_day_of_the_act(app: Flask, world: World) -> None:
    today, worker = clock.today(), world.people["grid_worker"]
    change(world, "mediation", MEDIATION)
    with time_machine.travel(clock.at(tomorrow(1)) + timedelta(hours=9), tick=False):
        chosen = rule_queries.rules_on(clock.today(), RuleEvent.BY_HAND)[-1]
        assert chosen.amount == 5
        actor = world_actor(world, "branch_secretary")
        amounts = [
            service.propose(actor, person_id=worker, rule_id=chosen.id, day=day, reason="调解漏水").amount
            for day in (today, today + DAY)
        ]
    assert amounts == [3, 5]


def test_hours_counted_by_the_act_earn_once_however_they_are_corrected(app: Flask, world: World) -> None:
    change(world, "service_hour", RuleInput(name="志愿服务", amount=3))
    with time_machine.travel(clock.at(tomorrow()) + timedelta(hours=9), tick=False):
        activity = SimpleNamespace(starts_at=clock.now(), **vars(At(world.units["grid"])))
        attendance = SimpleNamespace(id=5, person_id=world.people["grid_worker"], minutes=90)
        with transaction():
            attendance_confirmed.send(attendance=attendance, activity=activity, actor=None)
        for old, new in ((90, 200), (200, 60), (60, 65)):
            attendance.minutes = new
            with transaction():
                hours_corrected.send(attendance=attendance, activity=activity, actor=None, old=old)
            assert balance(world, "grid_worker") == 3, new
    assert_books_right()


# Settings


def settle(world: World, stamp: str = "", **values: object) -> None:
    chosen = eligibility.read_settings()
    rules.change_settings(
        world_actor(world, "district_admin"),
        given=chosen._replace(**values),  # type: ignore[arg-type]
        seen=stamp or rules.settings_stamp(chosen),
    )


def test_settings_hold_from_now_on_and_leave_lots_and_codes_as_they_are(app: Flask, world: World) -> None:
    before = earn(world)[0]
    for _ in range(4):
        earn(world)
    reward, worker = offer(world, cost=1), world_actor(world, "grid_worker")
    first = redemptions.redeem(worker, reward_id=reward.id)
    until, code = first.expires_at, first.id
    settle(world, lot_months=6, pickup_days=3, posts=["volunteer"])
    after = earn(world, "volunteer")[0]
    assert after.expires_on == eligibility.add_months(clock.today(), 6)
    second = redemptions.redeem(worker, reward_id=reward.id)
    assert second.expires_at.date() <= (clock.now() + 3 * DAY).date()
    assert db.session.get_one(PointEntry, before.id).expires_on is None
    assert db.session.get_one(type(first), code).expires_at == until
    assert_books_right()


def test_who_is_taken_out_keeps_the_points_and_redeems_for_the_months_of_grace(
    app: Flask, world: World
) -> None:
    for _ in range(5):
        earn(world, "committee_member")
    reward, member = offer(world, cost=1), world_actor(world, "committee_member")
    settle(world, bodies=["branch"])
    assert earn(world, "committee_member") == []
    redemptions.redeem(member, reward_id=reward.id)
    last = eligibility.add_months(clock.today(), eligibility.settings().grace_months)
    with time_machine.travel(clock.at(last), tick=False):
        redemptions.redeem(member, reward_id=reward.id)
    with time_machine.travel(clock.at(last + DAY), tick=False), pytest.raises(Refused):
        redemptions.redeem(member, reward_id=reward.id)


def test_changed_settings_are_on_the_record(app: Flask, world: World) -> None:
    settle(world, lot_months=12, posts=["volunteer"])
    noted = last_noted()
    assert (noted.action, noted.subject_type) == ("point_settings:change", "point_settings")
    assert noted.detail == {
        "old": {"posts": [], "lot_months": None},
        "new": {"posts": ["volunteer"], "lot_months": 12},
    }


def test_settings_under_which_nobody_earns_or_nothing_changes_are_refused(app: Flask, world: World) -> None:
    with pytest.raises(Invalid) as refused:
        settle(world, bodies=[], posts=[])
    assert refused.value.field == "bodies"
    with pytest.raises(Invalid):
        settle(world)


def test_the_later_of_two_admins_does_not_undo_the_settings_of_the_earlier(app: Flask, world: World) -> None:
    stamp = rules.settings_stamp(eligibility.read_settings())
    settle(world, pickup_days=7)
    with pytest.raises(Conflict, match="修改过积分设置"):
        settle(world, stamp, grace_months=1)
    db.session.rollback()
    row = db.session.get_one(PointSettings, 1)
    assert (row.pickup_days, row.grace_months) == (7, 6)


# The pages


def given(page: str, form: str) -> dict[str, object]:
    """What the form at an address would send as it stands."""
    inside = page.partition(f'action="{form}"')[2].partition("</form>")[0]
    fields: dict[str, object] = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', inside))
    fields |= {name: value for value, name in re.findall(r'value="([^"]*)"[^>]*? name="(\w+)"', inside)}
    checked = [tag for tag in re.findall(r"<input[^>]*>", inside) if "checkbox" in tag or "radio" in tag]
    for tag in checked:
        fields.pop(re.findall(r'name="(\w+)"', tag)[0], None)
    for tag in checked:
        if " checked" in tag:
            name, value = re.findall(r'name="(\w+)"', tag)[0], re.findall(r'value="([^"]*)"', tag)[0]
            fields[name] = [*fields.get(name, []), value]  # type: ignore[misc]
    return {name: value for name, value in fields.items() if name not in ("csrf_token", "submission_id")}


READERS = (
    "grid_worker",
    "branch_secretary",
    "volunteer",
    "committee_member",
    "community_staff",
    "street_staff",
)


@pytest.mark.parametrize("name", READERS)
def test_everybody_reads_the_rules_and_only_the_district_is_offered_to_change_them(
    lite_app: Flask, world: World, browse: Browse, name: str
) -> None:
    page = browse.log_in(name).get("/points/rules").text
    for words in ("走访服务", "1 分/次", "1 分/小时", "每天最多 5 分，每月最多 60 分", "凭调解协议", "长期有效",
                  "兑换后 14 天内领取", "党支部成员、业委会（物管会）成员", "只记积分和时长", "6 个月内还可以兑换"):  # fmt: skip
        assert words in page, words
    assert "/points/rules/" not in page
    assert "/points/settings" not in page
    for url in (f"/points/rules/{id_of('visit')}", "/points/rules/new", "/points/settings"):
        browse.get(url, status=403)
        browse.post(url, status=403)
    for verb in ("end", "take-back"):
        browse.post(f"/points/rules/{id_of('visit')}/{verb}", status=403)


def test_the_rules_are_one_tap_from_account_and_shop(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("volunteer")
    for url in ("/points/", "/points/shop"):
        assert 'href="/points/rules"' in browse.get(url).text


def test_the_page_tells_other_settings_too(lite_app: Flask, world: World, browse: Browse) -> None:
    change_settings(
        posts=["volunteer"], lot_months=12, grace_months=0, serving_members_redeem=True, notice_days=30
    )
    page = browse.log_in("volunteer").get("/points/rules").text
    for words in ("三报到党员", "入账后 12 个月，到期前 30 天提醒", "不能再兑换", "可以兑换"):
        assert words in page
    make_serving(world, "building_leader", False)
    assert (
        "在任的党支部成员、业委会（物管会）成员、三报到党员"
        in browse.log_in("building_leader").get("/points/").text
    )


def test_a_change_by_its_form_shows_on_the_page(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("district_admin")
    assert f"/points/rules/{id_of('visit')}" in browse.get("/points/rules").text
    url = f"/points/rules/{id_of('visit')}"
    sent = given(browse.get(url).text, url)
    assert (sent["amount"], sent["daily_cap"], sent["first_day"]) == ("1", "5", tomorrow().isoformat())
    assert "per" not in sent
    first = tomorrow(3)
    later = {**sent, "amount": "2", "daily_cap": "10", "monthly_cap": "", "first_day": first.isoformat()}
    tap = str(uuid.uuid4())
    answers = [browse.post(url, later, submission_id=tap) for _ in range(2)]
    assert len(rows_of("visit")) == 2
    assert "已安排" in browse.follow(answers[1]).text
    page = browse.log_in("grid_worker").get("/points/rules").text
    assert f"{text.day(first)}起 2 分/次，每天最多 10 分" in page
    assert "1 分/次" in page
    browse.log_in("district_admin").post(url, {**later, "amount": "9"}, status=409)
    # Opened again, the form shows what is announced; one button takes it back.
    page = browse.get(url).text
    assert given(page, url)["amount"] == "2"
    told = browse.follow(browse.post(f"{url}/take-back", given(page, f"{url}/take-back"))).text
    assert "已撤回" in told
    assert "起 2 分/次" not in told


def test_wrong_input_comes_back_beside_its_field(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("district_admin")
    url = f"/points/rules/{id_of('visit')}"
    sent = given(browse.get(url).text, url)
    for wrong, words in (
        ({"amount": "0"}, "请填写 1 到 1000 的整数"),
        ({"name": ""}, "请填写名称"),
        ({"daily_cap": "-1"}, "请填写 1 以上的整数"),
        ({"amount": "8", "daily_cap": "6"}, "上限不能少于 8 分"),
        ({"first_day": clock.today().isoformat()}, "最早从明天起"),
    ):
        page = browse.post(url, {**sent, "monthly_cap": "77", **wrong}, status=422).text
        assert words in page, wrong
        assert 'value="77"' in page
    assert "和现在的规则一样" in browse.post(url, sent, status=422).text
    ended = {"last_day": (clock.today() - DAY).isoformat(), "seen": sent["seen"]}
    page = browse.post(f"{url}/end", ended, status=422).text
    assert "最早到今天为止" in page
    assert '<details class="sheet" name="sheet" open>' in page
    assert len(rows_of("visit")) == 1


def test_ending_and_beginning_anew_by_the_pages(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("district_admin")
    url = f"/points/rules/{id_of('visit')}"
    sent = given(browse.get(url).text, f"{url}/end")
    told = browse.follow(browse.post(f"{url}/end", sent)).text
    assert f"“走访服务”到{text.day(clock.today())}为止" in told
    assert f"{text.day(tomorrow())}起停止" in told
    assert "重新启用" not in told
    with time_machine.travel(clock.at(tomorrow()), tick=False):
        page = browse.get("/points/rules").text
        assert "1 分/次，" not in page
        assert "重新启用“走访服务”" in page
        browse.get(url, status=404)
        sent = given(browse.get("/points/rules/new?event=visit_logged").text, "/points/rules/new")
        assert (sent["event"], sent["amount"], sent["daily_cap"]) == ("visit_logged", "1", "5")
        assert "evidence" not in sent
        told = browse.follow(browse.post("/points/rules/new", {**sent, "amount": "4"})).text
        assert f"“走访服务”{text.day(clock.today() + DAY)}起按 4 分/次 记分" in told
        assert "重新启用" not in told
        browse.post("/points/rules/new", {**sent, "amount": "5"}, status=409)
    with time_machine.travel(clock.at(tomorrow(1)), tick=False):
        assert earn(world)[0].amount == 4


def test_a_new_rule_by_hand_can_be_proposed_by(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("district_admin")
    sent = {
        **given(browse.get("/points/rules/new").text, "/points/rules/new"),
        "name": "照看独居老人",
        "amount": "2",
    }
    assert sent["event"] == "by_hand"
    assert "请选择一项" in browse.post("/points/rules/new", sent, status=422).text
    made = browse.follow(browse.post("/points/rules/new", {**sent, "evidence": "note"})).text
    assert f"{text.day(tomorrow())}起 2 分/次" in made
    with time_machine.travel(clock.at(tomorrow()), tick=False):
        page = browse.log_in("branch_secretary").get("/points/propose").text
        assert "照看独居老人 +2 分（凭情况说明）" in page


def test_the_settings_by_their_form(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("district_admin")
    sent = given(browse.get("/points/settings").text, "/points/settings")
    assert sent["bodies"] == ["branch", "committee"]
    assert sent["lot_months"] == ""
    for wrong, words in (
        ({"pickup_days": "0"}, "请填写 1 到 90 的整数"),
        ({"grace_months": ""}, "请填写数字"),
        ({"lot_months": "0"}, "请填写 1 到 120 的整数"),
        ({"bodies": []}, "请至少选一类人"),
        ({"posts": ["handler"]}, ""),
        ({}, "和现在的设置一样"),
    ):
        assert (
            words in browse.post("/points/settings", {**sent, "notice_days": "60", **wrong}, status=422).text
        )
    changed = {**sent, "posts": ["volunteer"], "lot_months": "24", "serving_members_redeem": "y"}
    told = browse.follow(browse.post("/points/settings", changed)).text
    assert "入账后 24 个月" in told
    assert "三报到党员" in told
    chosen = eligibility.read_settings()
    assert (chosen.posts, chosen.lot_months, chosen.serving_members_redeem) == (["volunteer"], 24, True)
    browse.post("/points/settings", {**changed, "pickup_days": "7"}, status=409)
    sent = given(browse.get("/points/settings").text, "/points/settings")
    told = browse.follow(browse.post("/points/settings", {**sent, "posts": [], "lot_months": ""})).text
    assert "长期有效" in told
    assert eligibility.settings().posts == []


def test_more_rules_cost_no_more_queries(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("district_admin")
    numbers = []
    for round_ in range(2):
        for number in range(3):
            begin(world, "by_hand", RuleInput(name=f"示范事项{round_}{number}", amount=1, evidence="note"))
        db.session.rollback()
        browse.get("/points/rules")
        with counting() as statements:
            browse.get("/points/rules", lint=False)
        numbers.append(len(statements))
    assert numbers[0] == numbers[1] <= 6, numbers
