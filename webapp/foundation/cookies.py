"""The signed cookie, without what Flask would work out anew for each request."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeTimedSerializer

HOUR = 3600


class Cookies(SecureCookieSessionInterface):
    """Flask's own sessions; the same cookie comes with every request of a phone, and its signature is checked once an hour."""

    def __init__(self, app: Flask) -> None:
        signer = super().get_signing_serializer(app)
        assert signer is not None
        self._signer = signer
        self._max_age = int(app.permanent_session_lifetime.total_seconds())
        self._name = self.get_cookie_name(app)
        self._checked = lru_cache(maxsize=4096)(self._check)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer: its key does not change while the process lives."""
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session that the cookie carries; an empty one for a cookie that is forged or too old."""
        value = request.cookies.get(self._name)
        if not value:
            return self.session_class()
        try:
            held = self._checked(value, int(time.time()) // HOUR)
        except BadSignature:
            return self.session_class()
        return self.session_class(self._signer.load_payload(held) if isinstance(held, bytes) else held)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Flask's own way, without its questions for a session that stays as it was (SESSION_REFRESH_EACH_REQUEST is off)."""
        if session and not session.modified:
            if session.accessed and "Cookie" not in response.headers.get("Vary", ""):
                response.vary.add("Cookie")
        else:
            super().save_session(app, session, response)

    def _check(self, value: str, _hour: int) -> bytes | dict[str, Any]:
        """What the cookie holds: read already where each request may copy it, nothing in it being changeable."""
        signer = self._signer.make_signer(self._signer.salt)
        payload = bytes(signer.unsign(value, max_age=self._max_age))  # type: ignore[call-arg]
        read: dict[str, Any] = self._signer.load_payload(payload)
        return read if all(isinstance(part, str | int | None) for part in read.values()) else payload
