"""A short list that people keep in an order of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from webapp.foundation.errors import Invalid

T = TypeVar("T")
FIRST = 0  # in place of a row's id: before all others


def put_behind(rows: Iterable[T], row: T, after: int) -> list[T]:
    """``rows`` with ``row``, new or from elsewhere among them, behind the one whose id is ``after``.

    Raises:
        Invalid: there is no such place (field ``after``).
    """
    rest: list[Any] = [other for other in rows if other is not row]
    places = [FIRST, *(other.id for other in rest)]
    if after not in places:
        raise Invalid("请选择排在哪里。", "after")
    return [*rest[: places.index(after)], row, *rest[places.index(after) :]]
