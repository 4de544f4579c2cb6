"""What one can do afterwards: confirm hours, object to them, correct them with a trail."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.volunteering.activities.service import locked_activity
from webapp.volunteering.attendance.service import add, check_late, check_minutes, close
from webapp.volunteering.events import attendance_confirmed, hours_corrected
from webapp.volunteering.hours import queries
from webapp.volunteering.models import (
    Activity,
    Attendance,
    HoursCorrection,
    HoursState,
    Objection,
    ObjectionState,
    Signup,
    SignupState,
    Way,
)
from webapp.volunteering.permissions import check_can_confirm, check_can_decide_hours, check_can_object
from webapp.volunteering.rules import length_minutes

DECIDED = "这条时长刚才已经处理过了。"


def confirm_list(actor: Actor, activity_id: int, *, people: Collection[int], reason: str = "") -> int:
    """Confirm everybody named who is signed up, checked in or not; returns how many.

    Who did not check in is credited the activity's length. The actor's own hours are noted and left for another.

    Raises:
        NotFound, Refused: not the actor's. Conflict: not over, or called off. Invalid: nobody, or late without a reason.
    """
    with transaction() as session:
        activity = locked_activity(actor, activity_id)
        check_can_confirm(actor, activity)
        check_late(activity, reason)
        there = {row.person_id: row for row in _attendances(activity.id)}
        listed = sa.select(Signup.person_id).where(
            Signup.activity_id == activity.id, Signup.state == SignupState.SIGNED_UP
        )
        named = [person for person in session.scalars(listed.order_by(Signup.id)) if person in set(people)]
        if not named:
            raise Invalid("请至少勾选一个人。", "people")
        confirmed = 0
        for person_id in named:
            attendance = there.get(person_id) or add(
                actor,
                activity,
                person_id,
                way=Way.ORGANISER,
                state=HoursState.PENDING,
                minutes=length_minutes(activity.starts_at, activity.ends_at),
            )
            if attendance.state == HoursState.PRESENT:
                close(attendance, activity, activity.ends_at, forgotten=True)
            if attendance.state == HoursState.PENDING and person_id != actor.person_id:
                _confirm(actor, attendance, activity, reason)
                confirmed += 1
        activity.confirmed_at = activity.confirmed_at or clock.now()
        journal.record(actor, "activity:confirm", "activity", activity.id, {"confirmed": confirmed})
        return confirmed


def confirm_hours(actor: Actor, attendance_id: int, *, reason: str = "") -> Attendance:
    """Confirm one attendance.

    Raises:
        NotFound, Refused: not the actor's to decide. Conflict: decided already, or the activity is not over.
        Invalid: late without a reason.
    """
    with transaction():
        attendance, activity = _locked(actor, attendance_id)
        check_can_confirm(actor, activity)
        if attendance.state != HoursState.PENDING:
            raise Conflict(DECIDED)
        check_late(activity, reason or attendance.late_reason)
        _confirm(actor, attendance, activity, reason)
        return attendance


def reject_hours(actor: Actor, attendance_id: int, *, reason: str) -> Attendance:
    """Do not count an attendance; the person sees why and may object.

    Raises:
        NotFound, Refused: not the actor's to decide. Conflict: decided already. Invalid: no reason.
    """
    with transaction():
        attendance, _ = _locked(actor, attendance_id)
        if attendance.state != HoursState.PENDING:
            raise Conflict(DECIDED)
        if not reason:
            raise Invalid("请写明不计入的原因，本人会看到。", "reason")
        attendance.state = HoursState.REJECTED
        attendance.reject_reason = reason
        journal.record(actor, "hours:reject", "attendance", attendance.id)
        return attendance


def object_to(actor: Actor, attendance_id: int, *, text: str) -> Objection:
    """Object to one's own hours; they wait for an answer from then on.

    Raises:
        NotFound, Refused: not the actor's own. Conflict: an objection is open. Invalid: nothing said.
    """
    with transaction() as session:
        attendance = queries.attendance_for(actor, attendance_id)
        locked(Attendance, attendance.id)
        check_can_object(actor, attendance)
        if not text:
            raise Invalid("请写明哪里不对。", "text")
        attendance.state = HoursState.DISPUTED
        objection = Objection(attendance_id=attendance.id, text=text, made_at=clock.now())
        session.add(objection)
        session.flush()
        journal.record(actor, "hours:object", "attendance", attendance.id, {"objection": objection.id})
        return objection


def correct(actor: Actor, attendance_id: int, *, minutes: int, reason: str) -> Attendance:
    """Set the minutes by hand, which leaves a trail; an open objection is answered by it.

    The same minutes answer an objection by leaving them as they are. Corrected hours are confirmed hours.

    Raises:
        NotFound, Refused: not the actor's to decide. Conflict: the person is still there, or the activity is not over.
        Invalid: no reason, too many minutes, or no change where nobody objected.
    """
    with transaction():
        attendance, activity = _locked(actor, attendance_id)
        check_can_confirm(actor, activity)
        if attendance.minutes is None:
            raise Conflict("还没有签退，时长还没有算出来。")
        if not reason:
            raise Invalid("请写明理由，本人会看到。", "reason")
        check_minutes(activity, minutes)
        changed = minutes != attendance.minutes
        objection = _open_objection(attendance.id)
        if not changed and objection is None:
            raise Invalid("时长没有变化。", "minutes")
        was_confirmed = attendance.confirmed_at is not None
        old = attendance.minutes
        if changed:
            _write_correction(actor, attendance, minutes, reason)
        if objection:
            _answer(actor, objection, ObjectionState.UPHELD if changed else ObjectionState.DISMISSED, reason)
        if not changed and attendance.reject_reason:
            attendance.state = HoursState.REJECTED
        elif was_confirmed:
            attendance.state = HoursState.CONFIRMED
            if changed:
                hours_corrected.send(attendance=attendance, activity=activity, actor=actor, old=old)
        else:
            _confirm(actor, attendance, activity, reason)
        return attendance


def _confirm(actor: Actor, attendance: Attendance, activity: Activity, reason: str) -> None:
    attendance.state = HoursState.CONFIRMED
    attendance.confirmed_by_id = actor.person_id
    attendance.confirmed_at = clock.now()
    attendance.reject_reason = ""
    if clock.now() > activity.record_due:
        attendance.late_reason = reason or attendance.late_reason
    db.session.flush()
    journal.record(actor, "hours:confirm", "attendance", attendance.id, {"minutes": attendance.minutes})
    attendance_confirmed.send(attendance=attendance, activity=activity, actor=actor)


def _write_correction(actor: Actor, attendance: Attendance, minutes: int, reason: str) -> None:
    assert attendance.minutes is not None
    db.session.add(
        HoursCorrection(
            attendance_id=attendance.id,
            old_minutes=attendance.minutes,
            new_minutes=minutes,
            reason=reason,
            by_id=actor.person_id,
            at=clock.now(),
        )
    )
    detail = {"old": attendance.minutes, "new": minutes}
    attendance.minutes = minutes
    db.session.flush()
    journal.record(actor, "hours:correct", "attendance", attendance.id, detail)


def _answer(actor: Actor, objection: Objection, state: ObjectionState, answer: str) -> None:
    objection.state = state
    objection.answer = answer
    objection.answered_by_id = actor.person_id
    objection.answered_at = clock.now()
    db.session.flush()
    journal.record(
        actor,
        "hours:answer",
        "attendance",
        objection.attendance_id,
        {"objection": objection.id, "state": state},
    )


def _open_objection(attendance_id: int) -> Objection | None:
    query = sa.select(Objection).where(
        Objection.attendance_id == attendance_id, Objection.state == ObjectionState.OPEN
    )
    return db.session.scalars(query).first()


def _attendances(activity_id: int) -> sa.ScalarResult[Attendance]:
    return db.session.scalars(sa.select(Attendance).where(Attendance.activity_id == activity_id))


def _locked(actor: Actor, attendance_id: int) -> tuple[Attendance, Activity]:
    """The attendance and its activity, the activity locked first, for somebody who may decide on it."""
    attendance = queries.attendance_for(actor, attendance_id)
    check_can_decide_hours(actor, attendance)
    activity = locked(Activity, attendance.activity_id)
    fresh = locked(Attendance, attendance_id)
    if activity is None or fresh is None:
        raise NotFound
    return fresh, activity
