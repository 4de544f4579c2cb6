"""Tables of imports: files that wait between the steps, what was brought in, and the ids it had before."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.directory.models import one_of
from webapp.extensions import db
from webapp.foundation.db import Json, UTCDateTime
from webapp.foundation.private import EncryptedText


class ImportKind(StrEnum):
    """What can be brought in; ``kinds.KINDS`` says how."""

    UNITS = "units"
    PEOPLE = "people"
    VISITS = "visits"


KIND_NAMES = {ImportKind.UNITS: "单位名册", ImportKind.PEOPLE: "人员名册", ImportKind.VISITS: "走访台账"}


class Upload(db.Model):
    """A file between upload and confirmation: its rows, encrypted, for they name people. Gone after a day at most.

    ``mapping`` says which column (from 0) holds which field.
    """

    __tablename__ = "import_uploads"
    __table_args__ = (one_of("kind", tuple(ImportKind)),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    kind: Mapped[str]
    source: Mapped[str]
    file_name: Mapped[str]
    digest: Mapped[str] = mapped_column(sa.String(64))
    rows: Mapped[str] = mapped_column(EncryptedText)
    mapping: Mapped[dict[str, int]] = mapped_column(Json)


class Batch(db.Model):
    """A file that was brought in, by whom, and what came of its rows.

    While it is being brought in, ``left_out`` counts the rows that are still to come: if that breaks off, it stays true.
    """

    __tablename__ = "import_batches"
    __table_args__ = (
        one_of("kind", tuple(ImportKind)),
        sa.Index("ix_import_batches_person", "person_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    kind: Mapped[str]
    source: Mapped[str]
    file_name: Mapped[str]
    digest: Mapped[str] = mapped_column(sa.String(64))
    added: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]
    left_out: Mapped[int]


class ExternalId(db.Model):
    """The id that a record has in the system that it came from; kept, so that a file counts once and traces lead back."""

    __tablename__ = "external_ids"
    __table_args__ = (
        one_of("kind", tuple(ImportKind)),
        sa.UniqueConstraint("source", "kind", "external_id"),
        sa.Index("ix_external_ids_record", "kind", "record_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    kind: Mapped[str]
    external_id: Mapped[str]
    record_id: Mapped[int]
    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("import_batches.id"))
