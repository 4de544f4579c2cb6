"""Queries about cases; each returns only what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from webapp.cases import terms, timeline
from webapp.cases.categories import all_categories
from webapp.cases.history import EventRow, events_of
from webapp.cases.lists import C
from webapp.cases.models import Case, CaseParty, CaseRequest
from webapp.cases.options import Ref, unit_names
from webapp.cases.permissions import Facts, Offer, facts_of, may_reveal, may_see, offers
from webapp.cases.states import (
    CONFIDENTIALITY_NAMES,
    PHASE_NAMES,
    REASON_NAMES,
    REQUEST_NAMES,
    RESULT_NAMES,
    SOURCE_NAMES,
    STAGE_OF_STATE,
    STATE_NAMES,
    VERDICT_NAMES,
    CaseState,
    Confidentiality,
    Phase,
    ReasonKind,
    RequestKind,
    ResultKind,
    Source,
    Verdict,
)
from webapp.cases.terms import Mark
from webapp.cases.timeline import Line, Names
from webapp.directory.models import Person
from webapp.directory.posts import Level, Permission
from webapp.extensions import db
from webapp.foundation import clock, photos, private
from webapp.foundation.access import Actor
from webapp.foundation.errors import NotFound
from webapp.foundation.photos import PhotoRow

S = CaseState
PHOTO_OWNERS = ("case", "case_result")


@dataclass(frozen=True)
class MaskedIdentity:
    """The reporter, masked; ``present`` says whether anything is stored."""

    name: str = ""
    phone: str = ""
    door: str = ""
    present: bool = False
    can_reveal: bool = False


@dataclass(frozen=True)
class OpenRequest:
    """The request that waits for a decision."""

    id: int
    kind: str
    kind_name: str
    reason_name: str
    reason: str
    by: str
    decider: str
    asked_at: datetime
    detail: str


@dataclass(frozen=True)
class CasePage:
    """Everything the page of one case shows."""

    case: Case
    what: str
    category_name: str
    state_name: str
    stage: str
    owner_name: str
    handler_name: str
    place_name: str
    source_name: str
    confidentiality_name: str
    against_name: str
    registered_by_name: str
    handled_by_name: str
    archive_by: str  # once it is the next thing to do
    checked_by_name: str
    mark: Mark
    due_phase: str
    identity: MaskedIdentity
    timeline: list[Line]
    offers: list[Offer]
    request: OpenRequest | None
    parties: Sequence[str]
    merged: list[Ref]
    into: Ref | None
    result_name: str
    verdict_name: str
    verdict_note: str


# Built once: building a statement takes as long as the database needs for it.
_BY_NUMBER = (
    sa.select(Case).where(Case.number == sa.bindparam("number")).execution_options(populate_existing=True)
)


def case_for(actor: Actor, number: str) -> Case:
    """The case with this number.

    Raises:
        NotFound: there is none, or it is not the actor's to see.
    """
    case = db.session.scalars(_BY_NUMBER, {"number": number}).one_or_none()
    if case is None or not may_see(actor, case):
        raise NotFound
    return case


def photo_case(actor: Actor, photo_id: str) -> PhotoRow:
    """A photo of a case that the actor may see.

    Raises:
        NotFound: it is none of these.
    """
    photo = photos.get_photo(photo_id)
    case = db.session.get(Case, photo.owner_id) if photo.owner_type in PHOTO_OWNERS else None
    if case is None or not may_see(actor, case):
        raise NotFound
    return photo


# One case


def case_page(actor: Actor, case: Case) -> CasePage:
    """Everything about one case that the actor may see, with a fixed number of queries."""
    events = events_of(case.id)
    facts = facts_of(case, events)
    names = _names(case, events, facts)
    now = clock.now()
    handler_only = _is_handler_only(actor, case)
    hidden = handler_only and case.state != S.ARCHIVED
    shared = facts.lead or case
    return CasePage(
        case=case,
        what=private.scrub(case.what)
        if handler_only and case.confidentiality != Confidentiality.NORMAL
        else case.what,
        category_name=all_categories()[case.category].name,
        state_name=STATE_NAMES[S(case.state)],
        stage=STAGE_OF_STATE.get(S(case.state), ""),
        owner_name=names.unit(case.owner_unit_id),
        handler_name=names.unit(case.handler_unit_id) if case.handler_unit_id else "",
        place_name=names.unit(_place(case)),
        source_name=SOURCE_NAMES[Source(case.source)],
        confidentiality_name=CONFIDENTIALITY_NAMES[Confidentiality(case.confidentiality)],
        against_name=names.unit(case.against_unit_id) if case.against_unit_id else "",
        registered_by_name=_person(names, case.registered_by_id),
        handled_by_name=_person(names, shared.handled_by_id),
        archive_by=names.unit(_archiving_unit(case)) if case.state == S.APPRAISED else "",
        checked_by_name=_person(names, shared.checked_by_id),
        mark=terms.mark(case.state, case.due_at, now, terms.calendar_over([case.due_at], now)),
        due_phase=PHASE_NAMES[Phase(case.term_phase)],
        identity=_identity(actor, case),
        timeline=[
            timeline.line(event, names, for_handler=hidden)
            for event in events
            if not (hidden and timeline.kept_from_handler(event))
        ],
        offers=offers(actor, case, facts),
        request=_request(facts.ask, names),
        parties=_parties(case.id) if any(event.action == "convene" for event in events) else [],
        merged=_merged(case.id) if facts.has_merged else [],
        into=Ref(facts.lead.number, private.scrub(facts.lead.title)) if facts.lead else None,
        result_name=RESULT_NAMES[ResultKind(case.result_kind)] if case.result_kind else "",
        verdict_name=VERDICT_NAMES[Verdict(case.verdict)] if case.verdict and not hidden else "",
        verdict_note="" if hidden else case.verdict_note,
    )


def _place(case: Case) -> int | None:
    return case.building_id or case.grid_id or case.community_id or case.street_id


def _is_handler_only(actor: Actor, case: Case) -> bool:
    return (
        actor.unit_id == case.handler_unit_id
        and actor.unit_id != case.owner_unit_id
        and not actor.can(Permission.CASE_ARCHIVE)
    )


def _archiving_unit(case: Case) -> int:
    """The lowest unit that may archive the case: the community, or the owner if that is above it."""
    return (
        case.owner_unit_id if case.level == Level.STREET or case.community_id is None else case.community_id
    )


def _names(case: Case, events: Sequence[EventRow], facts: Facts) -> Names:
    """Names not loaded with the events, with one query for people and one for units."""
    persons: dict[int | None, str] = {event.person_id: event.person_name or "" for event in events}
    units: dict[int | None, str] = {event.unit_id: event.unit_name or "" for event in events}
    shared = facts.lead or case
    wanted = {case.registered_by_id, shared.handled_by_id, shared.checked_by_id}
    places = {
        *timeline.unit_ids(events),
        case.owner_unit_id,
        case.handler_unit_id,
        case.against_unit_id,
        _place(case),
    }
    if case.state == S.APPRAISED:
        places.add(_archiving_unit(case))
    if facts.ask is not None:
        wanted.add(facts.ask.asked_by_id)
        places |= {facts.ask.asked_unit_id, facts.ask.deciding_unit_id}
    if missing := [key for key in wanted - persons.keys() if key is not None]:
        query = sa.select(Person.id, Person.name).where(Person.id.in_(missing))
        persons |= {row.id: row.name for row in db.session.execute(query)}
    units |= {row.id: row.name for row in unit_names([k for k in places - units.keys() if k is not None])}
    return Names(persons, units)


def _person(names: Names, person_id: int | None) -> str:
    return names.persons.get(person_id, "") if person_id is not None else ""


def _identity(actor: Actor, case: Case) -> MaskedIdentity:
    if not any((case.reporter_name, case.reporter_phone, case.reporter_door)):
        return MaskedIdentity()
    can_reveal = may_reveal(actor, case)
    if not can_reveal and case.confidentiality != Confidentiality.NORMAL:
        return MaskedIdentity(present=True)
    return MaskedIdentity(
        name=private.mask_name(case.reporter_name or ""),
        phone=private.mask_phone(case.reporter_phone or ""),
        door=private.HIDDEN if case.reporter_door else "",
        present=True,
        can_reveal=can_reveal,
    )


def _request(ask: CaseRequest | None, names: Names) -> OpenRequest | None:
    if ask is None:
        return None
    return OpenRequest(
        id=ask.id,
        kind=ask.kind,
        kind_name=REQUEST_NAMES[RequestKind(ask.kind)],
        reason_name=REASON_NAMES[ReasonKind(ask.reason_kind)] if ask.reason_kind else "",
        reason=ask.reason,
        by=f"{names.unit(ask.asked_unit_id)} {_person(names, ask.asked_by_id)}",
        decider=names.unit(ask.deciding_unit_id),
        asked_at=ask.asked_at,
        detail=request_detail(ask.workdays, ask.channel_text),
    )


def request_detail(workdays: int | None, channel_text: str) -> str:
    """The details of a request, beyond its kind."""
    if workdays is not None:
        return f"延长{workdays}个工作日"
    return f"请诉求人找：{channel_text}" if channel_text else ""


def _parties(case_id: int) -> Sequence[str]:
    query = sa.select(CaseParty.name).where(CaseParty.case_id == case_id).order_by(CaseParty.id)
    return db.session.scalars(query).all()


def _merged(case_id: int) -> list[Ref]:
    query = sa.select(C.number, C.title).where(C.merged_into_id == case_id).order_by(C.id)
    return [Ref(row.number, private.scrub(row.title)) for row in db.session.execute(query)]
