"""What earns: news of the rooms below. Each listener runs inside the transaction of the sender."""

from __future__ import annotations

from datetime import date, datetime

from webapp.cases.events import case_archived
from webapp.cases.models import Case
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict
from webapp.points.ledger import queries, service
from webapp.points.models import RuleEvent
from webapp.visits.events import visit_logged, visit_undone
from webapp.visits.models import Visit
from webapp.volunteering.events import attendance_confirmed, hours_corrected
from webapp.volunteering.models import Activity, Attendance

VISIT, CASE, ATTENDANCE = "visit", "case", "attendance"


@visit_logged.connect
def on_visit(_: object, *, visit: Visit, actor: Actor | None) -> None:
    """A visit earns for its worker, on the day on which it took place."""
    service.earn(
        RuleEvent.VISIT_LOGGED,
        person_id=visit.worker_id,
        source=(VISIT, visit.id),
        on=_day(visit.at),
        place=visit,
        actor=actor,
    )


@visit_undone.connect
def on_visit_undone(_: object, *, visit: Visit, actor: Actor | None) -> None:
    """A visit that never was earns nothing."""
    service.take_back((VISIT, visit.id), actor, "走访记录已撤销")


@case_archived.connect
def on_case(_: object, *, case: Case, actor: Actor | None) -> None:
    """An archived case earns for who registered it and for who settled it; reopened and archived again, not once more."""
    day = _day(case.archived_at or clock.now())
    people = {person_id for person_id in (case.registered_by_id, case.handled_by_id) if person_id is not None}
    for person_id in sorted(people):
        service.earn(
            RuleEvent.CASE_ARCHIVED,
            person_id=person_id,
            source=(CASE, case.id),
            on=day,
            place=case,
            actor=actor,
        )


@attendance_confirmed.connect
def on_attendance(_: object, *, attendance: Attendance, activity: Activity, actor: Actor | None) -> None:
    """Confirmed hours earn by the full hour."""
    service.earn(
        RuleEvent.ATTENDANCE_CONFIRMED,
        person_id=attendance.person_id,
        source=(ATTENDANCE, attendance.id),
        on=_day(activity.starts_at),
        place=activity,
        actor=actor,
        minutes=attendance.minutes or 0,
    )


@hours_corrected.connect
def on_correction(
    _: object, *, attendance: Attendance, activity: Activity, actor: Actor | None, old: int
) -> None:
    """More hours earn the difference; fewer take all back and earn anew, unless it is spent: hours do not wait for points."""
    new = attendance.minutes or 0
    counted = old if new > old else 0
    if not counted:
        try:
            for source_id in queries.sources_like(ATTENDANCE, attendance.id):
                service.take_back((ATTENDANCE, source_id), actor, "服务时长已更正")
        except Conflict:
            return
    number = len(queries.sources_like(ATTENDANCE, attendance.id))
    service.earn(
        RuleEvent.ATTENDANCE_CONFIRMED,
        person_id=attendance.person_id,
        source=(ATTENDANCE, f"{attendance.id}/{number}"),
        on=_day(activity.starts_at),
        place=activity,
        actor=actor,
        minutes=new,
        counted=counted,
    )


def _day(moment: datetime) -> date:
    return clock.local(moment).date()
