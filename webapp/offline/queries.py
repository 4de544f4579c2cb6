"""What a phone and a community may ask."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.scope import within
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow
from webapp.foundation.errors import NotFound
from webapp.foundation.private import keyed_hash
from webapp.foundation.receipts import Receipt
from webapp.networks.models import PropertyContract
from webapp.offline.models import DeviceMark, Quarantined, State

MOST_MISSING = 200  # a phone that lost more has lost its memory
LISTED = 100


@dataclass(frozen=True)
class Arrivals:
    """What arrived from one phone: the count, the highest sequence number, and the gaps below it."""

    received: int
    highest: int
    missing: list[int]


def arrivals(device: uuid.UUID) -> Arrivals:
    """The sequence numbers that arrived from ``device``; not whose they were."""
    whole = db.session.scalar(sa.select(DeviceMark.whole_up_to).where(DeviceMark.device_id == device)) or 0
    later = set(numbers_after(device, whole))
    highest = max(later, default=whole)
    missing = [number for number in range(whole + 1, highest) if number not in later]
    return Arrivals(whole + len(later), highest, missing[:MOST_MISSING])


def numbers_after(device: uuid.UUID, number: int) -> Sequence[int]:
    """Those that arrived beyond ``number``, in order."""
    query = sa.select(Receipt.device_number).where(
        Receipt.device_id == device, Receipt.device_number > number
    )
    return [found for found in db.session.scalars(query.order_by(Receipt.device_number)) if found]


def owner_key(person_id: int | None) -> str:
    """An opaque key by which a phone tells users apart; empty when nobody is logged in."""
    return keyed_hash(f"outbox owner {person_id}")[:24] if person_id else ""


def name_of(person_id: int) -> str:
    """The author's name, for whoever has to ask them what was meant."""
    return db.session.scalar(sa.select(Person.name).where(Person.id == person_id)) or ""


def last_place(person_id: int, appointment_id: int | None) -> Unit | None:
    """Where this person served under ``appointment_id``, else last; for a company, the grid that it serves or served."""
    named = Appointment.id == (appointment_id or 0)
    query = (
        sa.select(Unit)
        .join(Appointment, Appointment.unit_id == Unit.id)
        .where(Appointment.person_id == person_id)
        .order_by(
            sa.case((named, 0), else_=1),
            sa.case((Appointment.ends_on.is_(None), 0), else_=1),
            Appointment.ends_on.desc(),
            Appointment.starts_on.desc(),
        )
    )
    unit = db.session.scalars(query).first()
    if unit is None or unit.street_id or unit.level == "street":
        return unit
    contract = (
        sa.select(Unit)
        .join(PropertyContract, PropertyContract.grid_id == Unit.id)
        .where(PropertyContract.company_id == unit.id)
        .order_by(PropertyContract.starts_on.desc())
    )
    return db.session.scalars(contract).first()


def waiting(actor: Actor) -> Sequence[AnyRow]:
    """Submissions to be claimed where the actor serves, oldest first."""
    query = (
        sa.select(
            Quarantined.id,
            Quarantined.at,
            Quarantined.claimed_at,
            Quarantined.reason,
            Person.name.label("by"),
        )
        .join(Person, Person.id == Quarantined.person_id)
        .where(within(actor, Quarantined), Quarantined.state == State.WAITING)
        .order_by(Quarantined.id)
        .limit(LISTED)
    )
    return db.session.execute(query).all()


def quarantined_for(actor: Actor, quarantine_id: int) -> Quarantined:
    """One of them.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    query = sa.select(Quarantined).where(Quarantined.id == quarantine_id, within(actor, Quarantined))
    row = db.session.scalars(query).first()
    if row is None:
        raise NotFound
    return row
