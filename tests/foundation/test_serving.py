"""Requests are read whole, then answered in turn."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from webapp.foundation.serving import IN_MEMORY, InTurn

LONGEST = 3 * IN_MEMORY


def ask(app: InTurn, body: Any, length: int) -> bytes:
    answer = app({"wsgi.input": body, "CONTENT_LENGTH": str(length)}, lambda *_: None)
    whole = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return whole


def echo(environ: dict[str, Any], _: Callable[..., Any]) -> Iterable[bytes]:
    return [environ["wsgi.input"].read()]


@pytest.mark.parametrize("length", [0, 1, IN_MEMORY, IN_MEMORY + 1, LONGEST])
def test_a_body_arrives_whole(length: int) -> None:
    body = bytes(range(256)) * (length // 256) + b"x" * (length % 256)
    assert ask(InTurn(echo, 1, LONGEST), io.BytesIO(body), length) == body


def test_a_body_that_breaks_off_is_handed_on_as_it_is() -> None:
    assert ask(InTurn(echo, 1, LONGEST), io.BytesIO(b"half"), 8) == b"half"


def test_what_is_too_long_is_not_read() -> None:
    def refuse(environ: dict[str, Any], _: Callable[..., Any]) -> Iterable[bytes]:
        return [b"refused"]

    body = io.BytesIO(b"x" * 10)
    assert ask(InTurn(refuse, 1, 5), body, 10) == b"refused"
    assert body.tell() == 0


def test_a_slow_upload_holds_up_nobody() -> None:
    app = InTurn(echo, 1, LONGEST)
    trickle, started = threading.Event(), threading.Event()

    class Slow:
        def read(self, size: int) -> bytes:
            started.set()
            assert trickle.wait(10)
            return b"x" * size

    slow = threading.Thread(target=ask, args=(app, Slow(), 5))
    slow.start()
    assert started.wait(10)
    assert ask(app, io.BytesIO(b"quick"), 5) == b"quick"
    trickle.set()
    slow.join(10)
    assert not slow.is_alive()


def test_one_at_a_time_is_inside() -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def busy(environ: dict[str, Any], _: Callable[..., Any]) -> Iterable[bytes]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.01)
        with lock:
            inside -= 1
        return [b"ok"]

    app = InTurn(busy, 1, LONGEST)
    threads = [threading.Thread(target=ask, args=(app, io.BytesIO(b"x"), 1)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most == 1
