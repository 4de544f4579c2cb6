"""A server whose database file is gone says so and takes nothing."""

from __future__ import annotations

import json
import shutil
import stat
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.browse import Browse
from webapp.extensions import db
from webapp.foundation.errors import Unavailable

THREE = {"kind": "home_visit", "items": "policy", "outcome": "settled"}
GONE = "数据库文件不见了"


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    """As somebody does who puts a backup in its place while the server runs."""
    backup = path.with_name("backup")
    shutil.copy(path, backup)
    backup.replace(path)


@pytest.fixture
def path(lite_app: Flask) -> Path:
    return Path(str(db.engine.url.database))


@pytest.mark.parametrize("harm", [delete, replace])
def test_nothing_is_taken_into_a_file_that_is_gone(
    browse: Browse, path: Path, harm: Callable[[Path], None]
) -> None:
    browse.log_in("grid_worker").post("/visits/new", THREE)
    owner = json.loads(browse.get("/outbox/token").text)["owner"]
    db.session.remove()
    harm(path)
    assert GONE in browse.post("/visits/new", THREE, status=503).text
    db.session.remove()
    hidden = {"csrf_token": browse.csrf_token, "submission_id": str(uuid.uuid4())}
    answer = browse.client.post(
        "/visits/new", data={**hidden, **THREE}, headers={"X-Outbox": "1", "X-Outbox-Owner": owner}
    )
    assert answer.status_code == 503
    # No receipt, so the phone keeps it.
    said = json.loads(answer.text)
    assert GONE in said["message"]
    assert "submission_id" not in said


def test_a_file_deleted_during_a_change_gives_no_receipt(browse: Browse, path: Path) -> None:
    browse.log_in("grid_worker")

    def meanwhile(*_: object) -> None:
        path.unlink(missing_ok=True)

    sa.event.listen(db.engine, "commit", meanwhile)
    assert GONE in browse.post("/visits/new", THREE, status=503).text


def test_no_other_file_is_made_in_its_place(browse: Browse, path: Path) -> None:
    browse.log_in("grid_worker")
    db.session.remove()
    path.unlink()
    db.engine.dispose()
    with pytest.raises(Unavailable), db.engine.connect():
        pass
    assert not path.exists()


def test_a_new_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    engine.dispose()
    assert modes == {0o600}
