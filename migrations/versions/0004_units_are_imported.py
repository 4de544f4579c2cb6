"""Units are a kind of import

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("import_batches", "import_uploads", "external_ids")
BEFORE, NOW = "kind IN ('people', 'visits')", "kind IN ('units', 'people', 'visits')"


def upgrade() -> None:
    _change(BEFORE, NOW)


def downgrade() -> None:
    for name in reversed(TABLES):
        kind = sa.column("kind")
        op.execute(sa.delete(sa.table(name, kind)).where(kind == "units"))
    _change(NOW, BEFORE)


def _change(old: str, new: str) -> None:
    """Let the tables take other kinds."""
    if op.get_bind().dialect.name == "sqlite":
        _change_on_sqlite(old, new)
        return
    for name in TABLES:
        op.drop_constraint(op.f(f"ck_{name}_kind"), name, type_="check")
        op.create_check_constraint(op.f(f"ck_{name}_kind"), name, new)


def _change_on_sqlite(old: str, new: str) -> None:
    """SQLite alters no constraint. Copying the tables would break the keys between them; its manual has this for a CHECK:
    https://www.sqlite.org/lang_altertable.html#otheralter
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    for name in TABLES:
        connection.execute(
            sa.text(
                "UPDATE sqlite_schema SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :name"
            ),
            {"old": old, "new": new, "name": name},
        )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
