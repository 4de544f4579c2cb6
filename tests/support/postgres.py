"""A private PostgreSQL for the tests: made, started and removed by themselves.

It uses the server programs of Debian's ``postgresql`` package, listens on a socket in its own folder only, and gives
up durability for speed. Each test process may have its own; they know nothing of each other.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.support.scratch import scratch

VERSIONS = Path("/usr/lib/postgresql")
PROGRAMS = ("initdb", "postgres", "pg_isready")
SERVER_USER = "postgres"  # the server refuses to run as root
START_SECONDS = 30
STOP_SECONDS = 10
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # no database here lives long enough
    "shared_buffers": "32MB",
    "jit": "off",
    "max_connections": "250",
    "timezone": "UTC",
}


def postgres_missing() -> str | None:
    """Why no cluster can be started here, in words for a test report; None when one can."""
    if _programs() is None:
        return "PostgreSQL's server programs are missing: apt-get install postgresql"
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            return "PostgreSQL does not run as root, and setpriv is missing: apt-get install util-linux"
        if not _has_server_user():
            return f"PostgreSQL does not run as root, and there is no user {SERVER_USER}"
    return None


@contextmanager
def postgres_cluster(settings: Mapping[str, str] = SETTINGS) -> Iterator[str]:
    """Start an empty cluster and give its SQLAlchemy URL; it is gone afterwards.

    Should this process be killed, the server stops by itself (its parent's death is its signal to stop).

    Raises:
        RuntimeError: the cluster cannot be started; the message holds the server's own words.
    """
    reason = postgres_missing()
    programs = _programs()
    if reason or programs is None:
        raise RuntimeError(reason)
    # The socket lives in the folder, and a socket's path must be short: so not below pytest's tmp_path.
    folder = Path(mkdtemp(prefix="desk-pg-", dir=scratch()))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SERVER_USER)
        _init(programs, folder)
        server = _start(programs, folder, settings)
        try:
            _wait_until_ready(programs, folder, server)
            yield f"postgresql+psycopg://{SERVER_USER}@/postgres?host={folder}"
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """The folder of the newest version whose server programs are all there."""
    found = [
        path / "bin"
        for path in VERSIONS.glob("*")
        if path.name.isdigit() and all((path / "bin" / program).exists() for program in PROGRAMS)
    ]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def _has_server_user() -> bool:
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        return False
    return True


def _command(*words: str | Path) -> list[str]:
    """The command, as the server's user where this process is root, and ended when this process ends."""
    prefix: list[str] = []
    if shutil.which("setpriv"):
        prefix = ["setpriv", "--pdeathsig=QUIT"]
    if os.geteuid() == 0:
        prefix += [f"--reuid={SERVER_USER}", f"--regid={SERVER_USER}", "--clear-groups"]
    return [*prefix, *map(str, words)]


def _init(programs: Path, folder: Path) -> None:
    done = subprocess.run(
        _command(
            programs / "initdb",
            f"--pgdata={folder / 'data'}",
            f"--username={SERVER_USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.strip()}")


def _start(programs: Path, folder: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            _command(programs / "postgres", "-D", folder / "data", "-k", folder, *words),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _wait_until_ready(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        ready = subprocess.run([programs / "pg_isready", "--quiet", "--host", folder], check=False)
        if ready.returncode == 0:
            return
        time.sleep(0.05)
    log = (folder / "log").read_text(errors="replace").strip()
    raise RuntimeError(f"PostgreSQL did not start within {START_SECONDS} s: {log}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Ask for an immediate shutdown (nothing in it is worth keeping), then insist."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
