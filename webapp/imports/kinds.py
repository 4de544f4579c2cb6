"""The kinds of ledger that can be brought in: their fields, and the book that their rows are weighed against.

A new kind: an entry in ``ImportKind``, a module with its fields and a book (see ``people``), a line in ``KINDS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from webapp.directory.posts import Permission
from webapp.foundation.access import Actor
from webapp.foundation.merging import Effect, Known, Target
from webapp.foundation.private import valid_phone
from webapp.foundation.sheet_reader import Cell, text_of
from webapp.imports.cells import Parser
from webapp.imports.models import ImportKind

REF = "external_id"


@dataclass(frozen=True)
class Field:
    """A column that a kind knows. ``synonyms``: how others call it; ``parse`` raises ValueError with the reason."""

    name: str
    label: str
    parse: Parser
    synonyms: tuple[str, ...] = ()
    required: bool = False
    private: bool = False  # a phone: masked wherever it is shown


class Book(Protocol):
    """What is there already, read once."""

    def weigh(self, values: Mapping[str, Any], ref: str) -> tuple[Target, Effect]:
        """Which record a row is about and what it does to it. Raises Invalid with the field's name."""

    def write(self) -> None:
        """Write what the rows weighed so far came to, inside the caller's transaction."""


def ref(cell: Cell) -> str:
    """An id of the other system. It is kept as it is, so it must not be one of a person: no ID number, no phone."""
    text = text_of(cell)
    if _ID_NUMBER.fullmatch(text) or valid_phone(text):
        raise ValueError("编号不能用身份证号或电话，请换成原系统的编号，或把这一列设为不导入。")
    if len(text) > LONGEST_REF:
        raise ValueError(f"最多{LONGEST_REF}个字。")
    return text


_ID_NUMBER = re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]")
LONGEST_REF = 100
REF_FIELD = Field(REF, "原编号", ref, ("编号", "工号", "人员编号", "记录编号", "台账编号", "外部编号", "id"))


def as_they_stand(_: Mapping[str, Any]) -> int:
    """That no row of a kind has to wait for another."""
    return 0


@dataclass(frozen=True)
class Kind:
    """A kind of ledger. ``open`` takes the actor, the source's name, and what is kept of its ids. ``tier``: rows are
    weighed from the lowest up, for those that rest on other rows of the same file. ``ref``: the id that every ledger may
    have, with the names that it goes by in this one.
    """

    key: ImportKind
    explained: str
    permission: Permission
    fields: tuple[Field, ...]
    open: Callable[[Actor, str, Known], Book]
    tier: Callable[[Mapping[str, Any]], int] = as_they_stand
    ref: Field = REF_FIELD

    @property
    def all_fields(self) -> Sequence[Field]:
        """The kind's own and the id that every ledger may have."""
        return (*self.fields, self.ref)

    def field(self, name: str) -> Field | None:
        """The field called so."""
        return next((field for field in self.all_fields if field.name == name), None)
