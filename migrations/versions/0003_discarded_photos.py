"""Photos that are let go

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("photos", sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_photos_discarded",
        "photos",
        ["discarded_at"],
        sqlite_where=sa.text("discarded_at IS NOT NULL"),
        postgresql_where=sa.text("discarded_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_photos_discarded", "photos")
    op.drop_column("photos", "discarded_at")
