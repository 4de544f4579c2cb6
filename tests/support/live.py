"""The real server on a port of this machine, as `make run` starts it, on a small world."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60  # seconds; the machine may be busy
FIRST_PORT, PORTS = 20_000, 1_000  # for each test process; below those that the system gives out


@dataclass
class Live:
    """A running server: its address, the folder of its instance, and an app on the same database to look into it."""

    url: str
    folder: Path
    app: Flask
    port: int
    environ: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    module: str = "webapp.serve"
    prefix: tuple[str, ...] = ()  # of the command: a program that runs the server and watches it

    def start(self) -> None:
        """Start serving; returns when it answers."""
        command = [*self.prefix, sys.executable, "-m", self.module]
        environ = {**self.environ, "HOST": "127.0.0.1", "PORT": str(self.port), "WORKERS": "1"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ, start_new_session=True)
        self.until_it_answers()

    def until_it_answers(self) -> None:
        """Wait for a server, or a process of it, that was started."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            # Its socket takes connections long before anybody answers.
            with (
                suppress(OSError, HTTPException),
                urllib.request.urlopen(f"{self.url}/outbox/token", timeout=PATIENCE),
            ):
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("the server does not answer")

    def stop(self) -> None:
        """Stop at once, as a power cut would; returns when nobody listens any more."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # it ended by itself
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None
        # The workers end a moment after their parent. Until then they share the port with the next server.
        while self._is_open():
            time.sleep(0.01)

    def _is_open(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def free_port() -> int:
    """A port nobody listens on just now, nor is about to: each test process has its own range."""
    first = FIRST_PORT + PORTS * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = first + random.randrange(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def live_server(app: Flask, template: Path, folder: Path, secrets: dict[str, str]) -> Iterator[Live]:
    """Serve a copy of ``template`` (an SQLite file); ``app`` must be bound to ``folder/desk.sqlite3`` by the caller."""
    database = folder / "desk.sqlite3"
    if template != database:
        shutil.copy(template, database)
    port = free_port()
    environ = {**os.environ, "INSTANCE_PATH": str(folder), "DATABASE_URL": f"sqlite:///{database}", **secrets}
    live = Live(f"http://127.0.0.1:{port}", folder, app, port, environ)
    live.start()
    try:
        yield live
    finally:
        live.stop()
