"""What stands between the app and PostgreSQL, and can fail: told to, it cuts the connection when a change commits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SOCKET = ".s.PGSQL.5432"


class Wire:
    """A socket in ``folder`` that passes on to the server's in ``target``.

    ``cut`` says when to fail, once: "before" the server sees the COMMIT of a change, or "after" it answered, unheard.
    """

    def __init__(self, folder: Path, target: Path) -> None:
        self.folder, self.cut, self.cuts = folder, "", 0
        self._target = target
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._target / SOCKET))
                self._open += [near, far]
                threading.Thread(target=self._ask, args=(near, far), daemon=True).start()
                threading.Thread(target=self._answer, args=(near, far), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket) -> None:
        changes = False
        with suppress(OSError):
            while data := near.recv(65536):
                changes = changes or b"INSERT" in data
                if changes and b"COMMIT" in data:
                    changes = False
                    if self.cut == "before":
                        break
                    if self.cut == "after":
                        self.cut = "at the answer"
                far.sendall(data)
        self._hang_up(near, far)

    def _answer(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while data := far.recv(65536):
                if self.cut == "at the answer":
                    break
                near.sendall(data)
        self._hang_up(near, far)

    def _hang_up(self, *ends: socket.socket) -> None:
        if self.cut in ("before", "at the answer"):
            self.cut = ""
            self.cuts += 1
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def drop_all(self) -> None:
        """Cut every connection, as a restart of PostgreSQL does."""
        self._hang_up(*self._open)

    def close(self) -> None:
        """Take the wire away."""
        self._listener.close()
        self.drop_all()


@contextmanager
def wire(folder: Path, target: Path) -> Iterator[Wire]:
    """A wire to the server whose socket lies in ``target``."""
    made = Wire(folder, target)
    try:
        yield made
    finally:
        made.close()
