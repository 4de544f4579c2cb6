"""The kinds of ledger that can be brought in: their fields, and the book that their rows are weighed against.

A new kind: an entry in ``ImportKind``, a module with its fields and a book (see ``people``), a line in ``KINDS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from webapp.directory.posts import Permission
from webapp.foundation.access import Actor
from webapp.foundation.merging import Effect, Known, Target
from webapp.imports.cells import Parser, plain
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


@dataclass(frozen=True)
class Kind:
    """A kind of ledger. ``open`` takes the actor, the source's name, and what is kept of its ids."""

    key: ImportKind
    explained: str
    permission: Permission
    fields: tuple[Field, ...]
    open: Callable[[Actor, str, Known], Book]

    @property
    def all_fields(self) -> Sequence[Field]:
        """The kind's own and the id that every ledger may have."""
        return (*self.fields, _REF_FIELD)

    def field(self, name: str) -> Field | None:
        """The field called so."""
        return next((field for field in self.all_fields if field.name == name), None)


_REF_FIELD = Field(
    REF,
    "原编号",
    plain(100),
    ("编号", "原编号", "工号", "人员编号", "记录编号", "台账编号", "外部编号", "id"),
)
