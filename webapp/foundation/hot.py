"""The few questions that nearly every request asks: compiled once, sent straight to the driver, with declared rows.

SQLAlchemy takes two to five times as long around a short SELECT as the database takes for it. That is worth a page of
code for the dozen statements that the busiest pages send (``make bench``), and for no others: those are plain
``db.session.execute``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import blinker
import sqlalchemy as sa

from webapp.extensions import db
from webapp.foundation.db import AnySelect, writing

Row = TypeVar("Row", bound=NamedTuple)
Convert: TypeAlias = Callable[[Any], object]
sent = blinker.Signal()  # the text of each statement, for tests that count them


class _Compiled(NamedTuple):
    """A statement in the words of one kind of database."""

    text: str
    fixed: Mapping[str, object]  # values that are part of the statement, as the driver wants them
    into: Mapping[str, Convert]
    places: (
        Sequence[str] | None
    )  # the values' names one after the other; None where the driver takes them by name
    out: Sequence[tuple[int, Convert]]

    def converted(self, line: Sequence[object]) -> Sequence[object]:
        if not self.out:
            return line
        columns = list(line)
        for index, convert in self.out:
            columns[index] = convert(columns[index])
        return columns

    def given(self, values: Mapping[str, object]) -> Mapping[str, object] | Sequence[object]:
        into = self.into
        converted = {name: into[name](value) if name in into else value for name, value in values.items()}
        converted.update(self.fixed)
        return converted if self.places is None else [converted[name] for name in self.places]


class HotQuery(Generic[Row]):
    """A SELECT whose columns are called as the fields of ``row``, in their order.

    Built once and asked by everybody: what differs between requests must be an ``sa.bindparam`` (not a list), given by
    name at each call. Never build one from a present value: it would answer the next person, too.
    """

    def __init__(self, row: type[Row], query: AnySelect) -> None:
        if tuple(column.key for column in query.selected_columns) != row._fields:
            raise TypeError(f"the columns are not those of {row.__name__}")
        self._row, self._query = row, query
        self._compiled: dict[str, _Compiled] = {}

    def all(self, **values: object) -> list[Row]:
        """All rows for these values."""
        session = db.session()
        if session.autoflush and writing():
            session.flush()
        connection = session.connection()
        ready = self._compiled.get(connection.dialect.name)
        if ready is None:
            ready = self._compiled[connection.dialect.name] = _compile(
                self._query, connection.dialect, values
            )
        if sent.receivers:
            sent.send(ready.text)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(ready.text, ready.given(values))
            found = cursor.fetchall()
        finally:
            cursor.close()
        return [self._row._make(ready.converted(line)) for line in found]

    def first(self, **values: object) -> Row | None:
        """The first row; None where there is none."""
        return next(iter(self.all(**values)), None)

    def one(self, **values: object) -> Row:
        """The row of a statement that always gives one."""
        return self.all(**values)[0]


def _compile(query: AnySelect, dialect: sa.Dialect, values: Mapping[str, object]) -> _Compiled:
    compiled = query.compile(dialect=dialect)
    state = compiled.construct_expanded_state(values)
    into: dict[str, Convert] = dict(state.processors)
    for name, bind in compiled.binds.items():
        if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None:
            into[name] = convert
    return _Compiled(
        text=state.statement,
        fixed={
            name: into[name](value) if name in into else value
            for name, value in state.parameters.items()
            if name not in values
        },
        into={name: into[name] for name in values if name in into},
        places=state.positiontup,
        out=[
            (index, convert)
            for index, column in enumerate(query.selected_columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ],
    )
