"""What the README says is true."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

from webapp.cases.workflow import mermaid
from webapp.config import SECRETS

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_diagram_of_the_loop_is_the_transition_table() -> None:
    found = re.search(r"```mermaid\n(.*?)```", README, re.DOTALL)
    assert found is not None
    assert found[1].strip() == mermaid().strip()


def test_every_command_of_the_makefile_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|=\S+ |^    )make ([a-z]+)", README, re.MULTILINE))
    assert named
    assert named <= targets


def test_every_flask_command_exists(lite_app: Flask) -> None:
    named = set(re.findall(r"flask --app webapp ([a-z]+)", README))
    assert {"init", "sweep", "verify"} <= named
    assert named <= set(lite_app.cli.commands)


def test_every_setting_is_listed_and_no_other() -> None:
    named = set(re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+)", README, re.MULTILINE))
    settings = {name for cell in named for name in re.findall(r"[A-Z_]+", cell)}
    source = (ROOT / "webapp" / "config.py").read_text()
    assert settings
    read = set(re.findall(r"""env\.get\(\s*"([A-Z_]+)\"""", source)) | set(SECRETS)
    assert settings == read


def test_every_file_that_it_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_top_level_stays_small() -> None:
    allowed = {
        "webapp", "templates", "static", "migrations", "tests", "pyproject.toml", "README.md", "NOTICE", "LICENSE",
        "Makefile", "requirements.lock", "requirements-dev.lock", "instance", "deploy",
    }  # fmt: skip
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert visible <= allowed
