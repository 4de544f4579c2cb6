"""What one can do to the register: people, appointments, units. Each needs DIRECTORY_MANAGE."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import LEVEL_NAMES, POST_LEVELS, POST_NAMES, Level, Permission, Post
from webapp.directory.queries import in_force, person_page
from webapp.directory.scope import covers, path_prefix
from webapp.extensions import db
from webapp.foundation import clock, journal, private
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused


def check_can_manage(actor: Actor) -> None:
    """Only who keeps the register changes it.

    Raises:
        Refused: the actor's post does not hold the permission.
    """
    if not actor.can(Permission.DIRECTORY_MANAGE):
        raise Refused("您现在的身份不能修改名录。")


def create_person(actor: Actor, *, name: str, phone: str = "") -> Person:
    """Enter a person into the register.

    Raises:
        Invalid: the phone is none, or belongs to another person.
    """
    check_can_manage(actor)
    number = private.normalise_phone(phone) if phone else ""
    if number and not private.valid_phone(number):
        raise Invalid("这不像一个电话号码，请核对。", "phone")
    phone_hash = private.keyed_hash(number) if number else None
    with transaction() as session:
        if phone_hash and session.scalar(sa.select(Person.id).where(Person.phone_hash == phone_hash)):
            raise Invalid("这个号码已经登记在另一个人名下，请先查找。", "phone")
        person = Person(name=name, phone=number, phone_hash=phone_hash)
        session.add(person)
        session.flush()
        journal.record(actor, "person:create", "person", person.id)
        return person


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
        same = sa.select(Appointment.id).where(
            Appointment.person_id == person_id,
            Appointment.post == post,
            Appointment.unit_id == unit.id,
            sa.or_(Appointment.ends_on.is_(None), Appointment.ends_on >= starts_on),
        )
        if ends_on:
            same = same.where(Appointment.starts_on <= ends_on)
        if session.scalar(same.limit(1)):
            raise Conflict("这个人在这段时间已经有同样的职务，不用再任命。")
        row = Appointment(
            person_id=person_id, post=post, unit_id=unit.id, starts_on=starts_on, ends_on=ends_on
        )
        session.add(row)
        session.flush()
        journal.record(actor, "appointment:create", "appointment", row.id, {"post": post, "unit": unit.id})
        return row


def _unit_for_post(actor: Actor, post: Post, code: str) -> Unit:
    unit = db.session.scalars(sa.select(Unit).where(Unit.code == code, Unit.retired_on.is_(None))).first()
    if unit is None or not covers(actor, unit.path):
        raise Invalid("没有找到这个单位，请从列表里选。", "unit_code")
    levels = POST_LEVELS[post]
    if levels and Level(unit.level) not in levels:
        wanted = "或".join(LEVEL_NAMES[level] for level in levels)
        raise Invalid(
            f"{POST_NAMES[post]}要任命在{wanted}，这里是{LEVEL_NAMES[Level(unit.level)]}。", "unit_code"
        )
    return unit


def end_appointment(actor: Actor, appointment_id: int, *, last_day: date) -> Appointment:
    """Let an appointment end after ``last_day``; a day that has passed ends it from the next request on.

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


def rename_unit(actor: Actor, code: str, *, name: str, short_name: str) -> Unit:
    """Change what a unit is called; code and place stay.

    Raises:
        NotFound: there is none, or it is not the actor's.
    """
    with transaction():
        unit = _locked_unit(actor, code)
        unit.name, unit.short_name = name, short_name
        journal.record(actor, "unit:rename", "unit", unit.id)
        return unit


def retire_unit(actor: Actor, code: str) -> Unit:
    """Take a unit out of use; its records stay.

    Raises:
        NotFound: there is none, or it is not the actor's. Conflict: units below it are in use, or people serve there.
    """
    with transaction() as session:
        unit = _locked_unit(actor, code)
        if unit.retired_on:
            raise Conflict("这个单位已经停用了。")
        if unit.parent_id is None:
            raise Conflict("最上一级的单位不能停用。")
        below = (
            sa.select(sa.func.count())
            .select_from(Unit)
            .where(path_prefix(Unit.path, unit.path), Unit.id != unit.id, Unit.retired_on.is_(None))
        )
        if number := session.scalar(below):
            raise Conflict(f"下面还有{number}个单位在用，请先停用它们。")
        serving = (
            sa.select(sa.func.count()).select_from(Appointment).join(Unit, Unit.id == Appointment.unit_id)
        )
        if number := session.scalar(serving.where(Appointment.unit_id == unit.id, in_force(clock.today()))):
            raise Conflict(f"还有{number}人在这里任职，请先结束他们的职务。")
        unit.retired_on = clock.today()
        journal.record(actor, "unit:retire", "unit", unit.id)
        return unit


def _locked_unit(actor: Actor, code: str) -> Unit:
    check_can_manage(actor)
    unit_id = db.session.scalar(sa.select(Unit.id).where(Unit.code == code))
    unit = locked(Unit, unit_id) if unit_id else None
    if unit is None or not covers(actor, unit.path):
        raise NotFound
    return unit


def read_phone(actor: Actor, person_id: int) -> str:
    """A private phone in full, for somebody in scope; each look is on the record.

    Raises:
        NotFound: the person does not serve in the actor's scope.
    """
    with transaction():
        person = person_page(actor, person_id).person
        journal.record(actor, "person:read_phone", "person", person.id)
        return person.phone
