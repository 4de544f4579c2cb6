"""Senders that are slow, silent or break off: they hold up nobody, and nothing is done by halves."""

from __future__ import annotations

import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import sqlalchemy as sa

from tests.support.live import Live
from tests.support.visitor import Visitor
from webapp.extensions import db
from webapp.residents.models import Feedback

SENDERS = 64
FORM = "application/x-www-form-urlencoded"
HEAD = b"POST /login HTTP/1.1\r\nHost: desk\r\nContent-Type: " + FORM.encode() + b"\r\n"
# What is sent at once, and what follows again and again.
KINDS = {
    "half a header": (HEAD, b"X-More: 1\r\n"),
    "announced and silent": (HEAD + b"Content-Length: 500\r\n\r\n", b""),
    "chunked and silent": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b""),
    "announced and dripping": (HEAD + b"Content-Length: 500\r\n\r\n", b"a"),
    "chunked and dripping": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
}


@contextmanager
def senders(port: int, head: bytes, drip: bytes) -> Iterator[None]:
    """Keep that many connections busy."""
    enough = threading.Event()
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(SENDERS)]

        def send() -> None:
            while not enough.wait(0.2):
                for one in sockets:
                    one.sendall(drip)

        for one in sockets:
            one.sendall(head)
        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()


@pytest.mark.parametrize("kind", KINDS)
def test_slow_senders_hold_up_nobody(kind: str, live: Live) -> None:
    with senders(live.port, *KINDS[kind]):
        time.sleep(0.5)
        with Visitor(live.port).watching() as waits:
            time.sleep(2)
    assert len(waits) > 20
    assert max(waits) < 1


@pytest.mark.parametrize("header", ["Cookie: ", "X-Long: "])
def test_headers_that_are_too_long_are_refused(live: Live, header: str) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as sender:
        sender.sendall(f"GET /login HTTP/1.1\r\nHost: desk\r\n{header}{'a=b;' * 50_000}\r\n\r\n".encode())
        assert sender.recv(1000).startswith(b"HTTP/1.1 431 ")


def feedbacks(live: Live) -> list[str]:
    with live.app.app_context():
        found = list(db.session.scalars(sa.select(Feedback.text)))
        db.session.remove()
    return found


@pytest.mark.parametrize("chunked", [False, True])
def test_what_breaks_off_is_not_recorded(live: Live, chunked: bool) -> None:
    resident = Visitor(live.port)
    text = "建议" * 100
    fields = {**resident.fields("/feedback"), "unit_id": "0", "kind": "suggestion", "text": text}
    body = urllib.parse.urlencode(fields).encode()
    head = f"POST /feedback HTTP/1.1\r\nHost: desk\r\nCookie: {resident.cookie}\r\nContent-Type: {FORM}\r\n"
    if chunked:
        head += f"Transfer-Encoding: chunked\r\n\r\n{len(body) - 30:x}\r\n"
    else:
        head += f"Content-Length: {len(body)}\r\n\r\n"
    before = feedbacks(live)
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as sender:
        sender.sendall(head.encode() + body[:-30])
        sender.shutdown(socket.SHUT_WR)
        assert sender.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert feedbacks(live) == before
    # The same, whole, is taken.
    assert resident.ask("/feedback", body, {"Content-Type": FORM})[0] == 303
    assert sorted(feedbacks(live)) == sorted([*before, text])
