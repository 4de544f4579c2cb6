"""Places, people, posts: units, stations, persons, appointments, branches, committees, companies."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("directory", __name__, url_prefix="/directory")
