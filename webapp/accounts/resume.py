"""Bring a form back, filled in, when its sender's login had expired and the same person logs in again."""

from __future__ import annotations

import json
from typing import NamedTuple

from flask import current_app, request
from werkzeug.datastructures import FileStorage

from webapp.foundation import photos
from webapp.foundation.errors import Invalid
from webapp.foundation.forms import CSRF, resumes
from webapp.foundation.htmx import inside
from webapp.foundation.private import keyed_hash


class Resumed(NamedTuple):
    """A form to show again: its address and its fields."""

    url: str
    fields: list[tuple[str, str]]


def hold(person_id: int) -> str:
    """The form of this request, for the login page to carry along; empty if it can't be shown again."""
    if request.method != "POST" or not resumes(current_app.view_functions.get(request.endpoint or "")):
        return ""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != CSRF]
    for name in request.files:
        ids = _hold_photos(request.files.getlist(name), person_id)
        fields += [(f"{name}_held", ",".join(ids))] if ids else []
    held = {"url": request.full_path.rstrip("?"), "person": _mark(person_id), "fields": fields}
    return json.dumps(held, ensure_ascii=False)


def take(held: str, person_id: int) -> Resumed | None:
    """Read back what ``hold`` returned, if it belongs to this person."""
    try:
        found = json.loads(held)
        if found["person"] != _mark(person_id):
            return None
        return Resumed(inside(found["url"]), [(str(name), str(value)) for name, value in found["fields"]])
    except (ValueError, KeyError, TypeError):
        return None


def _mark(person_id: int) -> str:
    return keyed_hash(f"resume:{person_id}")


def _hold_photos(files: list[FileStorage], person_id: int) -> list[str]:
    """Keep the readable photos; an unreadable one must not cost the rest of the form."""
    ready = []
    for file in files[: photos.MAX_PHOTOS]:
        try:
            ready.append(photos.accept(file.read()))
        except Invalid:
            continue
    return photos.hold(ready, person_id)
