"""Whether PUBLIC_URL, PROXIES and SECURE_COOKIES fit each other and what arrives.

Limits on tries count by address. Behind a proxy that the app was not told of, everybody has the same one; without the proxy
that it was told of, everybody may choose theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import NamedTuple

from flask import Flask, request
from werkzeug.datastructures import Headers

from webapp.config import Settings

log = logging.getLogger(__name__)


class Misfit(NamedTuple):
    """What is wrong and what to do, for the log and for the administrator's page."""

    logged: str
    shown: str


def register(app: Flask, settings: Settings) -> None:
    """Log the first request of this process that did not come the way the settings say."""
    logged = False

    @app.before_request
    def look() -> None:
        nonlocal logged
        if not logged:
            for misfit in _of_arrival(settings, request.headers):
                logged = True
                log.warning("%s", misfit.logged)


def misfits(settings: Settings, headers: Headers | None = None) -> list[Misfit]:
    """What does not fit, in the settings alone or with the headers of a request."""
    found = list(_of_settings(settings))
    if headers is not None and not found:
        found += _of_arrival(settings, headers)
    return found


def _of_settings(settings: Settings) -> Iterator[Misfit]:
    encrypted = settings.public_url.startswith("https://")
    if encrypted and not settings.proxies:
        yield Misfit(
            "PUBLIC_URL is https, but PROXIES is 0: everybody has the proxy's address, and one person's wrong passwords "
            "lock out the others. Set PROXIES to the number of proxies before the app.",
            "PUBLIC_URL 是 https，但 PROXIES 是 0：所有人会被当成同一个地址，一人输错密码会挡住别人。请设置 PROXIES。",
        )
    if encrypted and not settings.secure_cookies:
        yield Misfit(
            "PUBLIC_URL is https, but SECURE_COOKIES is 0: a browser may send its login unencrypted. Set SECURE_COOKIES=1.",
            "PUBLIC_URL 是 https，但 SECURE_COOKIES 是 0：登录凭证可能不加密传送。请设置 SECURE_COOKIES=1。",
        )
    if settings.secure_cookies and settings.public_url.startswith("http://"):
        yield Misfit(
            "SECURE_COOKIES is 1, but PUBLIC_URL is http: browsers keep no login. Set a PUBLIC_URL with https.",
            "SECURE_COOKIES 是 1，但 PUBLIC_URL 是 http：浏览器无法保持登录。请改用 https。",
        )


def _of_arrival(settings: Settings, headers: Headers) -> Iterator[Misfit]:
    forwarded = headers.get("X-Forwarded-For", "")
    passed = len(forwarded.split(",")) if forwarded else 0
    if passed < settings.proxies:
        yield Misfit(
            f"PROXIES is {settings.proxies}, but a request came with {passed} addresses in X-Forwarded-For: whoever "
            "reaches the app without the proxy may pretend to have any address.",
            f"PROXIES 是 {settings.proxies}，但这次访问没有经过这么多代理：来访地址可以伪造。请检查代理或改正 PROXIES。",
        )
    elif passed and not settings.proxies:
        yield Misfit(
            "PROXIES is 0, but a request came with X-Forwarded-For: behind a proxy, everybody has the proxy's address. "
            "Set PROXIES to the number of proxies before the app.",
            "访问经过了代理，但 PROXIES 是 0：所有人会被当成同一个地址，一人输错密码会挡住别人。请设置 PROXIES。",
        )
