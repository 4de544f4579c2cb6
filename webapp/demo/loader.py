"""Writing many rows quickly: numbers given beforehand, plain inserts, no objects."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.foundation.db import transaction

CHUNK = 2000


class Loader:
    """Gathers rows table by table and writes them so that each finds what it points to."""

    def __init__(self) -> None:
        self._rows: dict[sa.Table, list[dict[str, Any]]] = defaultdict(list)
        self._last: dict[sa.Table, int] = {}

    def reserve(self, model: Any) -> int:
        """An id for a row of ``model`` that is added later, for rows that point to themselves or to one another."""
        table: sa.Table = model.__table__
        if table not in self._last:
            self._last[table] = db.session.scalar(sa.select(sa.func.max(table.c.id))) or 0
        self._last[table] += 1
        return self._last[table]

    def add(self, model: Any, **values: Any) -> int:
        """Note a row of ``model``; returns its id, which is given where ``values`` names none. Without a number: 0."""
        table: sa.Table = model.__table__
        numbered = "id" in table.c and isinstance(table.c.id.type, sa.Integer)
        if numbered and "id" not in values:
            values["id"] = self.reserve(model)
        self._rows[table].append(values)
        return values["id"] if numbered else 0

    def write(self) -> None:
        """Insert what was gathered, and let PostgreSQL's sequences go on behind it."""
        with transaction() as session:
            for table in db.metadata.sorted_tables:
                rows = self._rows.get(table, [])
                for rows_alike in _alike(rows):
                    for start in range(0, len(rows_alike), CHUNK):
                        session.execute(sa.insert(table), rows_alike[start : start + CHUNK])
            if session.get_bind().dialect.name == "postgresql":
                for table, last in self._last.items():
                    session.execute(
                        sa.text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"),
                        {"table": table.name, "last": last},
                    )
        self._rows.clear()


def _alike(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Rows that name the same columns go into one statement; the others get their defaults."""
    groups: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[frozenset(row)].append(row)
    return list(groups.values())
