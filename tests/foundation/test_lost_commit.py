"""A connection that is lost around COMMIT: whether the change was done is not known, so nothing of it is erased."""

from __future__ import annotations

import io
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from PIL import Image
from sqlalchemy.exc import OperationalError

from tests.support.browse import Browse
from tests.support.client import Client
from tests.support.wire import Wire, wire
from webapp import create_app
from webapp.extensions import db
from webapp.foundation import clock, photos
from webapp.foundation.photos import Photo
from webapp.visits.models import Visit

postgresql = pytest.mark.parametrize("app", ["postgresql"], indirect=True)


@pytest.fixture
def line(app: Flask) -> Iterator[Wire]:
    """Lies in a folder of its own, since the path of a socket must be short."""
    target = db.engine.url.query["host"]
    with tempfile.TemporaryDirectory() as folder, wire(Path(folder), Path(str(target))) as made:
        yield made


@pytest.fixture
def wired(app: Flask, line: Wire, tmp_path: Path) -> Iterator[Browse]:
    """A browser of an app that reaches its database by ``line``."""
    url = db.engine.url.update_query_dict({"host": str(line.folder)})
    settings = replace(
        app.config["SETTINGS"], instance=tmp_path, database_url=url.render_as_string(hide_password=False)
    )
    other = create_app(settings)
    other.test_client_class = Client
    with other.app_context():
        yield Browse(other, app.extensions["world"]).log_in("grid_worker")
        db.session.remove()
        db.engine.dispose()


def send(browse: Browse, submission_id: str) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (30, 20), "white").save(picture, "JPEG")
    picture.seek(0)
    three = {"kind": "home_visit", "items": "policy", "outcome": "settled"}
    browse.post("/visits/new", {**three, "photos": [(picture, "photo.jpg")]}, submission_id=submission_id)


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "photos").rglob("*") if path.is_file()]


@postgresql
def test_a_commit_whose_answer_is_lost_keeps_its_photos(wired: Browse, line: Wire) -> None:
    submission_id = str(uuid.uuid4())
    line.cut = "after"
    with pytest.raises(OperationalError):
        send(wired, submission_id)
    db.session.remove()  # as at the end of a request
    assert line.cuts == 1
    send(wired, submission_id)  # as a phone does: it gets the receipt of the first
    (visit_id,) = db.session.scalars(sa.select(Visit.id)).all()
    (photo_id,) = db.session.scalars(sa.select(Photo.id)).all()
    assert wired.get(f"/visits/{visit_id}/photos/{photo_id}").mimetype == "image/jpeg"


@postgresql
def test_a_commit_that_never_arrived_leaves_files_for_a_day(
    wired: Browse, line: Wire, tmp_path: Path
) -> None:
    submission_id = str(uuid.uuid4())
    line.cut = "before"
    with pytest.raises(OperationalError):
        send(wired, submission_id)
    db.session.remove()  # as at the end of a request
    assert line.cuts == 1
    assert db.session.scalars(sa.select(Photo.id)).all() == []
    assert len(files(tmp_path)) == 2
    send(wired, submission_id)
    (photo_id,) = db.session.scalars(sa.select(Photo.id)).all()
    assert len(files(tmp_path)) == 4
    for path in files(tmp_path):
        os.utime(path, (path.stat().st_mtime, clock.now().timestamp() + 255 * 3600))
    assert purged_in_all_hours() == 0
    for path in files(tmp_path):
        os.utime(path, (path.stat().st_mtime, clock.now().timestamp() - 25 * 3600))
    assert purged_in_all_hours() == 1
    assert {path.name.split(".")[0] for path in files(tmp_path)} == {photo_id}


def purged_in_all_hours() -> int:
    """What the sweeps of as many hours erase as it takes to look at every folder."""
    erased, start = 0, clock.now()
    for hour in range(256):
        with time_machine.travel(start + timedelta(hours=hour), tick=False):
            erased += photos.purge_orphans()
    return erased


@postgresql
def test_connections_lost_between_two_requests_are_not_noticed(wired: Browse, line: Wire) -> None:
    wired.get("/visits/")
    db.session.remove()
    line.drop_all()
    wired.get("/visits/")
