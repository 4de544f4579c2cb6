"""The sources of decisions: the rooms' ``asks`` modules, by their name in the address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import webapp.cases.asks as case_asks
import webapp.points.ledger.asks as point_asks
import webapp.volunteering.hours.asks as hour_asks
from webapp.foundation import incoming
from webapp.foundation.access import Actor
from webapp.foundation.asks import Ask, AskSource, how_many
from webapp.foundation.errors import DomainError, NotFound

SOURCES: dict[str, AskSource] = {
    "case": case_asks,
    "hours": hour_asks,
    "points": point_asks,
}
# Ready phrases for sending back, by source: most answers on a phone need no typing.
PHRASES = {
    "case": ("请先在本级协调", "材料不清楚，请补充", "不属于这种情形"),
    "hours": ("时间与实际不符", "没有参加这次活动", "请补充说明"),
    "points": ("缺少依据", "分值不对", "重复申报"),
}


@dataclass(frozen=True)
class Waiting:
    """An ask with the name of its source."""

    source: str
    ask: Ask


def count(actor: Actor) -> int:
    """How many decisions wait for this actor, up to what the badge can show; one query."""
    return how_many(actor, *SOURCES.values())


def waiting(actor: Actor) -> list[Waiting]:
    """Everything waiting for this actor, from all sources, oldest first."""
    found = [Waiting(name, ask) for name, source in SOURCES.items() for ask in source.asks(actor)]
    return sorted(found, key=lambda item: item.ask.since)


def decide(actor: Actor, source: str, ask_id: int, *, approve: bool, reason: str) -> str:
    """Pass the decision on to the room that asked.

    Raises:
        NotFound: no such source, or it does not wait for this actor. Others as the source's ``decide``.
    """
    if source not in SOURCES:
        raise NotFound
    return SOURCES[source].decide(actor, ask_id, approve=approve, reason=reason)


def approve_all(actor: Actor, keys: Iterable[str]) -> tuple[int, list[str]]:
    """Approve several ("case:17"); returns how many were, and why others were not.

    One that is refused does not hold up the rest; each source changes nothing when it refuses.
    """
    done, refusals = 0, []
    for key in keys:
        source, _, number = key.partition(":")
        try:
            decide(actor, source, incoming.number(number) or 0, approve=True, reason="")
            done += 1
        except DomainError as error:
            refusals.append(error.message)
    return done, refusals
