"""Engines and sessions for both databases."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import DataError
from sqlalchemy.exc import TimeoutError as DatabaseTimeout
from sqlalchemy.orm import Session, sessionmaker

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine
    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import ORMExecuteState

#: How long a writer waits for another one of SQLite before it gives up, in seconds.
SQLITE_WAIT_S = 30
#: Connections kept and added at need: the API's threads are 40, most requests need one for milliseconds. Three API
#: processes stay below the 100 connections that PostgreSQL allows by default.
POOL_SIZE = 20
POOL_OVERFLOW = 10
#: How long a request waits for a connection before it is answered 503, in seconds.
POOL_WAIT_S = 10
#: The largest number that either database keeps.
MOST = 2**63 - 1
#: PostgreSQL's machine may vanish without a word: a statement then ends after some minute instead of hours.
KEEP_ALIVE = {
    "connect_timeout": 5,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "application_name": "geocrop-api",
}


def make_engine(url: str) -> Engine:
    """Return an engine: SQLite with foreign keys, a write-ahead log and immediate transactions; or PostgreSQL."""
    address = _with_driver(make_url(url))
    is_sqlite = address.get_backend_name() == "sqlite"
    engine = create_engine(
        address,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_WAIT_S,
        pool_pre_ping=not is_sqlite,
        connect_args={"timeout": SQLITE_WAIT_S, "check_same_thread": False} if is_sqlite else KEEP_ALIVE,
        json_serializer=partial(json.dumps, allow_nan=False),  # PostgreSQL refuses NaN, SQLite would keep it
    )
    event.listen(engine, "before_cursor_execute", _refuse_unfit_values)
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _with_driver(url: URL) -> URL:
    """Name psycopg2 where the address names no driver: SQLAlchemy's own choice changes with its version."""
    return url.set(drivername="postgresql+psycopg2") if url.drivername in {"postgresql", "postgres"} else url


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  # a DB-API connection
    connection.isolation_level = None  # SQLAlchemy's own "begin" below, not the driver's
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _refuse_unfit_values(*told: Any) -> None:  # noqa: ANN401  # connection, cursor, statement, parameters, ...
    """Refuse, alike on both databases, what one of them cannot keep: each driver fails in a way of its own.

    Raises:
        DataError: text with NUL or with half of a surrogate pair, or a number of more than 64 bits.

    """
    statement, parameters = told[2], told[3]
    for row in parameters if isinstance(parameters, list) else [parameters]:
        for value in row.values() if isinstance(row, dict) else row or ():
            if _is_unfit(value):
                raise DataError(statement, None, ValueError("a value that no database keeps: NUL, or out of range"))


def _is_unfit(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value or not (value.isascii() or _is_unicode(value))
    return isinstance(value, int) and not -MOST <= value <= MOST


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _begin_immediate(connection: Connection) -> None:
    """Begin as a reader unless the session says that it writes: two readers that turn writers would fail."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """The API's database: `with database.read() as session`, `with database.write() as session`."""

    def __init__(self, url: str) -> None:
        """Open nothing yet; the first session connects."""
        self.url = url
        self.engine = make_engine(url)
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        event.listen(self._readers, "before_flush", _refuse_flush)
        event.listen(self._readers, "do_orm_execute", _refuse_statement)
        self._writers = sessionmaker(self.engine.execution_options(writes=True), expire_on_commit=False)
        self._turn = None if self.is_postgres else _Turn()

    @property
    def is_postgres(self) -> bool:
        """Whether rows can be locked and geometry indexed."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that only reads, and says so when it is made to write; objects stay usable after it."""
        with self._readers() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session in one transaction: committed when the body ends, rolled back when it raises.

        Raises:
            RuntimeError: inside another `write` of this thread (on SQLite it would wait for itself).

        """
        if self._turn is None:
            with self._writers.begin() as session:
                yield session
        else:
            with self._turn.taken(), self._writers.begin() as session:
                yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


class _Turn:
    """Writers of one process take turns here: SQLite itself lets them try again and again, and some never win."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError("database.write() inside database.write(): hand the session on instead")
        if not self._lock.acquire(timeout=SQLITE_WAIT_S):
            raise DatabaseTimeout(f"another thread of this process has been writing for {SQLITE_WAIT_S} s")
        self._owner = me
        try:
            yield
        finally:
            self._owner = None
            self._lock.release()


def _refuse_flush(_session: Session, _context: object, _instances: object) -> None:
    raise RuntimeError("a change inside database.read(), which never commits: use database.write()")


def _refuse_statement(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        raise RuntimeError("a change inside database.read(), which never commits: use database.write()")
