"""What the forms of this room share: messages, and the values of their selects."""

from __future__ import annotations

from typing import Any

from wtforms.validators import Length

WRITE = "请填写。"
CHOOSE = "请选择一项。"
SHORT = Length(max=40, message="请写在40字以内。")
TEXT = Length(max=300, message="请写在300字以内。")


def number(value: Any) -> int | None:
    """An option's value; the empty option is None."""
    return int(value) if value not in (None, "", "None") else None
