"""Counting queries, so that a page's number of them stays fixed while its rows grow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from webapp.extensions import db
from webapp.foundation import hot
from webapp.foundation.db import AnySelect

QUIET = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE")


@contextmanager
def counting() -> Iterator[list[str]]:
    """Collect the statements sent while inside; ``len()`` of it is their number."""
    statements: list[str] = []

    def note(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(QUIET):
            statements.append(statement)

    engine: sa.Engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        with hot.sent.connected_to(statements.append):
            yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plan(query: AnySelect) -> str:
    """SQLite's plan for ``query``, one step a line."""
    text = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
    return "\n".join(row[3] for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
