"""Stations: where residents are received, and the posters that they scan."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("stations", __name__, url_prefix="/directory")
