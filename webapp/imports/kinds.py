"""The kinds of ledger that can be brought in: their fields, and the book that their rows are entered in.

A new kind: an entry in ``ImportKind``, a module with its fields and a book (see ``people``), a line in ``KINDS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol, TypeVar

import sqlalchemy as sa

from webapp.directory.posts import Permission
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.private import valid_phone
from webapp.foundation.sheet_reader import Cell, text_of
from webapp.imports.cells import Parser
from webapp.imports.models import ExternalId, ImportKind

T = TypeVar("T")
REF = "external_id"


class Effect(Enum):
    """A row makes a record, changes one, or says what is known already."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True)
class Field:
    """A column that a kind knows. ``synonyms``: how others call it; ``parse`` raises ValueError with the reason."""

    name: str
    label: str
    parse: Parser
    synonyms: tuple[str, ...] = ()
    required: bool = False
    private: bool = False  # a phone: masked wherever it is shown


class Values(dict[str, object]):
    """What the cells of a row say, by field; an empty cell says nothing."""

    def text(self, name: str) -> str:
        """The text of a field; empty if it says nothing."""
        return self.value(name, str) or ""

    def value(self, name: str, kind: type[T]) -> T | None:
        """What the field's parser made of the cell: a ``kind``."""
        found = self.get(name)
        if found is None or isinstance(found, kind):
            return found
        raise TypeError(name)

    def given(self, name: str, kind: type[T]) -> T:
        """The value of a field that every row has."""
        found = self.value(name, kind)
        if found is None:
            raise KeyError(name)
        return found


class Taken(NamedTuple):
    """The record that a row is about, and what the row did."""

    record_id: int
    effect: Effect


class Book(Protocol):
    """What a row is compared with and entered in; opened anew in each transaction."""

    def take(self, values: Values, ref: str) -> Taken:
        """Find the record that a row is about, and enter what is new in it by the services.

        Raises:
            DomainError: the row can't be entered; an Invalid names the field.
        """


class Refs:
    """The ids that records of one kind have in one other system, as they are asked for in one transaction."""

    def __init__(self, source: str, kind: ImportKind) -> None:
        self.source = source
        self._same = {"source": source, "kind": kind}
        self._found: dict[str, int | None] = {}

    def find(self, ref: str) -> int | None:
        """The record with this id."""
        if ref and ref not in self._found:
            query = sa.select(ExternalId.record_id).filter_by(**self._same, external_id=ref)
            self._found[ref] = db.session.scalar(query)
        return self._found.get(ref)

    def is_bound(self, record_id: int) -> bool:
        """Whether a record has an id there; another id is then another record."""
        query = sa.select(ExternalId.id).filter_by(**self._same, record_id=record_id).limit(1)
        return db.session.scalar(query) is not None

    def keep(self, ref: str, record_id: int, batch_id: int) -> None:
        """Remember the id of a record."""
        if ref and self.find(ref) is None:
            row = {**self._same, "external_id": ref, "record_id": record_id, "batch_id": batch_id}
            db.session.execute(sa.insert(ExternalId), row)
            self._found[ref] = record_id


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


class Marks(NamedTuple):
    """How rows of one file may be about the same thing, in words that can be compared without the database.

    A row rests on every earlier row whose ``own`` marks are among its ``own`` or ``needed`` ones. Rows of one ``group``
    rest on the same rows for the most part, so they are tried together.
    """

    own: frozenset[str]
    needed: frozenset[str] = frozenset()
    group: str = ""


def marks(*words: object) -> frozenset[str]:
    """Those of ``words`` that say anything, each with its place, so that a name is never taken for an id."""
    return frozenset(f"{place}:{word}" for place, word in enumerate(words) if word)


def _as_they_stand(_: Values) -> int:
    return 0


@dataclass(frozen=True)
class Kind:
    """A kind of ledger. ``open`` takes the actor, the ids of the other system, and the ids of the records that earlier
    rows of the file were about. ``tier``: rows are taken from the lowest up, where some rest on others of the same file.
    ``columns``: fields of the services, and what the file calls them. ``ref``: the id that every ledger may have, with the
    names that it goes by in this one.
    """

    key: ImportKind
    explained: str
    permission: Permission
    fields: tuple[Field, ...]
    open: Callable[[Actor, Refs, set[int]], Book]
    marks: Callable[[Values], Marks]
    tier: Callable[[Values], int] = _as_they_stand
    columns: Iterable[tuple[str, str]] = ()
    ref: Field = REF_FIELD

    @property
    def all_fields(self) -> Sequence[Field]:
        """The kind's own and the id that every ledger may have."""
        return (*self.fields, self.ref)

    def field(self, name: str) -> Field | None:
        """The field with this name, here or in the services."""
        name = dict(self.columns).get(name, name)
        return next((field for field in self.all_fields if field.name == name), None)
