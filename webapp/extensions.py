"""The one instance of each Flask extension."""

from __future__ import annotations

from flask import Response
from flask_compress import Compress
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from webapp.foundation.db import Base


class CompressAll(Compress):
    """Compresses a refusal, too: a form that comes back with 422 is a whole page, often over a weak signal."""

    def after_request(self, response: Response | None) -> Response:
        """Flask-Compress takes nothing but 2xx; the status is put back afterwards."""
        if response is None or response.status_code < 400:
            return super().after_request(response)
        status = response.status
        response.status_code = 200
        response = super().after_request(response)
        response.status = status
        return response


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "autoflush": True})
login_manager = LoginManager()
csrf = CSRFProtect()
compress = CompressAll()
