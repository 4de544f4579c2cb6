"""What was acknowledged is on the disk: a power cut takes no visit that has its receipt, and no photo of it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.faults.phone import session_cookie
from tests.support.live import ROOT, Live, free_port
from tests.support.powercut import Disk, powercut_missing, watching
from tests.support.tools import demand
from webapp.foundation.errors import NotFound
from webapp.foundation.photos import PhotoStore

VISITS = 12
PHOTOS = 2  # of each visit


def picture() -> FileStorage:
    out = io.BytesIO()
    Image.frombytes("RGB", (40, 30), random.randbytes(40 * 30 * 3)).save(out, "JPEG")
    out.seek(0)
    return FileStorage(out, "photo.jpg", "photos", "image/jpeg")


class Watched:
    """A server on a copy of the world, every write of which is noted, and a phone that sends visits to it."""

    def __init__(self, live: Live, folder: Path, module: str) -> None:
        self.before, self.after = folder / "instance", folder / "after"
        self.notes = folder / "notes"
        self.cookie = f"desk={session_cookie(live, 'grid_worker')}"
        live.stop()
        shutil.copytree(live.folder, self.before)
        shutil.rmtree(self.before / "photos", ignore_errors=True)
        self.disk = Disk(self.before)
        environ = {
            **live.environ,
            "INSTANCE_PATH": str(self.before),
            "DATABASE_URL": f"sqlite:///{self.before / 'desk.sqlite3'}",
        }
        port = free_port()
        self.server = Live(
            f"http://127.0.0.1:{port}", self.before, live.app, port, environ,
            module=module, prefix=watching(self.notes),
        )  # fmt: skip
        self.acknowledged: list[str] = []

    def send(self, number: int) -> None:
        """Send one visit with photos as a phone's outbox does, and keep its id when its receipt came."""
        token = json.load(self._ask("/outbox/token"))
        submission_id = str(uuid.uuid4())
        boundary, body = encode_multipart(
            {
                "csrf_token": token["csrf"], "submission_id": submission_id, "kind": "home_visit", "items": "policy",
                "outcome": "settled", "note": f"power {number}", "photos": [picture() for _ in range(PHOTOS)],
            }
        )  # fmt: skip
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "X-Outbox": "1",
            "X-Outbox-Owner": token["owner"],
        }
        answer = json.load(self._ask("/visits/new", body, headers))
        assert answer["submission_id"] == submission_id
        self.acknowledged.append(submission_id)

    def _ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> io.BufferedIOBase:
        headers = {"Cookie": self.cookie, **(headers or {})}
        return urllib.request.urlopen(
            urllib.request.Request(self.server.url + path, data=body, headers=headers), timeout=60
        )

    def cut_the_power(self) -> None:
        """Stop the server, and make the folder again with nothing but what was synced."""
        self.server.stop()
        self.disk.play(self.notes)
        self.disk.leave(self.after)

    def lost(self) -> list[str]:
        """What was acknowledged and is not there any more, or not with all of its photos."""
        with closing(sqlite3.connect(self.after / "desk.sqlite3")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return [one for one in self.acknowledged if not self._is_whole(connection, one)]

    def _is_whole(self, connection: sqlite3.Connection, submission_id: str) -> bool:
        receipts = "SELECT result FROM receipts WHERE submission_id = ?"
        receipt = connection.execute(receipts, (uuid.UUID(submission_id).hex,)).fetchone()
        if receipt is None:
            return False
        (visit_id,) = re.findall(r"/visits/(\d+)", receipt[0])
        rows = "SELECT id, sha256 FROM photos WHERE owner_type = 'visit' AND owner_id = ?"
        photos = connection.execute(rows, (visit_id,)).fetchall()
        store = PhotoStore(self.after / "photos")
        try:
            for photo_id, sha256 in photos:
                with store.open(photo_id, thumb=False) as image, store.open(photo_id, thumb=True) as thumb:
                    assert hashlib.sha256(image.read()).hexdigest() == sha256
                    Image.open(thumb).load()
        except NotFound:
            return False
        return len(photos) == PHOTOS


@pytest.fixture
def watched(live: Live, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    demand(powercut_missing())
    watched = Watched(live, tmp_path, request.param)
    watched.server.start()
    yield watched
    watched.server.stop()


def send_and_cut(watched: Watched) -> None:
    for number in range(VISITS):
        watched.send(number)
    watched.cut_the_power()


@pytest.mark.parametrize("watched", ["webapp.serve"], indirect=True)
def test_a_power_cut_takes_nothing_that_was_acknowledged(watched: Watched) -> None:
    send_and_cut(watched)
    assert len(watched.acknowledged) == VISITS
    assert watched.lost() == []


@pytest.mark.parametrize("watched", ["tests.support.careless"], indirect=True)
def test_with_less_syncing_the_loss_would_be_seen(watched: Watched) -> None:
    send_and_cut(watched)
    assert len(watched.lost()) == VISITS


def test_a_power_cut_after_init_takes_neither_secrets_nor_database(tmp_path: Path) -> None:
    demand(powercut_missing())
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    disk = Disk(before)
    flask = (sys.executable, "-m", "flask", "--app", "webapp")
    environ = {**os.environ, "INSTANCE_PATH": str(before / "instance")}
    subprocess.run([*watching(tmp_path / "notes"), *flask, "init"], cwd=ROOT, env=environ, check=True)
    disk.play(tmp_path / "notes")
    disk.leave(after)
    environ["INSTANCE_PATH"] = str(after / "instance")
    subprocess.run([*flask, "verify"], cwd=ROOT, env=environ, check=True)
    kept = [(folder / "instance" / "secrets.json").read_text() for folder in (before, after)]
    assert kept[0] == kept[1]
