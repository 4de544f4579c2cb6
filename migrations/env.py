"""What Alembic runs for each command of ``flask db``, as Flask-Migrate generates it; migrations run online only."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from flask import current_app


def render_plain(kind: str, item: Any, autogen: AutogenContext) -> str | bool:
    """Write our own column types as what they are in the database, so that old migrations need none of today's code."""
    if kind == "type" and isinstance(item, sa.JSON):
        autogen.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return 'sa.JSON().with_variant(JSONB(), "postgresql")'
    if kind == "type" and isinstance(item, sa.types.TypeDecorator):
        plain = item.impl_instance if hasattr(item, "impl_instance") else item.impl
        return f"sa.{plain!r}"
    return False


def write_no_empty_migration(_: MigrationContext, __: object, directives: list[MigrationScript]) -> None:
    if getattr(context.config.cmd_opts, "autogenerate", False):
        script = directives[0]
        if script.upgrade_ops is not None and script.upgrade_ops.is_empty():
            directives[:] = []


migrate = current_app.extensions["migrate"]
# One transaction for all of them, on SQLite too: an upgrade that fails leaves the schema that was there.
with migrate.db.engine.begin() as connection:
    context.configure(
        connection=connection,
        target_metadata=migrate.db.metadata,
        process_revision_directives=write_no_empty_migration,
        render_item=render_plain,
        **migrate.configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
