"""What one can ask about people: those who serve in one's scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from webapp.directory.holders import holdings, in_force
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import POST_NAMES, WORK_POSTS, Permission, Post
from webapp.directory.scope import path_prefix, units_within
from webapp.extensions import db
from webapp.foundation import clock, private
from webapp.foundation.access import Actor
from webapp.foundation.errors import NotFound
from webapp.foundation.paging import PAGE_SIZE, Page, keyset


@dataclass(frozen=True)
class PersonLine:
    """A person as a row, with what they serve as within the actor's scope."""

    id: int
    name: str
    serves: str


@dataclass(frozen=True)
class Service:
    """One appointment as a person's page shows it."""

    id: int
    post: str
    post_name: str
    unit_name: str
    starts_on: date
    ends_on: date | None
    current: bool


@dataclass(frozen=True)
class PersonPage:
    """A person and their appointments within the actor's scope, those in force first."""

    person: Person
    services: Sequence[Service] = field(default_factory=tuple)

    @property
    def masked_phone(self) -> str:
        """138****5678."""
        return private.mask_phone(self.person.phone)

    @property
    def phone_open(self) -> bool:
        """Whether the phone is shown at once: it belongs to the work (网格员's is published by rule), and is not private."""
        return any(service.current and service.post in WORK_POSTS for service in self.services)


def _people(actor: Actor) -> sa.ColumnElement[bool]:
    """Who serves in the actor's scope today; who keeps the register also sees those without a post."""
    if actor.can(Permission.DIRECTORY_MANAGE):
        return sa.true()
    serving = (
        sa.select(Appointment.person_id)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(units_within(actor), in_force(clock.today()))
    )
    return Person.id.in_(serving)


def people(
    actor: Actor, text: str = "", unit: Unit | None = None, cursor: str = "", size: int = PAGE_SIZE
) -> Page[PersonLine]:
    """People by name, those whose name holds ``text``; of ``unit`` and below, if given. Two queries."""
    query = sa.select(Person.id, Person.name).where(_people(actor))
    if text:
        query = query.where(Person.name.contains(text, autoescape=True))
    if unit is not None:
        serving = sa.select(Appointment.person_id).join(Unit, Unit.id == Appointment.unit_id)
        query = query.where(
            Person.id.in_(serving.where(path_prefix(Unit.path, unit.path), in_force(clock.today())))
        )
    found = keyset(query, [Person.name, Person.id], cursor, size, ascending=True)
    serves = _serves(actor, [row.id for row in found.rows])
    return Page([PersonLine(row.id, row.name, "、".join(serves[row.id])) for row in found.rows], found.next)


def _serves(actor: Actor, person_ids: Iterable[int]) -> dict[int, list[str]]:
    query = (
        holdings(Unit.short_name)
        .where(Appointment.person_id.in_(list(person_ids)), units_within(actor))
        .order_by(Appointment.starts_on, Appointment.id)
    )
    serves: dict[int, list[str]] = defaultdict(list)
    for row in db.session.execute(query):
        serves[row.id].append(f"{row.short_name}{POST_NAMES[Post(row.post)]}")
    return serves


def person_page(actor: Actor, person_id: int) -> PersonPage:
    """A person who serves in the actor's scope.

    Raises:
        NotFound: there is none, or the person serves elsewhere.
    """
    person = db.session.scalars(sa.select(Person).where(Person.id == person_id, _people(actor))).first()
    if person is None:
        raise NotFound
    query = (
        sa.select(
            Appointment.id,
            Appointment.post,
            Unit.short_name,
            Appointment.starts_on,
            Appointment.ends_on,
            in_force(clock.today()).label("current"),
        )
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(Appointment.person_id == person_id, units_within(actor))
        .order_by(sa.desc("current"), Appointment.starts_on.desc(), Appointment.id.desc())
    )
    services = [
        Service(
            row.id,
            row.post,
            POST_NAMES[Post(row.post)],
            row.short_name,
            row.starts_on,
            row.ends_on,
            row.current,
        )
        for row in db.session.execute(query)
    ]
    return PersonPage(person, services)


@dataclass(frozen=True)
class Held:
    """One appointment, to be ended."""

    id: int
    person_id: int
    person_name: str
    post_name: str
    unit_name: str
    starts_on: date
    ends_on: date | None


def appointment_for(actor: Actor, appointment_id: int) -> Held:
    """An appointment in the actor's scope.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    query = (
        sa.select(
            Appointment.id,
            Appointment.post,
            Appointment.starts_on,
            Appointment.ends_on,
            Person.id.label("person_id"),
            Person.name,
            Unit.short_name,
        )
        .join(Person, Person.id == Appointment.person_id)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(Appointment.id == appointment_id, units_within(actor))
    )
    row = db.session.execute(query).first()
    if row is None:
        raise NotFound
    return Held(
        row.id,
        row.person_id,
        row.name,
        POST_NAMES[Post(row.post)],
        row.short_name,
        row.starts_on,
        row.ends_on,
    )
