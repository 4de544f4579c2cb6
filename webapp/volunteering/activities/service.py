"""What one can do before an activity: plan it, change it, call it off, sign up, leave."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from webapp.directory.changes import changed_meanwhile
from webapp.directory.people.service import hold_person
from webapp.directory.posts import Level
from webapp.directory.scope import place_of
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.calendar import deadline
from webapp.foundation.codes import tracking_code
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.volunteering import queries
from webapp.volunteering.models import Activity, Attendance, Signup, SignupState
from webapp.volunteering.permissions import check_can_edit, check_can_sign_up
from webapp.volunteering.rules import LONGEST, RECORD_WORKDAYS


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an organiser writes down about an activity; times are aware, ``min_age`` in years."""

    title: str
    category: str
    place: str
    starts_at: datetime
    ends_at: datetime
    unit_id: int
    capacity: int | None = None
    station_id: int | None = None
    contact: str = ""
    description: str = ""
    is_risky: bool = False
    risk_note: str = ""
    insured: bool = False
    min_age: int | None = None
    case_number: str = ""


def create_activity(actor: Actor, plan: Plan) -> Activity:
    """Plan an activity for a community or grid in one's scope; the actor is responsible for it.

    Raises:
        Invalid: times, place or insurance do not fit; the message names the field.
    """
    with transaction() as session:
        columns = _columns(actor, plan)
        if plan.starts_at < clock.now():
            raise Invalid("开始时间已经过去了。", "starts_at")
        activity = Activity(
            organiser_id=actor.person_id,
            organising_unit_id=actor.unit_id,
            poster_code=tracking_code(),
            checkin_secret=secrets.token_hex(32),
            **columns,
        )
        session.add(activity)
        session.flush()
        journal.record(
            actor,
            "activity:create",
            "activity",
            activity.id,
            {"unit": plan.unit_id, "case": activity.case_id},
        )
        return activity


def edit_activity(actor: Actor, activity_id: int, plan: Plan, *, seen: str) -> Activity:
    """Change an activity that has not ended; when there is more room, those who wait move up.

    Raises:
        NotFound, Refused: not the actor's. Invalid: as for ``create_activity``.
        Conflict: over, cancelled, or changed by another since the version ``seen``.
    """
    with transaction() as session:
        activity = locked_activity(actor, activity_id)
        check_can_edit(actor, activity)
        if seen != str(activity.version):
            raise changed_meanwhile("这场活动", "activity", activity.id)
        for column, value in _columns(actor, plan).items():
            setattr(activity, column, value)
        activity.version += 1
        session.flush()
        _move_up(activity)
        journal.record(actor, "activity:edit", "activity", activity.id, {"version": activity.version})
        return activity


def cancel_activity(actor: Actor, activity_id: int) -> Activity:
    """Call an activity off, as long as nobody has checked in.

    Raises:
        NotFound, Refused: not the actor's. Conflict: over, called off already, or under way.
    """
    with transaction() as session:
        activity = locked_activity(actor, activity_id)
        check_can_edit(actor, activity)
        if session.scalar(sa.select(Attendance.id).where(Attendance.activity_id == activity.id).limit(1)):
            raise Conflict("已经有人签到，不能取消。可以把结束时间改早。")
        activity.cancelled_at = clock.now()
        journal.record(actor, "activity:cancel", "activity", activity.id)
        return activity


def locked_activity(actor: Actor, activity_id: int) -> Activity:
    """The activity for a change, held until the transaction ends.

    Raises:
        NotFound: there is none, or it is not the actor's to see.
    """
    query = sa.select(Activity).where(Activity.id == activity_id, queries.readable(actor))
    activity = db.session.scalars(
        query.with_for_update(of=Activity).execution_options(populate_existing=True)
    ).one_or_none()
    if activity is None:
        raise NotFound
    return activity


