"""三报到: reports to a grid, activities, attendance, hours."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("volunteering", __name__, url_prefix="/volunteering")
