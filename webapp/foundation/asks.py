"""What waits for a decision, in the one shape that the inbox shows. Rooms with such things have an ``asks.py``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from webapp.extensions import db
from webapp.foundation.access import Actor


@dataclass(frozen=True)
class Ask:
    """One thing somebody asks for; ``id`` is unique within its source, ``url`` leads to the record behind it."""

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

    def waiting(self, actor: Actor) -> Sequence[sa.Select[int]]:
        """The ids of those that wait for this actor, as questions that an index answers; none where none can wait."""

    def asks(self, actor: Actor, limit: int = 50) -> list[Ask]:
        """Those that wait for this actor, the oldest first; a fixed number of queries."""

    def decide(self, actor: Actor, ask_id: int, *, approve: bool, reason: str = "") -> str:
        """Approve, or send back with a reason; returns what happened, in Chinese.

        Raises:
            NotFound: it does not wait for this actor. Conflict: decided already. Invalid: sent back without a reason.
        """


MOST = 100  # a badge says 99+, so nobody need count further


def how_many(waiting: Iterable[sa.Select[int]]) -> int:
    """How many ids ``waiting`` gives, each question counted up to ``MOST``; one query."""
    counts = [
        sa.select(sa.func.count()).select_from(ids.limit(MOST).subquery()).scalar_subquery()
        for ids in waiting
    ]
    if not counts:
        return 0
    return sum(db.session.execute(sa.select(*counts)).one())
