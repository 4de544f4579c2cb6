"""``make bench``: throughput of the pages, beside a bare Flask page on the same server and beside a peer.

Each round measures the bare page and one case right after it, so what the machine does meanwhile hits both; the ratio
to the bare page is the median of the rounds. The peer is Redmine 5 (puma 2 x 4, PostgreSQL), measured once, logged in,
with the same 16 connections on two cores: its figures are constants here, so that column only holds on a like machine.
A visit is on the disk before it is acknowledged: no more are logged in a second than the disk syncs, which is measured
as well. Needs ``wrk`` (apt-get install wrk).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer

from webapp import config, create_app
from webapp.accounts import service as accounts
from webapp.accounts.models import Account
from webapp.cases.models import Case
from webapp.extensions import db
from webapp.visits.models import ServiceItem

ROOT = Path(__file__).resolve().parent.parent.parent
LUA = Path(__file__).parent / "post.lua"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "2"))
RAW_CSRF = "0123456789abcdef0123456789abcdef01234567"
PART = ("HX-Request: true", "HX-Request-Type: partial")


@dataclass(frozen=True)
class Measured:
    """One thing to measure; ``peer`` is what Redmine answers a second of the like, ``floor`` how many times that we owe."""

    name: str
    path: str
    peer: float | None = None
    floor: int = 0
    part: bool = False
    post: bool = False


@dataclass(frozen=True)
class Login:
    """What a request needs to be somebody's."""

    cookie: str
    csrf: str
    item: str
    case_number: str


def prepare(folder: Path) -> Login:
    """Build the demo district in ``folder`` and log the grid worker in."""
    env = {**os.environ, "INSTANCE_PATH": str(folder)}
    size = [] if os.environ.get("BENCH_FULL") else ["--small"]
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "webapp", "demo", *size], cwd=ROOT, env=env, check=True
    )
    app = create_app(config.load({"INSTANCE_PATH": str(folder)}))
    with app.app_context():
        account = db.session.scalars(sa.select(Account).where(Account.username == "grid_worker")).one()
        token = accounts.open_session(account.id, trusted=True, device="bench")
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        cookie = serializer.dumps({"_user_id": token, "_fresh": True, "csrf_token": RAW_CSRF})
        csrf = URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps(RAW_CSRF)
        actor = accounts_actor(token)
        number = db.session.scalars(
            sa.select(Case.number).where(Case.grid_id == actor).order_by(Case.id.desc()).limit(1)
        ).one()
        item = db.session.scalars(sa.select(ServiceItem.key).order_by(ServiceItem.position).limit(1)).one()
        db.session.remove()
        db.engine.dispose()
    return Login(f"desk={cookie}", str(csrf), item, number)


def accounts_actor(token: str) -> int:
    """The grid of the person logged in."""
    from webapp.accounts.session import load_actor
    from webapp.foundation import clock

    actor = load_actor(token, clock.now())
    assert actor is not None
    return actor.unit_id


def bare(port: int) -> list[str]:
    """The command that serves the bare page, with the options of ``webapp.serve`` as far as they cost time."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "2", "--blocking-threads", "4", "--no-access-log", "--log-level", "warning", "tests.benchmarks.bare:app",
    ]  # fmt: skip


def real(_: int) -> list[str]:
    """The command that serves the app."""
    return [sys.executable, "-m", "webapp.serve"]


@contextmanager
def serving(command: Callable[[int], list[str]], folder: Path) -> Iterator[str]:
    """Run a server; yields its address."""
    with socket.socket() as free:  # granian would share a port that is taken, and a stranger would answer
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "INSTANCE_PATH": str(folder),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WORKERS": "2",
    }
    process = subprocess.Popen(command(port), cwd=ROOT, env=environ)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        time.sleep(1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def wrk(url: str, headers: tuple[str, ...] = (), script: tuple[str, ...] = ()) -> float:
    """Requests per second at 16 connections; every answer must be a success."""
    options = [flag for header in headers for flag in ("-H", header)]
    lua = ["-s", str(LUA)] if script else []
    out = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{SECONDS}s", *options, *lua, url, *(["--", *script] if script else [])],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in out:
        raise SystemExit(f"{url}: not every answer was a success\n{out}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert found, out
    return float(found[1])


def cases(login: Login) -> list[Measured]:
    """What is measured."""
    page = f"/cases/{login.case_number}"
    return [
        Measured("home", "/"),
        Measured("case list", "/cases/", peer=20.4, floor=25),
        Measured("case page", page, peer=23.6, floor=25),
        Measured("home, part", "/", part=True),
        Measured("case list, part", "/cases/", part=True),
        Measured("case page, part", page, part=True),
        Measured("visit, POST", "/visits/new", peer=32.9, floor=12, post=True),
    ]


def measure(case: Measured, url: str, login: Login, seed: int) -> float:
    """One measurement of one case."""
    if case.post:
        return wrk(url + case.path, script=(login.csrf, login.cookie, login.item, str(seed)))
    return wrk(
        url + case.path,
        (f"Cookie: {login.cookie}", "Accept-Encoding: gzip, deflate, br, zstd", *(PART if case.part else ())),
    )


def syncs_a_second(folder: Path) -> float:
    """How often the disk under ``folder`` makes a small write last."""
    tries = 100
    with (folder / "sync.test").open("wb", buffering=0) as file:
        begun = time.perf_counter()
        for _ in range(tries):
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
    return tries / (time.perf_counter() - begun)


def main() -> None:
    """Measure and print the table."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        login = prepare(folder)
        ratios: dict[str, list[float]] = {}
        speeds: dict[str, list[float]] = {}
        with serving(bare, folder) as bare_url, serving(real, folder) as url:
            for case in cases(login):  # warm every worker
                if not case.post:
                    measure(case, url, login, 1)
            # Pages first: thousands of visits of one worker in a day would weigh on the pages, and nobody has them.
            pages, posts = ([case for case in cases(login) if case.post is post] for post in (False, True))
            for block in (pages, posts):
                for round_number in range(ROUNDS):
                    for index, case in enumerate(block):
                        yardstick = wrk(bare_url + "/")
                        speed = measure(case, url, login, 100 + round_number * 100 + index)
                        ratios.setdefault(case.name, []).append(speed / yardstick)
                        speeds.setdefault(case.name, []).append(speed)
        print(f"{'':<20}{'req/s':>8}{'of bare':>10}{'x peer':>10}{'floor':>8}")
        for case in cases(login):
            speed = statistics.median(speeds[case.name])
            line = f"{case.name:<20}{speed:>8.0f}{f'1/{1 / statistics.median(ratios[case.name]):.1f}':>10}"
            if case.peer:
                word = "ok" if speed >= case.peer * case.floor else "LOW"
                line += f"{speed / case.peer:>10.1f}{case.floor:>8}  {word}"
            print(line)
        print(f"{'the disk, syncs':<20}{syncs_a_second(folder):>8.0f}")


if __name__ == "__main__":
    main()
