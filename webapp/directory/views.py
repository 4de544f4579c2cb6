"""The way into the register."""

from __future__ import annotations

from flask import Response, request

from webapp.directory import bp
from webapp.directory.people.queries import people
from webapp.directory.posts import LEVEL_NAMES, Permission
from webapp.directory.units.queries import FOUND, find_units, own_unit
from webapp.foundation import incoming
from webapp.foundation.access import current_actor, may
from webapp.foundation.htmx import page


@bp.get("/")
@may(Permission.DIRECTORY_READ)
def index() -> Response:
    """The ways in, and one search over units and people."""
    actor, text = current_actor(), incoming.name(request.args.get("q"))
    found = (find_units(actor, text), people(actor, text, size=FOUND)) if text else None
    own = own_unit(actor)
    return page(
        "directory/index.html", part="directory/_found.html", q=text, found=found, own=own, levels=LEVEL_NAMES
    )
