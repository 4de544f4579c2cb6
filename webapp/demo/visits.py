"""A year of visits: what came of a case, and the many that were settled or explained on the spot."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp.cases.states import Confidentiality, Source
from webapp.demo import people
from webapp.demo.case_record import ToldCase
from webapp.demo.history import ONE_DAY, Act, Doer, History
from webapp.demo.places import Place
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.private import keyed_hash
from webapp.points.models import RuleEvent
from webapp.visits.models import Outcome, ServiceItem, Visit, VisitItem, VisitKind

NOTES = {
    "policy": (
        "介绍了高龄津贴的申请条件",
        "解释了加装电梯补贴政策",
        "介绍了灵活就业参保办法",
        "讲解了残疾人两项补贴",
    ),
    "errand": ("代交水电费", "代取社区证明", "代办老年优待证", "代收快递送上门"),
    "home_call": ("陪老人聊天，身体精神都好", "送去节日慰问品", "看望出院的居民", "了解独居老人近况"),
    "mediation": (
        "楼上楼下因晾晒起争执，已劝和",
        "邻里因公共空间堆物起争执，已商定清理",
        "养犬扰邻，双方已谅解",
    ),
    "safety": (
        "检查燃气软管，提醒更换",
        "清理楼道可燃物",
        "提醒不在楼道给电动车充电",
        "检查独居老人家中插座",
    ),
    "sanitation": ("联系保洁清理楼前垃圾", "提醒垃圾分类投放", "清理绿化带杂物"),
    "elderly": ("帮老人量血压，提醒按时吃药", "帮助预约挂号", "帮老人调好手机大字版", "协助申请助餐"),
    "insurance": ("帮忙办理医保缴费", "协助养老资格认证", "查询社保缴费年限"),
    "certificate": ("告知开具证明所需材料", "引导到政务服务窗口办理", "说明该证明已取消，不用再开"),
    "property": ("联系物业修门禁", "联系物业疏通下水", "催促物业更换灯泡"),
    "opinion": ("居民希望增加晾晒架", "居民建议早晚开放活动室", "居民希望增设休息座椅"),
    "outreach": ("宣传防范电信诈骗", "发放消防宣传单", "宣传文明养犬", "通知停水时间"),
    "job": ("推荐附近招聘岗位", "登记求职意愿", "介绍技能培训班"),
    "other": ("日常走访，无特殊情况", "家中平安"),
}
# How often an item comes up.
SHARES = {
    "policy": 12, "errand": 10, "home_call": 14, "mediation": 5, "safety": 11, "sanitation": 8, "elderly": 12,
    "insurance": 7, "certificate": 5, "property": 6, "opinion": 5, "outreach": 9, "job": 3, "other": 3,
}  # fmt: skip
OUTCOMES = (
    (Outcome.SETTLED, 62),
    (Outcome.EXPLAINED, 24),
    (Outcome.IN_PROGRESS, 6),
    (Outcome.NOBODY_HOME, 8),
)
STILL_OPEN = timedelta(days=14)  # what was in progress longer ago has long been settled


class _Items(NamedTuple):
    keys: list[str]
    weights: list[int]
    ids: dict[str, int]
    of_category: dict[str, str]


def tell(history: History, cases: Sequence[ToldCase], count: int) -> int:
    """Write ``count`` visits or more: one for each case that a visit brought in, the rest on their own."""
    rng, items = history.rng("visits"), _items()
    from_cases = [
        case for case in cases if case.source in (Source.VISIT, Source.STATION) and case.registered_by
    ]
    for case in from_cases:
        assert case.registered_by is not None
        kind = VisitKind.HOME_VISIT if case.source == Source.VISIT else VisitKind.STATION_RECEPTION
        key = items.of_category.get(case.category, "other")
        at = case.registered_at - timedelta(minutes=rng.randint(1, 9))
        _visit(
            history, rng, items, case.registered_by, at, kind, key, Outcome.TO_CASE, case.place,
            case_id=case.id, note=case.title if case.confidentiality == Confidentiality.NORMAL else "",
        )  # fmt: skip
    others = max(0, count - len(from_cases))
    for day in history.some_days(rng, others):
        _plain(history, rng, items, history.moment(rng, day))
    latest = _latest(history, rng, items)
    history.loader.write()
    return len(from_cases) + others + latest


def _items() -> _Items:
    rows = db.session.execute(sa.select(ServiceItem.key, ServiceItem.id, ServiceItem.case_category)).all()
    ids = {row.key: row.id for row in rows}
    keys = [key for key in SHARES if key in ids]
    return _Items(
        keys, [SHARES[key] for key in keys], ids, {row.case_category: row.key for row in reversed(rows)}
    )


def _plain(
    history: History, rng: random.Random, items: _Items, at: datetime, grid: Place | None = None
) -> None:
    """A visit of which no case came."""
    grid = grid or rng.choice(history.made.grids)
    worker, place = _worker(history, rng, grid)
    kind = VisitKind.HOME_VISIT if rng.random() < 0.62 else VisitKind.STATION_RECEPTION
    if worker.post == Post.COMMUNITY_STAFF:
        kind = VisitKind.STATION_RECEPTION
    outcome = rng.choices([o for o, _ in OUTCOMES], weights=[share for _, share in OUTCOMES])[0]
    if outcome == Outcome.NOBODY_HOME and kind == VisitKind.STATION_RECEPTION:
        outcome = Outcome.EXPLAINED
    if outcome == Outcome.IN_PROGRESS and at < history.now - STILL_OPEN:
        outcome = Outcome.SETTLED
    key = rng.choices(items.keys, weights=items.weights)[0]
    note = rng.choice(NOTES[key]) if outcome != Outcome.NOBODY_HOME and rng.random() < 0.5 else ""
    _visit(history, rng, items, worker, at, kind, key, outcome, place, note=note)


def _worker(history: History, rng: random.Random, grid: Place) -> tuple[Doer, dict[str, int | None]]:
    """Mostly the grid worker; sometimes a building's leader or the community."""
    luck = rng.random()
    if luck < 0.82:
        building = rng.choice(history.made.buildings[grid.id])
        place = building.columns() if luck < 0.6 else grid.columns()
        return history.serving(rng, Post.GRID_WORKER, grid.id), place
    if luck < 0.93:
        building = rng.choice(history.made.buildings[grid.id])
        return history.serving(rng, Post.BUILDING_LEADER, building.id), building.columns()
    assert grid.community_id is not None
    return history.serving(rng, Post.COMMUNITY_STAFF, grid.community_id), grid.columns()