def _columns(actor: Actor, plan: Plan) -> dict[str, object]:
    """The columns of an activity so planned, once they have been checked."""
    unit = queries.unit_in_scope(actor, plan.unit_id)
    if unit is None or unit.level not in (Level.COMMUNITY, Level.GRID):
        raise Invalid("请选择本辖区的社区或网格。", "unit_id")
    if plan.ends_at <= plan.starts_at:
        raise Invalid("结束时间要晚于开始时间。", "ends_at")
    if plan.ends_at - plan.starts_at > LONGEST:
        raise Invalid(
            f"一场活动最长 {int(LONGEST.total_seconds() // 3600)} 小时，更长的请分成几场。", "ends_at"
        )
    if plan.ends_at <= clock.now():
        raise Invalid("结束时间已经过去了。", "ends_at")
    if plan.is_risky and not plan.insured:
        raise Invalid("有风险的活动要先给志愿者上保险。", "insured")
    if plan.is_risky and not plan.risk_note:
        raise Invalid("请写明有什么风险、怎样防护。", "risk_note")
    if plan.station_id is not None and not queries.station_in_scope(actor, plan.station_id):
        raise Invalid("请选择本辖区的站点。", "station_id")
    case_id = queries.linkable_case(actor, plan.case_number) if plan.case_number else None
    if plan.case_number and case_id is None:
        raise Invalid("没有找到这个编号的诉求，或者它不在您的范围内。", "case_number")
    values = {name: getattr(plan, name) for name in plan.__dataclass_fields__ if name != "case_number"}
    due = deadline(plan.ends_at, RECORD_WORKDAYS, "workday").due_at
    return {**values, **place_of(unit), "case_id": case_id, "record_due": due}


def sign_up(actor: Actor, activity_id: int) -> Signup:
    """Sign up, or queue when all places are taken. A second tap finds the place that one has.

    Raises:
        NotFound, Refused: not for the actor. Conflict: over, called off, or another activity at the same time.
    """
    with transaction():
        activity = locked_activity(actor, activity_id)
        check_can_sign_up(actor, activity)
        return join(actor, activity)


def join(actor: Actor, activity: Activity) -> Signup:
    """Give the actor a place on the list of an activity that is locked."""
    session = db.session
    signup = _signup(activity.id, actor.person_id)
    if signup and signup.state != SignupState.LEFT:
        return signup
    hold_person(
        actor.person_id
    )  # after the activity, always: two activities at once wait here for each other
    _check_overlap(actor, activity)
    free = activity.capacity is None or _taken(activity) < activity.capacity
    if signup is None:
        signup = Signup(activity_id=activity.id, person_id=actor.person_id)
        session.add(signup)
    signup.state = SignupState.SIGNED_UP if free else SignupState.WAITING
    signup.joined_at = clock.now()
    session.flush()
    journal.record(actor, "activity:sign_up", "activity", activity.id, {"state": signup.state})
    return signup


def leave(actor: Actor, activity_id: int) -> Activity:
    """Leave the list; nothing follows from it, and the first who waits moves up.

    Raises:
        NotFound: not for the actor. Conflict: checked in already.
    """
    with transaction() as session:
        activity = locked_activity(actor, activity_id)
        signup = _signup(activity.id, actor.person_id)
        if signup is None or signup.state == SignupState.LEFT:
            return activity
        if queries.my_attendance(actor, activity.id):
            raise Conflict("您已签到，不用退出。时长有误可以提出异议。")
        signup.state = SignupState.LEFT
        session.flush()
        _move_up(activity)
        journal.record(actor, "activity:leave", "activity", activity.id)
        return activity


def _signup(activity_id: int, person_id: int) -> Signup | None:
    query = sa.select(Signup).where(Signup.activity_id == activity_id, Signup.person_id == person_id)
    return db.session.scalars(query).first()


def _taken(activity: Activity) -> int:
    return queries.counts(activity.id).get(SignupState.SIGNED_UP, 0)


def _check_overlap(actor: Actor, activity: Activity) -> None:
    query = (
        sa.select(Activity.title)
        .join(Signup, Signup.activity_id == Activity.id)
        .where(
            Signup.person_id == actor.person_id,
            Signup.state != SignupState.LEFT,
            Activity.cancelled_at.is_(None),
            Activity.id != activity.id,
            Activity.starts_at < activity.ends_at,
            Activity.ends_at > activity.starts_at,
        )
        .limit(1)
    )
    if title := db.session.scalar(query):
        raise Conflict(f"这段时间您已报名“{title}”，两场活动时间重叠。")


def _move_up(activity: Activity) -> None:
    """Give free places to those who have waited longest."""
    query = (
        sa.select(Signup)
        .where(Signup.activity_id == activity.id, Signup.state == SignupState.WAITING)
        .order_by(Signup.joined_at, Signup.id)
    )
    if activity.capacity is not None:
        query = query.limit(max(0, activity.capacity - _taken(activity)))
    for signup in db.session.scalars(query):
        signup.state = SignupState.SIGNED_UP
    db.session.flush()
