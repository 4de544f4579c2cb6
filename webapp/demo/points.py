"""A year of points: what the rules gave for visits, cases and hours, what was put forward by hand, and what it bought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from webapp.demo.history import ONE_DAY, Act, Doer, History
from webapp.demo.ledger import Entry, Ledger, note
from webapp.demo.redeeming import Shop
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.points.eligibility import add_months, settings
from webapp.points.models import EntryKind, EntryState, Per, PointObjection, PointRule, RuleEvent

UNANSWERED = timedelta(days=5)  # proposals older than this have been reviewed
APPROVED = 0.88
REJECTION = "材料不全，请补充后再报"
REASONS = {
    "mediation": ("调解楼上楼下漏水纠纷，双方签订协议", "调解晾晒争执，双方和好", "调解停车剐蹭纠纷"),
    "meeting": ("参加停车协调会", "参加充电桩选址协商会", "参加物业费恳谈会"),
    "cleaning": ("参加楼道清理", "参加绿化带清理", "参加扫雪"),
    "publicity": ("向住户讲解反诈知识", "讲解垃圾分类", "讲解消防安全"),
}
BY_HAND = (4, 9)  # acts put forward for each member of a committee in a year
ACTIVE = 30  # ... and for the demo's own, so that the shop can be tried
LATELY = 4  # proposals that wait for the demo's community


def tell(history: History) -> int:
    """Write the ledger and the shop; returns how many entries."""
    author = _Author(history)
    for act in sorted(history.acts, key=lambda act: (act.at, act.source)):
        author.reward(act)
    author.by_hand()
    shop = Shop(history, author.ledger, author.rng)
    shop.open()
    shop.redeem(author.earners)
    count = author.ledger.write()
    for entry, by in author.noted:
        note(history, entry, by)
    for entry, by in author.reviews:
        assert entry.reviewed_at is not None
        verb = "points:approve" if entry.state == EntryState.EFFECTIVE else "points:reject"
        history.book.note(entry.reviewed_at, by, verb, ("point_entry", entry.id))
    author.disagree()
    shop.write()
    history.loader.write()
    return count


class _Author:
    def __init__(self, history: History) -> None:
        self.history, self.rng = history, history.rng("points")
        self.ledger = Ledger(history)
        self.settings = settings()
        self.rules = list(db.session.scalars(sa.select(PointRule).order_by(PointRule.id)))
        made = history.made
        # Everybody took their seat before the history begins.
        self.earners = list(
            dict.fromkeys(p for body in (made.branch, made.committee) for ps in body.values() for p in ps)
        )
        self.noted: list[tuple[Entry, Doer | None]] = []
        self.reviews: list[tuple[Entry, Doer]] = []
        self._may_earn = set(self.earners)
        self._got: Counter[tuple[object, ...]] = Counter()
        self._rejected: Entry | None = None

    def reward(self, act: Act) -> None:
        """What the rules give for an act; above a cap it is only proposed, and a second person answers."""
        if act.person_id not in self._may_earn:
            return
        for rule in self._rules(act.event, act.on):
            amount = rule.amount * (act.minutes // 60) if rule.per == Per.HOUR else rule.amount
            if amount:
                below = self._below(rule, act.person_id, act.on, amount)
                self._add(
                    rule, act.person_id, amount, act.source, act.on, act.at, act.place, act.by, counts=below
                )

    def by_hand(self) -> None:
        """What the branch secretaries put forward for the members of the committees."""
        made, mine = self.history.made, self.history.made.demo[Post.COMMITTEE_MEMBER]
        rules = self._rules(RuleEvent.BY_HAND, self.history.today)
        for grid in made.grids:
            by = Doer(made.staff[Post.BRANCH_SECRETARY, grid.id][0], Post.BRANCH_SECRETARY, grid.id)
            for person_id in made.committee[grid.id]:
                count = ACTIVE if person_id == mine else self.rng.randint(*BY_HAND)
                for day in dict.fromkeys(self.history.some_days(self.rng, count)):
                    self._propose(self.rng.choice(rules), person_id, day, by, grid.columns())
        grid = made.grids[0]
        by = Doer(made.demo[Post.GRID_WORKER], Post.GRID_WORKER, grid.id)
        for number, person_id in enumerate(made.committee[grid.id] + made.branch[grid.id]):
            if number < LATELY and person_id != by.person_id:
                day = self.history.today - (1 + number % 2) * ONE_DAY
                self._propose(rules[number % len(rules)], person_id, day, by, grid.columns())

    def disagree(self) -> None:
        """The demo's committee member says that a refusal was wrong; the community has to settle it."""
        if self._rejected is None:
            return
        at = self.history.now - timedelta(hours=26)
        entry, grid = self._rejected, self.history.made.grids[0]
        objection_id = self.history.loader.add(
            PointObjection,
            entry_id=entry.id,
            raised_by_id=entry.person_id,
            reason="调解协议当天已交到社区，请再核对一次。",
            at=at,
            state="open",
            settled_by_id=None,
            settled_at=None,
            answer="",
        )
        doer = Doer(entry.person_id, Post.COMMITTEE_MEMBER, grid.id)
        self.history.book.note(
            at, doer, "points:object", ("point_entry", entry.id), {"objection": objection_id}
        )

    def _propose(
        self, rule: PointRule, person_id: int, day: date, by: Doer, place: dict[str, int | None]
    ) -> None:
        at = self.history.moment(self.rng, self.history.workday(day + ONE_DAY))
        source, reason = ("by_hand", day.isoformat()), self.rng.choice(REASONS[rule.code])
        at = min(at, self.history.now - timedelta(minutes=self.rng.randint(40, 400)))
        if self._got[(person_id, rule.code, source)]:
            return
        self._got[(person_id, rule.code, source)] += 1
        self._add(rule, person_id, rule.amount, source, day, at, place, by, counts=False, reason=reason)

    def _add(
        self, rule: PointRule, person_id: int, amount: int, source: tuple[str, object], day: date, at: datetime,
        place: Mapping[str, int | None], by: Doer, *, counts: bool, reason: str = "",
    ) -> None:  # fmt: skip
        months = self.settings.lot_months
        entry = Entry(
            person_id, EntryKind.EARN, amount, rule.name, source, at, day, rule=(rule.id, rule.code), place=place,
            created_by_id=by.person_id, reason=reason,
            expires_on=add_months(at.date(), months) if months else None,
            state=EntryState.EFFECTIVE if counts else EntryState.PROPOSED,
        )  # fmt: skip
        if not counts:
            self._review(entry)
        if entry.state == EntryState.EFFECTIVE:
            self._got[(person_id, rule.code, day)] += amount
            self._got[(person_id, rule.code, day.year, day.month)] += amount
        self.ledger.earn(entry)
        self.noted.append((entry, by))

    def _review(self, entry: Entry) -> None:
        """Somebody of the community answers within two working days."""
        at = self.history.moment(
            self.rng, self.history.workday(entry.at.date() + self.rng.randint(1, 2) * ONE_DAY)
        )
        if entry.at > self.history.now - UNANSWERED or at >= self.history.now:
            return
        community_id = entry.place["community_id"]
        staff = self.history.made.staff[Post.COMMUNITY_STAFF, community_id or 0]
        # The demo's own is the first of the first community's: objections to these reviews are left to be settled.
        by = self.rng.choice([p for p in staff[1:] if p not in (entry.person_id, entry.created_by_id)])
        approved = self.rng.random() < APPROVED
        entry.state = EntryState.EFFECTIVE if approved else EntryState.REJECTED
        entry.reviewed_by_id, entry.reviewed_at, entry.answer = by, at, "" if approved else REJECTION
        self.reviews.append((entry, Doer(by, Post.COMMUNITY_STAFF, community_id or 0)))
        if not approved and entry.person_id == self.history.made.demo[Post.COMMITTEE_MEMBER]:
            self._rejected = entry

    def _below(self, rule: PointRule, person_id: int, day: date, amount: int) -> bool:
        today = self._got[(person_id, rule.code, day)] + amount
        month = self._got[(person_id, rule.code, day.year, day.month)] + amount
        return (rule.daily_cap is None or today <= rule.daily_cap) and (
            rule.monthly_cap is None or month <= rule.monthly_cap
        )

    def _rules(self, event: str, day: date) -> list[PointRule]:
        return [
            rule
            for rule in self.rules
            if rule.event == event
            and rule.valid_from <= day
            and (rule.valid_to is None or day <= rule.valid_to)
        ]
