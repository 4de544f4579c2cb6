"""The list of cases as a file."""

from __future__ import annotations

from flask import Response

from webapp.cases import bp, lists
from webapp.cases.lists import TABS, CaseRow
from webapp.cases.views import filters_sent, query_of
from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.spreadsheets import Column

COLUMNS: list[Column[CaseRow]] = [
    Column("编号", lambda row: row.number),
    Column("标题", lambda row: row.title),
    Column("类别", lambda row: row.category_name),
    Column("地点", lambda row: row.place_name),
    Column("状态", lambda row: row.state_name),
    Column("层级", lambda row: row.level_name),
    Column("负责单位", lambda row: row.owner_name),
    Column("承办单位", lambda row: row.handler_name),
    Column("紧急", lambda row: row.urgent),
    Column("关键小事", lambda row: row.key_small_matter),
    Column("登记时间", lambda row: row.registered_at),
    Column("办理期限", lambda row: row.due_at),
    Column("期限提示", lambda row: row.mark.text),
]


@bp.post("/export")
@may(Permission.CASE_READ)
def export_cases() -> Response:
    """The cases under the chosen tab and filters."""
    actor, filters = current_actor(), filters_sent()
    query = query_of(filters)
    return export(
        f"诉求-{TABS[filters.tab]}",
        COLUMNS,
        lambda cursor: lists.list_cases(actor, filters, cursor, AT_ONCE),
        back="cases.index",
        filters={"tab": filters.tab, **query},
    )
