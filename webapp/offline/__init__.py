"""The server's side of working without signal: fresh tokens, gaps, what could not be placed, service worker, manifest."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("offline", __name__)
