"""A function of ours on a stranger's file, in a process that can harm nothing but itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.untrusted import fail, fall, hoard, reverse, sleep, spin, write
from webapp.foundation import limited

MEMORY = 200 * 1024 * 1024


def test_it_returns_what_the_function_returns() -> None:
    data = bytes(range(256)) * 10_000
    assert limited.call(reverse, data, memory=MEMORY, seconds=5) == data[::-1]
    assert len(limited.call(hoard, b"%d" % (MEMORY // 4), memory=MEMORY, seconds=5)) == MEMORY // 4


@pytest.mark.parametrize("function", [hoard, spin, sleep, fall, fail])
def test_a_function_that_oversteps_is_stopped(function: limited.Function) -> None:
    begun = time.monotonic()
    with pytest.raises(limited.Overrun):
        limited.call(function, b"%d" % MEMORY, memory=MEMORY, seconds=1)
    assert time.monotonic() - begun < 5


def test_it_writes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with pytest.raises(limited.Overrun):
        limited.call(write, bytes(file), memory=MEMORY, seconds=5)
    assert file.read_bytes() == b""
