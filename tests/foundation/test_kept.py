from __future__ import annotations

from flask import Flask

from webapp.foundation.kept import Kept


def test_what_is_kept_is_read_once_until_forgotten(app: Flask) -> None:
    seen: list[int] = []

    @Kept
    def size() -> int:
        seen.append(1)
        return len(seen)

    assert (size(), size()) == (1, 1)
    size.forget()
    assert size() == 2
