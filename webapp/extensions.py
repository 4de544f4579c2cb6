"""The one instance of each Flask extension."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Response
from flask_compress import Compress
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy.orm import DeclarativeBase

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table's base class, so that constraints have the same names everywhere."""

    metadata = sa.MetaData(naming_convention=NAMES)


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


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
login_manager = LoginManager()
csrf = CSRFProtect()
compress = CompressAll()
