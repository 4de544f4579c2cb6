"""Static files under addresses that change with their content, so that a phone keeps them for a year.

``asset("app.css")`` gives /static/app.css?v=<hash>. Text files are compressed once in a process, as small as they go.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from flask import Flask, Response, make_response, request, send_from_directory
from markupsafe import Markup

TEXT = (".css", ".js", ".svg", ".webmanifest")


def register(app: Flask) -> None:
    """Give templates ``asset()`` and ``draw_icon()``; serve static files with their lifetime and compressed."""
    folder = Path(app.static_folder or "")

    @cache
    def version(path: str) -> str:
        return hashlib.sha256((folder / path).read_bytes()).hexdigest()[:10]

    @cache
    def asset(path: str) -> str:
        # Every icon on a page asks for this: worked out once, not routed each time.
        return f"{app.static_url_path}/{path}?v={version(path)}"

    @cache
    def packed(path: str, encoding: str) -> bytes:
        import brotli

        data = (folder / path).read_bytes()
        pack: Callable[[bytes], bytes] = brotli.compress if encoding == "br" else gzip.compress
        return pack(data)

    def static(filename: str) -> Response:
        response = send_from_directory(folder, filename, etag=True)
        encoding = request.accept_encodings.best_match(("br", "gzip")) if filename.endswith(TEXT) else None
        if encoding and response.status_code == 200:
            headers = dict(response.headers)
            response.close()  # the file itself is not sent
            response = make_response(packed(filename, encoding), 200, headers)
            response.content_length = len(response.get_data())
            response.headers["Content-Encoding"] = encoding
            response.set_etag(f"{version(filename)}-{encoding}")
            response.make_conditional(request)
        if filename.endswith(TEXT):
            response.vary.add("Accept-Encoding")
        known = request.args.get("v") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if known else "no-cache"
        response.headers.pop("Expires", None)
        return response

    @cache
    def icon(name: str, label: str = "") -> Markup:
        # A page has dozens: drawn once in a process, not by a macro each time. Names and labels are all in templates.
        spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
        return Markup('<svg class="i" {}><use href="{}#{}"/></svg>').format(spoken, asset("icons.svg"), name)

    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["draw_icon"] = icon
    app.view_functions["static"] = static
