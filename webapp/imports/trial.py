"""What a file would do: each row weighed against what is there, nothing written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.errors import Invalid
from webapp.foundation.merging import Effect, Known, Target
from webapp.foundation.private import mask_phone, scrub
from webapp.foundation.sheet_reader import Cell, Row, Sheet, text_of
from webapp.imports.columns import check
from webapp.imports.kinds import REF, Book, Field, Kind
from webapp.imports.models import ExternalId


@dataclass(frozen=True)
class Wrong:
    """Why a row can't be brought in: which cell, what stands there (phones masked), and the reason."""

    row: int
    column: str
    value: str
    reason: str


@dataclass
class Trial:
    """What came of weighing all rows. ``refs``: ids of the other system that are not kept yet, and their records."""

    book: Book
    counts: Counter[Effect] = field(default_factory=Counter)
    wrong: list[Wrong] = field(default_factory=list)
    wrong_rows: set[int] = field(default_factory=set)
    refs: dict[str, Target] = field(default_factory=dict)

    @property
    def added(self) -> int:
        """Rows that make a record."""
        return self.counts[Effect.NEW]

    @property
    def changed(self) -> int:
        """Rows that change one."""
        return self.counts[Effect.CHANGED]

    @property
    def unchanged(self) -> int:
        """Rows that say what is known."""
        return self.counts[Effect.SAME]

    @property
    def right(self) -> int:
        """Rows that can be brought in."""
        return self.counts.total()


def run(actor: Actor, kind: Kind, source: str, sheet: Sheet, mapping: Mapping[str, int]) -> Trial:
    """Weigh every row.

    Raises:
        Invalid: a field that every row needs has no column.
    """
    check(kind, mapping)
    column = mapping.get(REF)
    refs = {text_of(row.cells[column]) for row in sheet.rows} - {""} if column is not None else set()
    known = known_ids(kind, source, refs)
    trial = Trial(kind.open(actor, source, known))
    fields = [
        (kind_field, mapping[kind_field.name]) for kind_field in kind.all_fields if kind_field.name in mapping
    ]
    right = []
    for row in sheet.rows:
        values, wrong = _values(fields, sheet.header, row)
        if wrong:
            trial.wrong += wrong
        else:
            right.append((kind.tier(values), row, values))
    columns = {known_field.name: column for known_field, column in fields}
    for _, row, values in sorted(right, key=itemgetter(0)):
        try:
            _weigh(trial, values, known)
        except Invalid as error:
            trial.wrong.append(_about(error, kind, columns, sheet.header, row))
    trial.wrong.sort(key=attrgetter("row"))
    trial.wrong_rows = {wrong.row for wrong in trial.wrong}
    return trial


def known_ids(kind: Kind, source: str, wanted: Set[str]) -> Known:
    """What is kept of a source's ids; ``wanted`` are those that the file names."""
    query = sa.select(ExternalId.external_id, ExternalId.record_id)
    rows = db.session.execute(query.where(ExternalId.source == source, ExternalId.kind == kind.key)).all()
    refs = {row.external_id: row.record_id for row in rows if row.external_id in wanted}
    return Known(refs, {row.record_id for row in rows})


def _weigh(trial: Trial, values: dict[str, Any], known: Known) -> None:
    ref = values.pop(REF, "")
    target, effect = trial.book.weigh(values, ref)
    trial.counts[effect] += 1
    if ref and ref not in known.refs:
        trial.refs[ref] = target


def _values(
    fields: Sequence[tuple[Field, int]], header: Sequence[str], row: Row
) -> tuple[dict[str, Any], list[Wrong]]:
    """What the cells say; empty ones say nothing."""
    values: dict[str, Any] = {}
    wrong = []
    for known, column in fields:
        cell = row.cells[column]
        if cell == "":
            if known.required:
                wrong.append(Wrong(row.number, header[column], "", "这一格不能空。"))
            continue
        try:
            values[known.name] = known.parse(cell)
        except ValueError as error:
            wrong.append(Wrong(row.number, header[column], shown(cell, known), str(error)))
    return values, wrong


def _about(error: Invalid, kind: Kind, columns: Mapping[str, int], header: Sequence[str], row: Row) -> Wrong:
    """The refusal of a whole row, at the cell that it is about."""
    known = kind.field(error.field)
    column = columns.get(error.field)
    if column is None or known is None:
        return Wrong(row.number, known.label if known else "", "", error.message)
    return Wrong(row.number, header[column], shown(row.cells[column], known), error.message)


def shown(cell: Cell, known: Field | None = None) -> str:
    """A cell for the screen: short, phones masked."""
    text = text_of(cell)
    text = mask_phone(text) if known and known.private else scrub(text)
    return text if len(text) <= 30 else f"{text[:29]}…"
