"""Senders that are slow, silent or break off: they hold up nobody, and nothing is done by halves."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import sqlalchemy as sa

from tests.support.live import Live
from tests.support.visitor import Visitor
from webapp.extensions import db
from webapp.residents.models import Feedback

SENDERS = 64
HEAD = b"POST /login HTTP/1.1\r\nHost: desk\r\nContent-Type: application/x-www-form-urlencoded\r\n"
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
        waits = Visitor(live.port).watch(2)
    assert len(waits) > 20
    assert max(waits) < 1


def feedback_form(live: Live) -> tuple[dict[str, str], dict[str, str]]:
    """The fields of a resident's feedback, with the headers that they need."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)
    connection.request("GET", "/feedback")
    answer = connection.getresponse()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    assert token
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    connection.close()
    fields = {
        "csrf_token": token[1],
        "submission_id": str(uuid.uuid4()),
        "unit_id": "0",
        "kind": "suggestion",
        "text": "建议" * 100,
    }
    return fields, {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}


def feedbacks(live: Live) -> list[str]:
    with live.app.app_context():
        found = list(db.session.scalars(sa.select(Feedback.text)))
        db.session.remove()
    return found


@pytest.mark.parametrize("chunked", [False, True])
def test_what_breaks_off_is_not_recorded(live: Live, chunked: bool) -> None:
    fields, headers = feedback_form(live)
    body = urllib.parse.urlencode(fields).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
    if chunked:
        head += b"Transfer-Encoding: chunked\r\n\r\n"
        sent = f"{len(body) - 30:x}\r\n".encode() + body[:-30] + b"\r\n"
    else:
        head += f"Content-Length: {len(body)}\r\n\r\n".encode()
        sent = body[:-30]
    before = feedbacks(live)
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as sender:
        sender.sendall(b"POST /feedback HTTP/1.1\r\nHost: desk\r\n" + head + sent)
        sender.shutdown(socket.SHUT_WR)
        assert sender.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert feedbacks(live) == before
    # The same, whole, is taken.
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)
    connection.request("POST", "/feedback", body, headers)
    assert connection.getresponse().status == 303
    connection.close()
    assert sorted(feedbacks(live)) == sorted([*before, fields["text"]])
