"""Firefox ESR, driven over WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/), which it speaks by itself.

Playwright drives only a Firefox of its own making; Debian's needs no more than this small client.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.live import free_port

NAMES = ("firefox-esr", "firefox")
START_SECONDS = 60
PREFERENCES = {
    # Nothing leaves this machine, and nothing asks.
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.startup.page": 0,
    "remote.active-protocols": 1,
}


def firefox_missing() -> str | None:
    """Why Firefox can't be driven here; None when it can."""
    return None if _path() else "Firefox is missing: apt-get install firefox-esr"


def _path() -> str | None:
    return next((found for found in map(shutil.which, NAMES) if found), None)


class _Socket:
    """As much of a WebSocket (RFC 6455) as one client on this machine needs."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._file = self._socket.makefile("rb")
        if b"101" not in self._file.readline():
            raise ConnectionError("no WebSocket")
        while self._file.readline().strip():
            pass

    def send(self, text: str) -> None:
        data, mask = text.encode(), os.urandom(4)
        size = len(data)
        head = (
            bytes([0x80 | size])
            if size < 126
            else b"\xfe" + struct.pack(">H", size)
            if size < 65536
            else b"\xff" + struct.pack(">Q", size)
        )
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        self._socket.sendall(b"\x81" + head + mask + masked)

    def receive(self) -> str:
        parts = []
        while True:
            first, size = self._file.read(2)
            if size == 126:
                (size,) = struct.unpack(">H", self._file.read(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._file.read(8))
            data = self._file.read(size)
            if first & 0x0F in (
                0,
                1,
            ):  # text or its continuation; pings may go unanswered for so short a time
                parts.append(data)
                if first & 0x80:
                    return b"".join(parts).decode()

    def close(self) -> None:
        self._file.close()
        self._socket.close()


class Firefox:
    """A running Firefox: open addresses, evaluate scripts, set cookies; in one tab or several."""

    def __init__(self, port: int) -> None:
        self._socket = _Socket(port, "/session")
        self._last = 0
        self.command("session.new", {"capabilities": {}})
        self.tab: str = self.command("browsingContext.getTree", {})["contexts"][0]["context"]

    def command(self, method: str, params: dict[str, Any]) -> Any:
        """Send a command and return its result; events meanwhile are passed over."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.receive())
            if answer.get("id") == self._last:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['error']} {answer['message']}")
                return answer["result"]

    def close(self) -> None:
        """End the connection; the browser runs on."""
        self._socket.close()

    def new_tab(self) -> str:
        """Another tab; its name may be given to ``goto`` and ``evaluate``."""
        name: str = self.command("browsingContext.create", {"type": "tab"})["context"]
        return name

    def goto(self, url: str, tab: str = "") -> None:
        """Open an address and wait until it has loaded."""
        self.command("browsingContext.navigate", {"context": tab or self.tab, "url": url, "wait": "complete"})

    def evaluate(self, script: str, tab: str = "") -> Any:
        """The value of an expression, awaited, as JSON carries it."""
        params = {
            "expression": f"(async () => JSON.stringify((await ({script})) ?? null))()",
            "target": {"context": tab or self.tab},
            "awaitPromise": True,
        }
        result = self.command("script.evaluate", params)
        if result["type"] == "exception":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    def set_cookie(self, name: str, value: str) -> None:
        """For this machine."""
        text = {"type": "string", "value": value}
        self.command(
            "storage.setCookie", {"cookie": {"name": name, "value": text, "domain": "127.0.0.1", "path": "/"}}
        )

    def delete_cookies(self) -> None:
        """All of them."""
        self.command("storage.deleteCookies", {})


@contextmanager
def firefox(profile: Path) -> Iterator[Firefox]:
    """Start Firefox without a window on this profile; afterwards it is killed, as a phone kills a browser."""
    profile.mkdir(exist_ok=True)
    lines = [f'user_pref("{name}", {json.dumps(value)});' for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    port = free_port()
    path = _path()
    assert path is not None
    command = [
        path,
        "--headless",
        "--no-remote",
        "--profile",
        str(profile),
        f"--remote-debugging-port={port}",
    ]
    environ = {**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
    process = subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        browser = _connected(port)
        yield browser
        browser.close()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


def _connected(port: int) -> Firefox:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return Firefox(port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
