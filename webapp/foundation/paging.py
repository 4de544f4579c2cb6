"""Keyset paging: the next page starts after the last row seen, so it costs the same at any depth."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from webapp.extensions import db
from webapp.foundation import incoming
from webapp.foundation.db import AnySelect
from webapp.foundation.hot import HotQuery

Row = TypeVar("Row")
HotRow = TypeVar("HotRow", bound=NamedTuple)
Cells = TypeVarTuple("Cells")
Column: TypeAlias = "sa.ColumnElement[Any] | InstrumentedAttribute[object]"
PAGE_SIZE = 20
LONGEST_CURSOR = 1000  # characters


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and the cursor (opaque, for the address) of those that follow; empty at the end."""

    rows: Sequence[Row]
    next: str = ""


class Keyset(Generic[HotRow]):
    """The pages of one list that is asked for all the time: both its statements (the first page, and those after a row)
    built once.

    ``columns`` are the order (all in one direction, the last one unique); they must be among those selected, under
    their own names. See ``HotQuery`` for ``row`` and the parameters of ``query``.
    """

    def __init__(
        self,
        row: type[HotRow],
        query: AnySelect,
        columns: Sequence[Column],
        size: int = PAGE_SIZE,
        ascending: bool = False,
    ) -> None:
        self._columns, self._size = columns, size
        first, following = _statements(query, columns, size, ascending)
        self._first, self._after = HotQuery(row, first), HotQuery(row, following)

    def page(self, cursor: str = "", **values: object) -> Page[HotRow]:
        """One page; ``values`` are the query's parameters. A cursor that can't be read starts anew."""
        after = _decode(cursor, self._columns)
        statement = self._first if after is None else self._after
        return _cut(statement.all(**values, **_seen(after)), self._columns, self._size)


def keyset(
    query: sa.Select[*Cells],
    columns: Sequence[Column],
    cursor: str = "",
    size: int = PAGE_SIZE,
    ascending: bool = False,
    **values: object,
) -> Page[sa.Row[*Cells]]:
    """One page of ``query``, as ``Keyset`` gives it; for lists that are not asked for all the time."""
    after = _decode(cursor, columns)
    first, following = _statements(query, columns, size, ascending)
    statement = first if after is None else following
    return _cut(db.session.execute(statement, values | _seen(after)).all(), columns, size)


def _statements(
    query: sa.Select[*Cells], columns: Sequence[Column], size: int, ascending: bool
) -> tuple[sa.Select[*Cells], sa.Select[*Cells]]:
    order = [column.asc() if ascending else column.desc() for column in columns]
    first = query.order_by(*order).limit(size + 1)
    key = sa.tuple_(*columns)
    seen = sa.tuple_(*(sa.bindparam(f"after_{n}", type_=column.type) for n, column in enumerate(columns)))
    return first, first.where(key > seen if ascending else key < seen)


def _seen(after: Sequence[object] | None) -> dict[str, object]:
    return {f"after_{n}": value for n, value in enumerate(after or ())}


def _cut(rows: Sequence[Row], columns: Sequence[Column], size: int) -> Page[Row]:
    shown = rows[:size]
    if len(rows) <= size:
        return Page(shown)
    return Page(shown, _encode([getattr(shown[-1], str(column.key)) for column in columns]))


def _encode(values: Sequence[object]) -> str:
    plain = [{"t": value.isoformat()} if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def _decode(cursor: str, columns: Sequence[Column]) -> list[object] | None:
    if not cursor or len(cursor) > LONGEST_CURSOR:
        return None
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [incoming.moment(str(v["t"])) if isinstance(v, dict) else v for v in plain]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    return values if len(values) == len(columns) and all(map(_fits, values, columns)) else None


def _fits(value: object, column: Column) -> bool:
    """Whether a value from outside is of the column's kind: the database would stumble over another."""
    if type(value) is not column.type.python_type:
        return False
    if isinstance(value, str):
        return incoming.storable(value)
    return not isinstance(value, int) or abs(value) <= incoming.HIGHEST
