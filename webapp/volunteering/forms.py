"""What the forms of this room share: messages and lengths."""

from __future__ import annotations

from wtforms.validators import Length

WRITE = "请填写。"
CHOOSE = "请选择一项。"
SHORT = Length(max=40, message="请写在40字以内。")
TEXT = Length(max=300, message="请写在300字以内。")
