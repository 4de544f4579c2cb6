"""Tables of points: rules, the ledger, rewards and their stock, redemptions.

The ledger is kept twice over, so that each side proves the other. Entries say what happened to a person's points; each
earning is a lot. Spends say from which lot each entry took, or to which it gave back. So the sum of a person's effective
entries must equal what is left in the lots, and ``checks.verify`` says so. No balance is stored anywhere.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.directory.models import Placed, one_of
from webapp.extensions import db
from webapp.foundation.db import Code, Json, UTCDateTime, append_only, where_given
from webapp.foundation.periods import DatedRule
from webapp.points.guards import guard_entries


class RuleEvent(StrEnum):
    """What a rule rewards: something that another room reports, or an act put forward by hand."""

    VISIT_LOGGED = "visit_logged"
    CASE_ARCHIVED = "case_archived"
    ATTENDANCE_CONFIRMED = "attendance_confirmed"
    BY_HAND = "by_hand"


EVENT_NAMES = {
    RuleEvent.VISIT_LOGGED: "走访后自动记入",
    RuleEvent.CASE_ARCHIVED: "诉求归档后自动记入",
    RuleEvent.ATTENDANCE_CONFIRMED: "时长确认后自动记入",
    RuleEvent.BY_HAND: "申报后由其他人审核",
}


class Per(StrEnum):
    """What an amount is counted by."""

    ACT = "act"
    HOUR = "hour"


PER_NAMES = {Per.ACT: "次", Per.HOUR: "小时"}


class Evidence(StrEnum):
    """What proves the act."""

    RECORD = "record"
    MINUTES = "minutes"
    AGREEMENT = "agreement"
    NOTE = "note"


EVIDENCE_NAMES = {
    Evidence.RECORD: "系统中的记录",
    Evidence.MINUTES: "会议记录",
    Evidence.AGREEMENT: "调解协议",
    Evidence.NOTE: "情况说明",
}


class EntryKind(StrEnum):
    """What an entry does to the account."""

    EARN = "earn"
    REDEEM = "redeem"
    REFUND = "refund"
    EXPIRE = "expire"
    REVERSE = "reverse"


KIND_NAMES = {
    EntryKind.EARN: "获得",
    EntryKind.REDEEM: "兑换",
    EntryKind.REFUND: "退回",
    EntryKind.EXPIRE: "过期",
    EntryKind.REVERSE: "冲正",
}
ADDS = (EntryKind.EARN, EntryKind.REFUND)


class EntryState(StrEnum):
    """Whether an entry counts."""

    PROPOSED = "proposed"
    EFFECTIVE = "effective"
    REJECTED = "rejected"


STATE_NAMES = {
    EntryState.PROPOSED: "待审核",
    EntryState.EFFECTIVE: "已入账",
    EntryState.REJECTED: "已驳回",
}
STATE_KINDS = {EntryState.PROPOSED: "due", EntryState.EFFECTIVE: "done", EntryState.REJECTED: "muted"}


class ObjectionState(StrEnum):
    """Where an objection stands."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


OBJECTION_NAMES = {
    ObjectionState.OPEN: "异议中",
    ObjectionState.UPHELD: "异议成立",
    ObjectionState.DISMISSED: "异议不成立",
}


class RewardKind(StrEnum):
    """The two kinds that the scheme knows."""

    GOODS = "goods"
    SERVICE = "service"


REWARD_KIND_NAMES = {RewardKind.GOODS: "生活用品", RewardKind.SERVICE: "特色服务"}


class StockKind(StrEnum):
    """What happened to the stock of a reward."""

    IN = "in"
    HELD = "held"
    RETURNED = "returned"
    HANDED_OUT = "handed_out"
    CORRECTION = "correction"


STOCK_NAMES = {
    StockKind.IN: "入库",
    StockKind.HELD: "预留",
    StockKind.RETURNED: "退回",
    StockKind.HANDED_OUT: "发出",
    StockKind.CORRECTION: "盘点更正",
}


class RedemptionState(StrEnum):
    """Where a redemption stands."""

    REQUESTED = "requested"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


