"""A demo district in a database of its own, built once for all tests that only read it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.conftest import DATABASES, SECRETS
from tests.support.browse import Browse
from tests.support.client import Client
from webapp import config, create_app
from webapp.accounts import service as accounts
from webapp.accounts.models import Account
from webapp.accounts.session import load_actor
from webapp.commands import seed_defaults
from webapp.demo import build
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor

PASSWORD = "a-walk-in-the-park"


class Demo:
    """The people with the demo accounts, in the manner of the small world of the other tests."""

    def token(self, name: str) -> str:
        """Log this account in, and return the session's token."""
        account_id = db.session.scalars(sa.select(Account.id).where(Account.username == name)).one()
        return accounts.open_session(account_id, trusted=True, device="test")

    def actor(self, post: Post | str) -> Actor:
        """The actor that a request of this account would have."""
        actor = load_actor(self.token(str(post)), clock.now())
        assert actor is not None
        return actor


def built(url: str, folder: Path, *, small: bool = True, now: datetime | None = None) -> Flask:
    """An app whose database at ``url`` holds a demo district."""
    app = create_app(
        config.Settings(
            instance=folder,
            database_url=url,
            allow_lossy_database=True,
            testing=True,
            **SECRETS,
        )
    )
    app.test_client_class = Client
    with app.app_context():
        db.create_all()
        seed_defaults()
        build.district(small=small, password=PASSWORD, now=now)
        db.session.remove()
    return app


@pytest.fixture(params=DATABASES, scope="module")
def demo_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The small demo district on SQLite and on PostgreSQL, shared by the tests of a module."""
    folder = tmp_path_factory.mktemp(f"demo-{request.param}")
    url = f"sqlite:///{folder / 'desk.sqlite3'}"
    if request.param == "postgresql":
        server, name = request.getfixturevalue("_postgres"), f"demo{uuid.uuid4().hex[:10]}"
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    app = built(url, folder)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def demo(demo_app: Flask) -> Demo:
    """The accounts of the demo district."""
    return Demo()


@pytest.fixture
def visitor(demo_app: Flask) -> Browse:
    """A browser on the demo district."""
    return Browse(demo_app, Demo())  # type: ignore[arg-type]
