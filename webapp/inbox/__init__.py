"""The start page and the inbox of decisions. Reads other rooms, owns no table."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("inbox", __name__, url_prefix="/inbox")
start = Blueprint("home", __name__)
