"""What a grid has besides its people: its Party branch, its committee, their seats, and the company that serves it."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("networks", __name__, url_prefix="/directory")
