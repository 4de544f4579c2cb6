"""What makes the pages an app on the phone: the build they belong to, the service worker, the manifest."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, g, request, url_for

from webapp.foundation.access import Actor
from webapp.foundation.htmx import wants_part
from webapp.foundation.private import mask_name
from webapp.offline import queries

CODE = (".py", ".html", ".js", ".css")
SHELL = (
    "app.css",
    "app.js",
    "outbox.js",
    "outbox-view.js",
    "vendor/htmx-4.0.1.min.js",
    "icons.svg",
)
# Pages that a phone may show again without signal: lists with masked names and empty forms, never a resident's record.
KEPT = frozenset({"/", "/outbox", "/visits/new", "/visits/desk/", "/cases/", "/cases/new", "/volunteering/"})


@cache
def build(root: str) -> str:
    """Names this version of the app: a digest of its code, templates and static files."""
    digest = hashlib.sha256()
    for folder in ("webapp", "templates", "static"):
        for path in sorted((Path(root).parent / folder).rglob("*")):
            if path.suffix in CODE:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def version() -> str:
    """The build of the app that answers now."""
    return build(current_app.root_path)


def identity() -> dict[str, str]:
    """Identify the page's user, post and build to the phone, so that it knows whose forms it keeps."""
    actor: Actor | None = g.get("actor")
    return {
        "owner": _owner(actor),
        "who": mask_name(actor.name) if actor else "",
        "post": str(actor.holding.appointment_id) if actor else "",
        "version": version(),
    }


def _owner(actor: Actor | None) -> str:
    if "page_owner" not in g:
        g.page_owner = queries.owner_key(actor.person_id) if actor else ""
    owner: str = g.page_owner
    return owner


def mark(response: Response) -> Response:
    """Tell the service worker whose page this is, and whether it may keep it."""
    page = request.method == "GET" and response.mimetype == "text/html" and not wants_part()
    if page:
        actor: Actor | None = g.get("actor")
        response.headers["X-Page-Owner"] = _owner(actor)
        if actor and response.status_code == 200 and request.path in KEPT:
            response.headers["X-Page-Keep"] = "1"
    return response


def service_worker(app: Flask) -> str:
    """static/sw.js with the build that it belongs to, and the files that each page needs."""
    asset = app.jinja_env.globals["asset"]
    shell = [asset(path) for path in SHELL] + [url_for("offline.no_signal")]  # type: ignore[operator]
    source = (Path(app.static_folder or "") / "sw.js").read_text(encoding="utf-8")
    return f"const BUILD = {json.dumps(version())}, SHELL = {json.dumps(shell)};\n{source}"


def manifest(app: Flask) -> dict[str, object]:
    """What a phone needs to know to put the app among its own (W3C Web Application Manifest)."""
    asset = app.jinja_env.globals["asset"]

    def icon(path: str, sizes: str, kind: str, purpose: str = "any") -> dict[str, str]:
        return {"src": asset(path), "sizes": sizes, "type": kind, "purpose": purpose}  # type: ignore[operator]

    return {
        "name": "流动办公桌",
        "short_name": "流动办公桌",
        "lang": "zh-CN",
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f4f4f6",
        "theme_color": "#f4f4f6",
        "icons": [
            icon("icons.svg", "any", "image/svg+xml"),
            icon("icons/192.png", "192x192", "image/png"),
            icon("icons/512.png", "512x512", "image/png"),
            icon("icons/maskable-512.png", "512x512", "image/png", "maskable"),
        ],
    }
