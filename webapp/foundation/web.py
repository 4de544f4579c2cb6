"""What all responses share: security headers, error pages, template filters."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask.logging import default_handler
from flask_wtf.csrf import CSRFError
from jinja2 import StrictUndefined
from jinja2.runtime import Macro
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.foundation import outbox, text
from webapp.foundation.errors import DomainError, TooMany
from webapp.foundation.htmx import VARY, wants_part

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# No view sets any of these itself.
SECURITY = [
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()"),
]
LOG_FORMAT = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"
MESSAGES = {
    400: "请求不完整，请返回上一页再试一次。",
    403: "您现在的身份不能使用这个功能。",
    404: "没有找到这个页面，或者它不在您的范围内。",
    405: "请从页面上的按钮进入。",
    413: "文件太大了，请少选几张照片再试。",
    429: "操作太频繁，请稍后再试。",
    500: "系统出了点问题，刚才的内容没有保存。请稍后再试。",
}
TITLES = {
    403: "不能使用",
    404: "没有找到",
    409: "没有办成",
    413: "文件太大",
    429: "请稍等",
    500: "系统出错",
    503: "暂停服务",
}


def remembered(macro: Macro) -> Callable[..., Any]:
    """Cache a macro's output; it must depend only on its arguments, all of them hashable.

    A list's rows and the frame around each page are mostly those of a minute ago. With a body (``call``) or a list among
    its arguments it is drawn each time.
    """
    # typed: safe markup and the same letters as text are not the same.
    drawn = lru_cache(maxsize=4096, typed=True)(macro)

    def draw(*args: Any, **values: Any) -> Any:
        if "caller" in values or any(type(arg) is list for arg in args):
            return macro(*args, **values)
        return drawn(*args, **values)

    return draw


def register(app: Flask, proxies: int) -> None:
    """Install all of it on ``app``; ``proxies`` is how many reverse proxies stand before it."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(text.FILTERS)
    app.jinja_env.globals["remembered"] = remembered
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    app.logger.addFilter(one_line)
    default_handler.setFormatter(Indented(LOG_FORMAT))
    _security_headers(app)
    _error_pages(app)


class Indented(logging.Formatter):
    """Begins every further line of a record with blanks: a traceback quotes what was sent, which must not pass for a record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as it stands in the log."""
        return "\n    ".join(super().format(record).splitlines())


def one_line(record: logging.LogRecord) -> bool:
    """Keep a log message on one line: Flask quotes the path of a failed request."""
    message = record.getMessage()
    if not message.isprintable():
        record.msg, record.args = repr(message), ()
    return True


def _security_headers(app: Flask) -> None:
    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.extend(SECURITY)
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


def _error_pages(app: Flask) -> None:
    @app.errorhandler(DomainError)
    def domain_error(error: DomainError) -> Response:
        response = error_page(error.status, error.message)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(CSRFError)
    def csrf_error(_: CSRFError) -> Response:
        if outbox.asks():
            # The outbox will retry with a fresh token, or ask for a login.
            return outbox.refusal(401, outbox.LOG_IN)
        return error_page(400, "登录状态已变化，这次没有提交。请返回上一页，刷新后再提交。")

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return make_response(error.get_response())
        response = error_page(error.code, MESSAGES.get(error.code, MESSAGES[400]))
        if error.code == 405:
            response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
        return response


def error_page(status: int, message: str) -> Response:
    """An error page, or for HTMX an out-of-band message, saying what happened and what to do."""
    if outbox.asks():
        return outbox.refusal(status, message)
    title = TITLES.get(status, "没有完成")
    if wants_part():
        body = render_template("_error.html", message=message, status=status, title=title)
    else:
        g.setdefault("actor", None)
        if status == 503:
            g.actor = None  # the page's frame would ask the database about them
        body = render_template("error.html", message=message, status=status, title=title)
    response = make_response(body, status)
    if wants_part():
        # The part on the page stays as it is; only the message region changes.
        response.headers["HX-Reswap"] = "none"
    response.headers["Vary"] = VARY
    return response
