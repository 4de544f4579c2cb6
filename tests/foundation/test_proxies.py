"""Settings that do not fit each other, or what arrives, are said where somebody sees it."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.datastructures import Headers

from tests.support.browse import Browse
from webapp import config
from webapp.foundation import proxies

HTTPS = {"public_url": "https://desk.example.gov.cn"}


@pytest.mark.parametrize(
    ("changes", "forwarded", "named"),
    [
        ({}, "", []),
        (HTTPS, "", ["PROXIES", "SECURE_COOKIES"]),
        ({**HTTPS, "proxies": 1}, "10.0.0.1", ["SECURE_COOKIES"]),
        ({**HTTPS, "proxies": 1, "secure_cookies": True}, "10.0.0.1", []),
        ({**HTTPS, "proxies": 1, "secure_cookies": True}, "", ["0 addresses"]),
        ({**HTTPS, "proxies": 2, "secure_cookies": True}, "10.0.0.1", ["1 addresses"]),
        ({"proxies": 1}, "10.0.0.2, 10.0.0.1", []),
        ({}, "10.0.0.1", ["PROXIES"]),
        ({"public_url": "http://10.0.0.5", "secure_cookies": True}, "", ["SECURE_COOKIES"]),
    ],
)
def test_what_does_not_fit_is_named(
    lite_app: Flask, changes: dict[str, object], forwarded: str, named: list[str]
) -> None:
    settings: config.Settings = replace(lite_app.config["SETTINGS"], **changes)
    headers = Headers({"X-Forwarded-For": forwarded} if forwarded else {})
    found = proxies.misfits(settings, headers)
    assert len(found) == len(named)
    assert all(name in misfit.logged for name, misfit in zip(named, found, strict=True))
    assert not found or proxies.misfits(settings) in (found, [])


def test_the_administrator_sees_it_and_nobody_else(
    browse: Browse, lite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "PUBLIC_URL 是 https，但 PROXIES 是 0"
    assert said not in browse.log_in("district_admin").get("/me").text
    monkeypatch.setitem(lite_app.config, "SETTINGS", replace(lite_app.config["SETTINGS"], **HTTPS))
    assert said in browse.get("/me").text
    assert said not in browse.log_in("grid_worker").get("/me").text


def test_the_first_request_that_comes_another_way_is_logged(
    lite_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app = Flask(__name__)
    proxies.register(app, replace(lite_app.config["SETTINGS"], proxies=1))
    client = app.test_client()
    with caplog.at_level(logging.WARNING):
        client.get("/", headers={"X-Forwarded-For": "10.0.0.1"})
        assert caplog.messages == []
        for _ in range(3):
            client.get("/")
    assert len(caplog.messages) == 1
    assert "0 addresses in X-Forwarded-For" in caplog.messages[0]
