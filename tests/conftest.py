"""What every test may ask for: an app on a fresh database, the small world in it, a browser-like client."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TypedDict

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page, sync_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.support.browse import Browse
from tests.support.browser import PHONE, chromium_missing, is_fault, launch
from tests.support.client import Client
from tests.support.live import Live, live_server
from tests.support.postgres import postgres_cluster, postgres_missing
from tests.support.scratch import scratch
from tests.support.tools import demand
from tests.support.world import World, build_world
from webapp import config, create_app
from webapp.extensions import db

# Where tmp_path lies.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(scratch()))

# An example fails for what it shows, not for how busy the machine was.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

DATABASES = ("sqlite", "postgresql")
# Files that mostly wait, for browsers and timers, and others that take longer than most; by the beginning of their names.
WAITING = ("tests/faults/", "tests/browser/")
# Long files whose tests are given out one by one.
ONE_BY_ONE = ("tests/browser/test_every_page.py", "tests/demo/test_build.py")
LONG = (
    "tests/house/test_access.py",
    "tests/points/test_ledger_machine.py",
    "tests/cases/test_walk.py",
    "tests/demo/",
    "tests/house/test_hostile_input.py",
    "tests/test_commands.py",
)


class Secrets(TypedDict):
    """The settings that every app must have."""

    secret_key: str
    hash_key: str
    data_keys: tuple[str, ...]


SECRETS = Secrets(
    secret_key="vE3nQ8rT1yU6iO0pA5sD9fG2hJ7kL4zX-test",
    hash_key="mN1bV6cX3zL8kJ5hG0fD2sA7pO4iU9yT-test",
    data_keys=("dGhlIHRlc3RzIHNoYXJlIHRoZWlyIGRhdGFiYXNlcy4=",),
)


def environ(settings: config.Settings) -> dict[str, str]:
    """The environment that gives a server the secrets of ``settings``."""
    return {
        "SECRET_KEY": settings.secret_key,
        "HASH_KEY": settings.hash_key,
        "DATA_KEYS": ",".join(settings.data_keys),
    }


class Bench:
    """One kind of database: its app, a template with the world in it, and a copy of that for each test in turn.

    All copies lie at the same address, one after the other: so there is one engine, and what it has compiled serves all tests.
    """

    def __init__(self, folder: Path, server: str = "") -> None:
        self.folder = folder
        self.admin = sa.create_engine(server, isolation_level="AUTOCOMMIT").connect() if server else None
        url = f"sqlite:///{folder / 'desk.sqlite3'}"
        if self.admin:
            self._ask("CREATE DATABASE desk")
            url = sa.make_url(server).set(database="desk").render_as_string(hide_password=False)
        self.app = create_app(
            config.Settings(
                instance=folder,
                database_url=url,
                allow_lossy_database=True,  # the cluster gives up durability for speed
                testing=True,
                **SECRETS,
            )
        )
        self.app.test_client_class = Client
        with self.app.app_context():
            db.create_all()
            self.world = build_world()
            db.session.remove()
            self.engine = db.engine
        self.engine.dispose()
        if self.admin:
            self._ask("ALTER DATABASE desk RENAME TO template")
        else:
            shutil.copy(self.folder / "desk.sqlite3", self.template)
            (self.folder / "desk.sqlite3").rename(self.folder / "file")

    @property
    def template(self) -> Path:
        """The file of the SQLite template."""
        return self.folder / "template.sqlite3"

    def close(self) -> None:
        """Let go of the server."""
        if self.admin:
            self.admin.close()
            self.admin.engine.dispose()

    def _ask(self, statement: str) -> None:
        assert self.admin
        self.admin.exec_driver_sql(statement)

    @contextmanager
    def copy(self) -> Iterator[sa.Engine]:
        """A copy of the template."""
        if self.admin:
            # Copying the files takes a third of the time that the default, copying by the log, does.
            self._ask("CREATE DATABASE desk TEMPLATE template STRATEGY FILE_COPY")
        else:
            # Into the same file: the app refuses another in its place.
            shutil.copyfile(self.template, self.folder / "file")
            (self.folder / "desk.sqlite3").hardlink_to(self.folder / "file")
        yield self.engine.execution_options()  # another engine, with the same pool and the same compiled statements
        self.engine.dispose()
        if self.admin:
            self._ask("DROP DATABASE desk WITH (FORCE)")
        else:
            for path in self.folder.glob("desk.sqlite3*"):
                path.unlink()


@pytest.fixture(scope="session")
def _benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Bench]]:
    benches: dict[str, Bench] = {}
    yield benches
    for bench in benches.values():
        bench.close()


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    demand(postgres_missing())
    with postgres_cluster() as url:
        yield url


def _bench(kind: str, request: pytest.FixtureRequest) -> Bench:
    benches: dict[str, Bench] = request.getfixturevalue("_benches")
    if kind not in benches:
        folder = request.getfixturevalue("tmp_path_factory").mktemp(kind)
        server = request.getfixturevalue("_postgres") if kind == "postgresql" else ""
        benches[kind] = Bench(folder, server)
    return benches[kind]


def _on(kind: str, request: pytest.FixtureRequest) -> Iterator[Flask]:
    bench = _bench(kind, request)
    bench.app.extensions["world"] = bench.world
    with bench.copy() as engine, bench.app.app_context():
        db._app_engines[bench.app][None] = engine
        yield bench.app
        db.session.remove()


@pytest.fixture(params=DATABASES)
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The app on a fresh copy of the world; each test runs on SQLite and on PostgreSQL."""
    yield from _on(request.param, request)


