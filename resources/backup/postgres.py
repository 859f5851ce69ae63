"""Dumps of PostgreSQL databases, by its own programs; the server and its keys come by libpq's own PGHOST and so on."""

from __future__ import annotations

import shutil
import subprocess  # nosec B404
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from resources.backup.errors import DatabaseToolFailed, TargetInUse, TargetNotEmpty

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

#: A database that is always there: where others are made and dropped from.
MAINTENANCE = "postgres"
#: Debian keeps the programs of each version apart.
SEARCH = ":".join(f"/usr/lib/postgresql/{version}/bin" for version in (18, 17, 16, 15))
CONNECT_S = 10
SHOWN = 2000
#: Tables of ours, not of an extension (PostGIS's `spatial_ref_sys` is no content of ours).
TABLES = text("""
SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
""")
OWNER = text("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :name")
OTHERS = text("""
SELECT count(*) FROM pg_stat_activity WHERE datname = :name
AND pid <> pg_backend_pid() AND backend_type = 'client backend'
""")


@dataclass(frozen=True)
class Dumped:
    """What is known of a database at the moment of its dump."""

    owner: str
    server: str
    rows: dict[str, int]


@contextmanager
def connected(name: str, *, autocommit: bool = False) -> Iterator[Connection]:
    """Give a connection to a database of the server that libpq's environment names."""
    engine = create_engine(
        "postgresql+psycopg2://", poolclass=NullPool, connect_args={"dbname": name, "connect_timeout": CONNECT_S}
    )
    try:
        with engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT") if autocommit else connection
    except OperationalError as error:
        raise DatabaseToolFailed(f"database {name}: {str(error.orig).strip().partition(chr(10))[0]}") from error
    finally:
        engine.dispose()


def dump(name: str, path: Path) -> Dumped:
    """Dump a database to a file, in one snapshot, and count its rows in the same one.

    Raises:
        DatabaseToolFailed: the server or pg_dump does not do it.

    """
    with connected(name) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        snapshot = str(connection.scalar(text("SELECT pg_export_snapshot()")))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # a large dump takes longer
        run(
            "pg_dump",
            "--format=custom",
            "--no-password",
            f"--snapshot={snapshot}",
            f"--file={path}",
            f"--dbname={name}",
        )
        return Dumped(
            owner=str(connection.scalar(OWNER, {"name": name})),
            server=str(connection.scalar(text("SHOW server_version"))),
            rows=count_rows(connection),
        )


def count_rows(connection: Connection) -> dict[str, int]:
    """Return the rows of every table of ours: schema.table -> number."""
    quote = connection.dialect.identifier_preparer.quote
    return {
        f"{schema}.{table}": int(
            connection.scalar(text(f"SELECT count(*) FROM {quote(schema)}.{quote(table)}")) or 0  # noqa: S608  # quoted
        )
        for schema, table in connection.execute(TABLES).all()
    }


def check_target(name: str, *, overwrite: bool) -> None:
    """See that a database may be restored into: absent, or without tables and connections.

    Raises:
        TargetNotEmpty: it has tables, and nobody said that they may go.
        TargetInUse: somebody is connected to it.

    """
    if not _exists(name):
        return
    with connected(name) as connection:
        tables = connection.execute(TABLES).all()
        if tables and not overwrite:
            raise TargetNotEmpty(f"database {name} has {len(tables)} tables: restore elsewhere, or say --overwrite")
        others = connection.scalar(OTHERS, {"name": name})
    if others:
        raise TargetInUse(f"{others} connections to database {name} are open: stop API, Dagster and MLflow first")


def restore(name: str, owner: str, path: Path) -> dict[str, int]:
    """Make a database anew from a dump, in one transaction; return the rows of its tables.

    Owners and rights are those of the dump: their roles must be there. Killed half way, the database is empty.

    Raises:
        DatabaseToolFailed: the server or pg_restore does not do it.

    """
    with connected(MAINTENANCE, autocommit=True) as connection:
        quote = connection.dialect.identifier_preparer.quote
        connection.execute(text(f"DROP DATABASE IF EXISTS {quote(name)}"))
        connection.execute(text(f"CREATE DATABASE {quote(name)} TEMPLATE template0 OWNER {quote(owner)}"))
    run("pg_restore", "--no-password", "--single-transaction", "--exit-on-error", f"--dbname={name}", str(path))
    with connected(name) as connection:
        return count_rows(connection)


def check_dump(path: Path) -> None:
    """See that a file is a dump whose table of contents can be read."""
    run("pg_restore", "--list", str(path))


def run(program: str, *words: str) -> None:
    """Run one of PostgreSQL's programs.

    Raises:
        DatabaseToolFailed: it is not there, or ends with an error; the message has its last words.

    """
    found = shutil.which(program) or shutil.which(program, path=SEARCH)
    if found is None:
        raise DatabaseToolFailed(f"{program} is not installed: it comes with postgresql-client of the server's version")
    done = subprocess.run([found, *words], capture_output=True, text=True, check=False)  # noqa: S603  # fixed words
    if done.returncode:
        raise DatabaseToolFailed(f"{program} ended with code {done.returncode}: {done.stderr.strip()[-SHOWN:]}")


def _exists(name: str) -> bool:
    with connected(MAINTENANCE) as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_database WHERE datname = :name"), {"name": name}))
