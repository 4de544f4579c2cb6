"""Decisions waiting for somebody, in the shape the inbox shows. Rooms that have any provide an ``asks.py``."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, reduce
from typing import NamedTuple, Protocol

import sqlalchemy as sa

from webapp.foundation.access import Actor
from webapp.foundation.hot import HotQuery


@dataclass(frozen=True)
class Ask:
    """One thing waiting for a decision; ``id`` is unique within its source, ``url`` leads to the record."""

    id: int
    kind: str  # in Chinese, as the card's label: 上报, 延期, 不予受理, 积分, 时长
    title: str
    by: str
    since: datetime
    reason: str = ""
    url: str = ""
    detail: str = ""


class AskSource(Protocol):
    """What a room's ``asks`` module offers."""

    def waiting(self, level: str, can: frozenset[str]) -> Sequence[sa.Select[int]]:
        """The ids of those that wait for an actor, as questions that an index answers; none where none can wait.

        ``level`` is that of the actor's unit, ``can`` what the post may do. Unit and person are the parameters
        ``unit_id`` and ``person_id``.
        """

    def asks(self, actor: Actor, limit: int = 50) -> list[Ask]:
        """Those that wait for this actor, the oldest first; a fixed number of queries."""

    def decide(self, actor: Actor, ask_id: int, *, approve: bool, reason: str = "") -> str:
        """Approve, or send back with a reason; returns what happened, in Chinese.

        Raises:
            NotFound: it does not wait for this actor. Conflict: decided already. Invalid: sent back without a reason.
        """


MOST = 100  # a badge says 99+, so nobody need count further


class _Badge(NamedTuple):
    waiting: int


def how_many(actor: Actor, *sources: AskSource) -> int:
    """How many asks of ``sources`` wait for this actor, each question counted up to ``MOST``; one query."""
    badge = _badge(sources, actor.unit_level, actor.permissions)
    return badge.one(unit_id=actor.unit_id, person_id=actor.person_id).waiting if badge else 0


@lru_cache(maxsize=128)
def _badge(sources: tuple[AskSource, ...], level: str, can: frozenset[str]) -> HotQuery[_Badge] | None:
    counts = [
        sa.select(sa.func.count()).select_from(ids.limit(MOST).subquery()).scalar_subquery()
        for source in sources
        for ids in source.waiting(level, can)
    ]
    return HotQuery(_Badge, sa.select(reduce(operator.add, counts).label("waiting"))) if counts else None
