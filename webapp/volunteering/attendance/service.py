"""What one can do on the day: check in, check out, or have it noted afterwards. None of it is ever forced."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid
from webapp.volunteering import queries
from webapp.volunteering.activities.service import join, locked_activity
from webapp.volunteering.models import Activity, Attendance, HoursState, SignupState, Way
from webapp.volunteering.permissions import check_can_check_in
from webapp.volunteering.rules import CLOSE_AFTER, length_minutes, most_minutes, service_minutes

LATE = "活动结束已超过10个工作日，请写明补记的原因。"


def check_in(actor: Actor, activity_id: int, way: Way) -> Attendance:
    """Note that the actor is there, at the server's time; who had not signed up is signed up by it.

    Raises:
        NotFound, Refused: not for the actor. Conflict: too early, over, called off, or no place is free.
    """
    with transaction():
        activity = locked_activity(actor, activity_id)
        mine = queries.my_attendance(actor, activity.id)
        if mine:
            return mine
        check_can_check_in(actor, activity)
        if join(actor, activity).state == SignupState.WAITING:
            raise Conflict("名额已满，您在候补名单里。请直接找现场的组织者。")
        return add(
            actor, activity, actor.person_id, way=way, state=HoursState.PRESENT, sign_in_at=clock.now()
        )


def check_out(actor: Actor, activity_id: int) -> Attendance:
    """Note that the actor goes, at the server's time; long after the end it counts as forgotten.

    Raises:
        NotFound: not for the actor. Conflict: not checked in.
    """
    with transaction():
        activity = locked_activity(actor, activity_id)
        mine = queries.my_attendance(actor, activity.id)
        if mine is None:
            raise Conflict("您还没有签到。")
        locked(Attendance, mine.id)
        if mine.state == HoursState.PRESENT:
            forgotten = clock.now() >= activity.ends_at + CLOSE_AFTER
            close(mine, activity, activity.ends_at if forgotten else clock.now(), forgotten=forgotten)
            journal.record(actor, "attendance:check_out", "attendance", mine.id, {"minutes": mine.minutes})
        return mine


def claim(actor: Actor, activity_id: int, *, minutes: int, reason: str = "") -> Attendance:
    """After an activity: note oneself that one was there; the organiser confirms it or does not.

    Raises:
        NotFound, Refused: not for the actor. Conflict: not over, called off, not signed up, or on the list already.
        Invalid: more minutes than the activity gives, or late without a reason.
    """
    with transaction():
        activity = locked_activity(actor, activity_id)
        if activity.cancelled_at or clock.now() < activity.ends_at:
            raise Conflict("活动结束后才能补记。")
        if queries.my_place(actor, activity.id)[0] != SignupState.SIGNED_UP:
            raise Conflict("您没有报名这场活动。参加了的话，请联系组织者登记。")
        if queries.my_attendance(actor, activity.id):
            raise Conflict("您已在签到名单里。时长有误可以提出异议。")
        check_minutes(activity, minutes)
        check_late(activity, reason)
        return add(
            actor,
            activity,
            actor.person_id,
            way=Way.SELF,
            state=HoursState.PENDING,
            minutes=minutes,
            late_reason=reason,
        )


def add(
    actor: Actor, activity: Activity, person_id: int, *, way: Way, state: HoursState, **values: Any
) -> Attendance:
    """Put a person on the list of an activity that is locked."""
    attendance = Attendance(
        activity_id=activity.id,
        person_id=person_id,
        at=clock.now(),
        way=way,
        state=state,
        street_id=activity.street_id,
        community_id=activity.community_id,
        grid_id=activity.grid_id,
        **values,
    )
    db.session.add(attendance)
    db.session.flush()
    journal.record(
        actor, "attendance:add", "attendance", attendance.id, {"activity": activity.id, "way": way}
    )
    return attendance


def close(attendance: Attendance, activity: Activity, moment: datetime, *, forgotten: bool) -> None:
    """End an attendance at ``moment`` and work out its minutes; from then on it waits for confirmation."""
    assert attendance.sign_in_at is not None
    attendance.sign_out_at = max(moment, attendance.sign_in_at)
    attendance.minutes, attendance.capped = service_minutes(
        attendance.sign_in_at, attendance.sign_out_at, activity.starts_at, activity.ends_at
    )
    attendance.auto_closed = forgotten
    attendance.state = HoursState.PENDING
    db.session.flush()


def close_forgotten(now: datetime | None = None) -> int:
    """End what was left open some time after its activity, at the activity's end, and mark it; returns how many."""
    now = now or clock.now()
    with transaction() as session:
        rows = session.execute(
            sa.select(Attendance, Activity)
            .join(Activity, Activity.id == Attendance.activity_id)
            .where(sa.text("attendances.state = 'present'"), Activity.ends_at <= now - CLOSE_AFTER)
            .with_for_update(of=Attendance)
        ).all()
        for attendance, activity in rows:
            close(attendance, activity, activity.ends_at, forgotten=True)
            journal.record(
                None, "attendance:close", "attendance", attendance.id, {"minutes": attendance.minutes}
            )
        return len(rows)


def check_minutes(activity: Activity, minutes: int) -> None:
    """Refuse minutes that the activity can't have given.

    Raises:
        Invalid: below 0 or above its length and the grace.
    """
    most = most_minutes(activity.starts_at, activity.ends_at)
    if not 0 <= minutes <= most:
        length = length_minutes(activity.starts_at, activity.ends_at)
        raise Invalid(f"活动时长 {length} 分钟，最多记 {most} 分钟。", "minutes")


def check_late(activity: Activity, reason: str) -> None:
    """Ask for a reason when an activity's hours are recorded after the term for that.

    Raises:
        Invalid: it is late, and no reason is given.
    """
    if clock.now() > activity.record_due and not reason:
        raise Invalid(LATE, "reason")
