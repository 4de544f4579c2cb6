"""流动办公桌: what was done for residents, at a station or at their door, and when the desk stands where."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("visits", __name__, url_prefix="/visits")
