"""The shops of the communities and a year of redemptions, in every state."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp.demo.history import NEXT_MORNING, ONE_DAY, YEAR, Doer, History
from webapp.demo.ledger import Entry, Ledger
from webapp.demo.places import Place
from webapp.directory.models import Person
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.codes import pickup_code
from webapp.points.eligibility import settings
from webapp.points.models import (
    REDEMPTION_NAMES,
    Redemption,
    RedemptionState,
    Reward,
    RewardKind,
    StockKind,
    StockMovement,
)


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
WISHES = 5  # how often in a year a person looks at the shop
FATES = ((RedemptionState.FULFILLED, 86), (RedemptionState.CANCELLED, 8), (RedemptionState.EXPIRED, 6))


SAVES = 0.4  # who could take something keeps the points instead
# What the demo accounts have taken, how many days ago, and what became of it.
LIVE = (
    (Post.COMMITTEE_MEMBER, 120, RedemptionState.EXPIRED),
    (Post.COMMITTEE_MEMBER, 90, RedemptionState.CANCELLED),
    (Post.COMMITTEE_MEMBER, 60, RedemptionState.FULFILLED),
    (Post.COMMITTEE_MEMBER, 2, RedemptionState.REQUESTED),
    (Post.BRANCH_SECRETARY, 1, RedemptionState.REQUESTED),
    (Post.GRID_WORKER, 3, RedemptionState.REQUESTED),
)


@dataclass
class _Shelf:
    id: int
    offer: Offer
    place: Place
    station_id: int
    clerk: Doer
    on_shelf: int = 0


class Shop:
    """Sells what is on the shelf for what is in the ledger, event by event in the order of time."""

    def __init__(self, history: History, ledger: Ledger, rng: random.Random) -> None:
        self.history, self.ledger, self.rng = history, ledger, rng
        self.pickup = timedelta(days=settings().pickup_days)
        self._shelves: dict[int, list[_Shelf]] = {}
        self._events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = itertools.count()
        self._redemptions: list[dict[str, Any]] = []
        self._movements: list[dict[str, Any]] = []
        self._taken: Counter[tuple[object, ...]] = Counter()  # by person, reward and quarter

    def open(self) -> None:
        """Every community offers some rewards, the demo's all of them."""
        made, at = self.history.made, clock.at(self.history.today - YEAR + ONE_DAY, NEXT_MORNING)
        for community in made.communities:
            clerk = Doer(
                made.staff[Post.COMMUNITY_STAFF, community.id][0], Post.COMMUNITY_STAFF, community.id
            )
            offers = (
                OFFERS if community is made.communities[0] else [o for o in OFFERS if o.name in ELSEWHERE]
            )
            shelves = self._shelves[community.id] = []
            for offer in offers:
                shelf = _Shelf(
                    self.history.loader.reserve(Reward),
                    offer,
                    community,
                    made.stations_of[community.id],
                    clerk,
                )
                shelves.append(shelf)
                self._stock(shelf, offer.stock, at)
                detail = {"cost": offer.cost, "stock": offer.stock}
                self.history.book.note(at, clerk, "reward:offer", ("reward", shelf.id), detail)

    def redeem(self, earners: Iterable[int]) -> None:
        """Let a year pass: people look at the shop now and then, and collect what they took, or do not."""
        serving = set(db.session.scalars(sa.select(Person.id).where(Person.is_serving_party_member)))
        known = {
            person: Doer(person, post, unit)
            for (post, unit), people in self.history.made.staff.items()
            for person in people
            if post in (Post.COMMITTEE_MEMBER, Post.BRANCH_SECRETARY, Post.GRID_WORKER)
        }
        for person_id in earners:
            if person_id not in serving and person_id in known:
                for day in self.history.some_days(self.rng, WISHES):
                    self._at(
                        self.history.moment(self.rng, day), partial(self._wish, known[person_id], fate="")
                    )
        for post, days, fate in LIVE:
            at = self.history.now - timedelta(days=days, minutes=self.rng.randint(5, 600))
            self._at(at, partial(self._wish, known[self.history.made.demo[post]], fate=fate))
        while self._events:
            at, _, act = heapq.heappop(self._events)
            act(at)

    def write(self) -> None:
        """Hand everything to the loader."""
        loader = self.history.loader
        for shelf in (shelf for shelves in self._shelves.values() for shelf in shelves):
            opened = clock.at(self.history.today - YEAR + ONE_DAY, NEXT_MORNING)
            loader.add(
                Reward,
                id=shelf.id,
                unit_id=shelf.place.id,
                name=shelf.offer.name,
                kind=shelf.offer.kind,
                about=shelf.offer.about,
                cost=shelf.offer.cost,
                picture=shelf.offer.picture,
                on_shelf=shelf.on_shelf,
                quarter_limit=shelf.offer.limit,
                station_id=shelf.station_id,
                version=1,
                created_at=opened,
                changed_at=opened,
                changed_by_id=shelf.clerk.person_id,
                retired_on=None,
                **shelf.place.columns(),
            )
        for redemption in self._redemptions:
            loader.add(Redemption, **redemption)
        for movement in sorted(self._movements, key=lambda movement: movement["at"]):
            loader.add(StockMovement, **movement)

    def _at(self, moment: datetime, act: Callable[[datetime], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), act))

    def _wish(self, who: Doer, at: datetime, fate: str) -> None:
        """Look at the shop; take something that one can afford. With a ``fate`` the cheapest, for certain."""
        balance, quarter = self.ledger.balance(who.person_id, at), (at.year, (at.month - 1) // 3)
        community_id = self._community(who)
        fits = [
            shelf
            for shelf in self._shelves[community_id]
            if shelf.offer.cost <= balance
            and shelf.on_shelf
            and (
                shelf.offer.limit is None
                or self._taken[(who.person_id, shelf.id, quarter)] < shelf.offer.limit
            )
        ]
        if not fits or (not fate and self.rng.random() < SAVES):
            return
        shelf = min(fits, key=lambda shelf: shelf.offer.cost) if fate else self.rng.choice(fits)
        self._taken[(who.person_id, shelf.id, quarter)] += 1
        self._take(
            who, shelf, at, fate or self.rng.choices([f for f, _ in FATES], weights=[n for _, n in FATES])[0]
        )

    def _take(self, who: Doer, shelf: _Shelf, at: datetime, fate: str) -> None:
        redemption: dict[str, Any] = {
            "id": self.history.loader.reserve(Redemption),
            "code": pickup_code(self.rng.choice),
            "reward_id": shelf.id,
            "person_id": who.person_id,
            "cost": shelf.offer.cost,
            "station_id": shelf.station_id,
            "state": RedemptionState.REQUESTED,
            "requested_at": at,
            "expires_at": at + self.pickup,
            "settled_at": None,
            "fulfilled_by_id": None,
        }
        self._redemptions.append(redemption)
        source = ("redemption", redemption["id"])
        paid = self.ledger.spend(who.person_id, shelf.offer.cost, shelf.offer.name, source, at)
        self._move(shelf, StockKind.HELD, -1, at, who.person_id, redemption["id"])
        detail = {"reward": shelf.id, "cost": shelf.offer.cost}
        self.history.book.note(at, who, "redemption:redeem", source, detail)
        if shelf.on_shelf < LOW:
            self._stock(shelf, RESTOCK, at + timedelta(minutes=1))
        day = self.history.workday(at.date() + self.rng.randint(1, 9) * ONE_DAY)
        settled = (
            redemption["expires_at"]
            if fate == RedemptionState.EXPIRED
            else self.history.moment(self.rng, day)
        )
        if settled < self.history.now and fate != RedemptionState.REQUESTED:
            self._at(settled, partial(self._settle, who, shelf, redemption, paid, fate=fate))

    def _settle(
        self, who: Doer, shelf: _Shelf, redemption: dict[str, Any], paid: Entry, at: datetime, *, fate: str
    ) -> None:
        redemption["state"], redemption["settled_at"] = fate, at
        subject = ("redemption", redemption["id"])
        if fate == RedemptionState.FULFILLED:
            redemption["fulfilled_by_id"] = shelf.clerk.person_id
            self._move(shelf, StockKind.HANDED_OUT, 0, at, shelf.clerk.person_id, redemption["id"])
            self.history.book.note(at, shelf.clerk, "redemption:hand_out", subject)
            return
        by = who if fate == RedemptionState.CANCELLED else None
        self.ledger.refund(paid, at, REDEMPTION_NAMES[RedemptionState(fate)], by and by.person_id)
        self._move(shelf, StockKind.RETURNED, 1, at, by and by.person_id, redemption["id"])
        self.history.book.note(at, by, f"redemption:{fate}", subject)

    def _stock(self, shelf: _Shelf, amount: int, at: datetime) -> None:
        self._move(shelf, StockKind.IN, amount, at, shelf.clerk.person_id, None)
        self.history.book.note(at, shelf.clerk, "reward:stock", ("reward", shelf.id), {"amount": amount})

    def _move(
        self,
        shelf: _Shelf,
        kind: StockKind,
        amount: int,
        at: datetime,
        by: int | None,
        redemption_id: int | None,
    ) -> None:
        shelf.on_shelf += amount
        self._movements.append({
            "reward_id": shelf.id, "kind": kind, "amount": amount, "redemption_id": redemption_id, "by": by, "at": at,
            "reason": "",
        })  # fmt: skip

    def _community(self, who: Doer) -> int:
        return next(grid.community_id for grid in self.history.made.grids if grid.id == who.unit_id) or 0
