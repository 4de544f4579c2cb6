"""Statements that are asked for all the time: built once, compiled once for each kind of database, then only given values.

SQLAlchemy takes five to ten times as long around a short SELECT as the database takes for it; a page asks ten of them.
So what is compiled goes straight to the driver here, inside the session's transaction where there is one, and its types
convert what goes in and what comes out, as ever.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial, wraps
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import visitors

from webapp.extensions import db
from webapp.foundation.db import require_transaction, writing

Convert = Callable[[Any], Any]
Statement: TypeAlias = "sa.Select[Any] | sa.Insert | sa.Update | sa.ReturningInsert[Any]"


class _Compiled(NamedTuple):
    """A statement in the words of one driver."""

    text: str
    fixed: Mapping[str, Any]  # values that belong to the statement, converted already
    into: Sequence[tuple[str, Convert | None]]
    in_order: bool  # the driver wants the values one after the other, as in ``into``; else by name
    out: Sequence[tuple[int, Convert]]
    row: Callable[[Sequence[Any]], Any] | None  # None: it gives none

    def given(self, values: Mapping[str, Any]) -> Any:
        """``values`` as the driver wants them."""
        if self.fixed:
            values = {**self.fixed, **values}
        if self.in_order:
            return [convert(values[name]) if convert else values[name] for name, convert in self.into]
        return {name: convert(values[name]) if convert else values[name] for name, convert in self.into}


class Prepared:
    """One statement. What differs between people or moments must be ``sa.bindparam`` without a default: a value baked in
    would answer the next person, too. Core columns and mapped ones do alike; rows come out as named tuples.

    An INSERT is given all its columns as values at each call: no default of the model steps in.
    """

    def __init__(self, query: Statement) -> None:
        self.query: Any = query
        self._writes = not isinstance(query, sa.Select)
        parameters = [part for part in visitors.iterate(query) if isinstance(part, sa.BindParameter)]
        # A list of values needs one place each: its length is part of the statement's text.
        self._lists = tuple(dict.fromkeys(p.key for p in parameters if p.expanding and p.required))
        self._compiled: dict[tuple[Any, ...], _Compiled] = {}

    def rows(self, values: dict[str, Any]) -> list[Any]:
        """All rows for ``values``, which name every parameter of the statement; none where it gives none.

        Raises:
            sqlalchemy.exc.DBAPIError: as SQLAlchemy has it, an IntegrityError for a broken rule and so on.
        """
        if self._writes:
            require_transaction()
        source, driver = _at_hand()
        ready = self._ready(source.dialect, values)
        if self._lists:
            values = {
                **values,
                **{f"{name}_{n}": v for name in self._lists for n, v in enumerate(values[name], start=1)},
            }
        return _run(ready, source, driver, ready.given(values))

    def many(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write several rows in one go; nothing comes back.

        Raises:
            sqlalchemy.exc.DBAPIError: as ``rows`` does.
        """
        require_transaction()
        if rows:
            source, driver = _at_hand()
            ready = self._ready(source.dialect, rows[0])
            _run(ready, source, driver, [ready.given(row) for row in rows], many=True)

    def _ready(self, dialect: sa.Dialect, values: dict[str, Any]) -> _Compiled:
        lengths = [len(values[name]) for name in self._lists]
        key = (dialect.name, *lengths)
        ready = self._compiled.get(key)
        if ready is None:
            ready = self._compiled[key] = _compile(self.query, dialect, values, self._lists)
        return ready


def _at_hand() -> tuple[sa.Engine | Connection, Any]:
    """Where the next statement goes: into the change that is being made, else to what this request reads from."""
    if (change := writing()) is not None:
        if change.session.autoflush:  # what it still holds back may be asked for
            change.session.flush()
        assert change.connection is not None
        return change.connection, change.driver
    connection = db.session.connection()
    return connection, connection.connection.driver_connection


def _run(
    ready: _Compiled, source: sa.Engine | Connection, driver: Any, given: Any, *, many: bool = False
) -> list[Any]:
    cursor = driver.cursor()
    # Whoever listens for statements (the tests that count them) hears of these, too.
    source.dispatch.before_cursor_execute(source, cursor, ready.text, given, None, many)
    try:
        if many:
            cursor.executemany(ready.text, given)
            return []
        cursor.execute(ready.text, given)
        found = cursor.fetchall() if ready.row else []
    except source.dialect.loaded_dbapi.Error as error:
        base = source.dialect.loaded_dbapi.Error
        raise sa.exc.DBAPIError.instance(
            ready.text, given, error, base, hide_parameters=True, dialect=source.dialect
        ) from error
    finally:
        cursor.close()
    if ready.row is None:
        return []
    return [ready.row(row) for row in (_converted(found, ready.out) if ready.out else found)]


def _converted(found: Sequence[Any], out: Sequence[tuple[int, Convert]]) -> Iterator[Sequence[Any]]:
    for row in found:
        columns = list(row)
        for index, convert in out:
            columns[index] = convert(columns[index])
        yield columns


def _compile(query: Any, dialect: sa.Dialect, values: dict[str, Any], lists: Sequence[str]) -> _Compiled:
    named = list(values) if isinstance(query, sa.Insert) else None
    compiled: Any = query.compile(dialect=dialect, column_keys=named)
    state = compiled.construct_expanded_state(values)
    processors: dict[str, Convert] = {}
    given: set[str] = set()
    for bind, name in compiled.bind_names.items():
        places = state.parameter_expansion.get(name, [name])
        if bind.key in values:
            given.update(places)
        processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if processor is not None:
            processors.update(dict.fromkeys(places, processor))
    columns = list(query.exported_columns)
    out = [
        (index, processor)
        for index, column in enumerate(columns)
        if (processor := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
    ]
    row = namedtuple("Row", [str(column.key) for column in columns], rename=True)  # type: ignore[misc]
    return _Compiled(
        text=state.statement,
        fixed={
            name: processors[name](value) if name in processors else value
            for name, value in state.parameters.items()
            if name not in given
        },
        into=[
            (name, processors.get(name) if name in given else None)
            for name in state.positiontup or state.parameters
        ],
        in_order=state.positiontup is not None,
        out=out,
        row=partial(tuple.__new__, row) if columns else None,  # `_make`, without its Python
    )


def prepared(build: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Make of a function that builds a statement one that gives its rows.

    The function's arguments are the statement's shape (hashable: a level, a tab); the statement's parameters are given
    by keyword at each call.
    """

    @lru_cache(maxsize=512)
    def built(*shape: Any) -> Prepared:
        return Prepared(build(*shape))

    @wraps(build)
    def run(*shape: Any, **values: Any) -> list[Any]:
        return built(*shape).rows(values)

    return run
