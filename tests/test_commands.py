"""The command line, as an operator uses it."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.support.live import ROOT, free_port

OTHER = "k3J9xQ2mV7bN5cZ1aS8dF4gH6jL0pO-r"


def run(folder: Path, *arguments: str, expect: int = 0, **environ: str) -> str:
    """Run a flask command in its own process, on an instance in ``folder``."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "webapp", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "INSTANCE_PATH": str(folder), **environ},
    )  # fmt: skip
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_production_start_makes_one_administrator_and_shows_the_password_once(tmp_path: Path) -> None:
    first = run(tmp_path, "init")
    assert re.search(r"Password:\s+\S{16}", first)
    again = run(tmp_path, "init")
    assert "Password" not in again
    assert "up to date" in again
    assert "in order" in run(tmp_path, "verify")
    # An empty district is swept without a fault.
    assert "cases" in run(tmp_path, "sweep")


def test_the_demo_and_real_use_never_share_a_database(tmp_path: Path) -> None:
    run(tmp_path, "demo", "--small")
    assert "database of its own" in run(tmp_path, "init", expect=1)
    assert "not empty" in run(tmp_path, "demo", expect=1)
    assert run(tmp_path, "demo", "--if-empty") == ""
    said = run(tmp_path, "welcome")
    assert "http://127.0.0.1:8000" in said
    assert "█" in said
    for post in ("grid_worker", "community_staff", "handler", "volunteer", "auditor", "district_admin"):
        assert post in said
    assert "liudong-desk" in said
    assert "in order" in run(tmp_path, "verify")


@pytest.mark.parametrize("name", ["SECRET_KEY", "HASH_KEY"])
def test_weak_secrets_stop_the_start(tmp_path: Path, name: str) -> None:
    assert name in run(tmp_path, "init", expect=1, **{name: "secret"})


def test_lost_secrets_are_not_replaced_while_their_database_is_there(tmp_path: Path) -> None:
    run(tmp_path, "init")
    kept = tmp_path / "secrets.json"
    content = kept.read_bytes()
    kept.unlink()
    assert "secrets.json is missing" in run(tmp_path, "init", expect=1)
    assert not kept.exists()
    for damaged in (b"", content[:40], b"{}"):
        kept.write_bytes(damaged)
        assert "empty or damaged" in run(tmp_path, "init", expect=1)
        assert kept.read_bytes() == damaged
    kept.write_bytes(content)
    assert "in order" in run(tmp_path, "verify")


def test_a_database_is_not_opened_with_other_keys(tmp_path: Path) -> None:
    run(tmp_path, "init")
    old, new = (
        json.loads((tmp_path / "secrets.json").read_text())["data_keys"],
        Fernet.generate_key().decode(),
    )
    assert "HASH_KEY: not the keys" in run(tmp_path, "verify", expect=1, HASH_KEY=OTHER)
    assert "DATA_KEYS: not the keys" in run(tmp_path, "verify", expect=1, DATA_KEYS=new)
    assert "DATA_KEYS and HASH_KEY: not" in run(tmp_path, "init", expect=1, DATA_KEYS=new, HASH_KEY=OTHER)
    # A new key in front of the old one is how to change it; from then on both are needed.
    assert "in order" in run(tmp_path, "verify", DATA_KEYS=f"{new},{old}")
    assert "DATA_KEYS: not the keys" in run(tmp_path, "verify", expect=1)


def test_the_server_makes_no_database_in_place_of_one_that_is_gone(tmp_path: Path) -> None:
    run(tmp_path, "init")
    database = tmp_path / "desk.sqlite3"
    database.unlink()
    served = subprocess.run(
        [sys.executable, "-m", "webapp.serve"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/bin", "INSTANCE_PATH": str(tmp_path), "PORT": str(free_port())},
    )  # fmt: skip
    assert served.returncode != 0
    assert "There is no database at" in served.stdout + served.stderr
    assert not database.exists()


def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    instance = tmp_path / "somewhere" / "instance"
    run(instance, "init")
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (instance, *instance.rglob("*"))}
    assert {made.pop("instance")} == {0o700}
    assert {"desk.sqlite3", "secrets.json"} <= set(made)
    assert set(made.values()) == {0o600}


def test_the_demo_never_touches_a_real_database(tmp_path: Path) -> None:
    run(tmp_path, "init")
    assert "not empty" in run(tmp_path, "demo", expect=1)
