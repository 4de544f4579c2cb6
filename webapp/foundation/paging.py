"""Keyset paging: the next page starts after the last row seen, so it costs the same at any depth."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from webapp.extensions import db
from webapp.foundation.db import AnySelect

Row = TypeVar("Row")
PAGE_SIZE = 20


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and the cursor (opaque, for the address) of those that follow; empty at the end."""

    rows: Sequence[Row]
    next: str = ""


def keyset(
    query: AnySelect,
    columns: Sequence[sa.ColumnElement[Any] | InstrumentedAttribute[Any]],
    cursor: str = "",
    size: int = PAGE_SIZE,
    ascending: bool = False,
) -> Page[Any]:
    """One page of ``query``, ordered by ``columns`` (all in one direction, the last one unique).

    The columns must be among those selected, under their own names. A cursor that can't be read starts anew.
    """
    after = _decode(cursor, len(columns))
    if after is not None:
        seen = sa.tuple_(
            *(sa.literal(value, column.type) for value, column in zip(after, columns, strict=True))
        )
        key = sa.tuple_(*columns)
        query = query.where(key > seen if ascending else key < seen)
    order = [column.asc() if ascending else column.desc() for column in columns]
    rows = db.session.execute(query.order_by(*order).limit(size + 1)).all()
    shown = rows[:size]
    more = _encode([getattr(shown[-1], str(column.key)) for column in columns]) if len(rows) > size else ""
    return Page(shown, more)


def _encode(values: list[Any]) -> str:
    plain = [{"t": value.isoformat()} if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def _decode(cursor: str, length: int) -> list[Any] | None:
    if not cursor:
        return None
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [datetime.fromisoformat(v["t"]) if isinstance(v, dict) else v for v in plain]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    return values if len(values) == length else None
