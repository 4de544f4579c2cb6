"""The file of an SQLite database: created private and synced; its loss is noticed.

A process that has the file open can go on writing when it is deleted or replaced, and everything it acknowledges is lost
with its last connection. So each process remembers which file it found under the name, and uses no other until it is
started again.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, event
from sqlalchemy.engine import Engine

from webapp.disk import make_file
from webapp.foundation.errors import Unavailable

log = logging.getLogger(__name__)
_found: dict[str, tuple[int, int] | None] = {}  # device and inode, by path


@event.listens_for(Engine, "do_connect")
def _before_connecting(dialect: Dialect, _: object, arguments: list[Any], __: object) -> None:
    """Create the file ourselves: SQLite would make it world-readable and not sync its name."""
    if dialect.name != "sqlite" or arguments[0] == ":memory:":
        return
    path = arguments[0]
    if path in _found:
        require_file(path)
    else:
        make_file(Path(path))
        _found[path] = _identity(path)


def require_file(path: str | None) -> None:
    """Raise if the database file is not the one this process opened first.

    Raises:
        Unavailable: it was deleted or replaced.
    """
    found = _found.get(os.path.abspath(path)) if path else None  # noqa: PTH100 - once in each transaction
    if path and found and _identity(path) != found:
        log.error("the database's file %s was deleted or replaced; put it back, then restart the app", path)
        raise Unavailable(
            "数据库文件不见了或被换过，现在什么都没有保存。请告诉管理员；内容请先留着，稍后再提交。"
        )


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - once in each transaction
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
