"""What was said in 投诉建议, as a file."""

from __future__ import annotations

from flask import Response

from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.private import scrub
from webapp.foundation.spreadsheets import Column
from webapp.residents import bp, queries
from webapp.residents.queries import FeedbackRow

COLUMNS: list[Column[FeedbackRow]] = [
    Column("收到时间", lambda row: row.at),
    Column("范围", lambda row: row.place or "全区"),
    Column("内容", lambda row: row.text),
    Column("状态", lambda row: "已答复" if row.answered_at else "等待答复"),
    Column("答复", lambda row: scrub(row.answer)),
    Column("答复时间", lambda row: row.answered_at),
]


@bp.post("/feedback/inbox/export")
@may(Permission.FEEDBACK_ANSWER)
def export_feedback() -> Response:
    """What was said about my places."""
    actor = current_actor()
    return export(
        "投诉建议",
        COLUMNS,
        lambda cursor: queries.list_feedback(actor, cursor, AT_ONCE),
        back="residents.feedback_inbox",
    )
