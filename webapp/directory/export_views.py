"""People as a file."""

from __future__ import annotations

from flask import Response, request

from webapp.directory import bp, queries
from webapp.directory.posts import Permission
from webapp.directory.queries import PersonLine
from webapp.foundation import incoming
from webapp.foundation.access import current_actor, may
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.spreadsheets import Column

PEOPLE: list[Column[PersonLine]] = [
    Column("姓名", lambda row: row.name),
    Column("职务", lambda row: row.serves),
]


@bp.post("/people/export")
@may(Permission.DIRECTORY_READ)
def export_people() -> Response:
    """The people whose name holds what was looked for; of one unit and below, if asked."""
    actor, text, code = (
        current_actor(),
        incoming.name(request.values.get("q")),
        request.values.get("unit", ""),
    )
    unit = queries.unit_for(actor, code) if code else None
    chosen = {key: value for key, value in {"q": text, "unit": code}.items() if value}
    return export(
        f"{unit.short_name}的人员" if unit else "人员",
        PEOPLE,
        lambda cursor: queries.people(actor, text, unit, cursor, AT_ONCE),
        back="directory.people",
        filters=chosen,
    )
