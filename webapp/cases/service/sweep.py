"""Automatic steps: overdue cases move up, suspensions end, unanswered callbacks close. Idempotent; run it often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from webapp.cases import terms
from webapp.cases.models import Case
from webapp.cases.permissions import Voice
from webapp.cases.service.loop import resumed
from webapp.cases.service.review import close_callback
from webapp.cases.service.turn import begin, lock_case, whole
from webapp.cases.states import LIMITS, CaseState
from webapp.cases.workflow import next_level, rank
from webapp.directory.posts import LADDER
from webapp.extensions import db
from webapp.foundation import clock


@dataclass(frozen=True)
class SweepCounts:
    """How many cases were moved."""

    stepped_up: int = 0
    resumed: int = 0
    closed_callbacks: int = 0


def sweep(now: datetime | None = None) -> SweepCounts:
    """Do everything that is due. Moves up wait for working hours, so that nobody is disturbed at night."""
    now = now or clock.now()
    working = terms.is_working_time(now)
    query = sa.select(Case.id).where(Case.closed_at.is_(None), Case.due_at < now, _something_to_do())
    counts = {_step_up: 0, _resume: 0, _close_callback: 0}
    for case_id in db.session.scalars(query.order_by(Case.id)).all():
        for job in counts:
            if job is not _step_up or working:
                counts[job] += job(case_id, now)
    return SweepCounts(*counts.values())


def _something_to_do() -> sa.ColumnElement[bool]:
    """Leaves out what has stepped up already and what has no level above: it stays overdue, sweep after sweep."""
    waits = Case.state.in_((CaseState.SUSPENDED, CaseState.CALLBACK))
    stepped = sa.func.coalesce(Case.overdue_stepped_level, "") == Case.level
    return sa.or_(waits, sa.and_(Case.level != LADDER[-1], ~stepped))


def _step_up(case_id: int, now: datetime) -> bool:
    """超期升级: once from each level."""
    with whole():
        case = lock_case(Case.id, case_id)
        above = next_level(case.level)
        stepped = case.overdue_stepped_level
        if above is None or (stepped is not None and rank(stepped) >= rank(case.level)):
            return False
        if not terms.step_up_is_due(case, now):
            return False
        t = begin(Voice.SYSTEM, case, "step_up")
        case.overdue_stepped_level = case.level
        t.finish(data=t.to_level(above))
        return True


def _resume(case_id: int, now: datetime) -> bool:
    """恢复办理: the review date has passed."""
    with whole():
        case = lock_case(Case.id, case_id)
        if case.state != CaseState.SUSPENDED or case.due_at is None or case.due_at >= now:
            return False
        resumed(begin(Voice.SYSTEM, case, "resume"), "")
        return True


def _close_callback(case_id: int, now: datetime) -> bool:
    with whole():
        case = lock_case(Case.id, case_id)
        if case.state != CaseState.CALLBACK or case.due_at is None or case.due_at >= now:
            return False
        if case.reporter_phone_hash is not None and case.contact_tries < LIMITS.contact_tries:
            return False
        close_callback(begin(Voice.SYSTEM, case, "record_verdict"))
        return True
