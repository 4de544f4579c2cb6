"""A request is read whole, within its time and size, before the app sees any of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import pytest

from webapp.foundation import serving
from webapp.foundation.serving import LARGE, MAX_FIELDS, PART, Message, Scope, Server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

T = TypeVar("T")
LONGEST = 3 * LARGE
FORM = (b"content-type", b"application/x-www-form-urlencoded")
CHUNKED = (b"transfer-encoding", b"chunked")
Header = tuple[bytes, bytes]


def scope(headers: Iterable[Header] = (), raw_path: bytes = b"/") -> Scope:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "raw_path": raw_path,
        "query_string": b"q=1",
        "headers": headers,
        "server": ("127.0.0.1", 8000),
        "client": ("10.0.0.7", 50000),
    }


async def whole(*parts: bytes) -> AsyncIterator[Message]:
    for part in parts:
        yield {"type": "http.request", "body": part, "more_body": True}
    yield {"type": "http.request", "body": b"", "more_body": False}


async def cut(*parts: bytes) -> AsyncIterator[Message]:
    for part in parts:
        yield {"type": "http.request", "body": part, "more_body": True}
    yield {"type": "http.disconnect"}


async def silent(*parts: bytes) -> AsyncIterator[Message]:
    for part in parts:
        yield {"type": "http.request", "body": part, "more_body": True}
    await asyncio.sleep(60)


async def dripping() -> AsyncIterator[Message]:
    while True:
        await asyncio.sleep(0.01)
        yield {"type": "http.request", "body": b"x", "more_body": True}


def run(coroutine: Coroutine[object, object, T]) -> T:
    """What the coroutine returns. In a thread: the driver of browsers leaves a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def ask(server: Server, request: Scope, body: AsyncIterator[Message]) -> tuple[int, bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await server(request, body.__anext__, send)
    return sent[0]["status"], b"".join(message["body"] for message in sent[1:])


def answer(
    app: WSGIApplication, headers: Iterable[Header], body: AsyncIterator[Message]
) -> tuple[int, bytes]:
    return run(ask(Server(app, LONGEST, 1, 1), scope(headers), body))


def echo(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [])
    return [environ["wsgi.input"].read()]


def never(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    raise AssertionError("the app must not see this request")


def length(size: int) -> Header:
    return (b"content-length", str(size).encode())


@pytest.mark.parametrize("size", [0, 1, LARGE, LARGE + 1, LONGEST])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_arrives_whole(size: int, announced: bool) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    middle = size // 2
    headers = [length(size)] if announced else [CHUNKED]
    assert answer(echo, headers, whole(body[:middle], body[middle:])) == (200, body)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([length(10)], cut(b"amount=20")),
        ([CHUNKED], cut(b"amount=20")),
        ([CHUNKED], cut()),
        ([length(10)], whole(b"amount=20")),
    ],
)
def test_a_body_that_breaks_off_is_refused(headers: list[Header], body: AsyncIterator[Message]) -> None:
    status, text = answer(never, headers, body)
    assert (status, "没有传完" in text.decode()) == (400, True)


