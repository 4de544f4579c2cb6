"""Odd numbers, dates and characters, sent to every argument of every address and to every field of every form.

Each arrives as somebody who may use the address. Whatever comes is answered: never a fault, never a line of the log that
the sender made up, and nothing hidden or blank is stored. What a form would store is undone, so that the next finds all as
it was.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import flask
import pytest
import sqlalchemy as sa
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.house.making import Argument
from tests.house.records import CHOICES, KINDS, PLACES
from tests.house.test_access import ARGUMENT, NOBODY, Route, routes
from tests.support.browse import HTMX, RAW_CSRF, Browse
from tests.support.world import PASSWORD, PEOPLE, World
from webapp.extensions import db
from webapp.foundation import clock, incoming
from webapp.foundation import db as database
from webapp.foundation.errors import DomainError
from webapp.foundation.receipts import Receipt

ROOT = Path(__file__).parents[2]
HOSTILE = {
    "0": "0",
    "-1": "-1",
    "2^31": str(2**31),
    "2^63": str(2**63),
    "10^25": str(10**25),
    "superscript": "²",
    "zero byte": "a\x00b",
    "line end": "a\r\nERROR in web: forged",
    "year 1": "0001-01-01",
    "year 9999": "9999-12-31",
    "moment 9999": "9999-12-31T23:59",
    "direction": "a\u202eb",
    "unseen": "\u200b",
}
# By a field's type, what each field is sent alone; the rest comes to all fields of a form at once.
FOR_TEXT = ("10^25", "zero byte", "line end", "direction", "unseen")
FOR_A_DATE = ("zero byte", "superscript", "year 1", "year 9999", "moment 9999")
FOR_A_CHOICE = ("2^31", "10^25", "superscript", "zero byte")
ALONE = {
    **dict.fromkeys(("text", "textarea", "search", "tel", "password"), FOR_TEXT),
    **dict.fromkeys(("date", "datetime-local", "time"), FOR_A_DATE),
    **dict.fromkeys(("select", "radio", "checkbox", "button", "submit"), FOR_A_CHOICE),
}
CURSORS = (
    "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd",  # [2^63]
    "WyJhXHUwMDAwIiw5OTk5OTk5OTk5OTk5XQ",  # ["a\0", 9999999999999]
    "W3sidCI6IjAwMDEtMDEtMDFUMDA6MDA6MDArMTQ6MDAifSwxXQ",  # [the year 1, 1]
    "W3sidCI6Ijk5OTktMTItMzFUMjM6NTk6NTktMTQ6MDAifSwxXQ",  # [the year 9999, 1]
)
# Beside a hostile argument, where a page looks at that one only together with another.
BESIDE = {"category": "other", "unit_id": "1"}
POSTS_A_PAGE = 2  # that look at it for forms
NOT_SENT = ("csrf_token", "submission_id", "outbox_text")
ENDS_THE_LOGIN = ("accounts.logout",)
NEVER_BLANK = ("name", "short_name", "title")


class Undone(DomainError):
    """A form would have been done."""

    status = 409


class Noting(MultiDict[str, str]):
    """Remembers which arguments were asked for."""

    asked: set[str] = set()

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *args, **kwargs)


def noting(request_class: type[flask.Request]) -> type[flask.Request]:
    """The same, that remembers which arguments a view reads."""

    class NotingRequest(request_class):  # type: ignore[valid-type,misc]
        @property
        def args(self) -> Noting:
            return Noting(super().args)

        @property
        def values(self) -> Noting:
            return Noting(super().values)

    return NotingRequest


class Forms(HTMLParser):
    """The forms of a page: their address, and each field with a value that is taken and its type."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, tuple[str, str]]]] = []
        self._select = ""
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("method", "").lower() == "post"
            if self._inside:
                self.found.append((given["action"], {}))
        elif self._inside:
            self._field(tag, given)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"
        self._select = "" if tag == "select" else self._select

    def _field(self, tag: str, given: dict[str, str]) -> None:
        fields = self.found[-1][1]
        name, kind = given.get("name", ""), given.get("type", tag)
        if tag == "select":
            self._select = name
            fields[name] = ("", "select")
        elif tag == "option":
            if (self._select and not fields[self._select][0]) or (self._select and "selected" in given):
                fields[self._select] = (given.get("value", ""), "select")
        elif not name or name in NOT_SENT or kind == "file":
            return
        elif kind in ("radio", "checkbox", "submit", "button"):
            if name not in fields or "checked" in given:
                fields[name] = (given.get("value", ""), kind)
        else:
            fields[name] = (given.get("value") or ("" if kind == "hidden" else _usual(kind)), kind)


