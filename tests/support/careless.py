"""The app as it must not be: SQLite syncs at its checkpoints only. It proves that a test would see the loss."""

from __future__ import annotations

import sqlite3

from sqlalchemy import event
from sqlalchemy.engine import Engine

from webapp import serve
from webapp.foundation.serving import Server


def application() -> Server:
    """What ``webapp.serve`` runs, with the syncing that SQLite recommends for data that may be lost."""

    @event.listens_for(Engine, "connect")
    def sync_seldom(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    return serve.application()


if __name__ == "__main__":
    serve.main("tests.support.careless:application")
