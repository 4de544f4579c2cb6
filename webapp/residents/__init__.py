"""The pages without a login: report, follow, judge, complain; and the privacy notice."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("residents", __name__)
