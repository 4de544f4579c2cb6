"""Ledgers that were kept elsewhere come in: columns are matched, tried, and written once."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("imports", __name__, url_prefix="/imports")
