"""Checks that must pass before the service accepts anything, run when the app is created."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from webapp.config import Settings
from webapp.extensions import db
from webapp.foundation import keys

# What PostgreSQL needs to keep what it acknowledged, whatever happens to the machine.
DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
}


class LossyDatabase(RuntimeError):
    """PostgreSQL is set up to lose what it acknowledged; the app does not start on it."""


class NoDatabase(RuntimeError):
    """There is no database to serve."""


def check(settings: Settings) -> None:
    """Refuse to start on a database that could lose data, or that was written with other keys.

    Raises:
        LossyDatabase, OtherKeys: see there.
    """
    if _missing_file():
        return  # there is nothing yet, and looking would make it
    try:
        if db.engine.dialect.name == "postgresql" and not settings.allow_lossy_database:
            _require_durable()
        keys.check(settings.data_keys, settings.hash_key)
    finally:
        # A refused app is thrown away, and a server may fork after this: no connection stays behind.
        db.session.remove()
        db.engine.dispose()


def require_database() -> None:
    """Refuse to serve where the database's file is gone: an empty new one in its place would hide that.

    Raises:
        NoDatabase: see above.
    """
    if path := _missing_file():
        raise NoDatabase(
            f"There is no database at {path}. Put it back from its backup; `flask --app webapp init` makes a new one."
        )


def _missing_file() -> str | None:
    """Where SQLite's file ought to be, if it is not there."""
    path = db.engine.url.database or ""
    return path if db.engine.dialect.name == "sqlite" and not Path(path).is_file() else None


def _require_durable() -> None:
    query = sa.text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
    with db.engine.connect() as connection:
        found = connection.execute(query, {"names": list(DURABLE)}).all()
    lossy = [f"{name} = {setting}" for name, setting in found if setting not in DURABLE[name]]
    if lossy:
        raise LossyDatabase(
            f"This PostgreSQL may lose what it acknowledged when its machine stops: {', '.join(sorted(lossy))}. "
            "Set it to on, or say ALLOW_LOSSY_DATABASE=1 where the data may be lost."
        )
