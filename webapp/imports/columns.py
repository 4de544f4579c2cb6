"""Which column holds which field: guessed from the names above the columns, and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from webapp.foundation.errors import Invalid
from webapp.imports.kinds import Kind


def guess(kind: Kind, header: Sequence[str]) -> dict[str, int]:
    """Field → column. A name that is a field's own goes before one that only holds it; a column is used once."""
    names = [_bare(name) for name in header]
    claims = []
    for order, field in enumerate(kind.all_fields):
        for nth, word in enumerate(map(_bare, (field.label, *field.synonyms))):
            for column, name in enumerate(names):
                if name == word:
                    claims.append((0, nth, order, column, field.name))
                elif len(word) > 1 and word in name:
                    claims.append((1, -len(word), order, column, field.name))
    found: dict[str, int] = {}
    for *_, column, name in sorted(claims):
        if name not in found and column not in found.values():
            found[name] = column
    return found


def _bare(name: str) -> str:
    """Without what stands in brackets (必填), blanks, stars and colons."""
    return re.sub(r"[（(\[【].*?[)）\]】]|[\s*＊:：]+", "", name).casefold()


def check(kind: Kind, mapping: Mapping[str, int]) -> None:
    """What every row needs must have its column.

    Raises:
        Invalid: a field that every row needs has no column.
    """
    missing = [field.label for field in kind.all_fields if field.required and field.name not in mapping]
    if missing:
        raise Invalid(f"还要指明哪一列是{'、'.join(missing)}。")
