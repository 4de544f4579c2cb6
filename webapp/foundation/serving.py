"""Puts the app behind an ASGI server: a request is read whole before a thread answers it.

A WSGI server gives a thread to each request before its body has arrived, so a handful of slow phones, or one hostile
sender, takes all of them. Here a body that trickles in costs a connection and a file, within limits on time and size.
Only whole requests get a thread, and large ones have threads of their own: whatever decoding an upload costs, pages are
answered meanwhile.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, NotRequired, Self, TypedDict
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

# A phone in a stairwell may lose its signal for a while; what stays silent for longer has gone.
SILENCE_SECONDS = 30
# The slowest uplink measured in the field gave 10 kB/s; a tenth of that is still served.
GRACE_SECONDS = 30
LEAST_RATE = 1000  # bytes a second, on the whole, after the grace
# Three photos of 10 MB at 35 kB/s. Nobody watches a form that long.
LONGEST_SECONDS = 15 * 60
# Forms are smaller. Anything larger is an upload: it waits in a file and is answered by the threads for uploads.
LARGE = 64 * 1024
# All unfinished and unanswered uploads of a process together, in bytes: a full disk would stop the database.
UPLOADS_HELD = 512 * 1024 * 1024
# The largest form (a batch of decisions) has some hundred fields. Parsing takes 1.5 µs for each, and holds up others.
MAX_FIELDS = 2_000
# An answer longer than this is sent in parts of about this size.
PART = 256 * 1024


class Scope(TypedDict):
    """The parts of an ASGI scope used here."""

    type: str
    http_version: str
    method: str
    scheme: str
    raw_path: bytes
    query_string: bytes
    headers: Iterable[tuple[bytes, bytes]]
    server: tuple[str, int]
    client: tuple[str, int]


class Message(TypedDict):
    """A part of a request or an answer."""

    type: str
    body: NotRequired[bytes]
    more_body: NotRequired[bool]
    status: NotRequired[int]
    headers: NotRequired[list[tuple[bytes, bytes]]]


Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Unreadable(Exception):
    """The request did not arrive whole and in time, or asks for too much."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Server:
    """``app`` as an ASGI application.

    Args:
        app: the WSGI application.
        longest: the longest body that is read, in bytes; the app is told the length of a longer one, to refuse it.
        threads: how many requests are answered at the same time.
        upload_threads: how many large requests are answered at the same time, beside the others.
    """

    def __init__(self, app: WSGIApplication, longest: int, threads: int, upload_threads: int) -> None:
        self._app, self._longest = app, longest
        self._threads = ThreadPoolExecutor(threads, "page")
        self._upload_threads = ThreadPoolExecutor(upload_threads, "upload")
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        environ = _environ(scope)
        with _Body() as body:
            try:
                await self._read(environ, receive, body)
                large = LARGE < body.size <= self._longest
                await _answer(self._app, environ, self._upload_threads if large else self._threads, send)
            except Unreadable as error:
                await _refuse(error, send)
            finally:
                self._held -= body.held

    async def _read(self, environ: WSGIEnvironment, receive: Receive, body: _Body) -> None:
        chunked, length = environ.pop("HTTP_TRANSFER_ENCODING", None), environ.get("CONTENT_LENGTH")
        announced = None if length is None else int(length)
        if announced is not None and announced > self._longest:
            return  # Flask refuses it by that length; it need not be read
        if not (chunked or announced):
            return
        form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        fields = 1
        async for part in _parts(receive, body):
            if body.size + len(part) > self._longest:
                environ["CONTENT_LENGTH"] = str(self._longest + 1)
                return
            self._held += body.add(part)
            if self._held > UPLOADS_HELD:
                raise Unreadable(503, "现在上传的人太多，这次没有提交。请稍后再试。")
            fields += part.count(b"&") if form else 0
            if fields > MAX_FIELDS:
                raise Unreadable(413, "提交的内容太多，这次没有提交。")
        if announced not in (None, body.size):
            raise Unreadable(400, CUT)
        environ["CONTENT_LENGTH"] = str(body.size)
        environ["wsgi.input"] = body.whole()


CUT = "内容没有传完，这次没有提交。请再试一次。"


class _Body:
    """A request body as it arrives."""

    def __init__(self) -> None:
        self.size = 0
        self.held = 0  # of that, what counts as an upload
        self._file = SpooledTemporaryFile(LARGE)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, part: bytes) -> int:
        """Append a part; returns how much larger the upload has become."""
        self._file.write(part)
        self.size += len(part)
        before, self.held = self.held, self.size if self.size > LARGE else 0
        return self.held - before

    def whole(self) -> SpooledTemporaryFile[bytes]:
        """The file, to be read from its start."""
        self._file.seek(0)
        return self._file


async def _parts(receive: Receive, body: _Body) -> AsyncIterator[bytes]:
    """The parts of a body, while the sender keeps up the minimum rate.

    Raises:
        Unreadable: the sender hung up, or is too slow.
    """
    now = asyncio.get_running_loop().time
    begun = now()
    more = True
    while more:
        least = min(GRACE_SECONDS + body.size / LEAST_RATE, LONGEST_SECONDS)
        try:
            async with asyncio.timeout_at(min(now() + SILENCE_SECONDS, begun + least)):
                message = await receive()
        except TimeoutError:
            raise Unreadable(408, "网络太慢，内容没有传完，这次没有提交。请再试一次。") from None
        if message["type"] == "http.disconnect":
            raise Unreadable(400, CUT)
        more = message.get("more_body", False)
        yield message.get("body", b"")


def _environ(scope: Scope) -> WSGIEnvironment:
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name:
            continue  # X_Forwarded_For would pass for X-Forwarded-For
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        if key in environ:
            value = f"{environ[key]}{';' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value
    return environ


class _Answer:
    """The app's response to one request. Its methods run the app and belong on a worker thread."""

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        self._app, self._environ = app, environ
        self._chunks: Iterable[bytes] = ()
        self._rest: Iterator[bytes] = iter(())
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.ended = False

    def begin(self) -> bytes:
        """Call the app; returns the first part of the answer."""
        self._chunks = self._app(self._environ, self._start)
        self._rest = iter(self._chunks)
        return self.part()

    def part(self) -> bytes:
        """The next part of the answer; with the last one, ``ended`` is set."""
        chunks: list[bytes] = []
        size = 0
        for chunk in self._rest:
            chunks.append(chunk)
            size += len(chunk)
            if size >= PART:
                break
        else:
            self.end()
        return b"".join(chunks)

    def end(self) -> None:
        """Release what the app holds open for this response."""
        self.ended = True
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        self.status = int(status[:3])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return _no_write


def _no_write(_: bytes) -> None:
    raise NotImplementedError("Flask returns its answers")


async def _answer(
    app: WSGIApplication, environ: WSGIEnvironment, threads: ThreadPoolExecutor, send: Send
) -> None:
    loop = asyncio.get_running_loop()
    answer = _Answer(app, environ)
    try:
        part = await loop.run_in_executor(threads, answer.begin)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        while not answer.ended:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            part = await loop.run_in_executor(threads, answer.part)
        await send({"type": "http.response.body", "body": part, "more_body": False})
    finally:
        if not answer.ended:
            await loop.run_in_executor(threads, answer.end)


async def _refuse(error: Unreadable, send: Send) -> None:
    body = error.message.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