def _usual(kind: str) -> str:
    tomorrow = clock.today() + timedelta(days=1)
    return {
        "tel": "13800001234",
        "number": "1",
        "date": tomorrow.isoformat(),
        "datetime-local": f"{tomorrow}T10:00",
        "time": "10:00",
        "password": PASSWORD,
    }.get(kind, "测试")


@dataclass
class Sender:
    """Sends requests as anybody, and notes what went wrong."""

    app: Flask
    world: World
    caplog: pytest.LogCaptureFixture
    sent: int = 0
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = self.app.test_client(use_cookies=False)
        self.signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        self.csrf = URLSafeTimedSerializer(self.app.secret_key or "", salt="wtf-csrf-token").dumps(RAW_CSRF)
        self.cookies: dict[str, str] = {}
        self.loaded: dict[tuple[str, str], Any] = {}
        self.addresses = (f"10.1.{n // 250 % 250}.{n % 250}" for n in count())

    def cookie(self, person: str) -> str:
        if person not in self.cookies:
            login = {"_user_id": self.world.token(person)} if person else {}
            signed = self.signer.dumps({"csrf_token": RAW_CSRF, **login})
            self.cookies[person] = f"{self.app.config['SESSION_COOKIE_NAME']}={signed}"
        return self.cookies[person]

    def send(
        self, person: str, url: str, data: Mapping[str, str] | None = None, part: bool = True
    ) -> TestResponse:
        cookie = self.cookie(person)
        hidden = {"csrf_token": self.csrf, "submission_id": str(uuid.uuid4())}
        self.caplog.clear()
        answer = self.client.open(
            url,
            method="GET" if data is None else "POST",
            headers={"Cookie": cookie} | (HTMX if part else {}),
            data=None if data is None else {**hidden, **data},
            environ_base={"REMOTE_ADDR": next(self.addresses)},
        )
        answer.close()
        db.session.remove()  # as after any request: a test's own app context would keep what a fault left behind
        self.sent += 1
        where = f"{'GET' if data is None else 'POST'} {url[:100]!r} as {person or 'nobody'}"
        if answer.status_code >= 500:
            cause = next((r.exc_info[1] for r in self.caplog.records if r.exc_info), None)
            self.problems.append(f"{where}: {answer.status_code} {cause!r:.300}")
        self.problems += [
            f"{where}: the log has {record.getMessage()!r}"
            for record in self.caplog.records
            if not record.getMessage().isprintable()
        ]
        return answer

    def visitors(self, route: Route) -> Iterator[tuple[str, Mapping[str, Argument]]]:
        """People of several posts who may use it, and the arguments of a record that they see."""
        posts: set[str] = set()
        for person in [NOBODY] if route.access.public else PEOPLE:
            if person and (not route.may(person) or PEOPLE[person][0] in posts):
                continue
            arguments = self._arguments(route, person)
            if arguments is not None and len(posts) < POSTS_A_PAGE:
                posts.add(PEOPLE[person][0] if person else NOBODY)
                yield person, arguments

    def _arguments(self, route: Route, person: str) -> Mapping[str, Argument] | None:
        chosen = {name: route.choices(name)[0] for name in route.arguments if route.choices(name)}
        if not route.kind:
            return chosen
        for place in PLACES:
            if person and place not in KINDS[route.kind].sees[person]:
                continue
            if (route.kind, place) not in self.loaded:
                self.loaded[route.kind, place] = KINDS[route.kind].load(self.world, place)
            found = self.loaded[route.kind, place]
            if found is not None:
                rest = [name for name in route.arguments if name not in chosen]
                return {**chosen, **(found if isinstance(found, Mapping) else dict.fromkeys(rest, found))}
        return None


def _path(route: Route, arguments: Mapping[str, object]) -> str:
    return ARGUMENT.sub(lambda found: quote(str(arguments[found[1]]), safe=""), route.rule.rule)


def _refuse_hidden(session: Session, _: object) -> None:
    """Nothing that is stored holds what nobody sees, and no name is blank."""
    for row in [*session.new, *session.dirty]:
        for column in sa.inspect(type(row)).column_attrs:
            value = getattr(row, column.key)
            if isinstance(value, str):
                where = f"{type(row).__name__}.{column.key}"
                assert value or column.key not in NEVER_BLANK, f"{where} is blank"
                assert incoming.lines(value) == value.strip(), f"{where} holds {value!r}"


