"""The demo district on the real server, and everything there is to see in it."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.conftest import SECRETS, environ
from tests.support.browser import PHONE
from tests.support.crawl import Crawl, Found, Stop
from tests.support.live import Live, live_server
from tests.support.moments import make_moments
from tests.support.shared import made_once
from webapp import config, create_app
from webapp.commands import seed_defaults
from webapp.demo import build
from webapp.extensions import db
from webapp.foundation.limits import RateHit

PATIENCE = 15_000  # milliseconds


@dataclass
class District:
    """A copy of the demo district, for one test process."""

    folder: Path
    app: Flask
    found: Found

    def cookie(self, person: str) -> str:
        """What a browser of this person holds once logged in."""
        signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        signed: str = signer.dumps(self.found.session(person))
        return signed

    def forget_tries(self) -> None:
        """A tour looks at more codes than one address may."""
        _forget_tries(self.app)


class Tour:
    """A phone that opens any page of the demo district as anybody."""

    def __init__(self, district: District, live: Live, browser: Browser) -> None:
        self.district, self.live, self.browser = district, live, browser
        # One for all: a context for each person would be a new process of the browser each.
        self.context = browser.new_context(**PHONE, base_url=live.url, service_workers="block")
        self.page = self._new_page()
        self.person = ""

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        return page

    def open(self, stop: Stop) -> Page:
        """The page as its person sees it."""
        if stop.person != self.person:
            self.person = stop.person
            self.context.clear_cookies()
            if stop.person:
                cookie = self.district.cookie(stop.person)
                self.context.add_cookies([{"name": "desk", "value": cookie, "url": self.live.url}])
        self.page.goto(stop.url)
        return self.page

    def leave(self) -> None:
        """Go on with another page, wherever this one is about to go."""
        self.page.close()
        self.page = self._new_page()


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> District:
    """Whatever there is to see in the demo district."""
    made = made_once(tmp_path_factory, "district", _make)
    folder = tmp_path_factory.mktemp("district")
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return District(folder, _app(folder), pickle.loads((folder / "found").read_bytes()))


@pytest.fixture(scope="session")
def district_server(district: District) -> Iterator[Live]:
    """The server of the demo district."""
    secrets = environ(district.app.config["SETTINGS"])
    with live_server(district.app, district.folder / "desk.sqlite3", district.folder, secrets) as live:
        yield live


@pytest.fixture(scope="session")
def tour(district: District, district_server: Live, chromium: Browser) -> Iterator[Tour]:
    """A phone in the demo district. Who changes anything but forms that are refused, uses ``live`` instead."""
    tour = Tour(district, district_server, chromium)
    yield tour
    tour.context.close()


def _app(folder: Path) -> Flask:
    url = f"sqlite:///{folder / 'desk.sqlite3'}"
    return create_app(config.Settings(instance=folder, database_url=url, testing=True, **SECRETS))


def _make(folder: Path) -> None:
    app = _app(folder)
    with app.app_context():
        db.create_all()
        seed_defaults()
        build.district(small=True, password=app.config["SETTINGS"].demo_password)
        also = make_moments()
    found = Crawl(app, also).walk()
    _forget_tries(app)
    with app.app_context():
        db.engine.dispose()
    (folder / "found").write_bytes(pickle.dumps(found))


def _forget_tries(app: Flask) -> None:
    with app.app_context():
        db.session.execute(db.delete(RateHit))
        db.session.commit()
