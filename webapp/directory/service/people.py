"""People, their appointments, and their seats in a grid's bodies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from webapp.directory.models import BODY_NAMES, Appointment, Branch, Committee, Person, Seat, Unit
from webapp.directory.posts import LEVEL_NAMES, POST_LEVELS, POST_NAMES, Level, Post
from webapp.directory.queries import person_page
from webapp.directory.scope import covers
from webapp.directory.service.checks import check_can_manage
from webapp.extensions import db
from webapp.foundation import clock, journal, private
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound


@dataclass(frozen=True)
class PersonFacts:
    """What the register says of a person; a phone that is not given stays as it is."""

    name: str
    phone: str = ""
    is_party_member: bool = False
    is_serving_party_member: bool = False


def create_person(
    actor: Actor,
    *,
    name: str,
    phone: str = "",
    is_party_member: bool = False,
    is_serving_party_member: bool = False,
) -> Person:
    """Enter a person into the register.

    Raises:
        Invalid: the phone is none, or belongs to another person.
    """
    check_can_manage(actor)
    with transaction() as session:
        person = Person(
            name=name, is_party_member=is_party_member, is_serving_party_member=is_serving_party_member
        )
        _give_phone(person, phone)
        session.add(person)
        session.flush()
        journal.record(actor, "person:create", "person", person.id)
        return person


def change_person(actor: Actor, person_id: int, facts: PersonFacts) -> Person:
    """Change what the register says of a person.

    Raises:
        NotFound: no such person. Invalid: the phone is none, or belongs to another person.
    """
    check_can_manage(actor)
    with transaction() as session:
        person = locked(Person, person_id)
        if person is None:
            raise NotFound
        before = PersonFacts(
            person.name, person.phone, person.is_party_member, person.is_serving_party_member
        )
        _give_phone(person, facts.phone)
        person.name = facts.name
        person.is_party_member = facts.is_party_member
        person.is_serving_party_member = facts.is_serving_party_member
        session.flush()
        changed = sorted(name for name, value in vars(before).items() if getattr(person, name) != value)
        if changed:
            journal.record(actor, "person:change", "person", person.id, {"fields": changed})
        return person


def _give_phone(person: Person, phone: str) -> None:
    number = private.normalise_phone(phone)
    if not number:
        return
    if not private.valid_phone(number):
        raise Invalid("这不像一个电话号码，请核对。", "phone")
    phone_hash = private.keyed_hash(number)
    if phone_hash == person.phone_hash:
        return
    if db.session.scalar(sa.select(Person.id).where(Person.phone_hash == phone_hash)):
        raise Invalid("这个号码已经登记在另一个人名下，请先查找。", "phone")
    person.phone, person.phone_hash = number, phone_hash


def read_phone(actor: Actor, person_id: int) -> str:
    """A private phone in full, for somebody in scope; each look is on the record.

    Raises:
        NotFound: the person does not serve in the actor's scope.
    """
    with transaction():
        person = person_page(actor, person_id).person
        journal.record(actor, "person:read_phone", "person", person.id)
        return person.phone


def appoint(
    actor: Actor, *, person_id: int, post: str, unit_code: str, starts_on: date, ends_on: date | None = None
) -> Appointment:
    """Give a person a post in a unit, from a day to a day (both included; no end: until further notice).

    Raises:
        NotFound: no such person. Invalid: the unit is none of the actor's, or of the wrong level, or the days are the
        wrong way round. Conflict: the person holds this very post in these days.
    """
    check_can_manage(actor)
    if ends_on and ends_on < starts_on:
        raise Invalid("结束日期要在开始日期之后。", "ends_on")
    with transaction() as session:
        if locked(Person, person_id) is None:
            raise NotFound
        unit = _unit_for_post(actor, Post(post), unit_code)
        same = (Appointment.person_id == person_id, Appointment.post == post, Appointment.unit_id == unit.id)
        if _counts(Appointment, starts_on, ends_on, *same):
            raise Conflict("这个人在这段时间已经有同样的职务，不用再任命。")
        row = Appointment(
            person_id=person_id, post=post, unit_id=unit.id, starts_on=starts_on, ends_on=ends_on
        )
        session.add(row)
        session.flush()
        journal.record(actor, "appointment:create", "appointment", row.id, {"post": post, "unit": unit.id})
        return row


def _unit_in_use(actor: Actor, code: str) -> Unit:
    unit = db.session.scalars(sa.select(Unit).where(Unit.code == code, Unit.retired_on.is_(None))).first()
    if unit is None or not covers(actor, unit.path):
        raise Invalid("没有找到这个单位，请从列表里选。", "unit_code")
    return unit


def _unit_for_post(actor: Actor, post: Post, code: str) -> Unit:
    unit = _unit_in_use(actor, code)
    levels = POST_LEVELS[post]
    if levels and Level(unit.level) not in levels:
        wanted = "或".join(LEVEL_NAMES[level] for level in levels)
        raise Invalid(
            f"{POST_NAMES[post]}要任命在{wanted}，这里是{LEVEL_NAMES[Level(unit.level)]}。", "unit_code"
        )
    return unit


def end_appointment(actor: Actor, appointment_id: int, *, last_day: date) -> Appointment:
    """End an appointment after ``last_day``; a past day takes effect from the next request.

    Raises:
        NotFound: no such appointment. Conflict: it is the one that the actor is using, or has ended already.
        Invalid: it began after that day.
    """
    check_can_manage(actor)
    if appointment_id == actor.holding.appointment_id:
        raise Conflict("不能结束自己正在使用的身份，请让另一位管理员来办。")
    with transaction():
        row = locked(Appointment, appointment_id)
        unit = db.session.get(Unit, row.unit_id) if row else None
        if row is None or unit is None or not covers(actor, unit.path):
            raise NotFound
        if row.ends_on and row.ends_on < clock.today():
            raise Conflict("这个职务已经结束了。")
        if row.starts_on >= clock.today():
            # Appointed by mistake today, or ahead: it must be possible to stop it before its first day is over.
            row.starts_on = min(row.starts_on, last_day)
        if last_day < row.starts_on:
            raise Invalid("最后一天不能早于任职开始的日期。", "last_day")
        row.ends_on = last_day
        journal.record(actor, "appointment:end", "appointment", row.id, {"last_day": last_day.isoformat()})
        return row


def _counts(
    table: type[Appointment] | type[Seat],
    starts_on: date,
    ends_on: date | None,
    *same: sa.ColumnElement[bool],
) -> bool:
    """Whether a row is in force on any of these days."""
    rows = sa.select(table.id).where(*same, sa.or_(table.ends_on.is_(None), table.ends_on >= starts_on))
    if ends_on:
        rows = rows.where(table.starts_on <= ends_on)
    return db.session.scalar(rows.limit(1)) is not None


def take_seat(
    actor: Actor,
    *,
    person_id: int,
    body: str,
    unit_code: str,
    title: str,
    starts_on: date,
    ends_on: date | None = None,
) -> Seat:
    """Give a person a seat in the branch or the committee of a grid (both days included; no end: until further notice).

    Who sits in the branch is a party member, and is one from then on.

    Raises:
        NotFound: no such person. Invalid: the unit is no grid of the actor's, or has no such body in these days, or the
        days are the wrong way round. Conflict: the person sits there already in these days.
    """
    check_can_manage(actor)
    if body not in Seat.BODIES:
        raise Invalid("请选择党支部或业委会。", "body")
    if ends_on and ends_on < starts_on:
        raise Invalid("结束日期要在开始日期之后。", "ends_on")
    with transaction() as session:
        person = locked(Person, person_id)
        if person is None:
            raise NotFound
        unit = _grid_with(actor, body, unit_code, starts_on, ends_on)
        same = (Seat.person_id == person_id, Seat.unit_id == unit.id, Seat.body == body)
        if _counts(Seat, starts_on, ends_on, *same):
            raise Conflict("这个人在这段时间已经有这个席位，不用再登记。")
        row = Seat(
            person_id=person_id, unit_id=unit.id, body=body, title=title, starts_on=starts_on, ends_on=ends_on
        )
        session.add(row)
        if body == "branch" and not person.is_party_member:
            person.is_party_member = True
            journal.record(actor, "person:change", "person", person.id, {"fields": ["is_party_member"]})
        session.flush()
        journal.record(actor, "seat:create", "seat", row.id, {"body": body, "unit": unit.id})
        return row


def _grid_with(actor: Actor, body: str, code: str, starts_on: date, ends_on: date | None) -> Unit:
    """Load the grid, and check that it has the body of the seat."""
    unit = _unit_in_use(actor, code)
    if unit.level != Level.GRID:
        raise Invalid(f"{BODY_NAMES[body]}设在网格，这里是{LEVEL_NAMES[Level(unit.level)]}。", "unit_code")
    if body == "branch":
        if not db.session.scalar(sa.select(Branch.id).where(Branch.unit_id == unit.id)):
            raise Invalid("这个网格还没有登记党支部，请先在网格页面的“修改资料”里登记。", "unit_code")
        return unit
    term = sa.select(Committee.id).where(Committee.unit_id == unit.id, Committee.term_end >= starts_on)
    if ends_on:
        term = term.where(Committee.term_start <= ends_on)
    if not db.session.scalar(term.limit(1)):
        raise Invalid("这个网格在这段时间没有业委会或物管会，请先在网格页面登记。", "unit_code")
    return unit


def end_seat(actor: Actor, seat_id: int, *, last_day: date) -> Seat:
    """Let a seat end after ``last_day``; points are earned up to that day.

    Raises:
        NotFound: no such seat. Conflict: it has ended already. Invalid: it began after that day.
    """
    check_can_manage(actor)
    with transaction():
        row = locked(Seat, seat_id)
        unit = db.session.get(Unit, row.unit_id) if row else None
        if row is None or unit is None or not covers(actor, unit.path):
            raise NotFound
        if row.ends_on and row.ends_on < clock.today():
            raise Conflict("这个席位已经结束了。")
        # Entered by mistake today, or ahead: with an end before its beginning it never counts.
        if last_day < row.starts_on < clock.today():
            raise Invalid("最后一天不能早于席位开始的日期。", "last_day")
        row.ends_on = last_day
        journal.record(actor, "seat:end", "seat", row.id, {"last_day": last_day.isoformat()})
        return row
