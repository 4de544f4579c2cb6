"""The real server on a port of this machine, as `make run` starts it, on a small world."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30


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

    def start(self, workers: int = 1) -> None:
        """Start serving; returns when it answers."""
        command = [*self.prefix, sys.executable, "-m", self.module]
        environ = {**self.environ, "HOST": "127.0.0.1", "PORT": str(self.port), "WORKERS": str(workers)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("the server did not start")

    def stop(self) -> None:
        """Stop at once, as a power cut would."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # it ended by itself
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
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
