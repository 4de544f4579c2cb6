"""What the app does not start on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from flask import Flask

from tests.support.postgres import SETTINGS, postgres_cluster, postgres_missing
from tests.support.tools import demand
from webapp import create_app
from webapp.config import Settings
from webapp.extensions import db
from webapp.foundation.keys import KeyCheck, OtherKeys
from webapp.foundation.start import DURABLE, LossyDatabase

postgresql = pytest.mark.parametrize("app", ["postgresql"], indirect=True)


@pytest.fixture(scope="module")
def durable() -> Iterator[sa.URL]:
    """The address of a PostgreSQL that is set up as it comes."""
    demand(postgres_missing())
    with postgres_cluster({name: value for name, value in SETTINGS.items() if name not in DURABLE}) as url:
        yield sa.make_url(url)


def start(settings: Settings, url: sa.URL) -> None:
    app = create_app(
        replace(
            settings,
            database_url=url.render_as_string(hide_password=False),
            allow_lossy_database=False,
        )
    )
    with app.app_context():
        db.engine.dispose()


@postgresql
def test_a_postgresql_that_loses_what_it_acknowledged_is_refused(app: Flask) -> None:
    with pytest.raises(LossyDatabase, match="fsync = off, full_page_writes = off, synchronous_commit = off"):
        start(app.config["SETTINGS"], db.engine.url)


def test_a_postgresql_as_it_comes_is_taken(lite_app: Flask, durable: sa.URL) -> None:
    start(lite_app.config["SETTINGS"], durable)


def test_one_setting_is_enough_to_be_refused(lite_app: Flask, durable: sa.URL) -> None:
    hasty = durable.update_query_dict({"options": "-c synchronous_commit=off"})
    with pytest.raises(LossyDatabase, match=r"stops: synchronous_commit = off\."):
        start(lite_app.config["SETTINGS"], hasty)


@pytest.fixture
def settings(app: Flask) -> Settings:
    """Those of the app, with the address of this test's database."""
    kept: Settings = app.config["SETTINGS"]
    return replace(kept, database_url=db.engine.url.render_as_string(hide_password=False))


def test_the_first_start_tells_a_database_its_keys(settings: Settings) -> None:
    other = Fernet.generate_key().decode()
    for _ in range(2):
        with create_app(settings).app_context():
            db.engine.dispose()
    assert db.session.scalar(sa.select(sa.func.count(KeyCheck.fingerprint))) == 2
    with pytest.raises(OtherKeys, match="DATA_KEYS: not"):
        create_app(replace(settings, data_keys=(other,)))
    with pytest.raises(OtherKeys, match="HASH_KEY: not"):
        create_app(replace(settings, hash_key=settings.hash_key[::-1]))
    db.session.remove()
    assert db.session.scalar(sa.select(sa.func.count(KeyCheck.fingerprint))) == 2
