"""A client that behaves like a browser, and lints every page that it gets."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import html5lib
from flask import Flask
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from tests.support.world import World

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
RAW_CSRF = "0123456789abcdef0123456789abcdef01234567"
# Setting a switch twice is no harm, and these come before there is an owner for a receipt.
WITHOUT_RECEIPT = ("/elder", "/me/elder", "/login", "/logout")


class Browse:
    """``browse.log_in("grid_worker")``, then ``.get(url)`` and ``.post(url, data)``; each says what status it expects.

    Pages are linted on SQLite alone: they are the same on PostgreSQL, and to parse them takes as long as to make them.
    """

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        self.lints = app.config["SETTINGS"].database_url.startswith("sqlite")
        self.client = app.test_client()
        self._csrf()

    def _csrf(self) -> None:
        with self.client.session_transaction() as session:
            session["csrf_token"] = RAW_CSRF

    @property
    def csrf_token(self) -> str:
        """A token that the app accepts from this client."""
        assert generate_csrf  # the format below is Flask-WTF's
        return URLSafeTimedSerializer(self.app.secret_key or "", salt="wtf-csrf-token").dumps(RAW_CSRF)

    def log_in(self, name: str) -> Browse:
        """Become this person of the world (without the login page: it has tests of its own)."""
        token = self.world.token(name)
        with self.client.session_transaction() as session:
            session.clear()
            session["_user_id"] = token
            session["_fresh"] = True
            session["csrf_token"] = RAW_CSRF
        return self

    def get(self, url: str, status: int = 200, part: bool = False, lint: bool = True) -> TestResponse:
        """Fetch ``url``; ``part`` as HTMX would."""
        answer = self.client.get(url, headers=HTMX if part else {})
        self._expect(answer, status, url)
        if lint and self.lints and status == 200 and answer.mimetype == "text/html":
            check_html(answer.text, whole=not part)
        return answer

    def post(
        self,
        url: str,
        data: Mapping[str, Any] | None = None,
        status: int = 303,
        part: bool = False,
        submission_id: str | None = None,
    ) -> TestResponse:
        """Send a form to ``url``, with the hidden fields that the page would have put into it."""
        hidden = {"csrf_token": self.csrf_token, "submission_id": submission_id or str(uuid.uuid4())}
        answer = self.client.post(url, data={**hidden, **(data or {})}, headers=HTMX if part else {})
        self._expect(answer, status, url)
        if self.lints and answer.mimetype == "text/html" and answer.status_code in (200, 422) and answer.text:
            check_html(answer.text, whole=not part)
        return answer

    def follow(self, answer: TestResponse) -> TestResponse:
        """Go where a redirect points."""
        return self.get(answer.headers["Location"])

    @staticmethod
    def _expect(answer: TestResponse, status: int, url: str) -> None:
        assert answer.status_code == status, (
            f"{url}: {answer.status_code}, not {status}\n{answer.text[:1500]}"
        )


def check_html(text: str, whole: bool) -> None:
    """Fail on what every page must have right: valid HTML, one h1, unique ids, labelled fields, complete forms."""
    parser = html5lib.HTMLParser(strict=False, namespaceHTMLElements=False)
    tree = parser.parse(text) if whole else parser.parseFragment(text)
    problems = [f"{position}: {code} {detail}" for position, code, detail in parser.errors]
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    problems += [f"id twice: {value}" for value in {i for i in ids if ids.count(i) > 1}]
    if whole:
        headings = list(tree.iter("h1"))
        if len(headings) != 1:
            problems.append(f"{len(headings)} h1")
    labels = {element.get("for") for element in tree.iter("label")}
    wrapped = {id(field) for label in tree.iter("label") for field in label.iter()}
    for form in tree.iter("form"):
        problems += _form_problems(form)
    for name in ("input", "select", "textarea"):
        for element in tree.iter(name):
            labelled = element.get("id") in labels or id(element) in wrapped or element.get("aria-label")
            if element.get("type") not in ("hidden", "submit") and not labelled:
                problems.append(f"field without a label: {element.get('name')}")
    for element in tree.iter():
        problems += [
            f"{bad} on <{element.tag}>" for bad in ("style", "onclick", "onsubmit") if element.get(bad)
        ]
    assert not problems, "\n".join(problems) + "\n" + text[:3000]


def _form_problems(form: Any) -> list[str]:
    if not form.get("action"):
        return ["a form without an action"]
    if form.get("method", "get").lower() != "post":
        return []
    names = {element.get("name") for element in form.iter("input")}
    missing = {"csrf_token"} - names
    if form.get("action") not in WITHOUT_RECEIPT:
        missing |= {"submission_id"} - names
    problems = [f"form {form.get('action')} lacks {name}" for name in missing]
    # A control of this name hides the property that HTMX reads, and the form is then never sent.
    problems += [f"form {form.get('action')} has a field called {name}" for name in names & {"form", "id"}]
    if not list(form.iter("button")):
        problems.append(f"form {form.get('action')} has no button")
    return problems
