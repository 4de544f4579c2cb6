"""A year of points: what was put forward by hand, what a second person answered, and what the points bought.

What visits, cases and hours earn comes by itself, from the rules.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from webapp.demo.timeline import ONE_DAY, Stage, Story, weighted
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.points.ledger import service
from webapp.points.ledger.balance import balance
from webapp.points.models import EntryState, PointEntry, RedemptionState, Reward, RewardKind, RuleEvent
from webapp.points.redemptions import service as redemptions
from webapp.points.rewards.queries import redeemed_in_quarter
from webapp.points.rewards.service import RewardInput, offer, stock
from webapp.points.rules.queries import rules_on

UNANSWERED = timedelta(days=5)  # proposals older than this have been reviewed
REJECTED = 0.12
REASONS = {
    "mediation": ("调解楼上楼下漏水纠纷，双方签订协议", "调解晾晒争执，双方和好", "调解停车剐蹭纠纷"),
    "meeting": ("参加停车协调会", "参加充电桩选址协商会", "参加物业费恳谈会"),
    "cleaning": ("参加楼道清理", "参加绿化带清理", "参加扫雪"),
    "publicity": ("向住户讲解反诈知识", "讲解垃圾分类", "讲解消防安全"),
}
BY_HAND = (2, 5)  # acts put forward for each member of a committee in a year
ACTIVE = 30  # ... and for the demo's own, so that the shop can be tried
LATELY = 4  # proposals that wait for the demo's community
REVIEWED_AT = time(16, 10)
OPENS_AT = time(8, 5)


class Offer(NamedTuple):
    """A reward as a community offers it; ``limit`` for each person and quarter."""

    name: str
    kind: RewardKind
    about: str
    cost: int
    picture: str
    limit: int | None
    stock: int


OFFERS = (
    Offer("大米 5 公斤", RewardKind.GOODS, "东北大米，真空包装。", 30, "rice", 2, 40),
    Offer("食用油 5 升", RewardKind.GOODS, "非转基因大豆油。", 40, "oil", 2, 30),
    Offer("抽纸一提", RewardKind.GOODS, "十包装。", 8, "tissue", None, 120),
    Offer("洗衣液 2 公斤", RewardKind.GOODS, "无磷，机洗手洗都可以。", 12, "wash", None, 80),
    Offer("晴雨伞", RewardKind.GOODS, "三折，防晒。", 15, "umbrella", 1, 50),
    Offer("保温杯", RewardKind.GOODS, "316 不锈钢，500 毫升。", 20, "cup", 1, 40),
    Offer("义剪理发一次", RewardKind.SERVICE, "每周三上午，服务站。", 6, "haircut", None, 60),
    Offer("小家电维修一次", RewardKind.SERVICE, "上门检修，不含配件。", 10, "repair", 2, 40),
    Offer("家庭保洁两小时", RewardKind.SERVICE, "提前两天预约。", 35, "clean", 1, 20),
    Offer("基础体检一次", RewardKind.SERVICE, "社区卫生服务中心，空腹。", 50, "health", 1, 15),
    Offer("节日礼盒", RewardKind.GOODS, "杂粮、红枣、核桃。", 25, "box", 1, 30),
    Offer("毛巾两条", RewardKind.GOODS, "纯棉。", 5, "wash", None, 100),
)
ELSEWHERE = (
    "抽纸一提",
    "毛巾两条",
    "洗衣液 2 公斤",
    "义剪理发一次",
    "大米 5 公斤",
)  # what the other communities offer
LOW, RESTOCK = 4, 20
WISHES = 3  # how often in a year a person looks at the shop
SAVES = 0.4  # who could take something keeps the points instead
FATES = ((RedemptionState.FULFILLED, 86), (RedemptionState.CANCELLED, 8), (RedemptionState.EXPIRED, 6))
# What the demo accounts have taken, how many days ago, and what became of it.
LIVE = (
    (Post.COMMITTEE_MEMBER, 120, RedemptionState.EXPIRED),
    (Post.COMMITTEE_MEMBER, 90, RedemptionState.CANCELLED),
    (Post.COMMITTEE_MEMBER, 60, RedemptionState.FULFILLED),
    (Post.COMMITTEE_MEMBER, 2, RedemptionState.REQUESTED),
    (Post.BRANCH_SECRETARY, 1, RedemptionState.REQUESTED),
    (Post.GRID_WORKER, 3, RedemptionState.REQUESTED),
)


def tell(stage: Stage) -> None:
    """The shops, who puts forward, who answers, who redeems."""
    rng, made, timeline = stage.rng("points"), stage.made, stage.timeline
    opens_at = clock.at(stage.days[0], OPENS_AT)
    timeline.begin(opens_at, _shops(stage))
    timeline.begin(opens_at, _reviews(stage, rng))
    for grid in made.grids:
        members = stage.cast.holders(Post.COMMITTEE_MEMBER, grid.id)
        for member in members:
            mine = member.person_id == made.demo[Post.COMMITTEE_MEMBER]
            for day in dict.fromkeys(stage.some_days(rng, ACTIVE if mine else rng.randint(*BY_HAND))):
                at = stage.moment(rng, stage.workday(day + ONE_DAY))
                at = min(at, stage.now - timedelta(minutes=rng.randint(40, 400)))
                timeline.begin(
                    at, _propose(stage, rng, Post.BRANCH_SECRETARY, grid.id, member.person_id, day)
                )
        for post in (Post.COMMITTEE_MEMBER, Post.BRANCH_SECRETARY, Post.GRID_WORKER):
            # The demo's own look at it when ``_live`` says so.
            for actor in stage.cast.holders(post, grid.id)[1 if grid is made.grids[0] else 0 :]:
                for day in stage.some_days(rng, WISHES):
                    timeline.begin(stage.moment(rng, day), _wish(stage, rng, actor, grid.community_id))
    _live(stage, rng)


def _live(stage: Stage, rng: random.Random) -> None:
    grid, made = stage.made.grids[0], stage.made
    worker = stage.cast.first(Post.GRID_WORKER, grid.id)
    earners = [person for person in made.bodies[grid.id] if person != worker.person_id]
    for number, person_id in enumerate(dict.fromkeys(earners[:LATELY])):
        day = stage.today - (1 + number % 2) * ONE_DAY
        at = stage.now - timedelta(minutes=rng.randint(40, 400))
        stage.timeline.begin(at, _propose(stage, rng, Post.GRID_WORKER, grid.id, person_id, day, number))
    for post, days, fate in LIVE:
        at = stage.now - timedelta(days=days, minutes=rng.randint(5, 600))
        actor = stage.cast.first(post, grid.id)
        stage.timeline.begin(at, _wish(stage, rng, actor, grid.community_id, fate))
    stage.timeline.begin(stage.now - timedelta(hours=26), _disagree(stage))


def _propose(
    stage: Stage,
    rng: random.Random,
    post: Post,
    grid_id: int,
    person_id: int,
    day: date,
    which: int | None = None,
) -> Story:
    """Put forward what somebody did on that day."""
    rules = rules_on(day, RuleEvent.BY_HAND)
    rule = rng.choice(rules) if which is None else rules[which % len(rules)]
    same = sa.select(PointEntry.id).where(
        PointEntry.person_id == person_id, PointEntry.rule_code == rule.code, PointEntry.source_type == "by_hand",
        PointEntry.source_id == day.isoformat(),
    )  # fmt: skip
    if not db.session.scalar(same):
        by = stage.cast.first(post, grid_id)
        reason = rng.choice(REASONS[rule.code])
        service.propose(by, person_id=person_id, rule_id=rule.id, day=day, reason=reason)
    yield from ()


def _reviews(stage: Stage, rng: random.Random) -> Story:
    """Twice a week the communities answer what waits. The demo's own leaves it to others, to settle objections to it."""
    mine, refused = stage.made.demo[Post.COMMITTEE_MEMBER], False
    query = sa.select(PointEntry).where(PointEntry.state == EntryState.PROPOSED).order_by(PointEntry.id)
    for day in stage.days[1::3]:
        yield clock.at(stage.workday(day), REVIEWED_AT)
        if clock.now() > stage.now - UNANSWERED:
            return
        for entry in db.session.scalars(query).all():
            staff = stage.cast.holders(Post.COMMUNITY_STAFF, entry.community_id)[1:]
            by = rng.choice([a for a in staff if a.person_id not in (entry.person_id, entry.created_by_id)])
            first_of_mine = entry.person_id == mine and not refused
            refused = refused or first_of_mine
            approve = rng.random() > REJECTED and not first_of_mine
            service.review(by, entry.id, approve=approve, reason="" if approve else "材料不全，请补充后再报")


