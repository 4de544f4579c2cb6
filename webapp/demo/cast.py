"""The people of the demo district as actors, and who of them may do something in a case."""

from __future__ import annotations

import random
from collections.abc import Iterable

import sqlalchemy as sa

from webapp.accounts.models import Account
from webapp.cases.models import Case
from webapp.cases.permissions import facts_of, reason_not
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import GRANTS, POST_NAMES, Level, Post
from webapp.extensions import db
from webapp.foundation.access import Actor, Holding

WORKERS = {
    Level.BUILDING: (Post.BUILDING_LEADER,),
    Level.GRID: (Post.GRID_WORKER, Post.BRANCH_SECRETARY),
    Level.COMMUNITY: (Post.COMMUNITY_STAFF, Post.COMMUNITY_SECRETARY),
    Level.STREET: (Post.STREET_STAFF,),
    Level.COMPANY: (Post.HANDLER,),
    Level.DEPARTMENT: (Post.HANDLER,),
}


class Cast:
    """Everybody with a post, as the actor that a request of theirs would have."""

    def __init__(self) -> None:
        self._holders: dict[tuple[str, int], list[Actor]] = {}
        self._level: dict[int, Level] = {}
        query = (
            sa.select(
                Appointment.id, Appointment.post, Appointment.unit_id, Person.id, Person.name, Account.id,
                Unit.short_name, Unit.level, Unit.path,
            )
            .join(Person, Person.id == Appointment.person_id)
            .join(Unit, Unit.id == Appointment.unit_id)
            .outerjoin(Account, Account.person_id == Person.id)
            .order_by(Appointment.id)
        )  # fmt: skip
        for (
            appointment_id,
            post,
            unit_id,
            person_id,
            name,
            account_id,
            unit,
            level,
            path,
        ) in db.session.execute(query):
            holding = Holding(appointment_id, post, POST_NAMES[Post(post)], unit_id, unit, level, path)
            granted = frozenset(GRANTS[Post(post)])
            actor = Actor(person_id, account_id or 0, name, holding, granted, (holding,))
            self._holders.setdefault((post, unit_id), []).append(actor)
            self._level[unit_id] = Level(level)

    def holders(self, post: Post, unit_id: int | None) -> list[Actor]:
        """Who holds the post in the unit, the first appointed first."""
        return self._holders.get((post, unit_id or 0), [])

    def first(self, post: Post, unit_id: int | None) -> Actor:
        """The first of them: in the demo's own places, the one with the account."""
        return self.holders(post, unit_id)[0]

    def workers(self, unit_id: int | None) -> list[Actor]:
        """Who works on the cases of a unit, the one with the account first."""
        if unit_id is None:
            return []
        return [actor for post in WORKERS[self._level[unit_id]] for actor in self.holders(post, unit_id)]

    def able(
        self, case: Case, action: str, unit_ids: Iterable[int | None], rng: random.Random | None = None
    ) -> Actor | None:
        """Somebody of the first of these units in which anybody may do the action; without ``rng`` the first of them."""
        facts = facts_of(case)
        for unit_id in unit_ids:
            found = [actor for actor in self.workers(unit_id) if not reason_not(actor, case, action, facts)]
            if found:
                return rng.choice(found) if rng else found[0]
        return None
