"""Secrets: made once, kept private, never weak."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from webapp import config

STRONG = "k3J9xQ2mV7bN5cZ1aS8dF4gH6jL0pO-r"


def test_the_first_start_makes_secrets_that_only_the_owner_reads(tmp_path: Path) -> None:
    first = config.load({"INSTANCE_PATH": str(tmp_path)})
    again = config.load({"INSTANCE_PATH": str(tmp_path)})
    assert first.secret_key == again.secret_key
    assert first.data_keys == again.data_keys
    assert len(first.secret_key) >= config.MIN_SECRET_LENGTH
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "weak", ["short", "x" * 64, "changeme-changeme-changeme-changeme-1", "secret" + "0123456789" * 4]
)
@pytest.mark.parametrize("name", ["SECRET_KEY", "HASH_KEY"])
def test_a_weak_secret_from_outside_is_refused(tmp_path: Path, name: str, weak: str) -> None:
    with pytest.raises(config.WeakSecret, match=name):
        config.load({"INSTANCE_PATH": str(tmp_path), name: weak})


def test_a_strong_secret_from_outside_is_taken(tmp_path: Path) -> None:
    assert config.load({"INSTANCE_PATH": str(tmp_path), "SECRET_KEY": STRONG}).secret_key == STRONG


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"])
def test_any_way_to_write_a_postgresql_address_works(tmp_path: Path, url: str) -> None:
    found = config.load({"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": url}).database_url
    assert found == "postgresql+psycopg://u@h/d"


def test_without_any_setting_the_database_is_a_file_of_the_instance(tmp_path: Path) -> None:
    assert (
        config.load({"INSTANCE_PATH": str(tmp_path)}).database_url == f"sqlite:///{tmp_path / 'desk.sqlite3'}"
    )


def test_a_session_on_a_trusted_phone_lasts_thirty_days_at_least(tmp_path: Path) -> None:
    lifetime = config.load({"INSTANCE_PATH": str(tmp_path)}).flask_config()["PERMANENT_SESSION_LIFETIME"]
    assert lifetime.days >= 30  # type: ignore[attr-defined]
