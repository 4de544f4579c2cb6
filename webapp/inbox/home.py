"""The start page: today's work, by what the post may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webapp.cases import lists
from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.inbox import sources
from webapp.inbox.sources import Waiting
from webapp.points.ledger import balance as ledger
from webapp.visits.desks import queries as desk_queries
from webapp.visits.desks.queries import Desk
from webapp.volunteering import queries as volunteering

NEAREST = 3


@dataclass(frozen=True)
class Home:
    """The contents of the start page; what the post does not need is None or empty."""

    works_on_cases: bool
    urgent: Sequence[Any]  # open anywhere below, whoever owns them
    counts: lists.CaseCounts | None
    nearest: Sequence[Any]
    desks: Sequence[Desk]
    decisions: Sequence[Waiting]
    next_activity: Any | None
    balance: int | None


def home_of(actor: Actor) -> Home:
    """Load the start page with a fixed number of queries for each post."""
    works_on_cases = actor.can(Permission.CASE_OWN) or actor.can(Permission.CASE_HANDLE)
    sees_cases = works_on_cases or actor.can(Permission.CASE_READ)
    mine = lists.CaseFilters(tab="mine" if works_on_cases else "due")
    urgent = lists.CaseFilters(tab="open", urgent=True)
    decides = actor.can(Permission.CASE_DECIDE)
    return Home(
        works_on_cases=works_on_cases,
        # Community and street know of it at once, not only when the half hour for an answer is over.
        urgent=lists.list_cases(actor, urgent, size=NEAREST).rows if decides else (),
        counts=lists.counts(actor) if sees_cases else None,
        nearest=lists.list_cases(actor, mine, size=NEAREST).rows if sees_cases else (),
        desks=desk_queries.todays_desk(actor) if actor.can(Permission.VISIT_LOG) else (),
        # Who decides begins with the decisions; others find them behind the tab.
        decisions=sources.waiting(actor)[:NEAREST] if decides else (),
        next_activity=volunteering.next_activity(actor) if actor.can(Permission.REPORT_OWN) else None,
        balance=ledger.balance(actor.person_id, clock.today()) if actor.can(Permission.POINTS_OWN) else None,
    )


def greeting() -> str:
    """上午好, 下午好, 晚上好, by the users' clock."""
    hour = clock.local(clock.now()).hour
    return "上午好" if 4 <= hour < 12 else "下午好" if 12 <= hour < 18 else "晚上好"
