"""A network that fails on command: an HTTP proxy between browser and server, for one test.

What it can do to a request that it is told about, by its name in ``FAULTS``; everything else passes through.
"""

from __future__ import annotations

import http.client
import random
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORTAL = b"<!doctype html><title>WLAN</title><h1>Welcome. Please log in to the network.</h1>"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"}
UNANSWERED = ("drop_request", "drop_answer", "cut_answer", "portal", "redirect", "500", "502", "429")
FAULTS = (*UNANSWERED, "hang")
RETRY_AFTER = 2  # seconds


@dataclass
class Seen:
    """A request that came by."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    fault: str

    @property
    def submission_id(self) -> str:
        """The submission id in a form's body; empty if there is none."""
        found = re.search(rb'name="submission_id"\r\n\r\n([0-9a-f-]{36})', self.body)
        return found.group(1).decode() if found else ""


@dataclass
class Proxy:
    """Its address, what it saw, and what it is to do next."""

    port: int = 0
    target: int = 0
    seen: list[Seen] = field(default_factory=list)
    replaced: dict[str, bytes] = field(default_factory=dict)  # path → a script that is served in its place
    _planned: list[tuple[str, str, str, int]] = field(default_factory=list)
    _chaos: Callable[[str, str], str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def plan(self, fault: str, method: str = "POST", path: str = ".*", times: int = 1) -> None:
        """Do ``fault`` to the next ``times`` requests of this method and path (a regular expression)."""
        assert fault in FAULTS
        with self._lock:
            self._planned.append((fault, method, path, times))

    def chaos(self, seed: int, rate: float, faults: Sequence[str] = FAULTS) -> None:
        """From now on do a random fault to this share of the requests for the outbox."""
        dice = random.Random(seed)

        def roll(method: str, path: str) -> str:
            if method != "POST" and not path.startswith("/outbox/token"):
                return ""
            return dice.choice(faults) if dice.random() < rate else ""

        self._chaos = roll

    def calm(self) -> None:
        """No more faults; what hangs is let go."""
        with self._lock:
            self._planned.clear()
        self._chaos = None
        self.released.set()

    def posts(self, path: str = "") -> list[Seen]:
        """The forms that came by."""
        return [one for one in self.seen if one.method == "POST" and path in one.path]

    def choose(self, method: str, path: str) -> str:
        with self._lock:
            for index, (fault, wanted, pattern, times) in enumerate(self._planned):
                if wanted == method and re.match(pattern, path):
                    if times > 1:
                        self._planned[index] = (fault, wanted, pattern, times - 1)
                    else:
                        del self._planned[index]
                    return fault
            return self._chaos(method, path) if self._chaos else ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def handle_one_request(self) -> None:
        with suppress(ConnectionError, TimeoutError):
            super().handle_one_request()

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.choose(self.command, self.path)
        self.proxy.seen.append(Seen(self.command, self.path, body, dict(self.headers.items()), fault))
        self.close_connection = True
        if fault == "hang":
            self.proxy.released.wait(60)
        if fault in ("drop_request", "hang"):
            return
        if self.path in self.proxy.replaced:
            self._answer(200, self.proxy.replaced[self.path], {"Content-Type": "text/javascript"})
        elif fault == "portal":
            self._answer(200, PORTAL)
        elif fault == "redirect":
            self._answer(302, b"", {"Location": "/login"})
        elif fault in ("500", "502"):
            self._answer(int(fault), b"<h1>Bad Gateway</h1>")
        elif fault == "429":
            self._answer(429, b"slow down", {"Retry-After": str(RETRY_AFTER)})
        else:
            self._forward(body, fault)

    def _forward(self, body: bytes, fault: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.target, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        except OSError:
            return  # the server is down: silence
        finally:
            connection.close()
        if fault == "drop_answer":
            return  # done on the server, and nobody hears of it
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP | {"content-length"}]
        self.send_response_only(answer.status, answer.reason)
        for key, value in kept:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == "cut_answer" else content)

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for key, value in {"Content-Type": "text/html", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A browser that went away is no news."""


@contextmanager
def faulty_network(target: int) -> Iterator[Proxy]:
    """A proxy before the server on this port."""
    proxy = Proxy(target=target)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = _Server(("127.0.0.1", 0), handler)
    proxy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.calm()
        server.shutdown()
        server.server_close()
