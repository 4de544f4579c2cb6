"""The lists of visits and desk sessions as files."""

from __future__ import annotations

from flask import Response

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.paging import Page
from webapp.foundation.private import scrub
from webapp.foundation.spreadsheets import Column
from webapp.visits import bp, desk_queries, queries
from webapp.visits.desk_queries import Desk
from webapp.visits.queries import Line
from webapp.visits.views import filters_sent, kept

P = Permission


def _visit_columns(actor: Actor) -> list[Column[Line]]:
    """Columns for a file; unlike the screen it names the reader's own unit, since files are passed on."""
    return [
        Column("时间", lambda row: row.at),
        Column("服务形式", lambda row: row.kind),
        Column("服务事项", lambda row: row.items),
        Column("办理结果", lambda row: row.outcome_name),
        Column("服务人员", lambda row: row.worker or actor.name),
        Column("地点", lambda row: row.unit or actor.unit_name),
        Column("居民", lambda row: row.resident),
        Column("情况", lambda row: row.excerpt),
        Column("补记", lambda row: row.is_late_entry),
        Column("免打扰", lambda row: row.do_not_disturb),
    ]


@bp.post("/export")
@may(P.VISIT_READ)
def export_visits() -> Response:
    """The visits under the chosen filters."""
    actor, filters = current_actor(), filters_sent()
    chosen = kept(filters)
    return export(
        "我的服务记录" if filters.mine else "服务记录",
        _visit_columns(actor),
        lambda cursor: queries.visits_page(actor, filters, cursor, AT_ONCE),
        back="visits.index",
        filters=chosen,
    )


@bp.post("/agreed/export")
@may(P.VISIT_LOG)
def export_agreed() -> Response:
    """Whom this worker promised to visit again."""
    actor = current_actor()
    return export(
        "约好上门",
        [Column("下次上门", lambda row: row.next_visit_on), *_visit_columns(actor)],
        lambda _: Page(queries.agreed_visits(actor)),
        back="visits.agreed",
    )


@bp.post("/desk/export")
@may(P.VISIT_READ)
def export_desks() -> Response:
    """The timetable from today on."""
    actor, now = current_actor(), clock.now()
    columns: list[Column[Desk]] = [
        Column("开始时间", lambda row: row.starts_at),
        Column("结束时间", lambda row: row.ends_at),
        Column("地点", lambda row: row.place),
        Column("地址", lambda row: row.address),
        Column("单位", lambda row: row.unit),
        Column("接待人", lambda row: "、".join(row.hosts)),
        Column("每周", lambda row: bool(row.series_id)),
        Column("状态", lambda row: row.state(now)[1]),
        Column("取消原因", lambda row: scrub(row.cancel_reason)),
    ]
    return export(
        "流动办公桌安排",
        columns,
        lambda cursor: desk_queries.timetable(actor, cursor, AT_ONCE),
        back="visits.desks",
    )
