"""People and their appointments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.people.queries import person_page
from webapp.directory.permissions import check_can_manage, unit_in_use
from webapp.directory.posts import LEVEL_NAMES, POST_LEVELS, POST_NAMES, Level, Post
from webapp.directory.scope import covers
from webapp.extensions import db
from webapp.foundation import clock, journal, periods, private
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, require_transaction, transaction
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
    is_reserve_cadre: bool = False,
) -> Person:
    """Enter a person into the register.

    Raises:
        Invalid: the phone is none, or belongs to another person.
    """
    check_can_manage(actor)
    with transaction() as session:
        person = Person(
            name=name,
            is_party_member=is_party_member,
            is_serving_party_member=is_serving_party_member,
            is_reserve_cadre=is_reserve_cadre,
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


_WITH_PHONE = sa.select(Person.id).where(Person.phone_hash == sa.bindparam("phone_hash"))


def _give_phone(person: Person, phone: str) -> None:
    number = private.normalise_phone(phone)
    if not number:
        return
    if not private.valid_phone(number):
        raise Invalid("这不像一个电话号码，请核对。", "phone")
    phone_hash = private.keyed_hash(number)
    if phone_hash == person.phone_hash:
        return
    if db.session.scalar(_WITH_PHONE, {"phone_hash": phone_hash}):
        raise Invalid("这个号码已经登记在另一个人名下，请先查找。", "phone")
    person.phone, person.phone_hash = number, phone_hash


def hold_person(person_id: int) -> None:
    """Let nobody else write about this person until the transaction ends; on SQLite nobody else writes anyway."""
    require_transaction()
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())


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
        hold_person(person_id)
        if session.get(Person, person_id) is None:
            raise NotFound
        unit = _unit_for_post(actor, Post(post), unit_code)
        same = (Appointment.person_id == person_id, Appointment.post == post, Appointment.unit_id == unit.id)
        days = periods.overlaps(Appointment.starts_on, Appointment.ends_on, starts_on, ends_on)
        if db.session.scalar(sa.select(Appointment.id).where(*same, days).limit(1)):
            raise Conflict("这个人在这段时间已经有同样的职务，不用再任命。")
        row = Appointment(
            person_id=person_id, post=post, unit_id=unit.id, starts_on=starts_on, ends_on=ends_on
        )
        session.add(row)
        session.flush()
        journal.record(actor, "appointment:create", "appointment", row.id, {"post": post, "unit": unit.id})
        return row


def _unit_for_post(actor: Actor, post: Post, code: str) -> Unit:
    unit = unit_in_use(actor, code)
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