def _undo(session: Session) -> None:
    """Take back what a form did, once it is written; what else a request writes stays."""
    if session.scalar(sa.select(sa.exists(sa.select(Receipt.submission_id)))):
        raise Undone("done")


@pytest.fixture
def sender(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Sender:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)  # a fault is a line of the report
    return Sender(app, world, caplog)


def _report(sender: Sender) -> None:
    assert not sender.problems, f"{len(sender.problems)} of {sender.sent}:\n" + "\n".join(
        sender.problems[:200]
    )


def test_no_view_reads_numbers_and_dates_its_own_way() -> None:
    own = re.compile(r"\.isdigit\(|\.isdecimal\(|\.isnumeric\(|type=int\b|int\(request\.")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "webapp").rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if own.search(line)
    ]
    assert not found, "foundation/incoming.py has a parser for it:\n" + "\n".join(found)


def test_a_form_that_comes_as_json_is_none(browse: Browse, app: Flask) -> None:
    token = {"X-CSRFToken": browse.csrf_token}
    for content in ([1], {"text": 5, "submission_id": None}, "x"):
        answer = browse.client.post("/feedback", json=content, headers=token)
        assert answer.status_code == 422, content


def test_every_argument_of_every_path(sender: Sender, record_property: Callable[[str, object], None]) -> None:
    for route in routes(sender.app):
        person = next((person for person, _ in sender.visitors(route)), None) if route.arguments else None
        if person is None:
            continue
        known = dict.fromkeys(route.arguments, "1")
        known |= {name: str(CHOICES[name][0]) for name in route.arguments if name in CHOICES}
        for name in route.arguments:
            for value in HOSTILE.values():
                url = _path(route, {**known, name: value})
                sender.send(person, url, {} if route.method == "POST" else None)
    record_property("note", f"{db.engine.dialect.name}: {sender.sent} requests")
    assert sender.sent > 100 * len(HOSTILE)
    _report(sender)


def test_every_argument_after_the_question_mark(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setattr(sender.app, "request_class", noting(sender.app.request_class))
    read = 0
    for route in routes(sender.app):
        if route.method != "GET":
            continue
        for person, arguments in list(sender.visitors(route))[:1]:
            url = _path(route, arguments)
            Noting.asked.clear()
            sender.send(person, url, part=False)
            for name in sorted(Noting.asked):
                read += 1
                for value in (*HOSTILE.values(), *(CURSORS if name in ("after", "cursor") else ())):
                    sender.send(person, f"{url}?{urlencode({**BESIDE, name: value})}")
    record_property("note", f"{db.engine.dialect.name}: {read} arguments, {sender.sent} requests")
    assert read > 40
    _report(sender)


def _forms(sender: Sender) -> Iterator[tuple[str, str, dict[str, tuple[str, str]]]]:
    """Each form once: who sees it, where it goes, its fields."""
    seen = set()
    matcher = sender.app.url_map.bind("localhost")
    for route in routes(sender.app):
        if route.method != "GET":
            continue
        for person, arguments in sender.visitors(route):
            answer = sender.send(person, _path(route, arguments), part=False)
            for action, fields in Forms(answer.text if answer.mimetype == "text/html" else "").found:
                try:
                    endpoint, given = matcher.match(urlsplit(action).path, method="POST")
                except HTTPException:
                    sender.problems.append(f"{route}: a form goes to {action}")
                    continue
                key = (endpoint, given.get("action"), given.get("verb"), frozenset(fields))
                if key not in seen and endpoint not in ENDS_THE_LOGIN:
                    seen.add(key)
                    yield person, action, fields


def test_every_field_of_every_form(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    forms = list(_forms(sender))
    monkeypatch.setattr(database, "_before_commit", [*database._before_commit, _undo])
    sa.event.listen(Session, "after_flush", _refuse_hidden)
    done, number = 0, 0
    try:
        for person, action, fields in forms:
            usual = {name: value for name, (value, _) in fields.items()}
            done += sender.send(person, action, usual).status_code == Undone.status
            for name, (_, kind) in fields.items():
                number += 1
                for label in ALONE.get(kind, HOSTILE):
                    sender.send(person, action, {**usual, name: HOSTILE[label]})
            for value in HOSTILE.values():
                sender.send(person, action, dict.fromkeys(fields, value))
    finally:
        sa.event.remove(Session, "after_flush", _refuse_hidden)
    note = f"{len(forms)} forms, {number} fields, {sender.sent} requests; {done} forms are valid as they are"
    record_property("note", f"{db.engine.dialect.name}: {note}")
    assert len(forms) > 60
    assert done > 20
    _report(sender)
