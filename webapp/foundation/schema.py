"""The database's tables, made and changed by the migrations in ``migrations/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from webapp.config import ROOT
from webapp.extensions import db

if TYPE_CHECKING:
    from alembic.config import Config


def _config(connection: sa.Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade() -> None:
    """Bring the database to the newest schema; makes it where there is none."""
    from alembic import command

    with db.engine.begin() as connection:
        command.upgrade(_config(connection), "head")


def downgrade() -> None:
    """Take every migration back, down to an empty database."""
    from alembic import command

    with db.engine.begin() as connection:
        command.downgrade(_config(connection), "base")


def write_migration(message: str) -> None:
    """Write the migration that leads from the database's present schema to the models'; read it before you commit it."""
    from alembic import command

    with db.engine.begin() as connection:
        command.revision(_config(connection), message, autogenerate=True)


def differences() -> list[object]:
    """What differs between the database and the models; empty when the migrations are complete."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, db.metadata))


def is_empty() -> bool:
    """Whether the database has no tables yet."""
    return not sa.inspect(db.engine).get_table_names()
