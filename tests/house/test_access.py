"""All routes × all posts: what each view declares is what each person gets.

Records and the table of who sees them are in ``records.py``. Every request starts from the same database.
"""

from __future__ import annotations

import os
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.house.making import Argument, Arguments
from tests.house.records import BODIES, CHOICES, IT_DEPENDS, KINDS, PLACES, QUERIES, Kind
from tests.support.browse import HTMX, RAW_CSRF
from tests.support.world import ENDED, PEOPLE, World
from webapp.directory.posts import GRANTS, Permission
from webapp.extensions import db
from webapp.foundation.access import Access, access_of
from webapp.inbox import sources

NOBODY = ""  # not logged in
FORBIDDEN, MISSING = 403, 404
DECLARED = Path(__file__).with_name("access.txt")
STRANGERS = (NOBODY, *ENDED)
ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([a-z_]+)>")

Check = Callable[[TestResponse], bool]
Where = tuple[str, Mapping[str, Argument]]  # place, and the address's arguments there


@dataclass(frozen=True)
class Route:
    """One method of one address."""

    rule: Rule
    method: str
    access: Access

    @property
    def kind(self) -> str:
        """The kind of record that it loads; empty where it loads none."""
        if self.access.record:
            return self.access.record
        unknown = [name for name in self.arguments if not self.choices(name)]
        return self.rule.endpoint if unknown else ""

    @property
    def arguments(self) -> list[str]:
        return ARGUMENT.findall(self.rule.rule)

    def choices(self, name: str) -> tuple[Argument, ...]:
        return tuple(CHOICES.get(f"{self.rule.endpoint}.{name}", CHOICES.get(name, ())))

    @property
    def declaration(self) -> str:
        """Who may come, and which kind of record is loaded for them."""
        who = "public" if self.access.public else self.access.permission or "logged in"
        return f"{who}, {self.access.record}" if self.access.record else who

    def may(self, person: str) -> bool:
        """Whether the post of a person in office holds the permission."""
        return (
            self.access.permission is None or Permission(self.access.permission) in GRANTS[PEOPLE[person][0]]
        )

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"


class Snapshot:
    """Puts an SQLite database back after a request that changed it."""

    def __init__(self, path: str) -> None:
        self.live = sqlite3.connect(path, isolation_level=None)
        self.kept = sqlite3.connect(":memory:")
        self.live.backup(self.kept)
        self.version = self._version()

    def _version(self) -> int:
        return int(self.live.execute("PRAGMA data_version").fetchone()[0])

    def restore(self) -> None:
        """Back to how it was; nothing to do where nobody else wrote."""
        if self._version() != self.version:
            self.kept.backup(self.live)
            self.version = self._version()

    def close(self) -> None:
        self.live.close()
        self.kept.close()


@dataclass
class Visitor:
    """Everybody at once: sends a request as any of them, and keeps what went wrong."""

    app: Flask
    world: World
    checks: int = 0
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = self.app.test_client(use_cookies=False)
        self.records = self._make_records()
        signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        self.cookies = {NOBODY: signer.dumps({"csrf_token": RAW_CSRF})}
        for person in (*PEOPLE, *ENDED):
            self.cookies[person] = signer.dumps(
                {"_user_id": self.world.token(person), "csrf_token": RAW_CSRF}
            )
        self.csrf = URLSafeTimedSerializer(self.app.secret_key or "", salt="wtf-csrf-token").dumps(RAW_CSRF)
        db.session.remove()
        self.snapshot = Snapshot(str(db.engine.url.database))

    def _make_records(self) -> dict[str, list[tuple[str, Arguments]]]:
        made: dict[str, list[tuple[str, Arguments]]] = {}
        for name, kind in KINDS.items():
            found = [(place, kind.load(self.world, place)) for place in PLACES]
            made[name] = [(place, arguments) for place, arguments in found if arguments is not None]
        return made

    def send(
        self, person: str, route: Route, arguments: Mapping[str, Argument], htmx: bool = False
    ) -> TestResponse:
        """One request, from the same database as every other."""
        headers = {"Cookie": f"{self.app.config['SESSION_COOKIE_NAME']}={self.cookies[person]}"} | (
            HTMX if htmx else {}
        )
        hidden = {"csrf_token": self.csrf, "submission_id": str(uuid.uuid4())}
        data = {**hidden, **BODIES.get(route.rule.endpoint, {})} if route.method == "POST" else None
        # A context of its own, as in production: nothing of the request before is left.
        with self.app.app_context():
            everything = {**arguments, **QUERIES.get(route.rule.endpoint, {})}
            url = self.app.url_map.bind("localhost").build(
                route.rule.endpoint, everything, method=route.method
            )
            answer = self.client.open(url, method=route.method, headers=headers, data=data)
            answer.close()
        self.snapshot.restore()
        return answer

    def expect(
        self, what: Check, wanted: str, person: str, route: Route, where: Where,
        htmx: bool = False,
    ) -> None:  # fmt: skip
        """Send it, count it, and note what is not as wanted."""
        place, arguments = where
        answer = self.send(person, route, arguments, htmx)
        self.checks += 1
        if answer.status_code >= 500 or not what(answer):
            at = f" at {place}" if place else ""
            self.problems.append(f"{route}{at} as {person or 'nobody'}: {answer.status_code}, not {wanted}")

    def places(self, route: Route) -> list[Where]:
        """The addresses to try, each with the place where its record lies."""
        records = self.records[route.kind] if route.kind else [("", {})]
        found = [(place, arguments) for place, loaded in records for arguments in _fill(route, loaded)]
        assert found, (
            f"nowhere to try {route}: a place for its record is missing, or values for its arguments"
        )
        return found