REDEMPTION_NAMES = {
    RedemptionState.REQUESTED: "待领取",
    RedemptionState.FULFILLED: "已领取",
    RedemptionState.CANCELLED: "已取消",
    RedemptionState.EXPIRED: "逾期未领",
}
REDEMPTION_KINDS = {
    RedemptionState.REQUESTED: "doing",
    RedemptionState.FULFILLED: "done",
    RedemptionState.CANCELLED: "muted",
    RedemptionState.EXPIRED: "muted",
}


class PointSettings(db.Model):
    """The figures that no source fixes: one row, with the defaults of the design."""

    __tablename__ = "point_settings"
    __table_args__ = (
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.CheckConstraint("lot_months IS NULL OR lot_months > 0", name="lot_months"),
        sa.CheckConstraint("pickup_days > 0 AND grace_months >= 0 AND notice_days >= 0", name="terms"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # Who may earn: members of these bodies, and holders of these posts.
    bodies: Mapped[list[str]] = mapped_column(Json, default=lambda: ["branch", "committee"])
    posts: Mapped[list[str]] = mapped_column(Json, default=list)
    # 在职党员 keep the honour, not the goods.
    serving_members_redeem: Mapped[bool] = mapped_column(default=False)
    lot_months: Mapped[int | None]  # None: points do not expire
    notice_days: Mapped[int] = mapped_column(default=60)
    pickup_days: Mapped[int] = mapped_column(default=14)
    grace_months: Mapped[int] = mapped_column(default=6)  # spendable after the seat has ended


class PointRule(DatedRule, db.Model):
    """What earns how much from when to when. Another amount is another row: a rule never changes what was earned."""

    __tablename__ = "point_rules"
    __table_args__ = (
        one_of("event", tuple(RuleEvent)),
        one_of("per", tuple(Per)),
        one_of("evidence", tuple(Evidence)),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("daily_cap IS NULL OR daily_cap > 0", name="daily_cap"),
        sa.CheckConstraint("monthly_cap IS NULL OR monthly_cap > 0", name="monthly_cap"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates"),
        sa.CheckConstraint("event <> 'by_hand' OR per = 'act'", name="by_hand_per_act"),
        sa.UniqueConstraint("code", "valid_from"),
        sa.Index("ix_point_rules_event", "event", "valid_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Code)
    event: Mapped[str]
    name: Mapped[str]
    amount: Mapped[int]
    per: Mapped[str] = mapped_column(default=Per.ACT)
    daily_cap: Mapped[int | None]
    monthly_cap: Mapped[int | None]
    evidence: Mapped[str]


class PointAccount(db.Model):
    """The row that is locked while a person's points change. It holds no balance."""

    __tablename__ = "point_accounts"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"), primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)


# With the values in the statement's text, as a partial index asks for them.
_LOT = sa.text("kind = 'earn' AND state = 'effective'")


class PointEntry(Placed, db.Model):
    """One change of a person's points, or the proposal of one.

    The database lets nothing of it change but a proposal's answer (see ``guards``). ``earned_on`` is the day (Shanghai)
    of the act, to which rule and caps apply. A source earns once for a person: ``uq_point_entries_source``.
    """

    __tablename__ = "point_entries"
    __table_args__ = (
        one_of("kind", tuple(EntryKind)),
        one_of("state", tuple(EntryState)),
        sa.CheckConstraint("amount <> 0 AND (amount > 0) = (kind IN ('earn', 'refund'))", name="sign"),
        sa.CheckConstraint("kind = 'earn' OR state = 'effective'", name="only_earnings_are_proposed"),
        sa.CheckConstraint("(kind = 'earn') = (rule_id IS NOT NULL)", name="rule"),
        sa.CheckConstraint("(kind IN ('refund', 'reverse')) = (reverses_id IS NOT NULL)", name="reverses"),
        sa.CheckConstraint(
            "reviewed_by_id IS NULL OR reviewed_by_id <> person_id", name="not_reviewed_by_the_earner"
        ),
        sa.CheckConstraint(
            "reviewed_by_id IS NULL OR created_by_id IS NULL OR reviewed_by_id <> created_by_id",
            name="not_reviewed_by_the_proposer",
        ),
        sa.CheckConstraint("(reviewed_by_id IS NULL) OR (reviewed_at IS NOT NULL)", name="review"),
        sa.CheckConstraint("state <> 'proposed' OR reviewed_at IS NULL", name="proposed"),
        sa.CheckConstraint(
            "source_type <> 'by_hand' OR state = 'proposed' OR reviewed_by_id IS NOT NULL",
            name="by_hand_reviewed",
        ),
        sa.CheckConstraint(
            "kind <> 'reverse' OR created_by_id IS NULL OR created_by_id <> person_id",
            name="not_reversed_by_the_earner",
        ),
        sa.Index(
            "uq_point_entries_source",
            "person_id",
            "kind",
            "rule_code",
            "source_type",
            "source_id",
            unique=True,
            sqlite_where=sa.text("kind <> 'expire' AND state <> 'rejected'"),
            postgresql_where=sa.text("kind <> 'expire' AND state <> 'rejected'"),
        ),
        where_given("uq_point_entries_reverses", "reverses_id", unique=True),
        sa.Index("ix_point_entries_source", "source_type", "source_id"),
        sa.Index("ix_point_entries_person", "person_id", "at", "id"),
        sa.Index("ix_point_entries_caps", "person_id", "rule_code", "state", "earned_on", "amount"),
        sa.Index("ix_point_entries_street", "street_id", "at", "id"),
        sa.Index("ix_point_entries_community", "community_id", "at", "id"),
        sa.Index(
            "ix_point_entries_waiting",
            "community_id",
            "state",
            "at",
            "id",
            sqlite_where=sa.text("state = 'proposed'"),
            postgresql_where=sa.text("state = 'proposed'"),
        ),
        sa.Index(
            "ix_point_entries_waiting_street",
            "street_id",
            "state",
            "at",
            "id",
            sqlite_where=sa.text("state = 'proposed'"),
            postgresql_where=sa.text("state = 'proposed'"),
        ),
        sa.Index(
            "ix_point_entries_lots",
            "person_id",
            "expires_on",
            "amount",
            sqlite_where=_LOT,
            postgresql_where=_LOT,
        ),
        sa.Index(
            "ix_point_entries_expiring",
            "expires_on",
            sqlite_where=sa.text("expires_on IS NOT NULL"),
            postgresql_where=sa.text("expires_on IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("point_accounts.person_id"))
    kind: Mapped[str]
    amount: Mapped[int]
    title: Mapped[str]  # as the person reads it: the rule's or the reward's name at the time
    rule_id: Mapped[int | None] = mapped_column(sa.ForeignKey("point_rules.id"))
    rule_code: Mapped[str] = mapped_column(Code, default="")
    source_type: Mapped[str]
    source_id: Mapped[str]
    earned_on: Mapped[date]
    state: Mapped[str]
    created_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))  # None: the system
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_on: Mapped[date | None]  # the last day on which the lot can be spent
    reverses_id: Mapped[int | None] = mapped_column(sa.ForeignKey("point_entries.id"))
    reviewed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    reviewed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str] = mapped_column(default="")


guard_entries(PointEntry.__table__)

WAITS = PointEntry.state == sa.literal_column(f"'{EntryState.PROPOSED}'")
IS_LOT = sa.and_(
    PointEntry.kind == sa.literal_column(f"'{EntryKind.EARN}'"),
    PointEntry.state == sa.literal_column(f"'{EntryState.EFFECTIVE}'"),
)


class PointSpend(db.Model):
    """How much an entry took from a lot; negative where it gave back. Never changed, never deleted."""

    __tablename__ = "point_spends"
    __table_args__ = (sa.CheckConstraint("amount <> 0", name="amount"),)

    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("point_entries.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey("point_entries.id"), primary_key=True, index=True)
    amount: Mapped[int]


append_only(PointSpend.__table__)


class PointObjection(db.Model):
    """Somebody holds an entry to be wrong. While it is open, what is left of the entry can't be spent."""

    __tablename__ = "point_objections"
    __table_args__ = (
        one_of("state", tuple(ObjectionState)),
        sa.CheckConstraint(
            "settled_by_id IS NULL OR settled_by_id <> raised_by_id", name="settled_by_another"
        ),
        sa.CheckConstraint(
            "(state = 'open') = (settled_by_id IS NULL) AND (state = 'open') = (settled_at IS NULL)",
            name="settled",
        ),
        sa.Index(
            "uq_point_objections_open",
            "entry_id",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("ix_point_objections_entry", "entry_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("point_entries.id"))
    raised_by_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(default=ObjectionState.OPEN)
    settled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str] = mapped_column(default="")


STILL_OPEN = PointObjection.state == sa.literal_column(f"'{ObjectionState.OPEN}'")


class Reward(Placed, db.Model):
    """Something to redeem points for, offered to the people of ``unit_id`` and below.

    ``on_shelf`` is what can still be redeemed; the movements prove it.
    """

    __tablename__ = "rewards"
    __table_args__ = (
        one_of("kind", tuple(RewardKind)),
        sa.CheckConstraint("cost > 0", name="cost"),
        sa.CheckConstraint("on_shelf >= 0", name="on_shelf"),
        sa.CheckConstraint("quarter_limit IS NULL OR quarter_limit > 0", name="quarter_limit"),
        sa.Index("ix_rewards_street", "street_id", "id"),
        sa.Index("ix_rewards_community", "community_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    name: Mapped[str]
    kind: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    cost: Mapped[int]
    picture: Mapped[str]
    on_shelf: Mapped[int] = mapped_column(default=0)
    quarter_limit: Mapped[int | None]  # for each person; None: no limit
    station_id: Mapped[int] = mapped_column(sa.ForeignKey("stations.id"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    retired_on: Mapped[date | None]


class Redemption(db.Model):
    """A person redeems a reward: points and one piece are held until it is collected, cancelled or overdue."""

    __tablename__ = "redemptions"
    __table_args__ = (
        one_of("state", tuple(RedemptionState)),
        sa.CheckConstraint("cost > 0", name="cost"),
        sa.CheckConstraint(
            "fulfilled_by_id IS NULL OR fulfilled_by_id <> person_id", name="clerk_is_not_receiver"
        ),
        sa.CheckConstraint("(state = 'fulfilled') = (fulfilled_by_id IS NOT NULL)", name="fulfilled"),
        sa.CheckConstraint("(state = 'requested') = (settled_at IS NULL)", name="settled"),
        sa.Index("ix_redemptions_person", "person_id", "requested_at", "id"),
        sa.Index("ix_redemptions_reward", "reward_id", "state"),
        sa.Index("ix_redemptions_clerk", "fulfilled_by_id", "settled_at", "id"),
        sa.Index(
            "ix_redemptions_due",
            "expires_at",
            sqlite_where=sa.text("state = 'requested'"),
            postgresql_where=sa.text("state = 'requested'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Code, unique=True)
    reward_id: Mapped[int] = mapped_column(sa.ForeignKey("rewards.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("point_accounts.person_id"))
    cost: Mapped[int]
    station_id: Mapped[int] = mapped_column(sa.ForeignKey("stations.id"))
    state: Mapped[str] = mapped_column(default=RedemptionState.REQUESTED)
    requested_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fulfilled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))


UNCOLLECTED = Redemption.state == sa.literal_column(f"'{RedemptionState.REQUESTED}'")


class StockMovement(db.Model):
    """One change of a reward's stock. Never changed, never deleted; a correction is another movement.

    ``amount`` is what it does to the shelf: + in, returned; − held; ± correction; 0 for what was held and is handed out.
    """

    __tablename__ = "stock_movements"
    __table_args__ = (
        one_of("kind", tuple(StockKind)),
        sa.CheckConstraint(
            "CASE kind WHEN 'in' THEN amount > 0 WHEN 'held' THEN amount = -1 WHEN 'returned' THEN amount = 1 "
            "WHEN 'handed_out' THEN amount = 0 ELSE amount <> 0 END",
            name="amount",
        ),
        sa.CheckConstraint(
            "(kind IN ('held', 'returned', 'handed_out')) = (redemption_id IS NOT NULL)", name="redemption"
        ),
        sa.UniqueConstraint("redemption_id", "kind"),
        sa.Index("ix_stock_movements_reward", "reward_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reward_id: Mapped[int] = mapped_column(sa.ForeignKey("rewards.id"))
    kind: Mapped[str]
    amount: Mapped[int]
    redemption_id: Mapped[int | None] = mapped_column(sa.ForeignKey("redemptions.id"))
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(default="")


append_only(StockMovement.__table__)
