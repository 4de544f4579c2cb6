"""What one can do with visits: log, undo, turn into a case, see the resident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from webapp.directory.models import Unit
from webapp.directory.scope import place_of, unit_place
from webapp.extensions import db
from webapp.foundation import clock, journal, periods, photos, text
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.foundation.photos import ReadyPhoto
from webapp.foundation.private import keyed_hash, normalise_phone, valid_phone
from webapp.visits import queries
from webapp.visits.desks import queries as desk_queries
from webapp.visits.events import visit_logged, visit_undone
from webapp.visits.models import Outcome, Visit, VisitItem, VisitKind
from webapp.visits.permissions import (
    check_can_bring_in,
    check_can_log,
    check_can_see_resident,
    check_can_undo,
)
from webapp.visits.seeds import seed_defaults as seed_defaults

LATEST_ENTRY = timedelta(days=366)  # older than this is a mistyped year
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # the same, of what an old ledger says
CLOCK_SLACK = timedelta(minutes=10)  # phones' clocks go wrong
PHOTO_OWNER = "visit"


@dataclass(frozen=True)
class Details:
    """All that is optional about a visit; what is left out is known, or was not asked."""

    unit_id: int | None = None  # default: the unit that the worker serves
    station_id: int | None = None
    desk_session_id: int | None = None
    at: datetime | None = None  # default: when it was written
    claimed_at: datetime | None = None  # written when, by the clock of a phone without signal; default: now
    resident_name: str = ""
    resident_phone: str = ""
    door: str = ""
    note: str = ""
    next_visit_on: date | None = None
    do_not_disturb: bool = False
    photos: Sequence[ReadyPhoto] = ()


def log_visit(
    actor: Actor, *, kind: str, items: Sequence[str], outcome: str, details: Details | None = None
) -> Visit:
    """Write down a visit; ``items`` are keys of the list of services.

    Raises:
        Invalid: a choice is missing or does not fit, a time lies in the future, a phone is none.
        Refused: not for this place.
    """
    details = details or Details()
    with transaction():
        unit = unit_place(details.unit_id or actor.unit_id)
        if unit is None:
            raise NotFound
        check_can_log(actor, unit)
        visit = Visit(
            **_choices(kind, outcome),
            **_timing(details, clock.now()),
            **_resident(details),
            **place_of(unit),
            worker_id=actor.person_id,
            unit_id=unit.id,
            note=details.note,
            do_not_disturb=details.do_not_disturb,
        )
        if kind == VisitKind.STATION_RECEPTION:
            visit.station_id, visit.desk_session_id = _desk(actor, details)
        item_ids = _valid_items(items, clock.local(visit.at).date())
        _add(visit, item_ids)
        if details.photos:
            photos.attach(PHOTO_OWNER, visit.id, details.photos, actor.person_id)
        journal.record(
            actor,
            "visit:log",
            "visit",
            visit.id,
            {"kind": visit.kind, "outcome": visit.outcome, "late": visit.is_late_entry},
        )
        visit_logged.send(visit=visit, actor=actor)
        return visit


_ADD_ITEM = sa.insert(VisitItem.__table__)


def _add(visit: Visit, item_ids: Sequence[int]) -> None:
    db.session.add(visit)
    db.session.flush()
    db.session.execute(_ADD_ITEM, [{"visit_id": visit.id, "item_id": item_id} for item_id in item_ids])


def _choices(kind: str, outcome: str) -> dict[str, str]:
    if kind not in set(VisitKind):
        raise Invalid("请选择服务形式。", "kind")
    if outcome not in set(Outcome):
        raise Invalid("请选择办理结果。", "outcome")
    if kind == VisitKind.STATION_RECEPTION and outcome == Outcome.NOBODY_HOME:
        raise Invalid("“无人在家”只用于上门服务，请换一个结果。", "outcome")
    return {"kind": kind, "outcome": outcome}


def _timing(details: Details, now: datetime) -> dict[str, object]:
    claimed = details.claimed_at
    written = (
        claimed if claimed and now - LATEST_ENTRY < claimed < now else now
    )  # a clock that is off tells nothing
    at = details.at or written
    if at > now + CLOCK_SLACK:
        raise Invalid("服务时间不能晚于现在。", "at")
    if at < now - LATEST_ENTRY:
        raise Invalid("只能补记一年以内的服务，请看看年份。", "at")
    day = clock.local(at).date()
    if details.next_visit_on and details.next_visit_on < clock.local(now).date():
        raise Invalid("下次上门的日期已经过了。", "next_visit_on")
    return {
        "at": at,
        "logged_at": now,
        "is_late_entry": day < clock.local(now).date(),
        "next_visit_on": details.next_visit_on,
    }


def _resident(details: Details) -> dict[str, str | None]:
    name, phone = details.resident_name.strip(), details.resident_phone.strip()
    if phone and not valid_phone(phone):
        raise Invalid("这个电话号码不完整，请核对；不知道可以不填。", "resident_phone")
    return {
        "resident_name": name or None,
        "resident_name_hash": keyed_hash(name) if name else None,
        "resident_phone": normalise_phone(phone) or None,
        "resident_phone_hash": keyed_hash(phone) if phone else None,
        "door": details.door.strip() or None,
    }


def _desk(actor: Actor, details: Details) -> tuple[int | None, int | None]:
    """Station and desk session of a reception, if they are among those that this worker may use."""
    station_id = details.station_id
    if station_id is not None and station_id not in {row.id for row in queries.stations(actor)}:
        raise Invalid("请从列表里选择站点。", "station_id")
    if details.desk_session_id is None:
        return station_id, None
    desk = desk_queries.desk_for(actor, details.desk_session_id)
    return station_id or desk.station_id, desk.id


def _valid_items(keys: Sequence[str], day: date) -> list[int]:
    wanted = set(keys)
    found = queries.item_ids(wanted, day)
    if len(found) != len(wanted):
        queries.all_items.forget()  # one may have been added a moment ago, by another process
        found = queries.item_ids(wanted, day)
    if not wanted or len(found) != len(wanted):
        raise Invalid(_not_offered(wanted, day), "items")
    return found


def _not_offered(wanted: set[str], day: date) -> str:
    """Who chose something that is not to be had on that day is told what."""
    for row in queries.all_items():
        if row.key in wanted and row.valid_from > day:
            return f"“{row.name}”从{text.day(row.valid_from)}起才有，请换一项，或核对服务时间。"
        if row.key in wanted and not periods.counts(row.retired_on, day):
            return f"“{row.name}”已经停用，请换一项。"
    return "请选择服务事项。"


def undo(actor: Actor, visit_id: int) -> Visit:
    """Take a visit back shortly after it was logged. The row stays, what it says of a resident goes.

    Raises:
        NotFound: no such visit in scope. Refused: somebody else's. Conflict: too late, or a case hangs on it.
    """
    with transaction():
        queries.visit_for(actor, visit_id)
        visit = locked(Visit, visit_id)
        if visit is None:
            raise NotFound
        check_can_undo(actor, visit, clock.now())
        visit.undone_at = clock.now()
        visit.note = ""
        visit.resident_name = visit.resident_phone = visit.door = None
        visit.resident_name_hash = visit.resident_phone_hash = None
        photos.discard(PHOTO_OWNER, visit.id)
        journal.record(actor, "visit:undo", "visit", visit.id)
        visit_undone.send(visit=visit, actor=actor)
        return visit


@dataclass(frozen=True)
class Resident:
    """Who was visited, in full."""

    name: str
    phone: str
    door: str


def see_resident(actor: Actor, visit_id: int) -> Resident:
    """Name, phone and door in full; the look is on the record.

    Raises:
        NotFound: no such visit in scope. Refused: the actor does not serve there.
    """
    with transaction():
        visit = queries.visit_for(actor, visit_id)
        check_can_see_resident(actor, visit)
        journal.record(actor, "visit:read_resident", "visit", visit.id)
        return Resident(visit.resident_name or "", visit.resident_phone or "", visit.door or "")


@dataclass(frozen=True)
class OldRecord:
    """A visit from a ledger that was kept elsewhere. Its items may be ones that are no longer offered."""

    worker_id: int
    unit_id: int
    at: datetime
    kind: VisitKind
    outcome: Outcome
    item_ids: frozenset[int]
    note: str = ""
    resident_name: str = ""
    resident_phone: str = ""

    def columns(self) -> dict[str, object]:
        """What stands in the visit's row.

        Raises:
            Invalid: a choice does not fit, the time is in the future or before ``EARLIEST``, a phone is none.
        """
        if self.at < EARLIEST:
            raise Invalid("时间太早，请看看年份。", "at")
        if self.at > clock.now():
            raise Invalid("服务时间不能晚于现在。", "at")
        resident = Details(resident_name=self.resident_name, resident_phone=self.resident_phone)
        return {
            **_choices(self.kind, self.outcome),
            **_resident(resident),
            "worker_id": self.worker_id,
            "unit_id": self.unit_id,
            "at": self.at,
            "note": self.note,
        }


def enter_old_record(actor: Actor, record: OldRecord) -> Visit:
    """Enter a visit from an old ledger, as a late entry in the name of the worker who made it. It earns no points.

    Raises:
        Invalid: see ``OldRecord.columns``. Refused: the actor brings nothing in, or not for this place.
    """
    with transaction() as session:
        unit = session.get(Unit, record.unit_id)
        if unit is None:
            raise NotFound
        check_can_bring_in(actor, unit)
        visit = Visit(**record.columns(), **place_of(unit), logged_at=clock.now(), is_late_entry=True)
        _add(visit, sorted(record.item_ids))
        detail = {"kind": visit.kind, "outcome": visit.outcome, "worker": visit.worker_id}
        journal.record(actor, "visit:import", "visit", visit.id, detail)
        return visit


def update_old_record(actor: Actor, visit_id: int, record: OldRecord) -> Visit:
    """Enter what the old ledger says by now of a visit that was brought in: items, outcome, note, resident.

    Raises:
        NotFound: there is none. Invalid: see ``OldRecord.columns``. Refused: see ``enter_old_record``.
        Conflict: it was undone, or a case came of it.
    """
    with transaction() as session:
        visit = locked(Visit, visit_id)
        unit = session.get(Unit, visit.unit_id) if visit else None
        if visit is None or unit is None:
            raise NotFound
        check_can_bring_in(actor, unit)
        if visit.undone_at is not None:
            raise Conflict("这条记录在这里已经撤销，不再更新。")
        if visit.case_id is not None:
            raise Conflict("这条记录在这里已经转为诉求，不再更新。")
        for name, value in record.columns().items():
            setattr(visit, name, value)
        session.execute(sa.delete(VisitItem).where(VisitItem.visit_id == visit.id))
        _add(visit, sorted(record.item_ids))
        journal.record(actor, "visit:import_again", "visit", visit.id, {"outcome": visit.outcome})
        return visit
