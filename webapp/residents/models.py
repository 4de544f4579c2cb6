"""投诉建议: what people say about the product and how it is used."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.directory.models import Placed
from webapp.extensions import db
from webapp.foundation.db import UTCDateTime
from webapp.foundation.private import EncryptedText


class Feedback(Placed, db.Model):
    """One complaint or suggestion, with its reply. Of the code to follow it only hash and encrypted copy are kept."""

    __tablename__ = "feedback"
    __table_args__ = (
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answered_by_id IS NULL) AND (answered_at IS NULL) = (answer = '')",
            name="answered_whole",
        ),
        sa.Index("ix_feedback_at", "at", "id"),
        sa.Index("ix_feedback_street", "street_id", "at", "id"),
        sa.Index("ix_feedback_community", "community_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    code: Mapped[str] = mapped_column(EncryptedText)
    text: Mapped[str] = mapped_column(sa.Text)
    contact: Mapped[str] = mapped_column(EncryptedText, default="")
    path: Mapped[str] = mapped_column(default="")  # which part of the product it was sent from
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    answer: Mapped[str] = mapped_column(sa.Text, default="")
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    answered_unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
