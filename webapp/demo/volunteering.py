"""三报到 and a year of activities: most helped to solve a case, the others are the grids' own; some lie ahead."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, timedelta

import sqlalchemy as sa

from webapp.cases.states import Confidentiality
from webapp.demo.case_record import ToldCase
from webapp.demo.gatherings import Gathering, Gatherings
from webapp.demo.history import ONE_DAY, Doer, History
from webapp.demo.places import Place
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.volunteering.models import Category, CheckInKind, HoursState, PartyReport, ReportState

SKILLS = ("", "", "", "电工维修", "医疗护理", "法律咨询", "文艺辅导", "理发", "心理疏导", "财务", "摄影")
REPORTED = 330  # days ago the first reported
SECOND_REPORT = 0.04  # so many report to the community as well
HELPED = 0.94  # of the settled cases, so many with the help of party members
# title, category, from, minutes, where, risk and precaution (empty: none)
USUAL = (
    ("周末卫生清洁", Category.ENVIRONMENT, time(8, 30), 120, "小区中心广场", ""),
    ("夜间平安巡逻", Category.SAFETY, time(19), 90, "小区东门", "夜间行走，请穿反光背心、结伴而行"),
    ("义务理发", Category.CONVENIENCE, time(9), 150, "党群服务站", ""),
    ("独居老人陪护", Category.CARE, time(14, 30), 120, "老人家中，由网格员带队", ""),
    ("反诈宣传进楼栋", Category.PUBLICITY, time(18, 30), 60, "各楼栋门厅", ""),
    ("清理小广告", Category.ENVIRONMENT, time(8), 90, "小区各单元", ""),
    ("垃圾分类引导", Category.PUBLICITY, time(7), 90, "垃圾投放点", ""),
    ("义诊量血压", Category.CARE, time(8, 30), 150, "党群服务站", ""),
    ("电动车集中充电劝导", Category.SAFETY, time(18), 90, "车棚", ""),
    ("邻里矛盾调解值班", Category.MEDIATION, time(19), 90, "党群服务站", ""),
    ("扫雪除冰", Category.EMERGENCY, time(7, 30), 120, "小区主路", "路面湿滑，请穿防滑鞋、戴手套"),
    ("家电义务维修", Category.CONVENIENCE, time(9), 180, "小区中心广场", "注意用电安全，先断电再维修"),
)
HELP = {
    "lighting": "更换灯泡",
    "parking": "疏导停车",
    "charging": "劝导规范充电",
    "sanitation": "清理杂物",
    "leak": "排查漏点",
    "noise": "上门劝和",
    "dispute": "上门调解",
    "property": "协商对接",
    "safety": "排查隐患",
    "greening": "修剪清理",
    "facility": "检修设施",
    "care": "上门帮扶",
    "service": "代办帮办",
}
PER_GRID = 4  # activities of a grid's own in a year, besides those for cases


def tell(history: History, cases: Sequence[ToldCase]) -> int:
    """Write reports, activities and hours; returns how many attendances."""
    rng = history.rng("volunteering")
    _reports(history, rng)
    gatherings = Gatherings(history, rng)
    for case in cases:
        if case.archived_at and case.confidentiality == Confidentiality.NORMAL and rng.random() < HELPED:
            _help(history, rng, gatherings, case)
    for grid in history.made.grids:
        for day in history.some_days(rng, PER_GRID):
            if day < history.today - 20 * ONE_DAY:
                _settled(history, rng, gatherings, _usual(rng, grid, day))
        if rng.random() < 0.4:
            plan = _usual(rng, grid, history.today + rng.randint(2, 13) * ONE_DAY)
            gatherings.sign_up(gatherings.plan(plan), plan, rng.randint(2, 7))
    _live(history, rng, gatherings)
    history.loader.write()
    return gatherings.attendances


def _reports(history: History, rng: random.Random) -> None:
    """Every serving member reported to a grid; a few to its community, too."""
    kinds = db.session.execute(sa.select(CheckInKind.level, CheckInKind.id).order_by(CheckInKind.position))
    kind_of = {row.level: row.id for row in kinds}  # of each level the last: 在职党员
    communities = {community.id: community for community in history.made.communities}
    for grid in history.made.grids:
        for person_id in history.made.members.get(grid.id, []):
            units = [grid]
            if rng.random() < SECOND_REPORT and grid.community_id:
                units.append(communities[grid.community_id])
            for unit in units:
                at = history.moment(rng, history.today - rng.randint(1, REPORTED) * ONE_DAY)
                report_id = history.loader.add(
                    PartyReport,
                    person_id=person_id,
                    kind_id=kind_of[unit.level],
                    unit_id=unit.id,
                    reported_at=at,
                    state=ReportState.REPORTED,
                    skills=rng.choice(SKILLS),
                    **unit.columns(),
                )
                doer = Doer(person_id, Post.VOLUNTEER, grid.id)
                detail = {"kind": kind_of[unit.level], "unit": unit.id}
                history.book.note(at, doer, "report:make", ("party_report", report_id), detail)


def _help(history: History, rng: random.Random, gatherings: Gatherings, case: ToldCase) -> None:
    """Party members lend a hand while a case is worked on: the evening before the result, or just before it."""
    assert case.result_at is not None
    assert case.archived_at is not None
    grid = gatherings.grids[case.place["grid_id"] or 0]
    evening = clock.at(clock.local(case.result_at).date() - ONE_DAY, time(18, 30))
    if evening < case.registered_at:
        evening = max(case.registered_at, case.result_at - timedelta(minutes=75))
    minutes = rng.choice((45, 60, 90))
    title = f"党员志愿服务：{HELP.get(case.category, '协助办理')}"
    plan = Gathering(
        grid, title, Category.OTHER, case.place_text or f"{grid.name}内", evening, evening + timedelta(minutes=minutes),
        case_id=case.id, description=f"协助解决“{case.title}”。",
        planned_at=case.registered_at + (evening - case.registered_at) / 3,
    )  # fmt: skip
    _settled(history, rng, gatherings, plan, rng.randint(2, 4))


def _usual(rng: random.Random, grid: Place, day: date) -> Gathering:
    title, category, start, minutes, where, risk = rng.choice(USUAL)
    starts = clock.at(day, start)
    return Gathering(
        grid, title, category, f"{grid.name}{where}", starts, starts + timedelta(minutes=minutes),
        capacity=rng.choice((None, 8, 10, 15)), risk=risk,
    )  # fmt: skip


def _settled(
    history: History, rng: random.Random, gatherings: Gatherings, plan: Gathering, heads: int | None = None
) -> None:
    """An activity that is over and whose hours are confirmed, or that was called off."""
    confirmed_at = history.moment(
        rng, history.workday(clock.local(plan.ends_at).date() + rng.randint(1, 3) * ONE_DAY)
    )
    confirmed_at = min(confirmed_at, max(history.now - timedelta(hours=1), plan.ends_at))
    if plan.case_id is None and rng.random() < 0.03:
        gatherings.plan(plan, cancelled=True)
        return
    activity_id = gatherings.plan(plan, confirmed_at=confirmed_at)
    by = history.serving(rng, Post.COMMUNITY_STAFF, plan.grid.community_id or 0)
    for person_id in gatherings.sign_up(activity_id, plan, heads or rng.randint(4, 8)):
        gatherings.attend(activity_id, plan, person_id, confirmed=(confirmed_at, by))


def _live(history: History, rng: random.Random, gatherings: Gatherings) -> None:
    """What the demo accounts find: one activity today all day, a full one tomorrow, one next week, hours to confirm."""
    made, today = history.made, history.today
    grid, me = made.grids[0], made.demo[Post.VOLUNTEER]
    base = _usual(rng, grid, today)
    open_all_day = replace(
        base, title="党员先锋岗：便民服务全天候", category=Category.CONVENIENCE, place=f"{grid.name}党群服务站", risk="",
        starts_at=clock.at(today, time(7)), ends_at=clock.at(today, time(22)), capacity=20,
        description="引导办事、帮助老人、劝导不文明行为。随时可到，扫现场码签到、签退。",
    )  # fmt: skip
    gatherings.sign_up(gatherings.plan(open_all_day), open_all_day, 5, without=me)
    full = replace(
        base, title="关爱独居老人入户", category=Category.CARE, place="1栋门厅集合", risk="", capacity=4,
        starts_at=clock.at(today + ONE_DAY, time(9)), ends_at=clock.at(today + ONE_DAY, time(11)),
    )  # fmt: skip
    gatherings.sign_up(gatherings.plan(full), full, 6, without=me)
    next_week = _usual(rng, grid, today + 6 * ONE_DAY)
    gatherings.sign_up(gatherings.plan(next_week), next_week, 3, first=me)
    last = replace(
        base, title="楼道杂物清理", category=Category.ENVIRONMENT, place="2栋各单元", risk="", capacity=None,
        starts_at=clock.at(today - 2 * ONE_DAY, time(8, 30)), ends_at=clock.at(today - 2 * ONE_DAY, time(10, 30)),
    )  # fmt: skip
    last_id = gatherings.plan(last)
    came = gatherings.sign_up(last_id, last, 5, first=me)
    for number, person_id in enumerate(came):
        # The last of them says that the minutes are wrong; the others wait for confirmation.
        state = HoursState.DISPUTED if number == len(came) - 1 else HoursState.PENDING
        gatherings.attend(last_id, last, person_id, state=state)
    _mine(history, rng, gatherings, grid, me)


def _mine(history: History, rng: random.Random, gatherings: Gatherings, grid: Place, me: int) -> None:
    """The demo's volunteer has a past."""
    by = Doer(history.made.demo[Post.COMMUNITY_STAFF], Post.COMMUNITY_STAFF, history.made.communities[0].id)
    for days in (25, 47, 78, 120, 190):
        plan = _usual(rng, grid, history.today - days * ONE_DAY)
        confirmed_at = history.moment(rng, history.workday(clock.local(plan.ends_at).date() + ONE_DAY))
        activity_id = gatherings.plan(plan, confirmed_at=confirmed_at)
        for person_id in gatherings.sign_up(activity_id, plan, 4, first=me):
            gatherings.attend(activity_id, plan, person_id, confirmed=(confirmed_at, by))
