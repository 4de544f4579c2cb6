"""What one can ask about hours: one's own, and those in scope of who confirms them. Nothing here compares people by hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeAlias

import sqlalchemy as sa

from webapp.directory.models import Person, Unit
from webapp.directory.posts import Permission
from webapp.directory.scope import PERSON_ID, within, within_level
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.errors import NotFound
from webapp.foundation.paging import PAGE_SIZE, Page, keyset
from webapp.volunteering.models import (
    Activity,
    Attendance,
    HoursCorrection,
    HoursState,
    Objection,
    Statement,
)

HoursRow: TypeAlias = sa.Row[int, datetime, int | None, str, bool, str, datetime]


def my_hours(actor: Actor, cursor: str = "", size: int = PAGE_SIZE) -> Page[HoursRow]:
    """The actor's own hours, the latest first."""
    query = (
        sa.select(
            Attendance.id,
            Attendance.at,
            Attendance.minutes,
            Attendance.state,
            Attendance.auto_closed,
            Activity.title,
            Activity.starts_at,
        )
        .join(Activity, Activity.id == Attendance.activity_id)
        .where(Attendance.person_id == actor.person_id)
    )
    return keyset(query, [Attendance.at, Attendance.id], cursor, size)


def my_minutes(actor: Actor) -> dict[str, int]:
    """The actor's own minutes by state."""
    rows = db.session.execute(
        sa.select(Attendance.state, sa.func.coalesce(sa.func.sum(Attendance.minutes), 0))
        .where(Attendance.person_id == actor.person_id)
        .group_by(Attendance.state)
    )
    return {str(state): int(total or 0) for state, total in rows}


def attendance_for(actor: Actor, attendance_id: int) -> Attendance:
    """An attendance: one's own, or in one's scope.

    Raises:
        NotFound: there is none, or it is not the actor's to see.
    """
    may = within(actor, Attendance) if not actor.can(Permission.REPORT_OWN) else sa.false()
    query = sa.select(Attendance).where(
        Attendance.id == attendance_id, sa.or_(Attendance.person_id == actor.person_id, may)
    )
    attendance = db.session.scalars(query).first()
    if attendance is None:
        raise NotFound
    return attendance


def activity_of(attendance: Attendance) -> Activity:
    """The activity of an attendance that the actor was given."""
    return db.session.get_one(Activity, attendance.activity_id)


def name_of(person_id: int) -> str:
    """The name of a person whom the actor was given the record of."""
    return db.session.get_one(Person, person_id).name


def corrections(attendance: Attendance) -> Sequence[sa.Row[int, int, str, datetime, str]]:
    """The trail of its minutes, the latest first."""
    query = (
        sa.select(
            HoursCorrection.old_minutes,
            HoursCorrection.new_minutes,
            HoursCorrection.reason,
            HoursCorrection.at,
            Person.name,
        )
        .join(Person, Person.id == HoursCorrection.by_id)
        .where(HoursCorrection.attendance_id == attendance.id)
        .order_by(HoursCorrection.id.desc())
    )
    return db.session.execute(query).all()


def objections(attendance: Attendance) -> Sequence[sa.Row[str, str, datetime, str, datetime | None]]:
    """Its objections with their answers, the latest first."""
    query = (
        sa.select(Objection.text, Objection.state, Objection.made_at, Objection.answer, Objection.answered_at)
        .where(Objection.attendance_id == attendance.id)
        .order_by(Objection.id.desc())
    )
    return db.session.execute(query).all()


def waiting_hours(level: str) -> sa.ColumnElement[bool]:
    """The condition that hours wait for an actor at this level: in scope, computed or disputed, and not their own.

    The actor's unit and person are parameters.
    """
    # Written out, not bound: the partial index must be seen to fit.
    waits = sa.text("attendances.state IN ('pending', 'disputed')")
    return sa.and_(within_level(level, Attendance), waits, Attendance.person_id != PERSON_ID)


def may_confirm(can: frozenset[str]) -> bool:
    """Whether hours in scope can wait for a post with these permissions."""
    return Permission.HOURS_CONFIRM in can or Permission.ACTIVITY_ORGANISE in can


def statements(actor: Actor) -> Sequence[sa.Row[str, date, date, datetime, int]]:
    """The actor's latest statements."""
    query = (
        sa.select(
            Statement.verify_code,
            Statement.since,
            Statement.until,
            Statement.issued_at,
            Statement.total_minutes,
        )
        .where(Statement.person_id == actor.person_id)
        .order_by(Statement.issued_at.desc(), Statement.id.desc())
        .limit(20)
    )
    return db.session.execute(query).all()


def statement_for(actor: Actor, code: str) -> Statement:
    """One of the actor's own statements.

    Raises:
        NotFound: there is none with this code, or it is another person's.
    """
    statement = statement_by_code(code)
    if statement is None or statement.person_id != actor.person_id:
        raise NotFound
    return statement


def statement_by_code(code: str) -> Statement | None:
    """The statement with a verify code as it was given out."""
    return db.session.scalars(sa.select(Statement).where(Statement.verify_code == code)).first()


def settled(
    person_id: int, since: datetime, until: datetime
) -> Sequence[sa.Row[str, datetime, datetime, str, str, str, int | None, str, str]]:
    """A person's confirmed hours of activities that began in [since, until), with the fields of a service record."""
    query = (
        sa.select(
            Activity.title,
            Activity.starts_at,
            Activity.ends_at,
            Activity.place,
            Activity.category,
            Activity.description,
            Attendance.minutes,
            Unit.name.label("unit"),
            Person.name.label("leader"),
        )
        .select_from(Attendance)
        .join(Activity, Activity.id == Attendance.activity_id)
        .join(Unit, Unit.id == Activity.organising_unit_id)
        .join(Person, Person.id == Activity.organiser_id)
        .where(
            Attendance.person_id == person_id,
            Attendance.state == HoursState.CONFIRMED,
            Activity.starts_at >= since,
            Activity.starts_at < until,
        )
        .order_by(Activity.starts_at, Activity.id)
    )
    return db.session.execute(query).all()
