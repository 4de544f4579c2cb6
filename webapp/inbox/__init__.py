"""What is mine today, and what waits for my decision. Reads the other rooms, owns no table."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("inbox", __name__, url_prefix="/inbox")
start = Blueprint("home", __name__)
