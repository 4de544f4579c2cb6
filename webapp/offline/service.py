"""The quarantine of submissions that could not be accepted: put aside, read, claim, discard."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from webapp.directory.scope import place_of
from webapp.foundation import clock, journal, photos
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.foundation.photos import ReadyPhoto
from webapp.foundation.receipts import Receipt
from webapp.offline import queries
from webapp.offline.models import STATE_NAMES, DeviceMark, Quarantined, State

PHOTO_OWNER = "quarantine"
NO_PLACE = "您的职务已经结束，这条内容没有社区可以接收。请导出文字，交给原来的单位。"


@dataclass(frozen=True)
class Parcel:
    """A submission as it arrived; ``text`` is the phone's description of it."""

    submission_id: uuid.UUID
    person_id: int
    appointment_id: int | None
    action: str
    page: str
    fields: Sequence[tuple[str, str]]
    text: str
    reason: str
    claimed_at: datetime | None
    photos: Sequence[ReadyPhoto] = ()


def put_aside(parcel: Parcel) -> Quarantined:
    """Keep it for the community where its writer served.

    Raises:
        Refused: the writer never served in a place that a community looks after.
    """
    with transaction() as session:
        unit = queries.last_place(parcel.person_id, parcel.appointment_id)
        if unit is None:
            raise Refused(NO_PLACE)
        row = Quarantined(
            submission_id=parcel.submission_id,
            person_id=parcel.person_id,
            action=parcel.action,
            page=parcel.page,
            fields=json.dumps(list(parcel.fields), ensure_ascii=False),
            text=parcel.text,
            reason=parcel.reason,
            claimed_at=parcel.claimed_at,
            at=clock.now(),
            **place_of(unit),
        )
        session.add(row)
        session.flush()
        photos.attach(PHOTO_OWNER, row.id, list(parcel.photos), parcel.person_id)
        journal.record(None, "quarantine:put_aside", "quarantine", row.id, {"person": parcel.person_id})
        return row


def read(actor: Actor, quarantine_id: int) -> Quarantined:
    """One of them, in full; the look is on the record, for it may name a resident.

    Raises:
        NotFound: not in the actor's scope.
    """
    with transaction():
        row = queries.quarantined_for(actor, quarantine_id)
        journal.record(actor, "quarantine:read", "quarantine", row.id)
        return row


def claim(actor: Actor, quarantine_id: int) -> Quarantined:
    """Claim it: the actor enters it again under their own name.

    Raises:
        NotFound: not in scope. Conflict: decided already.
    """
    return _decide(actor, quarantine_id, State.CLAIMED, "")


def discard(actor: Actor, quarantine_id: int, reason: str) -> Quarantined:
    """Discard it: the content is erased, the record of its arrival stays.

    Raises:
        NotFound: not in scope. Conflict: decided already. Invalid: no reason.
    """
    if not reason.strip():
        raise Invalid("请写明不采用的原因。", "reason")
    return _decide(actor, quarantine_id, State.DISCARDED, reason.strip())


def _decide(actor: Actor, quarantine_id: int, state: State, note: str) -> Quarantined:
    with transaction():
        queries.quarantined_for(actor, quarantine_id)
        row = locked(Quarantined, quarantine_id)
        if row is None:
            raise NotFound
        if row.state != State.WAITING:
            raise Conflict(f"这一条{STATE_NAMES[State(row.state)]}，不用再处理。")
        row.state, row.note = state, note
        row.decided_by_id, row.decided_at = actor.person_id, clock.now()
        if state == State.DISCARDED:
            row.fields, row.text = "[]", ""
        journal.record(actor, f"quarantine:{state}", "quarantine", row.id)
        return row


def move_marks() -> int:
    """Advance each phone's mark to its last number without a gap; returns how many phones advanced.

    A phone asks again and again what arrived: it is answered from what came after its mark.
    """
    mark = sa.func.coalesce(DeviceMark.whole_up_to, 0)
    due = (
        sa.select(Receipt.device_id, mark)
        .outerjoin(DeviceMark, DeviceMark.device_id == Receipt.device_id)
        .where(Receipt.device_number == mark + 1)
    )
    with transaction() as session:
        found = session.execute(due).all()
        for device, whole in found:
            assert device is not None
            session.merge(DeviceMark(device_id=device, whole_up_to=_without_gap(device, whole)))
    return len(found)


def _without_gap(device: uuid.UUID, whole: int) -> int:
    for number in queries.numbers_after(device, whole):
        if number != whole + 1:
            break
        whole += 1
    return whole
