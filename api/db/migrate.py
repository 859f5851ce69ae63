"""Brings the API's database to the tables of this code, once, however many processes start at the same time.

`python -m api.db.migrate "what changes"` writes a new revision from the difference between the tables and a database
at the newest one; read and tidy it before it is committed.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from api.db.session import Database
from api.db.spatial import ensure_spatial_index
from api.db.tables import Base, UtcDateTime, Words
from training.errors import GeocropError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MIGRATIONS = Path(__file__).with_name("migrations")
#: Not Alembic's own name: Dagster and MLflow use that one, and might share the database's server.
VERSION_TABLE = "geocrop_api_revision"
#: Any number that no other program locks: "GeoCrop" in ASCII.
ADVISORY_LOCK = 0x47656F43726F70
#: Alembic's environment is global to a process.
_one_at_a_time = threading.Lock()
_log = logging.getLogger(__name__)


class DatabaseTooNew(GeocropError):
    """Start the newer GeoCrop that used this database last, or restore a backup from before it."""

    code: ClassVar[str] = "database-too-new"


class DatabaseNotOurs(GeocropError):
    """Give the API a database of its own: GEOCROP_DATABASE names one that holds another program's tables."""

    code: ClassVar[str] = "database-not-ours"


def upgrade(database: Database) -> None:
    """Bring a database to the newest revision: makes all tables where there are none.

    Raises:
        DatabaseTooNew: a newer GeoCrop has changed it.
        DatabaseNotOurs: another program's tables have the names of ours.

    """
    with _locked(database) as connection:
        before = current_revision(connection)
        _refuse_newer(before)
        if before is None:
            _refuse_strangers(connection)
        command.upgrade(_config(connection), "head")
        ensure_spatial_index(connection)
        after = current_revision(connection)
    if before != after:
        _log.info("the API's database went from revision %s to %s", before or "none", after)


def downgrade(database: Database, revision: str = "base") -> None:
    """Bring a database back to an older revision; `base` drops all tables with what they hold."""
    with _locked(database) as connection:
        _refuse_newer(current_revision(connection))
        command.downgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    """Return the revision that a database is at; None when it has no tables of ours."""
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def migration_options() -> dict[str, Any]:
    """Return how Alembic compares and writes: the same for running, for new revisions and for the tests."""
    return {
        "target_metadata": Base.metadata,
        "version_table": VERSION_TABLE,
        "transactional_ddl": True,  # of SQLite too: the engine begins transactions itself
        "render_as_batch": True,  # SQLite alters tables by copying them
        "include_name": _is_ours,
        "render_item": _render,
    }


def _is_ours(name: str | None, kind: str, parents: Any) -> bool:  # noqa: ANN401  # Alembic's mapping
    """Leave out what is no table of ours: PostGIS's own tables, and the column that `spatial` keeps."""
    if kind == "table":
        return name in Base.metadata.tables
    return not (parents.get("table_name") == "aois" and name in {"geom", "ix_aois_geom"})


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own types into a revision as what they are in the database: a revision outlives them."""
    if kind != "type":
        return False
    plain = {UtcDateTime: "sa.DateTime(timezone=True)", Words: "sa.Text()"}
    return plain.get(type(item), False)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_newer(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseTooNew(
            f"the API's database is at revision {revision!r}, which this GeoCrop does not know: start the newer one "
            f"that used it last, or restore a backup from before"
        )


def _refuse_strangers(connection: Connection) -> None:
    taken = sorted(set(inspect(connection).get_table_names()) & set(Base.metadata.tables))
    if taken:
        raise DatabaseNotOurs(
            f"the database named by GEOCROP_DATABASE has tables {', '.join(taken)} that GeoCrop's API did not make: "
            f"give the API a database of its own (Dagster and MLflow need one each, too)"
        )


@contextmanager
def _locked(database: Database) -> Iterator[Connection]:
    """Give a connection in a transaction that no other process migrates beside."""
    with _one_at_a_time, _file_lock(database), database.engine.execution_options(writes=True).begin() as connection:
        if database.is_postgres:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        yield connection


@contextmanager
def _file_lock(database: Database) -> Iterator[None]:
    """Hold a lock beside SQLite's file: two processes that make it at once can find it locked despite waiting."""
    path = database.engine.url.database
    if database.is_postgres or not path or path == ":memory:":
        yield
        return
    import fcntl

    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_revision(message: str) -> Path:
    """Write a revision file with what the tables have and a database at the newest revision has not."""
    number = f"{len(list(MIGRATIONS.glob('versions/v*.py'))) + 1:04d}"
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        upgrade(database)
        with _locked(database) as connection:
            config = _config(connection)
            config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
            script = command.revision(config, message, autogenerate=True, rev_id=number)
        database.close()
    if script is None or isinstance(script, list):
        raise TypeError(f"Alembic wrote no single revision: {script}")
    return Path(script.path)


if __name__ == "__main__":
    sys.stdout.write(f"{write_revision(sys.argv[1])}\n")