def _disagree(stage: Stage) -> Story:
    """The demo's committee member says that a refusal was wrong; the community has to settle it."""
    me = stage.cast.first(Post.COMMITTEE_MEMBER, stage.made.grids[0].id)
    refused = sa.select(PointEntry.id).where(
        PointEntry.person_id == me.person_id, PointEntry.state == EntryState.REJECTED
    )
    if entry_id := db.session.scalar(refused.order_by(PointEntry.id.desc()).limit(1)):
        service.object_to(me, entry_id, reason="调解协议当天已交到社区，请再核对一次。")
    yield from ()


def _shops(stage: Stage) -> Story:
    """Every community offers some rewards, the demo's all of them."""
    for community in stage.made.communities:
        mine = community is stage.made.communities[0]
        for thing in OFFERS:
            if mine or thing.name in ELSEWHERE:
                given = RewardInput(
                    thing.name, thing.kind, thing.about, thing.cost, thing.picture, thing.limit,
                    stage.made.stations_of[community.id],
                )  # fmt: skip
                offer(_clerk(stage, community.id), given=given, stock=thing.stock)
    yield from ()


def _clerk(stage: Stage, community_id: int | None) -> Actor:
    return stage.cast.first(Post.COMMUNITY_STAFF, community_id)


def _wish(
    stage: Stage,
    rng: random.Random,
    who: Actor,
    community_id: int | None,
    fate: RedemptionState | None = None,
) -> Story:
    """Look at the shop; take something that one can afford. With a ``fate`` the cheapest, as soon as one can."""
    while not (fits := _affordable(who, community_id)) and fate:
        yield clock.now() + ONE_DAY
    if not fits or (fate is None and rng.random() < SAVES):
        return
    reward = fits[0] if fate else rng.choice(fits)
    fate = fate or weighted(rng, FATES)
    clerk = _clerk(stage, community_id)
    redemption = redemptions.redeem(who, reward_id=reward.id)
    if reward.on_shelf < LOW:
        stock(clerk, reward.id, amount=RESTOCK)
    yield stage.moment(rng, stage.workday(clock.today() + rng.randint(1, 5) * ONE_DAY))
    if fate == RedemptionState.FULFILLED:
        redemptions.hand_out(clerk, redemption.code)
    elif fate == RedemptionState.CANCELLED:
        redemptions.cancel(who, redemption.code)


def _affordable(who: Actor, community_id: int | None) -> Sequence[Reward]:
    """What the person could take now, the cheapest first."""
    spendable = balance(who.person_id, clock.today())
    query = sa.select(Reward).where(
        Reward.community_id == community_id, Reward.cost <= spendable, Reward.on_shelf > 0
    )
    return [
        reward
        for reward in db.session.scalars(query.order_by(Reward.cost, Reward.id))
        if reward.quarter_limit is None
        or redeemed_in_quarter(who.person_id, reward.id, clock.now()) < reward.quarter_limit
    ]
