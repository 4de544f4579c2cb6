"""Finds every page and state of the demo district by following its links, as each post and without a login.

A page is kept where it shows something (an element, a class, an icon, a field) that no page of its address and no page kept
before of it had: few pages, and yet every state. The same pages serve the tests of barriers, sizes, styles and budgets. What
was found is plain data: one process looks for it, and all that test share it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.support.browse import RAW_CSRF
from webapp.accounts import service as accounts
from webapp.accounts.models import Account
from webapp.cases.models import Case
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation.access import access_of
from webapp.stations.models import Station

NOBODY = ""  # without a login
FEW = 8  # pages of one address that one person looks at
HREF = re.compile(r'(?:href|hx-get)="(/[^"#]*)')
# What makes a page look different: tags with their classes, icons, fields by name.
TOKEN = re.compile(
    r'<(?:use href="[^"]*(#[a-z-]+)|([a-z0-9]+)(?:[^>]*? class="([^"]*)")?(?:[^>]*? name="([^"]*)")?)'
)
SHEET = '<details class="sheet"'
FORM = re.compile(r'<form method="post"[^>]* action="([^"]*)"(.*?)</form>', re.DOTALL)
ASKS = re.compile(r'<(?:textarea|select|input(?! type="hidden"))')
NO_PAGES = ("static", "offline.service_worker", "offline.manifest", "offline.status", "offline.token")


@dataclass(frozen=True)
class Stop:
    """One page to look at: who opens which address."""

    person: str
    url: str
    endpoint: str
    html: str = field(repr=False, compare=False)
    sheets: tuple[int, ...] = ()  # those that no page before had, by their place on this one
    forms: tuple[
        str, ...
    ] = ()  # the same of the forms that ask for something, by their addresses (N for a number)

    def __str__(self) -> str:
        return f"{self.url} as {self.person or 'nobody'}"


@dataclass
class Found:
    """What there is to see, and with which tokens people are logged in who see it."""

    tokens: dict[str, str]
    stops: list[Stop] = field(default_factory=list)
    unreached: set[str] = field(default_factory=set)  # endpoints that nobody got to see
    faults: list[str] = field(default_factory=list)

    def session(self, person: str) -> dict[str, object]:
        """What the cookie of this person holds."""
        login = {"_user_id": self.tokens[person], "_fresh": True} if person else {}
        return {"csrf_token": RAW_CSRF, **login}


@dataclass
class Crawl:
    """All pages that one app shows to the people of the demo district."""

    app: Flask
    # Where links don't lead: who opens which address.
    also: Iterable[tuple[str, str]] = ()
    seen: dict[str, set[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(set))
    seen_inside: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)

    def walk(self) -> Found:
        """Go everywhere as everybody."""
        with self.app.app_context():
            addresses = list(self._without_links())
            self.found = Found(self._tokens())
        for person in (NOBODY, *(post.value for post in Post)):
            client = self.app.test_client()
            with client.session_transaction() as session:
                session.update(self.found.session(person))
            own = [url for who, url in self.also if who == person]
            self._as(person, client, [*own, *(() if person else addresses), *self._free_addresses()])
        self.found.unreached = {rule.endpoint for rule in self._rules()} - self.reached
        return self.found

    def _tokens(self) -> dict[str, str]:
        rows = db.session.execute(sa.select(Account.username, Account.id).where(Account.is_demo)).all()
        return {name: accounts.open_session(account, trusted=True, device="test") for name, account in rows}

    def _without_links(self) -> Iterator[str]:
        """What people come to by a QR code or by a code on paper."""
        yield f"/r/{db.session.scalar(sa.select(Station.code).limit(1))}"
        found = sa.select(Case.tracking_code, Case.state, sa.func.min(Case.id)).group_by(Case.state)
        for code, _, _ in db.session.execute(found):
            yield f"/t/{code}"
        yield "/nowhere"

    def _rules(self) -> list[Rule]:
        return [
            rule for rule in self.app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and rule.endpoint not in NO_PAGES
            and access_of(self.app, rule.endpoint) is not None
        ]  # fmt: skip

    def _free_addresses(self) -> list[str]:
        return [rule.rule for rule in self._rules() if not rule.arguments]

    def _endpoint(self, path: str) -> str:
        try:
            endpoint, _ = self.app.url_map.bind("localhost").match(path, method="GET")
        except HTTPException:
            return "missing"
        return str(endpoint)

    def _as(self, person: str, client: FlaskClient, queue: list[str]) -> None:
        asked: set[str] = set()
        visits: dict[str, int] = defaultdict(int)
        while queue:
            url = queue.pop(0)
            endpoint = self._endpoint(urlsplit(url).path)
            if url in asked or visits[endpoint] >= FEW or endpoint in NO_PAGES:
                continue
            asked.add(url)
            visits[endpoint] += 1
            with closing(client.get(url)) as answer:
                html = answer.text if answer.mimetype == "text/html" else ""
                queue += self._look(Stop(person, url, endpoint, html), answer)

    def _look(self, stop: Stop, answer: TestResponse) -> list[str]:
        """Keep what came if it is worth it; returns the addresses that it leads to."""
        if answer.status_code >= 500:
            self.found.faults.append(f"{stop}: {answer.status_code}")
        if answer.status_code == 200:
            self.reached.add(stop.endpoint)
        if not stop.html or answer.status_code in (301, 302, 303):
            return []
        self._keep(stop, answer.status_code)
        return [link.replace("&amp;", "&") for link in HREF.findall(stop.html)]

    def _keep(self, stop: Stop, status: int) -> None:
        key = stop.endpoint if status == 200 else f"error {status}"
        # The frame of a page is the same everywhere: it is looked at with the first of them.
        main = stop.html.partition("<main")[2].partition("</main>")[0]
        new = set(TOKEN.findall(main if self.found.stops else stop.html)) - self.seen[key]
        if new:
            self.seen[key] |= new
            sheets, forms = tuple(self._new_sheets(main)), tuple(self._new_forms(main))
            self.found.stops.append(replace(stop, sheets=sheets, forms=forms))

    def _new_sheets(self, main: str) -> Iterator[int]:
        for number, sheet in enumerate(main.split(SHEET)[1:]):
            if self._is_new(re.sub(r"<[^>]*>|\d+", "", sheet.partition("</details>")[0])):
                yield number

    def _new_forms(self, main: str) -> Iterator[str]:
        for action, content in FORM.findall(main):
            address = re.sub(r"\d+", "N", action)
            if ASKS.search(content) and self._is_new(address):
                yield address

    def _is_new(self, what: str) -> bool:
        new = what not in self.seen_inside
        self.seen_inside.add(what)
        return new
