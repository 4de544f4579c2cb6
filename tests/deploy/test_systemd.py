"""systemd understands the units, and they name what is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from webapp import config

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.suffix in (".service", ".timer"))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_units_are_understood(tmp_path: Path) -> None:
    for name in UNITS:
        text = (DEPLOY / name).read_text()
        # Where the tests run, the code lies elsewhere.
        text = re.sub(r"/srv/mobile-desk/\.venv/bin/\w+", "/bin/true", text).replace("/srv/mobile-desk", "/")
        (tmp_path / name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if str(tmp_path) in line]) == (0, [])


def test_the_units_run_commands_that_exist(lite_app: Flask) -> None:
    commands = {
        name: re.findall(r"^ExecStart=(\S+) (.*)", (DEPLOY / name).read_text(), re.MULTILINE)
        for name in UNITS
    }
    run = [arguments for [(_, arguments)] in filter(None, commands.values())]
    assert sorted(run) == ["--app webapp sweep", "--app webapp verify", "-m webapp.serve"]
    assert {"sweep", "verify"} <= set(lite_app.cli.commands)
    assert (ROOT / "webapp" / "serve.py").exists()


def test_each_timer_has_its_service() -> None:
    timers = {Path(name).stem for name in UNITS if name.endswith(".timer")}
    assert timers == {"mobile-desk-sweep", "mobile-desk-verify"}
    assert {f"{timer}.service" for timer in timers} <= set(UNITS)


def test_the_settings_are_ones_that_the_app_takes(tmp_path: Path) -> None:
    lines = re.findall(r"^#? ?([A-Z_]+)=(.*)", (DEPLOY / "mobile-desk.env").read_text(), re.MULTILINE)
    read = (ROOT / "webapp" / "config.py").read_text()
    assert [name for name, _ in lines if f'"{name}"' not in read] == []
    settings = config.load({**dict(lines), "INSTANCE_PATH": str(tmp_path), "DATABASE_URL": ""})
    assert (settings.proxies, settings.secure_cookies) == (1, True)
    assert settings.public_url.startswith("https://")
