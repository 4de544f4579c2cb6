"""Alembic's entry: runs on the connection that the command hands over."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from webapp.extensions import db


def render_plain(kind: str, item: Any, autogen: AutogenContext) -> str | bool:
    """Write our own column types as what they are in the database, so that old migrations need none of today's code."""
    if kind == "type" and isinstance(item, sa.JSON):
        autogen.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return 'sa.JSON().with_variant(JSONB(), "postgresql")'
    if kind == "type" and isinstance(item, sa.types.TypeDecorator):
        plain = item.impl_instance if hasattr(item, "impl_instance") else item.impl
        return f"sa.{plain!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=db.metadata,
    compare_type=True,
    render_item=render_plain,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
