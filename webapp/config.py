"""Every setting, read once from the environment.

Secrets that the environment does not give are made on the first start and kept in ``instance/secrets.json``
(mode 0600), so that a fresh machine needs no configuration.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from webapp.disk import make_folder, sync_folder

ROOT = Path(__file__).resolve().parent.parent
MIN_SECRET_LENGTH = 32
WEAK_WORDS = ("secret", "password", "changeme", "change-me", "development", "default", "liudong")


SECRETS = {"SECRET_KEY": "secret_key", "DATA_KEYS": "data_keys", "HASH_KEY": "hash_key"}
RESTORE = (
    "Put it back from its backup, or give SECRET_KEY, HASH_KEY and DATA_KEYS. "
    "Only where there is nothing to lose: remove both files and begin anew."
)


class WeakSecret(RuntimeError):
    """A secret from the environment is too short or guessable; the app does not start with it."""


class NoSecrets(RuntimeError):
    """The kept secrets are gone, and new ones would not fit the data; the app does not start."""


@dataclass(frozen=True)
class Settings:
    """The settings of one process. Field names are the environment's names in lower case."""

    instance: Path
    database_url: str
    secret_key: str
    data_keys: tuple[str, ...]
    hash_key: str
    demo_password: str = "liudong-desk"  # noqa: S105 - public by intent: only `flask demo` uses it
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 2
    public_url: str = ""
    secure_cookies: bool = False
    proxies: int = 0
    # Named in the privacy notice.
    controller: str = "本平台的主管单位"
    controller_contact: str = "请到社区党群服务中心询问"
    retention_years: int = 3
    allow_lossy_database: bool = False
    testing: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)

    def flask_config(self) -> dict[str, object]:
        """The same settings under the names that Flask and its extensions read."""
        return {
            "SECRET_KEY": self.secret_key,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            # What an error says goes into the log, which must hold no resident's data.
            "SQLALCHEMY_ENGINE_OPTIONS": {
                "hide_parameters": True,
                # A connection that PostgreSQL closed meanwhile (a restart, a fail-over) is replaced before it is used.
                "pool_pre_ping": self.database_url.startswith("postgresql"),
            },
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.secure_cookies,
            "SESSION_COOKIE_NAME": "desk",
            "SESSION_REFRESH_EACH_REQUEST": False,
            # F-15: at least 30 days on a trusted phone.
            "PERMANENT_SESSION_LIFETIME": timedelta(days=60),
            # A form filled in a stairwell may be sent hours later; the token lives as long as the session.
            "WTF_CSRF_TIME_LIMIT": None,
            "MAX_CONTENT_LENGTH": 32 * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
            "COMPRESS_EVALUATE_CONDITIONAL_REQUEST": False,  # pages have no ETag; static files see to theirs
            "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),
            "TESTING": self.testing,
            **self.extra,
        }


def load(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings from ``environ`` (default: the process's).

    Raises:
        WeakSecret: a secret given from outside is short or a known word.
        NoSecrets: the kept ones are missing, but their database is there; or they are damaged.
    """
    env = os.environ if environ is None else environ
    instance = Path(env.get("INSTANCE_PATH", ROOT / "instance"))
    make_folder(instance)
    database_url = _database_url(env.get("DATABASE_URL", ""), instance)
    given = {name: env[variable] for variable, name in SECRETS.items() if env.get(variable)}
    kept = (
        given
        if len(given) == len(SECRETS)
        else _kept_secrets(instance / "secrets.json", database_url) | given
    )
    values: dict[str, object] = {
        "instance": instance,
        "database_url": database_url,
        "secret_key": _strong("SECRET_KEY", kept["secret_key"]),
        "data_keys": tuple(kept["data_keys"].split(",")),
        "hash_key": _strong("HASH_KEY", kept["hash_key"]),
        "demo_password": env.get("DEMO_PASSWORD", "liudong-desk"),
        "host": env.get("HOST", "127.0.0.1"),
        "port": int(env.get("PORT", "8000")),
        "workers": int(env.get("WORKERS", Settings.workers)),
        "threads": int(env.get("THREADS", Settings.threads)),
        "public_url": env.get("PUBLIC_URL", "").rstrip("/"),
        "secure_cookies": env.get("SECURE_COOKIES", "0") == "1",
        "proxies": int(env.get("PROXIES", "0")),
        "controller": env.get("CONTROLLER") or Settings.controller,
        "controller_contact": env.get("CONTROLLER_CONTACT") or Settings.controller_contact,
        "allow_lossy_database": env.get("ALLOW_LOSSY_DATABASE", "0") == "1",
        "retention_years": int(env.get("RETENTION_YEARS", Settings.retention_years)),
    }
    return Settings(**{**values, **overrides})  # type: ignore[arg-type]


def _strong(name: str, value: str) -> str:
    if len(value) < MIN_SECRET_LENGTH or len(set(value)) < 10 or value.lower().startswith(WEAK_WORDS):
        raise WeakSecret(
            f"{name} is too weak: give at least {MIN_SECRET_LENGTH} random characters, or leave it out"
        )
    return value


def _database_url(url: str, instance: Path) -> str:
    if not url:
        return f"sqlite:///{instance / 'desk.sqlite3'}"
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    return url


def _kept_secrets(path: Path, database_url: str) -> dict[str, str]:
    """The secrets of this instance, made on first use. The link step makes two starting processes agree."""
    database = database_url.removeprefix("sqlite:///")
    # Asked first: another process may be making both, the secrets before the database.
    in_use = database != database_url and Path(database).is_file() and Path(database).stat().st_size > 0
    if not path.exists():
        if in_use:
            raise NoSecrets(
                f"{path} is missing, and the database {database} can't be read without it. {RESTORE}"
            )
        _make_secrets(path)
    try:
        kept: dict[str, str] = json.loads(path.read_text())
        return {name: kept[name] for name in SECRETS.values()}
    except (ValueError, KeyError, TypeError) as error:
        raise NoSecrets(f"{path} is empty or damaged. {RESTORE}") from error


def _make_secrets(path: Path) -> None:
    fresh = {
        "secret_key": secrets.token_urlsafe(48),
        "hash_key": secrets.token_urlsafe(48),
        "data_keys": Fernet.generate_key().decode(),
    }
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # 0600
    with os.fdopen(descriptor, "w") as file:
        json.dump(fresh, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
    # What they encrypt would be lost with them.
    sync_folder(path.parent)
