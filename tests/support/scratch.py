"""Where the tests' databases and files lie: in memory where there is room for them."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
ROOM = 4_000_000_000  # bytes; a whole run takes less than half of it


@cache
def scratch() -> Path:
    """A folder for temporary files, in memory if possible: making and dropping databases is most of the tests' work.

    Containers often have an ``/dev/shm`` of a few megabytes; the usual temporary folder serves then.
    """
    if os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ROOM:
        return IN_MEMORY
    return Path(tempfile.gettempdir())
