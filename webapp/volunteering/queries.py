"""What one can ask of activities; each answer holds only what the actor may see.

Volunteers see the activities of their community and their own rows. Whoever organises sees names, in scope.
Nothing here orders or compares people.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

import sqlalchemy as sa

from webapp.cases.models import Case
from webapp.cases.states import Confidentiality
from webapp.directory.models import Person, Unit
from webapp.directory.posts import Level, Permission
from webapp.directory.scope import covers, units_within, within
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow
from webapp.foundation.errors import Conflict, NotFound
from webapp.foundation.paging import PAGE_SIZE, Page, keyset
from webapp.stations.models import Station
from webapp.volunteering import codes
from webapp.volunteering.models import (
    Activity,
    Attendance,
    HoursState,
    Signup,
    SignupState,
    Way,
)

OUTDATED = "这个签到码已经更新，请再扫一次现场的二维码。"


def readable(actor: Actor) -> sa.ColumnElement[bool]:
    """The activities that the actor may read.

    A volunteer's are all of the community; at a grid or below, one's own grid's and those of the community as a whole.
    """
    if Level(actor.unit_level) not in (Level.GRID, Level.BUILDING):
        return within(actor, Activity)
    mine = sa.select(Unit.community_id).where(Unit.id == actor.unit_id).scalar_subquery()
    if actor.can(Permission.REPORT_OWN):
        return Activity.community_id == mine
    grid = (
        sa.select(sa.func.coalesce(Unit.grid_id, Unit.id)).where(Unit.id == actor.unit_id).scalar_subquery()
    )
    return sa.and_(
        Activity.community_id == mine, sa.or_(Activity.grid_id.is_(None), Activity.grid_id == grid)
    )


def activity_for(actor: Actor, activity_id: int) -> Activity:
    """The activity, if the actor may read it.

    Raises:
        NotFound: there is none, or it is not the actor's to see.
    """
    activity = db.session.scalars(
        sa.select(Activity).where(Activity.id == activity_id, readable(actor))
    ).first()
    if activity is None:
        raise NotFound
    return activity


def activity_by_token(actor: Actor, token: str) -> tuple[Activity, Way]:
    """The activity whose code was scanned, and which kind of code it was.

    Raises:
        NotFound: no such code, or an activity that is not the actor's to see.
        Conflict: a rotating code that is no longer taken.
    """
    number = codes.activity_of(token)
    if number is not None:
        activity = activity_for(actor, number)
        if not codes.is_current(token, activity.id, activity.checkin_secret, clock.now()):
            raise Conflict(OUTDATED)
        return activity, Way.ROTATING_CODE
    found = db.session.scalar(sa.select(Activity.id).where(Activity.poster_code == token))
    if found is None:
        raise NotFound
    return activity_for(actor, found), Way.POSTER


_SIGNED_UP = (
    sa.select(sa.func.count())
    .where(Signup.activity_id == Activity.id, Signup.state == SignupState.SIGNED_UP)
    .correlate(Activity)
    .scalar_subquery()
    .label("signed_up")
)
_COLUMNS = (
    Activity.id,
    Activity.title,
    Activity.category,
    Activity.place,
    Activity.starts_at,
    Activity.ends_at,
    Activity.capacity,
    Activity.cancelled_at,
    Activity.confirmed_at,
    _SIGNED_UP,
)
ActivityRow: TypeAlias = sa.Row[
    int, str, str, str, datetime, datetime, int | None, datetime | None, datetime | None, int
]


def activities(actor: Actor, *, past: bool, cursor: str = "", size: int = PAGE_SIZE) -> Page[ActivityRow]:
    """Upcoming activities, nearest first, or past ones, latest first."""
    now = clock.now()
    when = Activity.ends_at < now if past else Activity.ends_at >= now
    query = sa.select(*_COLUMNS).where(readable(actor), when)
    return keyset(query, [Activity.ends_at, Activity.id], cursor, size, ascending=not past)


def my_activities(actor: Actor, cursor: str = "", size: int = PAGE_SIZE) -> Page[AnyRow]:
    """What the actor signed up for, the latest sign-up first."""
    query = (
        sa.select(*_COLUMNS[1:], Activity.id.label("activity_id"), Signup.id, Signup.joined_at, Signup.state)
        .join(Activity, Activity.id == Signup.activity_id)
        .where(Signup.person_id == actor.person_id, Signup.state != SignupState.LEFT)
    )
    return keyset(query, [Signup.joined_at, Signup.id], cursor, size)


def next_activity(actor: Actor) -> sa.Row[int, str, str, datetime, datetime, str] | None:
    """The actor's next or present activity, for the home page."""
    query = (
        sa.select(
            Activity.id, Activity.title, Activity.place, Activity.starts_at, Activity.ends_at, Signup.state
        )
        .join(Signup, Signup.activity_id == Activity.id)
        .where(
            Signup.person_id == actor.person_id,
            Signup.state != SignupState.LEFT,
            Activity.ends_at >= clock.now(),
            Activity.cancelled_at.is_(None),
        )
        .order_by(Activity.starts_at)
        .limit(1)
    )
    return db.session.execute(query).first()


def people(activity: Activity) -> dict[str, str]:
    """The names on an activity's page: person in charge, organising unit, place."""
    row = db.session.execute(
        sa.select(Person.name, Unit.name, Station.name)
        .select_from(Activity)
        .join(Person, Person.id == Activity.organiser_id)
        .join(Unit, Unit.id == Activity.organising_unit_id)
        .outerjoin(Station, Station.id == Activity.station_id)
        .where(Activity.id == activity.id)
    ).one()
    return {"organiser": row[0], "unit": row[1], "station": row[2] or ""}


