"""Small tables that hardly ever change (the calendar, the kinds of cases, the rules of points), kept in memory for a minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from webapp.extensions import db

T = TypeVar("T")
SECONDS = 60.0


class Kept(Generic[T]):
    """What ``read`` gives, read anew when it is a minute old: another process may have changed it.

    Use only where data up to a minute old is acceptable. Who writes such a table calls ``forget``.
    """

    def __init__(self, read: Callable[[], T]) -> None:
        wraps(read)(self)
        self._read = read
        self._found: WeakKeyDictionary[sa.Engine, tuple[float, T]] = WeakKeyDictionary()

    def __call__(self) -> T:
        engine, now = db.engine, time.monotonic()
        until, value = self._found.get(engine, (0.0, None))
        if value is None or until < now:
            value = self._read()
            self._found[engine] = (now + SECONDS, value)
        return value

    def forget(self) -> None:
        """Read it anew at the next call."""
        self._found.clear()
