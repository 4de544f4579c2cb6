"""The demo district on the real server, and everything there is to see in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page

from tests.conftest import SECRETS, environ
from tests.support.browser import PHONE
from tests.support.crawl import Crawl, Stop
from tests.support.live import Live, live_server
from tests.support.moments import make_moments
from webapp import config, create_app
from webapp.commands import seed_defaults
from webapp.demo import build
from webapp.extensions import db
from webapp.foundation.limits import RateHit

PATIENCE = 15_000  # milliseconds


@dataclass
class Tour:
    """A browser that can open any page of the demo district as anybody."""

    live: Live
    browser: Browser
    also: list[tuple[str, str]]
    contexts: dict[str, BrowserContext] = field(default_factory=dict)

    @cached_property
    def crawl(self) -> Crawl:
        """All pages and states, found without the browser."""
        crawl = Crawl(self.live.app, self.also).walk()
        self.forget_tries()
        return crawl

    @property
    def stops(self) -> list[Stop]:
        """One page for each state."""
        return self.crawl.stops

    def forget_tries(self) -> None:
        """A tour looks at more codes than one address may."""
        with self.live.app.app_context():
            db.session.execute(db.delete(RateHit))
            db.session.commit()

    def page(self, person: str) -> Page:
        """This person's phone; logged in, but for nobody's."""
        if person not in self.contexts:
            context = self.browser.new_context(**PHONE, base_url=self.live.url, service_workers="block")
            if person:
                context.add_cookies(
                    [{"name": "desk", "value": self.crawl.cookie(person), "url": self.live.url}]
                )
            context.new_page().set_default_timeout(PATIENCE)
            self.contexts[person] = context
        return self.contexts[person].pages[0]

    def another_page(self, person: str) -> Page:
        """A page in place of this person's, which may be on its way to elsewhere."""
        context = self.contexts[person]
        context.pages[0].close()
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        return page


@pytest.fixture(scope="session")
def tour(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """Built once in a test process. Who changes anything but forms that are refused, uses ``live`` instead."""
    folder = tmp_path_factory.mktemp("district")
    database = folder / "desk.sqlite3"
    settings = config.Settings(instance=folder, database_url=f"sqlite:///{database}", testing=True, **SECRETS)
    app = create_app(settings)
    also = _build(app, settings)
    with live_server(app, database, folder, environ(settings)) as live:
        tour = Tour(live, chromium, also)
        yield tour
        for context in tour.contexts.values():
            context.close()


def _build(app: Flask, settings: config.Settings) -> list[tuple[str, str]]:
    with app.app_context():
        db.create_all()
        seed_defaults()
        build.district(small=True, password=settings.demo_password)
        return make_moments()
