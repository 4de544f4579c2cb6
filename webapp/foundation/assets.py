"""Static files under names that change with their content, so that a phone keeps them for a year.

``asset("app.css")`` gives /static/app.css?v=<hash>. Compressed copies are made once per process and sent by Flask-Compress.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request, url_for


def register(app: Flask) -> None:
    """Give templates ``asset()``, and static answers their lifetime."""
    folder = Path(app.static_folder or "")

    @lru_cache
    def version(path: str) -> str:
        return hashlib.sha256((folder / path).read_bytes()).hexdigest()[:10]

    def asset(path: str) -> str:
        return url_for("static", filename=path, v=version(path))

    app.jinja_env.globals["asset"] = asset

    @app.after_request
    def lifetime(response: Response) -> Response:
        if request.endpoint == "static":
            known = request.args.get("v") and response.status_code in (200, 304)
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if known else "no-cache"
            response.headers.pop("Expires", None)
        return response
