"""What the tests of the ground floor share."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.extensions import db


@pytest.fixture
def empty(app: Flask) -> Flask:
    """The app on a database without tables."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        else:
            db.metadata.drop_all(connection)
    db.session.remove()
    return app
