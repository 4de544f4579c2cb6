"""External addresses."""

from __future__ import annotations

from flask import current_app, request, url_for

from webapp.config import Settings


def public_url(endpoint: str, **values: object) -> str:
    """The address of a page for QR codes and print: below ``PUBLIC_URL``, or the request's host if unset."""
    settings: Settings = current_app.config["SETTINGS"]
    path = url_for(endpoint, **values)  # type: ignore[arg-type]
    if not settings.public_url:
        return request.host_url.rstrip("/") + path
    return settings.public_url + path.removeprefix(request.script_root)