@pytest.fixture
def lite_app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The same on SQLite alone, for what does not depend on the database (pages, words, access)."""
    yield from _on("sqlite", request)


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The real server on a copy of the world, one for each test module."""
    bench = _bench("sqlite", request)
    folder = tmp_path_factory.mktemp("live")
    shutil.copy(bench.template, folder / "desk.sqlite3")
    settings = bench.app.config["SETTINGS"]
    app = create_app(replace(settings, instance=folder, database_url=f"sqlite:///{folder / 'desk.sqlite3'}"))
    app.extensions["world"] = bench.world
    with live_server(app, folder / "desk.sqlite3", folder, environ(settings)) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, started once in a test process."""
    demand(chromium_missing())
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium: Browser, live: Live) -> Iterator[Page]:
    """A phone's page, 390×844 with touch; any error of a script or of the content policy fails the test."""
    context = chromium.new_context(**PHONE, base_url=live.url)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if is_fault(message) else None)
    yield page
    context.close()
    assert not problems, problems


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """The small world: two streets, three communities, a person for every post. Needs ``app`` or ``lite_app``."""
    name = "app" if "app" in request.fixturenames else "lite_app"
    found: World = request.getfixturevalue(name).extensions["world"]
    return found


@pytest.fixture
def browse(request: pytest.FixtureRequest) -> Browse:
    """A client that behaves like a browser and lints every page that it gets. Uses ``app`` if asked for, else ``lite_app``."""
    name = "app" if "app" in request.fixturenames else "lite_app"
    flask_app: Flask = request.getfixturevalue(name)
    return Browse(flask_app, flask_app.extensions["world"])


class ByFile(LoadFileScheduling):
    """A file goes to one process."""

    def _split_scope(self, nodeid: str) -> str:
        name: str = super()._split_scope(nodeid)
        return nodeid if name in ONE_BY_ONE else name


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Give out the tests by file."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no core is left alone with it at the end.

    Files that wait and files that compute take turns: there are more processes than cores, and some should be waiting.
    """
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [name for name in files if name.startswith(WAITING)]
    computing = [name for beginning in LONG for name in files if name.startswith(beginning)]
    rest = [name for name in files if name not in {*waiting, *computing}]
    rest.sort(key=lambda name: -sum("postgresql" in item.nodeid for item in files[name]))
    turns = zip_longest(waiting, (*computing, *rest))
    items[:] = [item for turn in turns for name in turn if name for item in files[name]]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests noted for a person to read: ``record_property("note", "…")``."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == "note" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid.split('::')[-1]}: {value}")