def counts(activity_id: int) -> dict[str, int]:
    """How many are signed up, and how many wait."""
    rows = db.session.execute(
        sa.select(Signup.state, sa.func.count())
        .where(Signup.activity_id == activity_id)
        .group_by(Signup.state)
    )
    return {str(state): count for state, count in rows}


def my_place(actor: Actor, activity_id: int) -> tuple[str, int]:
    """The state of the actor's sign-up ("" for none), and how far back in the queue (1: next)."""
    mine = db.session.scalars(
        sa.select(Signup).where(Signup.activity_id == activity_id, Signup.person_id == actor.person_id)
    ).first()
    if mine is None or mine.state == SignupState.LEFT:
        return "", 0
    if mine.state == SignupState.SIGNED_UP:
        return mine.state, 0
    ahead = db.session.scalar(
        sa.select(sa.func.count()).where(
            Signup.activity_id == activity_id,
            Signup.state == SignupState.WAITING,
            sa.tuple_(Signup.joined_at, Signup.id)
            < sa.tuple_(sa.literal(mine.joined_at, Signup.joined_at.type), mine.id),
        )
    )
    return mine.state, (ahead or 0) + 1


def my_attendance(actor: Actor, activity_id: int) -> Attendance | None:
    """The actor's own attendance."""
    return db.session.scalars(
        sa.select(Attendance).where(
            Attendance.activity_id == activity_id, Attendance.person_id == actor.person_id
        )
    ).first()


class Attendee(NamedTuple):
    """Somebody on an activity's list; without an attendance its columns are None."""

    person_id: int
    name: str
    signup: str
    attendance_id: int | None
    sign_in_at: datetime | None
    sign_out_at: datetime | None
    way: str | None
    auto_closed: bool | None
    capped: bool | None
    minutes: int | None
    state: str | None
    day_minutes: int  # what the person has on that day elsewhere


def attendees(activity: Activity) -> list[Attendee]:
    """Everybody signed up or present, in the order of signing up, for those who may organise the activity."""
    start = clock.at(clock.local(activity.starts_at).date())
    other, theirs = sa.orm.aliased(Activity), sa.orm.aliased(Attendance)
    elsewhere = (
        sa.select(sa.func.coalesce(sa.func.sum(theirs.minutes), 0))
        .join(other, other.id == theirs.activity_id)
        .where(
            theirs.person_id == Signup.person_id,
            theirs.activity_id != activity.id,
            theirs.state != HoursState.REJECTED,
            other.starts_at >= start,
            other.starts_at < start + timedelta(days=1),
        )
        .correlate(Signup)
        .scalar_subquery()
        .label("day_minutes")
    )
    query = (
        sa.select(
            Person.id.label("person_id"),
            Person.name,
            Signup.state.label("signup"),
            Attendance.id.label("attendance_id"),
            Attendance.sign_in_at,
            Attendance.sign_out_at,
            Attendance.way,
            Attendance.auto_closed,
            Attendance.capped,
            Attendance.minutes,
            Attendance.state,
            elsewhere,
        )
        .select_from(Signup)
        .join(Person, Person.id == Signup.person_id)
        .outerjoin(
            Attendance,
            sa.and_(Attendance.activity_id == Signup.activity_id, Attendance.person_id == Signup.person_id),
        )
        .where(Signup.activity_id == activity.id, Signup.state != SignupState.LEFT)
        .order_by(Signup.joined_at, Signup.id)
    )
    return [Attendee._make(row) for row in db.session.execute(query)]


def places_to_organise(actor: Actor) -> Sequence[sa.Row[int, str, str]]:
    """The communities and grids that the actor may organise for, the actor's own first."""
    query = (
        sa.select(Unit.id, Unit.short_name, Unit.level)
        .where(units_within(actor), Unit.level.in_([Level.COMMUNITY, Level.GRID]), Unit.retired_on.is_(None))
        .order_by(Unit.path)
    )
    return db.session.execute(query).all()


def stations(actor: Actor) -> Sequence[sa.Row[int, str]]:
    """The stations where the actor may hold an activity."""
    query = (
        sa.select(Station.id, Station.name)
        .where(within(actor, Station), Station.retired_on.is_(None))
        .order_by(Station.code)
    )
    return db.session.execute(query).all()


def unit_in_scope(actor: Actor, unit_id: int) -> Unit | None:
    """The unit, if the actor's reach covers it."""
    unit = db.session.get(Unit, unit_id)
    return unit if unit and not unit.retired_on and covers(actor, unit.path) else None


def station_in_scope(actor: Actor, station_id: int) -> bool:
    """Whether it is one of the actor's ``stations``."""
    station = db.session.get(Station, station_id)
    return bool(station and not station.retired_on and unit_in_scope(actor, station.unit_id))


def linkable_case(actor: Actor, number: str) -> int | None:
    """The id of a case that the actor may read and an activity may name; 举报 stay out of sight."""
    if not actor.can(Permission.CASE_READ):
        return None
    query = sa.select(Case.id).where(
        Case.number == number, within(actor, Case), Case.confidentiality != Confidentiality.REPORT
    )
    return db.session.scalar(query)


def case_of(actor: Actor, activity: Activity) -> sa.Row[str, str] | None:
    """Number and title of the case that an activity helps with, for those who may read cases here."""
    if activity.case_id is None or not actor.can(Permission.CASE_READ):
        return None
    query = sa.select(Case.number, Case.title).where(Case.id == activity.case_id, within(actor, Case))
    return db.session.execute(query).first()
