"""What grows is found by index

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_cases_all", "cases", ["registered_at", "id"])
    for kind in ("phone", "name"):
        given = sa.text(f"resident_{kind}_hash IS NOT NULL")
        op.create_index(
            f"ix_visits_{kind}",
            "visits",
            [f"resident_{kind}_hash", "at", "id"],
            sqlite_where=given,
            postgresql_where=given,
        )
    op.create_table(
        "device_marks",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("whole_up_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_marks")),
    )


def downgrade() -> None:
    op.drop_table("device_marks")
    op.drop_index("ix_visits_name", "visits")
    op.drop_index("ix_visits_phone", "visits")
    op.drop_index("ix_cases_all", "cases")
