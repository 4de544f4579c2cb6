"""三报到 and a year of activities: most helped to solve a case, the others are the grids' own; some lie ahead."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, time, timedelta

import sqlalchemy as sa

from webapp.cases.models import Case
from webapp.cases.states import Confidentiality
from webapp.demo.timeline import ONE_DAY, Stage, Story
from webapp.directory.models import Unit
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict
from webapp.volunteering.activities.service import Plan, cancel_activity, create_activity, sign_up
from webapp.volunteering.attendance.service import check_in, check_out
from webapp.volunteering.hours.service import confirm_list, object_to
from webapp.volunteering.models import Attendance, Category, CheckInKind, HoursState, SignupState, Way
from webapp.volunteering.reports.service import report_to_grid

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
PER_GRID = 2  # activities of a grid's own in a year, besides those for cases
WAYS = (Way.ROTATING_CODE, Way.POSTER, None)  # None: the organiser notes who came
FORGETS = 0.06  # to check out
AHEAD = timedelta(days=4)  # planned so long before, where nothing else is said


def tell(stage: Stage) -> None:
    """Who reports where, and what the grids plan."""
    rng, timeline = stage.rng("volunteering"), stage.timeline
    _reports(stage, rng)
    for grid in stage.made.grids:
        for day in stage.some_days(rng, PER_GRID):
            if day < stage.today - 20 * ONE_DAY:
                plan = _usual(rng, grid, day)
                timeline.begin(plan.starts_at - AHEAD, _gathering(stage, rng, plan, rng.randint(4, 8)))
        if rng.random() < 0.4:
            _plan_ahead(
                stage, rng, _usual(rng, grid, stage.today + rng.randint(2, 13) * ONE_DAY), rng.randint(2, 7)
            )
    _live(stage, rng)


def _reports(stage: Stage, rng: random.Random) -> None:
    """Every serving member reports to a grid; a few to its community, too."""
    # Held as they are, or each report would read its kind anew. Of each level the last: 在职党员.
    kinds = db.session.scalars(sa.select(CheckInKind).order_by(CheckInKind.position))
    kind_of = {kind.level: kind for kind in kinds}

    def report(actor: Actor, level: str, grid_id: int, skills: str) -> Story:
        report_to_grid(actor, kind_id=kind_of[level].id, grid_id=grid_id, skills=skills)
        yield from ()

    for grid in stage.made.grids:
        for actor in stage.cast.holders(Post.VOLUNTEER, grid.id):
            for level in ("grid", "community") if rng.random() < SECOND_REPORT else ("grid",):
                at = stage.moment(rng, stage.today - rng.randint(1, REPORTED) * ONE_DAY)
                stage.timeline.begin(at, report(actor, level, grid.id, rng.choice(SKILLS)))


def help_with(stage: Stage, case: Case) -> None:
    """Party members lend a hand while a case is worked on: the same day if there is time, else the next evening."""
    rng = random.Random(f"help:{case.number}")  # noqa: S311 - invents a district, guards nothing
    grid = next((grid for grid in stage.made.grids if grid.id == case.grid_id), None)
    if grid is None or case.confidentiality == Confidentiality.REPORT or rng.random() > HELPED:
        return
    starts = clock.now() + timedelta(minutes=rng.randint(15, 40))
    plan = Plan(
        title=f"党员志愿服务：{HELP.get(case.category, '协助办理')}", category=Category.OTHER,
        place=case.place_text or f"{grid.short_name}内", starts_at=starts,
        ends_at=starts + timedelta(minutes=rng.choice((45, 60, 90))), unit_id=grid.id,
        station_id=stage.made.stations_of.get(grid.id), contact="请联系网格员", description=f"协助解决“{case.title}”。",
        case_number=case.number,
    )  # fmt: skip
    stage.timeline.begin(clock.now(), _gathering(stage, rng, plan, rng.randint(1, 2), ways=(None,)))


def _usual(rng: random.Random, grid: Unit, day: date) -> Plan:
    title, category, start, minutes, where, risk = rng.choice(USUAL)
    starts = clock.at(day, start)
    return Plan(
        title=title, category=category, place=f"{grid.short_name}{where}", starts_at=starts,
        ends_at=starts + timedelta(minutes=minutes), unit_id=grid.id, capacity=rng.choice((None, 8, 10, 15)),
        contact="请联系网格员", is_risky=bool(risk), risk_note=risk, insured=bool(risk),
    )  # fmt: skip


def _organiser(stage: Stage, plan: Plan) -> Actor:
    return stage.cast.first(Post.GRID_WORKER, plan.unit_id)


def _members(
    stage: Stage,
    rng: random.Random,
    plan: Plan,
    heads: int,
    first: Actor | None = None,
    without: Actor | None = None,
) -> list[Actor]:
    """Members of the grid, ``first`` among them and ``without`` not."""
    others = [
        actor for actor in stage.cast.holders(Post.VOLUNTEER, plan.unit_id) if actor not in (first, without)
    ]
    return [*([first] if first else []), *rng.sample(others, min(heads, len(others)))]


def _sign_up(activity_id: int, actors: Sequence[Actor]) -> list[Actor]:
    """They sign up, who is at another activity at that time excepted; returns who has a place."""
    placed = []
    for actor in actors:
        with suppress(Conflict):
            if sign_up(actor, activity_id).state == SignupState.SIGNED_UP:
                placed.append(actor)
    return placed


def _plan_ahead(stage: Stage, rng: random.Random, plan: Plan, heads: int, **who: Actor) -> None:
    """An activity that has not begun yet, or is still open, with those who signed up."""

    def story() -> Story:
        activity = create_activity(_organiser(stage, plan), plan)
        for actor in _members(stage, rng, plan, heads, **who):
            yield clock.now() + timedelta(minutes=rng.randint(1, 50))
            _sign_up(activity.id, [actor])

    at = min(plan.starts_at - AHEAD, stage.now - timedelta(days=1))
    stage.timeline.begin(at, story())


def _gathering(
    stage: Stage, rng: random.Random, plan: Plan, heads: int, ways: Sequence[Way | None] = WAYS,
    first: Actor | None = None, left_open: bool = False,
) -> Story:  # fmt: skip
    """An activity from plan to confirmed hours; some are called off. With ``left_open`` nobody has confirmed yet."""
    activity = create_activity(_organiser(stage, plan), plan)
    if not plan.case_number and not first and rng.random() < 0.03:
        yield clock.now() + ONE_DAY
        cancel_activity(_organiser(stage, plan), activity.id)
        return
    yield clock.now() + (plan.starts_at - clock.now()) / 2
    members = _sign_up(activity.id, _members(stage, rng, plan, heads, first))
    yield plan.starts_at
    there = []
    for actor in members:
        way = rng.choice(ways)
        if way:
            there.append(actor)
            check_in(actor, activity.id, way)
    if there:
        yield plan.ends_at + timedelta(minutes=rng.randint(-5, 12))
        for actor in there:
            if rng.random() > FORGETS:
                check_out(actor, activity.id)
    if left_open or not members:
        return
    yield stage.moment(rng, stage.workday(clock.local(plan.ends_at).date() + rng.randint(1, 3) * ONE_DAY))
    by = rng.choice(stage.cast.holders(Post.COMMUNITY_STAFF, activity.community_id))
    confirm_list(by, activity.id, people=[actor.person_id for actor in members])


def _live(stage: Stage, rng: random.Random) -> None:
    """What the demo accounts find: one activity today all day, a full one tomorrow, one next week, hours to confirm."""
    made, today = stage.made, stage.today
    grid = made.grids[0]
    me = stage.cast.first(Post.VOLUNTEER, grid.id)
    base = replace(_usual(rng, grid, today), is_risky=False, risk_note="", insured=False, capacity=None)
    open_all_day = replace(
        base, title="党员先锋岗：便民服务全天候", category=Category.CONVENIENCE, place=f"{grid.short_name}党群服务站",
        starts_at=clock.at(today, time(7)), ends_at=clock.at(today, time(22)), capacity=20,
        description="引导办事、帮助老人、劝导不文明行为。随时可到，扫现场码签到、签退。",
    )  # fmt: skip
    _plan_ahead(stage, rng, open_all_day, 5, without=me)
    full = replace(
        base, title="关爱独居老人入户", category=Category.CARE, place="1栋门厅集合", capacity=4,
        starts_at=clock.at(today + ONE_DAY, time(9)), ends_at=clock.at(today + ONE_DAY, time(11)),
    )  # fmt: skip
    _plan_ahead(stage, rng, full, 6, without=me)
    _plan_ahead(stage, rng, replace(_usual(rng, grid, today + 6 * ONE_DAY), capacity=None), 3, first=me)
    last = replace(
        base, title="楼道杂物清理", category=Category.ENVIRONMENT, place="2栋各单元",
        starts_at=clock.at(today - 2 * ONE_DAY, time(8, 30)), ends_at=clock.at(today - 2 * ONE_DAY, time(10, 30)),
    )  # fmt: skip
    ways = WAYS[:2]
    stage.timeline.begin(
        last.starts_at - AHEAD, _gathering(stage, rng, last, 5, ways, first=me, left_open=True)
    )
    stage.timeline.begin(stage.now - timedelta(hours=20), _object(me, last))
    for days in (25, 47, 78, 120, 190):
        plan = replace(_usual(rng, grid, today - days * ONE_DAY), capacity=None)
        stage.timeline.begin(plan.starts_at - AHEAD, _gathering(stage, rng, plan, 4, ways, first=me))


def _object(me: Actor, plan: Plan) -> Story:
    """One of those who came last says that the minutes are wrong; the others wait for confirmation."""
    query = sa.select(Attendance).where(
        Attendance.grid_id == plan.unit_id,
        Attendance.state == HoursState.PENDING,
        Attendance.person_id != me.person_id,
    )
    attendance = db.session.scalars(query.order_by(Attendance.id.desc())).first()
    if attendance is not None:
        actor = replace(me, person_id=attendance.person_id)
        object_to(actor, attendance.id, text="当天我提前半小时到场布置，时长少记了。")
    yield from ()
