"""A list as a file: the same rows in the same order as on the screen, by the same query, page after page.

The form stands under the list (``ui.export``) and carries its filters. What goes out is on the record: once for each
submission and content, so that a double tap gives the file again and no second entry.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, Response, request, url_for
from wtforms import HiddenField

from webapp.extensions import db
from webapp.foundation import clock, journal, limits, receipts
from webapp.foundation.access import current_actor
from webapp.foundation.forms import Form, submission
from webapp.foundation.htmx import go
from webapp.foundation.paging import Page
from webapp.foundation.receipts import Done
from webapp.foundation.spreadsheets import MEDIA_TYPES, Cell, Column, Table, write

Row = TypeVar("Row")
MOST = 20_000  # rows of one file
AT_ONCE = 200  # rows of one query
MOST_FILES = (120, 60)  # of one person, in so many minutes: a full one costs the server seconds


class ExportForm(Form):
    """Under a list; the list's own filters stand beside these fields. ``file``: csv or xlsx."""

    file = HiddenField()


def register(app: Flask) -> None:
    """Give templates what ``ui.export`` needs: a form object for each list would cost every page more."""
    app.jinja_env.globals["new_submission_id"] = lambda: str(uuid.uuid4())


def export(
    title: str,
    columns: Sequence[Column[Row]],
    pages: Callable[[str], Page[Row]],
    *,
    back: str,
    filters: Mapping[str, str] | None = None,
) -> Response:
    """Answer with the file of a list.

    ``title`` is the file's name, ``pages`` the list's query with its cursor as argument (best with ``AT_ONCE`` rows a
    page), ``back`` the endpoint of the list, ``filters`` those in use, as they stand in its address.

    Raises:
        Conflict: another person sent this submission before. TooMany: files asked for in a row.
    """
    form = ExportForm()
    given: dict[str, Any] = request.view_args or {}
    chosen: dict[str, Any] = dict(filters or {})
    if not form.validate_on_submit():
        return go(url_for(back, **given, **chosen), "没有导出，请再试一次。", "overdue")
    kind = "xlsx" if form.file.data == "xlsx" else "csv"
    limits.hit(f"export:{current_actor().person_id}", *MOST_FILES)
    _read_as_of_now()
    table = gather(title, columns, pages, MOST)
    # The names of the filters alone: what somebody looked for may be personal.
    told = {"kind": kind, "filters": sorted(chosen), "rows": len(table.rows), **given}
    _note_once(form, table, told)
    # A generator: it is written after the request's turn, with the database free for others.
    response = Response(write(table, kind), content_type=MEDIA_TYPES[kind])
    name = quote(f"{title}-{clock.today():%Y%m%d}.{kind}", safe="")
    response.headers.set(
        "Content-Disposition", "attachment", **{"filename": f"export.{kind}", "filename*": f"UTF-8''{name}"}
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def gather(title: str, columns: Sequence[Column[Row]], pages: Callable[[str], Page[Row]], most: int) -> Table:
    """The rows of all pages, up to ``most``; the table says so where there are more."""
    rows: list[list[Cell]] = []
    cursor = ""
    while True:
        page = pages(cursor)
        rows += [[column.of(row) for column in columns] for row in page.rows]
        cursor = page.next
        if not cursor or len(rows) >= most:
            break
    cut = len(rows) > most or bool(cursor)
    note = f"只列出前 {most} 条，还有更多。请用筛选缩小范围，分几次导出。" if cut else ""
    return Table(title, [column.header for column in columns], rows[:most], note)


def _read_as_of_now() -> None:
    """Begin one reading for all pages: a row that changes its place meanwhile is neither lost nor there twice."""
    session = db.session()
    session.commit()  # ends the reading so far; there is nothing to write in it
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"} if on_postgresql else None)


def _note_once(form: Form, table: Table, detail: dict[str, Any]) -> None:
    """Into the journal, unless the same submission took the same content before."""
    actor, arrival = current_actor(), submission(form)
    # One page offers both kinds of file, and may stand open for days: what went out since is another export.
    taken = replace(arrival, id=uuid.uuid5(arrival.id, f"{arrival.digest} {table.digest()}"))
    room, _, view = (request.endpoint or "").partition(".")

    def note() -> Done:
        journal.record(actor, f"{room}:export", "list", view.removeprefix("export_"), detail)
        return Done(request.path)

    receipts.once(taken, note)
