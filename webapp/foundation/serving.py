"""How a process works off its requests: in turn, while others wait for their phones.

Threads that run Python side by side only take it from each other (two of them serve a third less than one). Yet a photo
that trickles in over a weak signal must not hold up everybody: so a request is read whole first, by any of the server's
threads, and then waits for its turn. On PostgreSQL a turn also waits for the database's answers, so there are several.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable
from threading import Lock, Semaphore
from typing import Any

from werkzeug.wsgi import ClosingIterator

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
IN_MEMORY = 512 * 1024  # a longer body waits in a file, in bytes
CHUNK = 64 * 1024


class InTurn:
    """``app``, with at most ``turns`` requests at a time inside it. What is streamed goes out after the turn."""

    def __init__(self, app: Application, turns: int, longest: int) -> None:
        self._app, self._longest = app, longest
        self._turn = Lock() if turns == 1 else Semaphore(turns)  # a plain lock changes hands much quicker

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Read the request, then answer it."""
        length = environ.get("CONTENT_LENGTH") or ""
        # What is too long is refused by its announced length; it need not be read.
        if not length.isdecimal() or not 0 < int(length) <= self._longest:
            return self._answer(environ, start_response)
        body = environ["wsgi.input"] = _read(environ["wsgi.input"], int(length))
        answer = self._answer(environ, start_response)
        return answer if isinstance(body, io.BytesIO) else ClosingIterator(answer, body.close)

    def _answer(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._turn:
            return self._app(environ, start_response)


def _read(body: Any, length: int) -> Any:
    whole: Any = io.BytesIO() if length <= IN_MEMORY else tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer
    while length > 0:
        part = body.read(min(length, CHUNK))
        if not part:
            break  # the phone hung up; Flask finds the rest missing
        whole.write(part)
        length -= len(part)
    whole.seek(0)
    return whole