@pytest.mark.parametrize("headers", [[length(1000)], [CHUNKED]])
@pytest.mark.parametrize("body", [silent, lambda: silent(b"x" * 100), dripping])
def test_a_body_that_takes_too_long_is_refused(
    headers: list[Header], body: Callable[[], AsyncIterator[Message]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(serving, "GRACE_SECONDS", 0.2)
    assert answer(never, headers, body())[0] == 408


def test_a_slow_body_that_keeps_moving_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GRACE_SECONDS", 0.5)

    async def steady() -> AsyncIterator[Message]:
        for _ in range(10):
            await asyncio.sleep(0.1)
            yield {"type": "http.request", "body": b"x" * 500, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    assert answer(echo, [CHUNKED], steady()) == (200, b"x" * 5000)


def test_no_body_takes_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "LONGEST_SECONDS", 0.1)
    monkeypatch.setattr(serving, "LEAST_RATE", 1)
    assert answer(never, [CHUNKED], dripping())[0] == 408


def told(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [])
    return [environ["CONTENT_LENGTH"].encode(), b" ", environ["wsgi.input"].read()]


def test_the_app_is_told_how_long_a_body_is_that_is_too_long() -> None:
    assert answer(told, [length(LONGEST + 5)], silent()) == (200, f"{LONGEST + 5} ".encode())
    endless = (b"x" * LARGE for _ in range(100))
    assert answer(told, [CHUNKED], silent(*endless)) == (200, f"{LONGEST + 1} ".encode())


@pytest.mark.parametrize(("fields", "status"), [(MAX_FIELDS, 200), (MAX_FIELDS + 1, 413)])
def test_a_form_has_a_limited_number_of_fields(fields: int, status: int) -> None:
    body = b"&".join([b"a="] * fields)
    assert answer(echo, [FORM, length(len(body))], whole(body))[0] == status


def test_uploads_share_a_limited_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "UPLOADS_HELD", 3 * LARGE)
    upload, form = b"x" * 2 * LARGE, b"x" * LARGE

    async def crowd() -> list[int]:
        server = Server(echo, LONGEST, 1, 1)
        waiting = asyncio.create_task(ask(server, scope([CHUNKED]), silent(upload)))
        await asyncio.sleep(0.05)
        refused, _ = await ask(server, scope([CHUNKED]), whole(upload))
        small, _ = await ask(server, scope([CHUNKED]), whole(form))
        waiting.cancel()
        await asyncio.wait([waiting])
        later, _ = await ask(server, scope([CHUNKED]), whole(upload))
        return [refused, small, later]

    assert run(crowd()) == [503, 200, 200]


def test_an_upload_that_is_being_answered_holds_up_no_page() -> None:
    entered, release = threading.Event(), threading.Event()

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if int(environ.get("CONTENT_LENGTH") or 0) > LARGE:
            entered.set()
            assert release.wait(10)
        start("200 OK", [])
        return [b"ok"]

    async def both() -> None:
        server = Server(app, LONGEST, 1, 1)
        upload = asyncio.create_task(ask(server, scope([CHUNKED]), whole(b"x" * 2 * LARGE)))
        assert await asyncio.to_thread(entered.wait, 10)
        assert await ask(server, scope(), whole()) == (200, b"ok")
        assert not upload.done()
        release.set()
        assert await upload == (200, b"ok")

    run(both())


def test_the_app_sees_the_request_as_it_was_sent() -> None:
    seen: WSGIEnvironment = {}

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        seen.update(environ)
        start("204 No Content", [])
        return []

    headers = [
        (b"host", b"desk.example"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"x-forwarded-for", b"10.0.0.2"),
        (b"x_forwarded_for", b"6.6.6.6"),
        (b"x-odd", b"\xff"),
    ]
    request = scope(headers, raw_path=b"/a%2Fb/%E4%B8%AD%00")
    assert run(ask(Server(app, LONGEST, 1, 1), request, whole())) == (204, b"")
    assert seen["PATH_INFO"].encode("latin-1") == "/a/b/中\0".encode()
    assert seen["QUERY_STRING"] == "q=1"
    assert (seen["HTTP_HOST"], seen["REMOTE_ADDR"], seen["HTTP_X_ODD"]) == (
        "desk.example",
        "10.0.0.7",
        "\xff",
    )
    assert seen["HTTP_COOKIE"] == "a=1;b=2"
    assert seen["HTTP_X_FORWARDED_FOR"] == "10.0.0.1,10.0.0.2"


def test_a_long_answer_is_sent_in_parts_and_closed() -> None:
    closed = []

    def chunks() -> Iterator[bytes]:
        try:
            for _ in range(10):
                yield b"x" * (PART // 2)
        finally:
            closed.append(True)

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [])
        return chunks()

    assert answer(app, [], whole()) == (200, b"x" * (5 * PART))
    assert closed == [True]
