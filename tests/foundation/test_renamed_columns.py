"""A database of the first release keeps its data when its columns get their present names."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from webapp.extensions import db

# One row each, as the first release wrote them.
ROWS = {
    "case_categories": {"key": "other", "name": "其他", "group": "其他", "position": 1, "reopen_allowed": True, "retired": True},
    "check_in_kinds": {"id": 1, "name": "双报到", "level": "grid", "sort": 3},
    "service_items": {
        "id": 1, "key": "policy", "name": "政策", "group": "政策", "case_category": "other", "position": 1,
        "valid_from": "2025-01-01", "valid_to": "2026-10-31",
    },
}  # fmt: skip


@pytest.fixture
def old(app: Flask) -> Flask:
    """The app on a database of the revision before."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        else:
            db.metadata.drop_all(connection)
    db.session.remove()
    upgrade(revision="0005")
    with db.engine.begin() as connection:
        for table, values in ROWS.items():
            columns = sa.table(table, *(sa.column(name) for name in values))
            connection.execute(sa.insert(columns).values(**values))
    return app


def value(table: str, column: str) -> object:
    with db.engine.connect() as connection:
        return connection.exec_driver_sql(f"SELECT {column} FROM {table}").scalar_one()


def test_what_was_taken_out_of_use_stays_so_with_the_same_days(old: Flask) -> None:
    upgrade()
    assert value("check_in_kinds", "position") == 3
    assert str(value("service_items", "retired_on")) == "2026-11-01"
    assert value("case_categories", "retired_on") is not None
    downgrade(revision="0005")
    assert str(value("service_items", "valid_to")) == "2026-10-31"
    assert value("case_categories", "retired")
