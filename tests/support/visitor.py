"""Clients of the live server without a browser."""

from __future__ import annotations

import http.client
import re
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from werkzeug.test import encode_multipart

PAGES = ("/login", "/static/app.css")
PATIENCE = 60  # seconds


class Visitor:
    """Asks over new connections, which the server's processes share out among themselves."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port, self.cookie = port, cookie

    def ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """The status and text of an answer; a body is posted. A cookie that is set is kept."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            sent = {**(headers or {}), **({"Cookie": self.cookie} if self.cookie else {})}
            connection.request("GET" if body is None else "POST", path, body, sent)
            answer = connection.getresponse()
            self.cookie = (answer.getheader("Set-Cookie") or self.cookie).split(";")[0]
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def fields(self, page: str) -> dict[str, str]:
        """What a form of this page must carry."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask(page)[1])
        assert token
        return {"csrf_token": token[1], "submission_id": str(uuid.uuid4())}

    def send(self, path: str, fields: Mapping[str, object], page: str = "") -> tuple[int, str]:
        """Fill in and send the form of a page, which may have another address than the form."""
        values = {**self.fields(page or path), **fields}
        boundary, body = encode_multipart(values)
        return self.ask(path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def wait(self, path: str) -> float:
        """How long a page takes, in seconds."""
        begun = time.monotonic()
        assert self.ask(path)[0] == 200
        return time.monotonic() - begun

    @contextmanager
    def watching(self) -> Iterator[list[float]]:
        """Ask for pages meanwhile, again and again; yields how long each took."""
        enough, waits = threading.Event(), list[float]()

        def watch() -> None:
            while not enough.wait(0.05) or not waits:
                waits.extend(map(self.wait, PAGES))

        self.wait(PAGES[0])  # a server that was started a moment ago is still loading
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield waits
        finally:
            enough.set()
            watcher.join()
