"""The steps of every action on a case: lock, reload, check, change, record, signal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from webapp.cases import terms
from webapp.cases.events import SIGNALS, case_changed
from webapp.cases.models import Case, CaseEvent, CaseRequest
from webapp.cases.permissions import VOICE_NAMES, Facts, Voice, Who, check_can, facts_of, may_see, unit_at
from webapp.cases.states import CLOSED, CaseState, Phase
from webapp.cases.workflow import CASE_FLOW, CaseTransition, moves
from webapp.directory.models import Person, Unit
from webapp.extensions import db
from webapp.foundation import clock, journal, text
from webapp.foundation.access import Actor
from webapp.foundation.codes import normalise_code
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.foundation.private import keyed_hash

T = TypeVar("T")
LONGEST_TEXT = 2000
PHASES = {
    CaseState.REGISTERED: Phase.ACCEPT,
    CaseState.CONVENING: Phase.ACCEPT,
    CaseState.PENDING_CHECK: Phase.CHECK,
    CaseState.CALLBACK: Phase.CALLBACK,
    CaseState.APPRAISED: Phase.ARCHIVE,
}


@dataclass
class Turn:
    """One action in progress: the locked case, its facts, and who acts."""

    who: Who
    case: Case
    facts: Facts
    transition: CaseTransition
    now: datetime

    @property
    def actor(self) -> Actor | None:
        """The person with a post; None for a resident or the system."""
        return self.who if isinstance(self.who, Actor) else None

    def finish(
        self, state: str | None = None, *, note: str = "", data: dict[str, object] | None = None
    ) -> Case:
        """Set the new state (None: the table's), write timeline and journal, send the signal.

        Raises:
            RuntimeError: the table does not know such a step; a mistake in a verb.
        """
        case, before = self.case, self.case.state
        after = state or self.transition.target or before
        if (before, after) not in moves(self.transition):
            raise RuntimeError(f"{self.transition.action} does not lead from {before} to {after}")
        case.state = after
        if before == CaseState.SUSPENDED and after != CaseState.SUSPENDED:
            case.suspended_at = case.suspended_until = case.suspended_due_at = None
            case.suspended_reason = ""
        case.closed_at = (case.closed_at or self.now) if after in CLOSED else None
        case.version += 1
        self._lapse()
        event = add_event(self.who, case, self.transition.action, before, self.now, note, data)
        tell(self.who, event, case, self.transition)
        return case

    def to_level(self, level: str, phase: Phase | None = None) -> dict[str, object]:
        """Hand the case to its unit at ``level`` with that level's own term; returns the details for the timeline."""
        case = self.case
        unit = unit_at(case, level)
        assert unit is not None, f"the case lies in no {level}"
        case.came_from_unit_id, case.came_from_level = case.owner_unit_id, case.level
        case.owner_unit_id, case.level = unit, level
        terms.start(case, phase or phase_of(case.state), self.now)
        return {"unit": unit, "from_unit": case.came_from_unit_id}

    def _lapse(self) -> None:
        """Let a pending request lapse if the new state no longer allows it."""
        ask = self.facts.ask
        if ask is None or ask.decided_at is not None:
            return
        if self.case.state not in CASE_FLOW[f"approve_{ask.kind}"].sources or self.case.level != ask.level:
            ask.lapsed_at = self.now


def phase_of(state: str) -> Phase:
    """The phase whose term runs in this state."""
    return PHASES.get(CaseState(state), Phase.HANDLE)


@contextmanager
def whole() -> Iterator[None]:
    """A transaction without autoflush: the database's checks hold only for the finished change."""
    with transaction() as session, session.no_autoflush:
        yield


@contextmanager
def turn(who: Who, number: str, action: str, version: int | None = None) -> Iterator[Turn]:
    """Lock the case, refuse stale or forbidden actions, and leave the rest to the verb.

    Raises:
        NotFound: there is no such case for ``who``. Refused, Conflict: see ``check_can``; Conflict also when the case
        changed since ``version``.
    """
    with whole():
        case = lock_case(Case.number, number)
        if isinstance(who, Actor) and not may_see(who, case):
            raise NotFound
        yield begin(who, case, action, version)


@contextmanager
def turn_by_code(code_hash: str, action: str) -> Iterator[Turn]:
    """The same for the reporter, who holds the tracking code."""
    with whole():
        yield begin(Voice.RESIDENT, lock_case(Case.tracking_hash, code_hash), action)


def begin(
    who: Who,
    case: Case,
    action: str,
    version: int | None = None,
    requests: Sequence[CaseRequest] | None = None,
) -> Turn:
    """Check and set up an action on an already locked case; pass all its ``requests`` if they are loaded already."""
    if version is not None and version != case.version:
        raise Conflict(changed_meanwhile(case))
    facts = facts_of(case, requests=requests)
    check_can(who, case, action, facts)
    return Turn(who, case, facts, CASE_FLOW[action], clock.now())


def lock_case(column: InstrumentedAttribute[T], value: T) -> Case:
    """Load and lock the one case with ``value`` in a unique ``column``, until the end of the transaction.

    Raises:
        NotFound: there is none.
    """
    case = db.session.scalars(_locking(column), {"value": value}).one_or_none()
    if case is None:
        raise NotFound
    return case


@cache
def _locking(column: InstrumentedAttribute[object]) -> sa.Select[Case]:
    query = sa.select(Case).where(column == sa.bindparam("value", type_=column.type))
    return query.with_for_update(of=Case).execution_options(populate_existing=True)


def add_event(
    who: Who, case: Case, action: str, before: str, now: datetime, note: str, data: dict[str, object] | None
) -> CaseEvent:
    """Write one line of the timeline."""
    actor = who if isinstance(who, Actor) else None
    event = CaseEvent(
        case_id=case.id,
        at=now,
        action=action,
        from_state=before,
        to_state=case.state,
        level=case.level,
        person_id=actor.person_id if actor else None,
        post=actor.post if actor else str(who),
        unit_id=actor.unit_id if actor else None,
        note=note,
        data=data or {},
    )
    db.session.add(event)
    return event


def tell(who: Who, event: CaseEvent, case: Case, transition: CaseTransition) -> None:
    """Journal the action and send its signal, after the rows are in the database."""
    actor = who if isinstance(who, Actor) else None
    journal.record(
        actor,
        f"case:{event.action}",
        "case",
        case.id,
        {"from": event.from_state, "to": event.to_state, "level": case.level, "owner": case.owner_unit_id},
    )
    db.session.flush()
    if transition.sends:
        SIGNALS[transition.sends].send(None, case=case, actor=actor)
    case_changed.send(None, case=case, actor=actor, event=event)


def changed_meanwhile(case: Case) -> str:
    """Who changed what since the page was loaded, in words."""
    row = db.session.execute(
        sa.select(CaseEvent.action, CaseEvent.at, CaseEvent.post, Person.name, Unit.short_name)
        .outerjoin(Person, Person.id == CaseEvent.person_id)
        .outerjoin(Unit, Unit.id == CaseEvent.unit_id)
        .where(CaseEvent.case_id == case.id)
        .order_by(CaseEvent.id.desc())
        .limit(1)
    ).one()
    who = VOICE_NAMES.get(row.post, f"{row.short_name} {row.name}")
    return (
        f"{who} {text.ago(row.at)}做了“{CASE_FLOW[row.action].label}”，这件事已有变化。请看最新进展后再操作。"
    )


def required(value: str | None, field: str, message: str) -> str:
    """The text, which must not be empty.

    Raises:
        Invalid: it is empty, or longer than anybody reads.
    """
    value = (value or "").strip()
    if not value:
        raise Invalid(message, field)
    if len(value) > LONGEST_TEXT:
        raise Invalid(f"最多 {LONGEST_TEXT} 个字。", field)
    return value


def one_of(value: str | None, values: type, field: str, message: str) -> str:
    """The value, which must be one of an enumeration's.

    Raises:
        Invalid: it is another.
    """
    if value not in set(values):  # type: ignore[call-overload]
        raise Invalid(message, field)
    return str(value)


def open_request(t: Turn, kind: str, deciding_unit_id: int, reason: str, **fields: object) -> CaseRequest:
    """Open a request for somebody else's approval."""
    assert t.actor is not None
    request = CaseRequest(
        case_id=t.case.id,
        kind=kind,
        level=t.case.level,
        reason=reason,
        asked_by_id=t.actor.person_id,
        asked_unit_id=t.actor.unit_id,
        asked_at=t.now,
        deciding_unit_id=deciding_unit_id,
        **fields,
    )
    db.session.add(request)
    db.session.flush()
    return request


def clear_handler(case: Case) -> None:
    """Clear the handler's columns; the timeline keeps what was done."""
    case.handler_unit_id = case.assigned_at = None
    clear_result(case)


def clear_result(case: Case) -> None:
    """Clear result, check and verdict; the timeline keeps the earlier ones."""
    case.handled_by_id = case.result_kind = case.result_at = case.checked_by_id = None
    case.result_text = ""
    case.verdict = case.verdict_by = case.verdict_channel = case.verdict_at = case.caller_id = None
    case.verdict_note = ""
    case.contact_tries = 0


def code_hash(code: str) -> str:
    """The hash by which a tracking code is found."""
    return keyed_hash(normalise_code(code))
