"""What arrived and could not be placed."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.directory.models import Placed, one_of
from webapp.extensions import db
from webapp.foundation.db import UTCDateTime
from webapp.foundation.private import EncryptedText


class State(StrEnum):
    """The state of a quarantined submission."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DISCARDED = "discarded"


STATE_NAMES = {State.WAITING: "等待认领", State.CLAIMED: "已认领", State.DISCARDED: "不予采用"}


class Quarantined(Placed, db.Model):
    """A submission whose author's post had ended when it arrived, or which its author handed over.

    It lies where the writer last served; the community there enters it anew or discards it.
    """

    __tablename__ = "outbox_quarantine"
    __table_args__ = (
        one_of("state", tuple(State)),
        sa.Index("ix_outbox_quarantine_community", "community_id", "state", "id"),
        sa.Index("ix_outbox_quarantine_street", "street_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"), index=True)
    action: Mapped[str]  # the address that it was sent to
    page: Mapped[str]  # the address of the page with its form
    fields: Mapped[str] = mapped_column(EncryptedText)  # JSON: [[name, value], …], as the form sent them
    text: Mapped[str] = mapped_column(EncryptedText)  # the same in words, by the phone
    reason: Mapped[str]
    claimed_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime
    )  # when it was written, by the phone's clock
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(default=State.WAITING)
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    note: Mapped[str] = mapped_column(default="")


class DeviceMark(db.Model):
    """The sequence number up to which everything from a phone has arrived; advanced by the sweep."""

    __tablename__ = "device_marks"

    device_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    whole_up_to: Mapped[int]