def _fill(route: Route, loaded: Arguments) -> Iterator[Mapping[str, Argument]]:
    """The record's arguments, with every choice of the others."""
    names = route.arguments
    free = [name for name in names if not route.choices(name)]
    assert loaded is not None
    known = loaded if isinstance(loaded, Mapping) else dict.fromkeys(free[:1], loaded)
    rest = [name for name in names if name not in known]
    for values in product(*(route.choices(name) for name in rest)):
        yield {
            **{name: known[name] for name in names if name in known},
            **dict(zip(rest, values, strict=True)),
        }


def routes(app: Flask) -> list[Route]:
    """All that can be asked of the app, but its static files."""
    found = []
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access is None or rule.endpoint == "static":
            continue
        found += [
            Route(rule, method, access) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return sorted(found, key=str)


# What may come back


def to_login(answer: TestResponse) -> bool:
    target = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
    return answer.status_code in (200, 303) and urlsplit(target).path == "/login"


def allowed(answer: TestResponse) -> bool:
    return answer.status_code not in (FORBIDDEN, MISSING, 401, 405) and (
        not to_login(answer) or answer.request.path == "/logout"
    )


def found_but_maybe_refused(answer: TestResponse) -> bool:
    return allowed(answer) or answer.status_code == FORBIDDEN


def unrefused(answer: TestResponse) -> bool:
    return answer.status_code == MISSING or allowed(answer)


def hidden(answer: TestResponse) -> bool:
    return answer.status_code == MISSING


def refused(answer: TestResponse) -> bool:
    return answer.status_code == FORBIDDEN


# The tests


def test_every_route_declares_its_access(lite_app: Flask) -> None:
    undeclared = {
        f"{rule.rule} ({rule.endpoint})"
        for rule in lite_app.url_map.iter_rules()
        if access_of(lite_app, rule.endpoint) is None
    }
    assert not undeclared, "these views say neither @may, @logged_in nor @public:\n" + "\n".join(
        sorted(undeclared)
    )


def test_no_view_declares_something_else_than_on_the_list(lite_app: Flask) -> None:
    """So that nobody loosens a view by the way: whoever means it writes the list anew, and the change shows it."""
    now = "".join(f"{route} — {route.declaration}\n" for route in routes(lite_app))
    if os.environ.get("WRITE_ACCESS"):
        DECLARED.write_text(now, encoding="utf-8")
    assert now == DECLARED.read_text(encoding="utf-8"), (
        "if this is meant: WRITE_ACCESS=1 pytest tests/house/test_access.py"
    )


def test_every_permission_exists_and_is_held_by_somebody(lite_app: Flask) -> None:
    named = {str(route.access.permission) for route in routes(lite_app) if route.access.permission}
    held = {str(permission) for permissions in GRANTS.values() for permission in permissions}
    assert named <= held


def test_every_record_has_a_loader(lite_app: Flask) -> None:
    problems = set()
    for route in routes(lite_app):
        if route.kind and route.kind not in KINDS:
            problems.add(f"record kind {route.kind} has no loader in tests/house/records.py ({route})")
    assert not problems, "\n".join(sorted(problems))


def test_nobody_gets_more_or_less_than_is_declared(
    lite_app: Flask,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setitem(
        lite_app.config, "PROPAGATE_EXCEPTIONS", False
    )  # a fault is a line of the report, not its end
    # The number on the tab bar is for the inbox's tests; here it would cost a fifth of the time.
    monkeypatch.setattr(sources, "count", lambda actor: 0)
    visitor = Visitor(lite_app, world)
    try:
        for route in routes(lite_app):
            if not route.kind or route.kind in KINDS:  # others are reported by the test above
                _walk(visitor, route)
    finally:
        visitor.snapshot.close()
    record_property("note", f"{visitor.checks} route × post checks")
    assert visitor.checks > len(routes(lite_app)) * len(PEOPLE)
    assert not visitor.problems, f"{len(visitor.problems)} of {visitor.checks}:\n" + "\n".join(
        visitor.problems
    )


def _walk(visitor: Visitor, route: Route) -> None:
    places = visitor.places(route)
    if route.access.public:
        # What is not there is not there for anybody: only a page of a record must be found.
        what: Check = allowed if route.kind else unrefused
        for where in places:
            visitor.expect(what, "open", NOBODY, route, where)
        for person in PEOPLE:
            visitor.expect(what, "open", person, route, places[0])
        return
    for person, htmx in ((NOBODY, True), *((stranger, False) for stranger in STRANGERS)):
        visitor.expect(to_login, "the login", person, route, places[0], htmx)
    for person in PEOPLE:
        if not route.may(person):
            visitor.expect(refused, "403", person, route, places[0], htmx=True)
            continue
        for where in places:
            what, wanted = _due(route, person, where[0])
            # A refusal is the same rule for a part, and a page around each would take most of the walk's time.
            visitor.expect(what, wanted, person, route, where, htmx=what in (hidden, refused))


def _due(route: Route, person: str, place: str) -> tuple[Check, str]:
    """What somebody whose post holds the permission is due at a place."""
    if not route.kind:
        return allowed, "allowed"
    kind: Kind = KINDS[route.kind]
    if place not in kind.sees[person]:
        return hidden, "404"
    acts = kind.acts.get(route.rule.endpoint, kind.acts.get(route.access.permission or "", kind.sees))
    if route.method == "GET" and route.rule.endpoint not in kind.acts:
        return allowed, "allowed"
    if acts is IT_DEPENDS:
        return found_but_maybe_refused, "found"
    return (allowed, "allowed") if place in acts[person] else (refused, "403")
