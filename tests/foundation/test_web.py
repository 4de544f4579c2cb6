"""What every answer shares: page or part, headers, friendly errors."""

from __future__ import annotations

import pytest
from flask import Flask, Response
from flask.logging import default_handler

from tests.support.browse import HTMX, Browse
from tests.support.queries import counting
from webapp import create_app
from webapp.config import Settings
from webapp.foundation.access import public
from webapp.foundation.errors import Conflict, NotFound, Refused, TooMany
from webapp.foundation.htmx import go, page


@pytest.fixture
def rig(lite_app: Flask) -> Flask:
    """A second app of the same settings with a few views that misbehave."""
    settings: Settings = lite_app.config["SETTINGS"]
    app = create_app(Settings(**{**settings.__dict__, "extra": {"PROPAGATE_EXCEPTIONS": False}}))

    def add(rule: str, view: object, guarded: bool = True) -> None:
        app.add_url_rule(rule, rule, public(view) if guarded else view)  # type: ignore[type-var, arg-type]

    def refuse(error: Exception) -> object:
        def view() -> Response:
            raise error

        return view

    add("/x/refused", refuse(Refused("不是您的。")))
    add("/x/conflict", refuse(Conflict("刚被别人改过。")))
    add("/x/gone", refuse(NotFound()))
    add("/x/often", refuse(TooMany(90)))
    add("/x/broken", refuse(ZeroDivisionError("138" + "00001111 is a resident's phone")))
    add("/x/forged", refuse(ValueError("x\r\n[2026-01-01 00:00:00,000] INFO in web: forged\u2028[forged]")))
    app.add_url_rule("/x/broken/<path:words>", "/x/broken/words", public(lambda words: str(1 // 0)))
    add("/x/undeclared", lambda: "open", guarded=False)
    add("/x/page", lambda: page("error.html", "_error.html", status=200, title="好", message="好", status_=1))
    for number, url in enumerate(
        ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)")
    ):
        add(f"/x/go{number}", lambda url=url: go(url))
    app.extensions["world"] = lite_app.extensions["world"]
    return app


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/x/refused", 403, "不是您的。"),
        ("/x/conflict", 409, "刚被别人改过。"),
        ("/x/gone", 404, "没有找到"),
        ("/x/often", 429, "2 分钟后再试"),
        ("/x/broken", 500, "没有保存"),
        ("/nowhere", 404, "没有找到"),
        ("/login", 405, "按钮"),
    ],
)
def test_errors_are_pages_with_a_reason_and_a_way_back(
    rig: Flask, path: str, status: int, words: str
) -> None:
    client = rig.test_client()
    answer = client.delete(path) if status == 405 else client.get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert "<h1>" in answer.text
    part = client.delete(path, headers=HTMX) if status == 405 else client.get(path, headers=HTMX)
    assert part.status_code == status
    assert words in part.text
    assert "<html" not in part.text
    assert part.headers["HX-Reswap"] == "none"


def test_a_path_forges_no_line_of_the_log(rig: Flask, caplog: pytest.LogCaptureFixture) -> None:
    path = "/x/broken/%0AERROR%20forged%E2%80%AE"
    assert rig.test_client().get(path).status_code == 500
    (record,) = caplog.records
    assert record.getMessage().isprintable()
    assert "forged" in record.getMessage()


def test_what_a_traceback_quotes_forges_no_line_of_the_log(
    rig: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    rig.test_client().get("/x/forged")
    (record,) = caplog.records
    first, *further = default_handler.format(record).splitlines()
    assert first.startswith("[")
    assert any("forged" in line for line in further)
    assert all(line.startswith("    ") for line in further)


def test_an_error_tells_the_log_and_not_the_reader(rig: Flask, caplog: pytest.LogCaptureFixture) -> None:
    answer = rig.test_client().get("/x/broken")
    assert "ZeroDivisionError" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_a_view_that_declares_nothing_is_closed(rig: Flask) -> None:
    answer = rig.test_client().get("/x/undeclared")
    assert answer.status_code == 403
    assert "open" not in answer.text.split("<main")[1]


@pytest.mark.parametrize("number", range(4))
def test_a_redirect_never_leaves_the_site(rig: Flask, number: int) -> None:
    assert rig.test_client().get(f"/x/go{number}").headers["Location"] == "/"


def test_page_or_part_as_the_request_asks(lite_app: Flask, browse: Browse) -> None:
    whole = browse.get("/login")
    assert "<html" in whole.text
    for header in (
        {"HX-Boosted": "true"},
        {"HX-History-Restore-Request": "true"},
        {"HX-Request-Type": "full"},
    ):
        answer = browse.client.get("/login", headers={**HTMX, **header})
        assert "<html" in answer.text
    assert "HX-Request" in whole.headers["Vary"]
    assert "HX-Request-Type" in whole.headers["Vary"]


def test_security_headers(browse: Browse) -> None:
    headers = browse.get("/login").headers
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in headers["Cache-Control"]


def test_static_files_keep_for_a_year_under_their_hash(browse: Browse, lite_app: Flask) -> None:
    with lite_app.test_request_context():
        url = lite_app.jinja_env.globals["asset"]("app.css")  # type: ignore[operator]
    client = browse.client
    packed = client.get(url, headers={"Accept-Encoding": "br, gzip"}, buffered=True)
    assert packed.headers["Content-Encoding"] == "br"
    assert "immutable" in packed.headers["Cache-Control"]
    plain = client.get(url, buffered=True)
    assert len(packed.data) < len(plain.data) / 3
    again = client.get(
        url, headers={"Accept-Encoding": "br", "If-None-Match": packed.headers["ETag"]}, buffered=True
    )
    assert again.status_code == 304
    assert "immutable" not in client.get("/static/app.css", buffered=True).headers["Cache-Control"]


def test_static_files_ask_nobody_who_they_are(browse: Browse) -> None:
    browse.log_in("grid_worker")
    with counting() as statements:
        assert browse.client.get("/static/app.css", buffered=True).status_code == 200
    assert statements == []


def test_an_unknown_address_keeps_the_tabs_of_who_is_logged_in(browse: Browse) -> None:
    tabs = '<nav class="tabs"'
    assert tabs not in browse.get("/nothing-here", status=404).text
    browse.log_in("grid_worker")
    assert tabs in browse.get("/nothing-here", status=404).text
    assert tabs in browse.get("/cases/no-such-number", status=404).text
    assert tabs in browse.get("/logout", status=405).text


def test_a_post_without_a_token_is_not_done(browse: Browse) -> None:
    answer = browse.client.post("/login", data={"login": "grid_worker", "password": "x"})
    assert answer.status_code == 400
    assert "刷新" in answer.text
