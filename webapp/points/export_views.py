"""The lists of points, redemptions and rewards as files."""

from __future__ import annotations

from flask import Response

from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.db import AnyRow
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.paging import Page
from webapp.foundation.private import scrub
from webapp.foundation.spreadsheets import Column
from webapp.points import bp
from webapp.points.ledger import queries
from webapp.points.ledger.review_views import TABS, tab_asked
from webapp.points.ledger.views import statement_asked
from webapp.points.models import (
    KIND_NAMES,
    REDEMPTION_NAMES,
    REWARD_KIND_NAMES,
    STATE_NAMES,
    STOCK_NAMES,
    EntryKind,
    EntryState,
    RedemptionState,
    RewardKind,
    StockKind,
)
from webapp.points.rewards import queries as reward_queries

P = Permission
ENTRIES: list[Column[queries.EntryRow]] = [
    Column("记录时间", lambda row: row.at),
    Column("事项", lambda row: scrub(row.title)),
    Column("类型", lambda row: KIND_NAMES[EntryKind(row.kind)]),
    Column("积分", lambda row: row.amount),
    Column("状态", lambda row: STATE_NAMES[EntryState(row.state)]),
]
REVIEW: list[Column[AnyRow]] = [
    Column("记录时间", lambda row: row.at),
    Column("姓名", lambda row: row.person_name),
    Column("单位", lambda row: row.unit_name),
    Column("事项", lambda row: scrub(row.title)),
    Column("发生日期", lambda row: row.earned_on),
    Column("积分", lambda row: row.amount),
    Column("状态", lambda row: "异议中" if row.disputed else STATE_NAMES[EntryState(row.state)]),
    Column("申报人", lambda row: row.creator_name),
    Column("说明", lambda row: scrub(row.reason or "")),
]
# Without the code: whoever holds it is handed the reward.
REDEMPTIONS: list[Column[reward_queries.RedemptionRow]] = [
    Column("兑换时间", lambda row: row.requested_at),
    Column("奖品", lambda row: row.reward_name),
    Column("积分", lambda row: row.cost),
    Column("状态", lambda row: REDEMPTION_NAMES[RedemptionState(row.state)]),
    Column("领取地点", lambda row: row.station_name),
    Column("领取截止", lambda row: row.expires_at),
    Column("办结时间", lambda row: row.settled_at),
]
REWARDS: list[Column[AnyRow]] = [
    Column("奖品", lambda row: row.name),
    Column("类型", lambda row: REWARD_KIND_NAMES[RewardKind(row.kind)]),
    Column("所需积分", lambda row: row.cost),
    Column("可兑换", lambda row: row.on_shelf),
    Column("待领取", lambda row: row.held),
    Column("每人每季限兑", lambda row: row.quarter_limit),
    Column("单位", lambda row: row.unit_name),
    Column("状态", lambda row: "已下架" if row.retired_on else "在架" if row.on_shelf else "缺货"),
]
STOCK: list[Column[reward_queries.MovementRow]] = [
    Column("时间", lambda row: row.at),
    Column("类型", lambda row: STOCK_NAMES[StockKind(row.kind)]),
    Column("数量", lambda row: row.amount),
    Column("经手人", lambda row: row.by_name or "系统"),
    Column("原因", lambda row: scrub(row.reason or "")),
]


@bp.post("/export")
@may(P.POINTS_OWN)
def export_entries() -> Response:
    """One's own entries."""
    person_id = current_actor().person_id
    return export(
        "我的积分明细",
        ENTRIES,
        lambda cursor: queries.entries_page(person_id, cursor, AT_ONCE),
        back="points.account",
    )


@bp.post("/statement/export")
@may(P.POINTS_OWN)
def export_statement() -> Response:
    """What counted in one's account over a range of days."""
    found = statement_asked(current_actor().person_id)
    return export(
        "积分对账单",
        ENTRIES,
        lambda _: Page(found.rows),
        back="points.statement",
        filters={"first": found.first.isoformat(), "last": found.last.isoformat()},
    )


@bp.post("/redemptions/export")
@may(P.POINTS_OWN)
def export_redemptions() -> Response:
    """What one has redeemed."""
    person_id = current_actor().person_id
    return export(
        "我的兑换",
        REDEMPTIONS,
        lambda cursor: reward_queries.redemptions_page(person_id, cursor, AT_ONCE),
        back="points.my_redemptions",
    )


@bp.post("/review/export")
@may(P.POINTS_REVIEW)
def export_review() -> Response:
    """The entries in scope under the chosen tab."""
    actor, which = current_actor(), tab_asked()
    return export(
        f"积分审核-{TABS[which]}",
        REVIEW,
        lambda cursor: queries.review_page(actor, which, cursor, AT_ONCE),
        back="points.review",
        filters={"tab": which},
    )


@bp.post("/rewards/export")
@may(P.REWARD_MANAGE)
def export_rewards() -> Response:
    """The catalogue with its stock."""
    actor = current_actor()
    return export(
        "奖品",
        REWARDS,
        lambda cursor: reward_queries.rewards_page(actor, cursor, AT_ONCE),
        back="points.rewards",
    )


@bp.post("/rewards/<int:reward_id>/export")
@may(P.REWARD_MANAGE, record="reward_managed")
def export_stock(reward_id: int) -> Response:
    """The stock book of one reward."""
    row = reward_queries.reward_managed_by(current_actor(), reward_id)
    return export(
        f"库存记录-{row.name}",
        STOCK,
        lambda cursor: reward_queries.movements_page(reward_id, cursor, AT_ONCE),
        back="points.managed",
    )
