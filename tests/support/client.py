"""The test client, whose requests have nothing of each other."""

from __future__ import annotations

from typing import Any

from flask import g, has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class Client(FlaskClient):
    """Begins each request with an empty ``g``, as a server does: a test's own app context lasts for many requests."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if has_app_context():
            for name in list(g):
                g.pop(name)
        return super().open(*args, **kwargs)
