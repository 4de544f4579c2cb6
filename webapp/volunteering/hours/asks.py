"""Hours that wait for confirmation, for the inbox: one ask an attendance."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.directory.models import Person
from webapp.directory.scope import of_actor
from webapp.extensions import db
from webapp.foundation import text
from webapp.foundation.access import Actor
from webapp.foundation.asks import Ask
from webapp.foundation.errors import Invalid, NotFound
from webapp.volunteering.hours import queries
from webapp.volunteering.hours import service as hours_service
from webapp.volunteering.models import (
    WAY_NAMES,
    Activity,
    Attendance,
    HoursState,
    Objection,
    ObjectionState,
    Way,
)


def waiting(level: str, can: frozenset[str]) -> list[sa.Select[int]]:
    """The ids of the attendances that wait for an actor; see ``AskSource``."""
    if not queries.may_confirm(can):
        return []
    return [sa.select(Attendance.id).where(queries.waiting_hours(level))]


def asks(actor: Actor, limit: int = 50) -> list[Ask]:
    """Those that wait for this actor, the oldest first."""
    if not queries.may_confirm(actor.permissions):
        return []
    query = (
        sa.select(
            Attendance.id,
            Attendance.at,
            Attendance.minutes,
            Attendance.way,
            Attendance.state,
            Attendance.auto_closed,
            Attendance.capped,
            Attendance.late_reason,
            Activity.title,
            Person.name,
            Objection.text.label("objection"),
        )
        .join(Activity, Activity.id == Attendance.activity_id)
        .join(Person, Person.id == Attendance.person_id)
        .outerjoin(
            Objection,
            sa.and_(Objection.attendance_id == Attendance.id, Objection.state == ObjectionState.OPEN),
        )
        .where(queries.waiting_hours(actor.unit_level))
        .order_by(Attendance.at, Attendance.id)
        .limit(limit)
    )
    return [
        Ask(
            id=row.id,
            kind="时长",
            title=f"{row.title} · {text.hours(row.minutes)}",
            by=row.name,
            since=row.at,
            reason=f"异议：{row.objection}" if row.objection else row.late_reason,
            url=f"/volunteering/attendances/{row.id}",
            detail="，".join(marks(row.way, auto_closed=row.auto_closed, capped=row.capped)),
        )
        for row in db.session.execute(query, of_actor(actor))
    ]


def marks(way: str, *, auto_closed: bool, capped: bool) -> list[str]:
    """How an attendance came about, in words for the one who confirms it."""
    found = [WAY_NAMES[Way(way)]]
    if auto_closed:
        found.append("未签退，按活动结束时间计")
    if capped:
        found.append("超出活动时长，按上限计")
    return found


def decide(actor: Actor, ask_id: int, *, approve: bool, reason: str = "") -> str:
    """Confirm the hours, or do not count them.

    Raises:
        NotFound: it does not wait for this actor. Conflict: decided already.
        Invalid: a reason is missing, or there is an objection, which needs a look at the record.
    """
    attendance = queries.attendance_for(actor, ask_id)
    if attendance.person_id == actor.person_id:
        raise NotFound
    if attendance.state == HoursState.DISPUTED:
        raise Invalid("有异议的时长请点开查看，核对后更正或维持。")
    if approve:
        hours_service.confirm_hours(actor, ask_id, reason=reason)
        return "时长已确认。"
    hours_service.reject_hours(actor, ask_id, reason=reason)
    return "已退回，不计入时长。"
