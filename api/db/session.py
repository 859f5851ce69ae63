"""Engines and sessions for both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session, sessionmaker

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import Connection

#: How long a writer waits for another one of SQLite before it gives up, in seconds.
SQLITE_WAIT_S = 30
#: Connections kept and added at need: the API's threads are 40, most requests need one for milliseconds.
POOL_SIZE = 10
POOL_OVERFLOW = 20
#: How long a request waits for a connection before it is answered 503, in seconds.
POOL_WAIT_S = 10


def make_engine(url: str) -> Engine:
    """Return an engine: SQLite with foreign keys, a write-ahead log and immediate transactions; or PostgreSQL."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": SQLITE_WAIT_S, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_WAIT_S,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5},
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  # a DB-API connection
    connection.isolation_level = None  # SQLAlchemy's own "begin" below, not the driver's
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


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
        self._writers = sessionmaker(self.engine.execution_options(writes=True), expire_on_commit=False)

    @property
    def is_postgres(self) -> bool:
        """Whether rows can be locked and geometry indexed."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that only reads; objects stay usable after it."""
        with self._readers() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session in one transaction: committed when the body ends, rolled back when it raises."""
        with self._writers.begin() as session:
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
