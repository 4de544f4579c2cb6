"""What one can ask the register: units and people within one's scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import POST_NAMES, WORK_POSTS, Level, Permission, Post
from webapp.directory.scope import covers, path_prefix, paths_above, units_within
from webapp.extensions import db
from webapp.foundation import clock, periods, private
from webapp.foundation.access import Actor
from webapp.foundation.db import AnySelect
from webapp.foundation.errors import NotFound
from webapp.foundation.paging import PAGE_SIZE, Page, keyset

FOUND = 8  # units, and people, that the search over both shows


def in_force(today: date | sa.ColumnElement[date]) -> sa.ColumnElement[bool]:
    """That an appointment counts on ``today`` (a date, or a parameter for one), and its unit still exists.

    Needs ``Unit`` joined.
    """
    return sa.and_(
        periods.in_force(Appointment.starts_on, Appointment.ends_on, today),
        Unit.retired_on.is_(None),
    )


def holds_post(person_id: int) -> bool:
    """Whether a person has any appointment in force today."""
    query = sa.select(Appointment.id).join(Unit, Unit.id == Appointment.unit_id)
    found = db.session.scalar(
        query.where(Appointment.person_id == person_id, in_force(clock.today())).limit(1)
    )
    return found is not None


# Units


@dataclass(frozen=True)
class UnitLine:
    """A unit as a row; ``open`` where the actor may open its page, ``parent`` what it belongs to (1栋 alone says little)."""

    code: str
    name: str
    level: str
    open: bool
    parent: str


@dataclass(frozen=True)
class Holder:
    """Somebody who holds a post."""

    person_id: int
    name: str
    post: str
    since: date
    phone: str = ""

    @property
    def post_name(self) -> str:
        """The post in Chinese."""
        return POST_NAMES[Post(self.post)]


@dataclass(frozen=True)
class UnitPage:
    """All that the page of a unit shows."""

    unit: Unit
    above: Sequence[UnitLine]
    below: Mapping[Level, Sequence[UnitLine]]
    holders: Sequence[Holder]
    volunteers: int


def unit_for(actor: Actor, code: str) -> Unit:
    """The unit, if it is the actor's own or below it.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    unit = db.session.scalars(sa.select(Unit).where(Unit.code == code, units_within(actor))).first()
    if unit is None:
        raise NotFound
    return unit


def unit_page(actor: Actor, code: str) -> UnitPage:
    """A unit with what belongs to it. A fixed number of queries.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    unit = unit_for(actor, code)
    serving, volunteers = holders(unit.id)
    below = _units(actor, sa.and_(Unit.parent_id == unit.id, Unit.retired_on.is_(None)), Unit.code)
    return UnitPage(
        unit=unit,
        above=_units(actor, Unit.path.in_(paths_above(unit.path)), Unit.path),
        below={level: lines for level in Level if (lines := [line for line in below if line.level == level])},
        holders=serving,
        volunteers=volunteers,
    )


def _units(actor: Actor, which: sa.ColumnElement[bool], order: InstrumentedAttribute[str]) -> list[UnitLine]:
    parent = sa.orm.aliased(Unit)
    query = (
        sa.select(Unit.code, Unit.short_name, Unit.level, Unit.path, parent.short_name.label("parent"))
        .outerjoin(parent, parent.id == Unit.parent_id)
        .where(which)
        .order_by(order)
    )
    return [
        UnitLine(row.code, row.short_name, row.level, covers(actor, row.path), row.parent or "")
        for row in db.session.execute(query)
    ]


def holders(unit_id: int) -> tuple[list[Holder], int]:
    """Who serves a unit, the volunteers only counted: a grid may have hundreds."""
    query = (
        _holdings(Appointment.starts_on, Person.phone)
        .where(Appointment.unit_id == unit_id, Appointment.post != Post.VOLUNTEER)
        .order_by(Person.name, Person.id)
    )
    found = [
        Holder(
            row.id,
            row.name,
            row.post,
            row.starts_on,
            row.phone if row.post in WORK_POSTS else private.mask_phone(row.phone),
        )
        for row in db.session.execute(query)
    ]
    count = (
        sa.select(sa.func.count())
        .select_from(Appointment)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(Appointment.unit_id == unit_id, Appointment.post == Post.VOLUNTEER, in_force(clock.today()))
    )
    return sorted(found, key=lambda holder: list(Post).index(Post(holder.post))), db.session.scalar(
        count
    ) or 0


def _holdings(*more: InstrumentedAttribute[object]) -> AnySelect:
    return (
        sa.select(Person.id, Person.name, Appointment.post, *more)
        .join(Appointment, Appointment.person_id == Person.id)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(in_force(clock.today()))
    )


def own_unit(actor: Actor) -> Unit:
    """The unit that the actor serves."""
    return db.session.get_one(Unit, actor.unit_id)


def find_units(actor: Actor, text: str, level: Level | None = None) -> list[UnitLine]:
    """Units in scope whose name holds ``text``; of one level, if given."""
    query = sa.and_(units_within(actor), Unit.retired_on.is_(None), Unit.name.contains(text, autoescape=True))
    if level:
        query = sa.and_(query, Unit.level == level)
    return _units(
        actor, Unit.id.in_(sa.select(Unit.id).where(query).order_by(Unit.path).limit(FOUND)), Unit.path
    )


# People


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
        _holdings(Unit.short_name)
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
