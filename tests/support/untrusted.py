"""Functions for the limited process, which loads this file without the rest of the tests and the app."""

from __future__ import annotations

import os
import time
from pathlib import Path


def reverse(data: bytes) -> bytes:
    return data[::-1]


def hoard(data: bytes) -> bytes:
    return bytes(int(data))


def spin(_: bytes) -> bytes:
    while True:
        pass


def sleep(_: bytes) -> bytes:
    time.sleep(60)
    return b""


def fall(_: bytes) -> bytes:
    os.abort()


def fail(data: bytes) -> bytes:
    raise ValueError(data)


def write(data: bytes) -> bytes:
    return b"%d" % Path(data.decode()).write_bytes(b"written")
