"""The app as it must not be: SQLite syncs at its checkpoints only. It proves that a test would see the loss."""

from __future__ import annotations

import sqlite3

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from webapp import create_app


def careless_app() -> Flask:
    """What ``create_app`` makes, with the syncing that SQLite recommends for data that may be lost."""

    @event.listens_for(Engine, "connect")
    def sync_seldom(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    return create_app()
