"""The database: base class, types, the one way to write.

``transaction()`` is the only way to change anything. On SQLite it takes one write lock (thread and file) and begins
IMMEDIATE: waiting in our own queue instead of SQLite's sleeping retries cuts the slowest writes tenfold and leaves no
"database is locked". On PostgreSQL rows that several may fight over are locked with ``locked()``.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from webapp.extensions import db
from webapp.foundation.sqlite_file import require_file

T = TypeVar("T")
# The type of a row or query lists its columns; these stand for "some columns or other".
AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]
AnySelect: TypeAlias = sa.Select[*tuple[Any, ...]]

NAIVE = "a naive datetime reached the database"


def where_given(name: str, *columns: str, unique: bool = False) -> sa.Index:
    """An index of the rows in which the first of ``columns`` is given; the other rows need not be written to it."""
    given = sa.text(f"{columns[0]} IS NOT NULL")
    return sa.Index(name, *columns, unique=unique, sqlite_where=given, postgresql_where=given)


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """A moment. Only aware datetimes go in; aware UTC comes out, on SQLite too."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What comes out."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(NAIVE)
        return value.astimezone(UTC)

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], Any] | None:
        """On SQLite straight into the text that it stores: a change writes a dozen of them."""
        return _text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """On SQLite straight from the stored text: every list reads dozens of them."""
        return _moment if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(NAIVE)
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _moment(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored + "+00:00")


# Codes and paths compare byte by byte, so that a prefix is an index range on PostgreSQL too.
Code = sa.String().with_variant(sa.String(collation="C"), "postgresql")
Json = sa.JSON().with_variant(JSONB(), "postgresql")


_writing: ContextVar[bool] = ContextVar("writing", default=False)
_thread_lock = threading.Lock()
_before_commit: list[Callable[[Session], None]] = []


def before_commit(call: Callable[[Session], None]) -> Callable[[Session], None]:
    """Register what runs last inside every write transaction (the journal writes its chain there)."""
    _before_commit.append(call)
    return call


@contextmanager
def transaction() -> Iterator[Session]:
    """One change: all of it or nothing. Opened by services; an inner one joins the outer.

    What was loaded before is expired, so that nothing decided inside rests on an old reading.
    """
    session: Session = db.session()
    if _writing.get():
        yield session
        return
    if session.in_transaction():
        session.commit()  # ends the session's reading so far; there is nothing to write in it
    session.expire_all()
    with _write_lock(session):
        token = _writing.set(True)
        try:
            with _undoing(session):
                session.connection()  # begins
                yield session
                session.flush()
                for call in _before_commit:
                    call(session)
            _commit(session)
        finally:
            session.info.clear()
            _writing.reset(token)


@contextmanager
def savepoint() -> Iterator[None]:
    """A part of the change at hand that may fail by itself: what it raises undoes that part, and nothing before it.

    What it had the session remember (journal entries, ``if_undone``) is undone with it.
    """
    from webapp.extensions import db

    require_transaction()
    session: Session = db.session()
    before = {key: len(gathered) for key, gathered in session.info.items()}
    try:
        with session.begin_nested():
            yield
    except BaseException:
        for undo in session.info.get(_UNDO, [])[before.get(_UNDO, 0) :]:
            undo()
        for key, gathered in session.info.items():
            del gathered[before.get(key, 0) :]
        raise


@contextmanager
def dry_run() -> Iterator[Session]:
    """A change that is made to see what comes of it, and undone at the end whatever that is.

    It holds the lock for writing like any other, so it has to be short.
    """
    require_no_transaction()
    with suppress(_DryRun), transaction() as session:
        yield session
        raise _DryRun


class _DryRun(Exception):
    pass


@contextmanager
def _undoing(session: Session) -> Iterator[None]:
    """Up to the commit: what fails here was certainly not done."""
    try:
        yield
    except BaseException:
        session.rollback()
        for undo in session.info.get(_UNDO, ()):
            undo()
        raise


def _commit(session: Session) -> None:
    """Commit. Nothing is undone when this fails: the change may have been done, and only the answer got lost."""
    try:
        session.commit()
    except BaseException:
        session.rollback()
        raise
    # Asked now and not only at the beginning: what went into a deleted file must not be acknowledged.
    _require_file(session.get_bind().engine)


def _require_file(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        require_file(engine.url.database)


_UNDO = "undo"


def if_undone(undo: Callable[[], object]) -> None:
    """Have ``undo`` called if the change at hand is certainly not done: for what it did outside the database.

    It is not called when the commit itself fails, since nobody knows then whether the database did it.
    """
    require_transaction()
    db.session().info.setdefault(_UNDO, []).append(undo)


def locked(model: type[T], key: Any) -> T | None:
    """The row with its present values, held against other writers until the transaction ends."""
    return db.session.get(model, key, with_for_update=True, populate_existing=True)


def writing() -> bool:
    """Whether a ``transaction()`` is open."""
    return _writing.get()


def require_transaction() -> None:
    """Raise when called outside ``transaction()``: the caller's change could be half of a whole."""
    if not _writing.get():
        raise RuntimeError("a change outside transaction()")


def require_no_transaction() -> None:
    """Raise when called inside ``transaction()``: what must last whatever happens would be undone with it."""
    if _writing.get():
        raise RuntimeError("this must not join a transaction()")


@contextmanager
def _write_lock(session: Session) -> Iterator[None]:
    engine = session.get_bind()
    if engine.dialect.name != "sqlite":
        yield
        return
    path = engine.engine.url.database
    with _thread_lock:
        if not path or path == ":memory:":
            yield
            return
        file = os.open(path + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)  # frees the lock


@event.listens_for(Session, "before_flush")
def _refuse_stray_writes(session: Session, *_: Any) -> None:
    if session.new or session.dirty or session.deleted:
        require_transaction()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(dbapi_connection: Any, _: Any) -> None:
    if type(dbapi_connection).__module__.split(".")[0] != "sqlite3":
        return
    dbapi_connection.isolation_level = None  # BEGIN is ours, see _begin
    cursor = dbapi_connection.cursor()
    # First: every other pragma may already meet a lock.
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL syncs at checkpoints only: a power cut would take what was acknowledged since the last one.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_size_limit = 67108864")
    cursor.execute("PRAGMA cache_size = -16000")
    cursor.execute("PRAGMA wal_autocheckpoint = 4000")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    _require_file(connection.engine)
    if connection.dialect.name == "sqlite":
        # Straight to the driver: it comes before every page.
        connection.connection.cursor().execute("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def append_only(table: sa.Table) -> None:
    """Let the database itself refuse UPDATE and DELETE on ``table`` (ledger, journal)."""
    for statement in append_only_sql(table.name, "sqlite"):
        event.listen(table, "after_create", sa.DDL(statement).execute_if(dialect="sqlite"))
    for statement in append_only_sql(table.name, "postgresql"):
        event.listen(table, "after_create", sa.DDL(statement).execute_if(dialect="postgresql"))


def append_only_sql(table: str, dialect: str) -> list[str]:
    """The statements that make ``table`` append-only; migrations run the same ones."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
    ]
