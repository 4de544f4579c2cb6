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

import pytest

from tests.support.live import free_port

NAMES = ("firefox-esr", "firefox")
START_SECONDS = 60
DEFAULT = "default"  # the user context of the first tab, the only one that outlives the browser
PREFERENCES = {
    # Nothing leaves this machine, and nothing asks.
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.startup.page": 0,
    "browser.download.folderList": 2,  # into the folder named by browser.download.dir
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

    def __init__(self, port: int, downloads: Path) -> None:
        self._socket = _Socket(port, "/session")
        self._last = 0
        self.downloads = downloads
        self.problems: list[str] = []  # errors of scripts, as the console tells them
        started = self.command("session.new", {"capabilities": {}})
        self.version = int(started["capabilities"]["browserVersion"].split(".")[0])
        self.command("session.subscribe", {"events": ["log.entryAdded"]})
        self.tab: str = self.command("browsingContext.getTree", {})["contexts"][0]["context"]

    def command(self, method: str, params: dict[str, Any]) -> Any:
        """Send a command and return its result; of the events meanwhile, errors are noted."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.receive())
            if answer.get("id") == self._last:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['error']} {answer['message']}")
                return answer["result"]
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                self.problems.append(str(answer["params"]["text"]))

    def close(self) -> None:
        """End the connection; the browser runs on."""
        self._socket.close()

    def new_person(self) -> str:
        """A user context, with cookies and stores of its own; its name is given to ``new_tab``."""
        name: str = self.command("browser.createUserContext", {})["userContext"]
        return name

    def remove_person(self, person: str) -> None:
        """Close all of a person's tabs, and forget what they stored."""
        self.command("browser.removeUserContext", {"userContext": person})

    def new_tab(self, person: str = DEFAULT, window: bool = False) -> str:
        """Another tab, on top; its name may be given to ``goto`` and ``evaluate``.

        In a ``window`` of its own it hides none of the others, which takes longer.
        """
        params = {"type": "window" if window else "tab", "userContext": person}
        name: str = self.command("browsingContext.create", params)["context"]
        return name

    def before_pages(self, script: str, person: str) -> None:
        """Run statements in each page of this person before the page's own."""
        params = {"functionDeclaration": f"() => {{ {script} }}", "userContexts": [person]}
        self.command("script.addPreloadScript", params)

    def set_offline(self, offline: bool, person: str) -> None:
        """As a phone without signal: ``navigator.onLine`` is false, and no request gets out."""
        conditions = {"type": "offline"} if offline else None
        params = {"networkConditions": conditions, "userContexts": [person]}
        try:
            self.command("emulation.setNetworkConditions", params)
        except RuntimeError as error:
            if "unknown command" not in str(error):
                raise
            pytest.skip("this Firefox can't be cut off from the network; ESR 153 can")

    def set_files(self, selector: str, files: list[Path], tab: str = "") -> None:
        """Choose files in the first field that this CSS selector finds."""
        context = tab or self.tab
        found = self.command(
            "browsingContext.locateNodes", {"context": context, "locator": {"type": "css", "value": selector}}
        )
        element = {"sharedId": found["nodes"][0]["sharedId"]}
        names = [str(file) for file in files]
        self.command("input.setFiles", {"context": context, "element": element, "files": names})

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

    def set_cookie(self, name: str, value: str, person: str = DEFAULT) -> None:
        """For this machine."""
        cookie = {
            "name": name,
            "value": {"type": "string", "value": value},
            "domain": "127.0.0.1",
            "path": "/",
        }
        partition = {"type": "storageKey", "userContext": person}
        self.command("storage.setCookie", {"cookie": cookie, "partition": partition})


@contextmanager
def firefox(profile: Path, **preferences: str | int | bool) -> Iterator[Firefox]:
    """Start Firefox without a window on this profile; afterwards it is killed, as a phone kills a browser.

    Further ``preferences`` are named with _ in place of the points.
    """
    profile.mkdir(exist_ok=True)
    downloads = profile / "downloads"
    chosen = {**PREFERENCES, "browser.download.dir": str(downloads)}
    chosen.update({name.replace("_", "."): value for name, value in preferences.items()})
    lines = [f'user_pref("{name}", {json.dumps(value)});' for name, value in chosen.items()]
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
        browser = _connected(port, downloads)
        yield browser
        browser.close()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


def _connected(port: int, downloads: Path) -> Firefox:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return Firefox(port, downloads)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
