"""Runs a function on a stranger's file in a process of its own, with limits on memory and time.

A damaged or hostile file may make any decoder fall over, run for minutes or ask for more memory than there is. Here that
costs one refusal: the thread that waits holds nothing that others need, and the process gives way to those that answer
pages. Starting it takes some 20 ms, and what the function's module imports.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location

Function = Callable[[bytes], bytes]

POLITENESS = 10  # of 19; what answers pages goes first


class Overrun(Exception):
    """The function exceeded its limits or fell over."""


def call(function: Function, data: bytes, *, memory: int, seconds: int) -> bytes:
    """What ``function`` returns for ``data``.

    Args:
        function: at the top of a module that imports nothing of this app when it is loaded. That would take longer than
            most decoding.
        data: the file, of any content.
        memory: address space in bytes.
        seconds: of CPU time; as much again is granted for waiting.

    Raises:
        Overrun: see there.
    """
    code = function.__code__
    command = [sys.executable, "-I", __file__, code.co_filename, code.co_name, str(memory), str(seconds)]
    try:
        done = subprocess.run(  # noqa: S603 - our own file, no shell
            command, input=data, capture_output=True, timeout=seconds * 2, check=True
        )
    except subprocess.SubprocessError as error:
        raise Overrun from error
    return done.stdout


def _main(path: str, name: str, memory: int, seconds: int) -> None:
    os.nice(POLITENESS)
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Function = getattr(module, name)
    sys.stdout.buffer.write(function(sys.stdin.buffer.read()))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
