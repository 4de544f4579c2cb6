"""Imports: files that wait, batches, ids of other systems

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('people', 'visits')", name=op.f("ck_import_batches_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_import_batches_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batches")),
    )
    op.create_index("ix_import_batches_person", "import_batches", ["person_id", "id"])

    op.create_table(
        "import_uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("mapping", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.CheckConstraint("kind IN ('people', 'visits')", name=op.f("ck_import_uploads_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_import_uploads_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_uploads")),
    )
    op.create_index(op.f("ix_import_uploads_at"), "import_uploads", ["at"])
    op.create_index(op.f("ix_import_uploads_person_id"), "import_uploads", ["person_id"])

    op.create_table(
        "external_ids",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('people', 'visits')", name=op.f("ck_external_ids_kind")),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batches.id"], name=op.f("fk_external_ids_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_ids")),
        sa.UniqueConstraint(
            "source", "kind", "external_id", name=op.f("uq_external_ids_source_kind_external_id")
        ),
    )
    op.create_index("ix_external_ids_record", "external_ids", ["kind", "record_id"])


def downgrade() -> None:
    op.drop_index("ix_external_ids_record", "external_ids")

    op.drop_table("external_ids")
    op.drop_index(op.f("ix_import_uploads_person_id"), "import_uploads")
    op.drop_index(op.f("ix_import_uploads_at"), "import_uploads")

    op.drop_table("import_uploads")
    op.drop_index("ix_import_batches_person", "import_batches")

    op.drop_table("import_batches")
