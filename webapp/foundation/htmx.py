"""Page or part: the only file that knows HTMX.

One address, one view, two sizes: ``page("cases/list.html", part="cases/_rows.html", ...)`` sends the part alone when HTMX
asks for a part, and the whole page otherwise (a browser without JavaScript, Back, a boosted link).
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from flask import Response, flash, make_response, redirect, render_template, request, session
from htmx_flask import Htmx
from htmx_flask import request as htmx_request

htmx = Htmx()
# One address, two sizes; and whose page it is.
VARY = "HX-Request, HX-Request-Type, HX-Boosted, HX-History-Restore-Request, Cookie, Accept-Encoding"


def wants_part() -> bool:
    """Whether HTMX asks for a part of the page and not for the whole of it."""
    asked = htmx_request.htmx
    if not asked or asked.boosted or asked.history_restore_request:
        return False
    # HTMX 4 says so itself; htmx-flask knows the headers of 1 and 2 only.
    return request.headers.get("HX-Request-Type", "partial") != "full"


def page(full: str, part: str = "", status: int = 200, **data: Any) -> Response:
    """Render ``part`` when HTMX asks for one, else ``full``, which includes it.

    A part brings waiting messages along, out of band. Pages are personal: no shared cache may keep them.
    """
    if part and wants_part():
        body = render_template(part, **data) + _messages()
    else:
        body = render_template(full, **data)
    response = make_response(body, status)
    response.headers["Vary"] = VARY
    return response


def whole_page(response: Response, url: str) -> Response:
    """The same answer; HTMX puts it in place of the whole page that asked, under ``url``."""
    if htmx_request.htmx:
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
        response.headers["HX-Push-Url"] = url
    return response


def no_store(response: Response) -> Response:
    """The same answer, with secrets or names in full: not even the browser may keep it."""
    response.headers["Cache-Control"] = "no-store"
    return response


def _messages() -> str:
    """The messages that wait, out of band; none most of the time, which always looks the same."""
    if "_flashes" in session:
        return render_template("_messages.html", out_of_band=True)
    return _no_messages()


@cache
def _no_messages() -> str:
    return render_template("_messages.html", out_of_band=True)


def inside(url: str) -> str:
    """``url`` if it is a path of this site, else the start page. Browsers drop line breaks in it, and read a backslash as /."""
    plain = url.isprintable() and "\\" not in url
    target = urlsplit(url) if plain else None
    if target is None or target.scheme or target.netloc or not url.startswith("/") or url.startswith("//"):
        return "/"
    return url


def go(url: str, message: str = "", category: str = "done") -> Response:
    """After a change: on to ``url`` (only within this site) with a message; the browser's address follows, too."""
    url = inside(url)
    if message:
        flash(message, category)
    if htmx_request.htmx:
        response = make_response("", 200)
        response.headers["HX-Redirect"] = url
        response.headers["Vary"] = VARY
        return response
    return make_response(redirect(url, 303))
