"""The signed cookie, without what Flask would work out anew for each request."""

from __future__ import annotations

import time
from functools import lru_cache

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer

HOUR = 3600


class Cookies(SecureCookieSessionInterface):
    """Flask's own sessions; the same cookie comes with every request of a phone, and its signature is checked once an hour."""

    def __init__(self, app: Flask) -> None:
        signer = super().get_signing_serializer(app)
        assert signer is not None
        self._signer = signer
        self._max_age = int(app.permanent_session_lifetime.total_seconds())
        self._checked = lru_cache(maxsize=4096)(self._check)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer: its key does not change while the process lives."""
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session that the cookie carries; an empty one for a cookie that is forged or too old."""
        value = request.cookies.get(self.get_cookie_name(app))
        if not value:
            return self.session_class()
        try:
            payload = self._checked(value, int(time.time()) // HOUR)
            return self.session_class(self._signer.load_payload(payload))
        except BadSignature:
            return self.session_class()

    def _check(self, value: str, _hour: int) -> bytes:
        signer = self._signer.make_signer(self._signer.salt)
        return bytes(signer.unsign(value, max_age=self._max_age))  # type: ignore[call-arg]
