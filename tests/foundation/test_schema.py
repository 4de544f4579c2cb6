"""The migrations make what the models say, and can be taken back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import check, downgrade, upgrade

from webapp.extensions import db
from webapp.foundation import journal
from webapp.foundation.db import transaction


def test_migrations_equal_the_models(empty: Flask) -> None:
    assert sa.inspect(db.engine).get_table_names() == []
    upgrade()
    check()


def test_a_table_without_a_migration_is_found(empty: Flask) -> None:
    upgrade()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE rate_hits")
    with pytest.raises(SystemExit):
        check()


def test_migrations_go_down_and_up_again(empty: Flask) -> None:
    upgrade()
    downgrade(revision="base")
    assert set(sa.inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    check()


def guards() -> set[str]:
    """Names of the triggers that protect tables."""
    sqlite = db.engine.dialect.name == "sqlite"
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if sqlite
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with db.engine.connect() as connection:
        return {row[0] for row in connection.exec_driver_sql(query)}


def test_migrations_bring_the_same_triggers_as_the_models(empty: Flask) -> None:
    db.create_all()
    wanted = guards()
    db.drop_all()
    upgrade()
    assert wanted
    assert guards() == wanted


def checks() -> dict[str, dict[str | None, str]]:
    """What each table's CHECK constraints say, by their names; Alembic does not compare them."""
    seen = sa.inspect(db.engine)
    return {
        table: {
            found["name"]: " ".join(found["sqltext"].split()) for found in seen.get_check_constraints(table)
        }
        for table in seen.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_bring_the_same_checks_as_the_models(empty: Flask) -> None:
    db.create_all()
    wanted = checks()
    db.drop_all()
    upgrade()
    assert "units" in wanted["import_uploads"]["ck_import_uploads_kind"]
    assert checks() == wanted


def test_a_migrated_journal_refuses_changes(empty: Flask) -> None:
    upgrade()
    with transaction():
        journal.record(None, "x:y", "x", 1)
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), transaction() as session:
        session.execute(sa.text("DELETE FROM journal"))
