"""Another client of the live server: how long does it wait for its pages meanwhile?"""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass

PAGES = ("/login", "/static/app.css")
PATIENCE = 10  # seconds


@dataclass
class Visitor:
    """Asks for pages over new connections, which the server's processes share out among themselves."""

    port: int

    def wait(self, path: str) -> float:
        """The time that an answer took, in seconds."""
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, (path, answer.status)
        finally:
            connection.close()
        return time.monotonic() - begun

    def watch(self, seconds: float) -> list[float]:
        """Ask again and again for so long; returns the waits."""
        end = time.monotonic() + seconds
        waits: list[float] = []
        while time.monotonic() < end:
            waits += [self.wait(path) for path in PAGES]
            time.sleep(0.05)
        return waits
