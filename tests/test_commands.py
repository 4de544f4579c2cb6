"""The command line, as an operator uses it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.live import ROOT


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


def test_the_demo_never_touches_a_real_database(tmp_path: Path) -> None:
    run(tmp_path, "init")
    assert "not empty" in run(tmp_path, "demo", expect=1)
