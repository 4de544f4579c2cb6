"""However the server's processes end, what supervises them can tell a crash from an order to stop."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live import Live

ROOT = Path(__file__).resolve().parent.parent.parent


def children(pid: int) -> list[int]:
    """The server's worker processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(state[1]) == pid and b"webapp.serve" in (path.parent / "cmdline").read_bytes():
            found.append(int(path.parent.name))
    return found


@pytest.fixture
def server(live: Live) -> Iterator[Live]:
    """A server to be ended, and started again for the tests behind this one."""
    yield live
    live.stop()
    live.start()


def test_a_killed_worker_is_replaced(server: Live) -> None:
    assert server.process
    [worker] = children(server.process.pid)
    os.kill(worker, signal.SIGKILL)
    server.until_it_answers()
    assert children(server.process.pid) not in ([], [worker])


def test_many_crashes_end_it_as_a_failure(server: Live) -> None:
    assert server.process
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and server.process.poll() is None:
        for worker in children(server.process.pid):
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.2)
    assert server.process.returncode not in (None, 0)


def test_an_order_to_stop_ends_it_as_a_success(server: Live) -> None:
    assert server.process
    server.process.terminate()
    assert server.process.wait(20) == 0


def test_whatever_ends_as_a_failure_is_started_again() -> None:
    assert re.search(
        r"^\t@until \S+/python -m webapp\.serve; do ", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    unit = (ROOT / "deploy" / "mobile-desk.service").read_text().splitlines()
    assert {"Restart=always", "StartLimitIntervalSec=0", "OOMPolicy=continue"} <= set(unit)