def _visit(
    history: History, rng: random.Random, items: _Items, worker: Doer, at: datetime, kind: str, key: str, outcome: str,
    place: Mapping[str, int | None], case_id: int | None = None, note: str = "", again_on: date | None = None,
) -> None:  # fmt: skip
    logged_at = _logged_at(history, rng, at)
    late = clock.local(logged_at).date() > clock.local(at).date()
    station = place["grid_id"] if place["grid_id"] in history.made.stations_of else place["community_id"]
    visit_id = history.loader.add(
        Visit,
        kind=kind,
        outcome=outcome,
        worker_id=worker.person_id,
        unit_id=worker.unit_id,
        station_id=history.made.stations_of[station]
        if kind == VisitKind.STATION_RECEPTION and station
        else None,
        desk_session_id=None,
        at=at,
        logged_at=logged_at,
        is_late_entry=late,
        note=note,
        next_visit_on=again_on or _next_visit(history, rng, outcome),
        do_not_disturb=rng.random() < 0.01,
        case_id=case_id,
        undone_at=None,
        **_resident(rng, known=outcome != Outcome.NOBODY_HOME and rng.random() < 0.3),
        **place,
    )
    keys = [key, *([rng.choice(items.keys)] if rng.random() < 0.08 else [])]
    for item_id in dict.fromkeys(items.ids[chosen] for chosen in keys):
        history.loader.add(VisitItem, visit_id=visit_id, item_id=item_id)
    detail = {"kind": str(kind), "outcome": str(outcome), "late": late}
    history.book.note(logged_at, worker, "visit:log", ("visit", visit_id), detail)
    day = clock.local(at).date()
    history.acts.append(
        Act(RuleEvent.VISIT_LOGGED, worker.person_id, worker, ("visit", visit_id), day, logged_at, place)
    )


def _logged_at(history: History, rng: random.Random, at: datetime) -> datetime:
    """Within minutes, mostly; now and then on the next working day (补记)."""
    if rng.random() < 0.04:
        later = history.moment(rng, history.workday(clock.local(at).date() + ONE_DAY))
        if later < history.now:
            return later
    return at + timedelta(minutes=2)


def _next_visit(history: History, rng: random.Random, outcome: str) -> Any:
    """Open matters are looked at again soon."""
    if outcome != Outcome.IN_PROGRESS:
        return None
    return history.workday(history.today + timedelta(days=rng.randint(0, 9)))


def _resident(rng: random.Random, known: bool) -> dict[str, str | None]:
    """Who was visited, where it was written down."""
    name, phone, door = people.resident(rng) if known else (None, None, None)
    phone = phone if rng.random() < 0.5 else None
    return {
        "resident_name": name,
        "resident_name_hash": keyed_hash(name) if name else None,
        "resident_phone": phone,
        "resident_phone_hash": keyed_hash(phone) if phone else None,
        "door": door,
    }


def _latest(history: History, rng: random.Random, items: _Items) -> int:
    """Some visits of the last hours in the demo's grid, one with a date for the next; returns how many."""
    minutes, grid = range(150, 10, -35), history.made.grids[0]
    for ago in minutes:
        _plain(history, rng, items, history.now - timedelta(minutes=ago), grid)
    post, tomorrow = Post.GRID_WORKER, history.today + ONE_DAY
    worker = Doer(history.made.staff[post, grid.id][0], post, grid.id)
    key, at, kind = items.keys[0], history.now - timedelta(minutes=190), VisitKind.HOME_VISIT
    _visit(history, rng, items, worker, at, kind, key, Outcome.IN_PROGRESS, grid.columns(), again_on=tomorrow)
    return len(minutes) + 1
