"""Migrations: the same tables as the code's on each database, made once, left whole when something is wrong."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from api.db import spatial
from api.db.migrate import DatabaseNotOurs, DatabaseTooNew, current_revision, downgrade, migration_options, upgrade
from api.db.session import Database
from api.db.tables import Base, Cursor

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
NEWEST = "0002"
PROCESSES = 3
#: Says what it did on standard error, as the API does at its start.
STARTING = """
import logging, sys
from api.db.migrate import upgrade
from api.db.session import Database
logging.basicConfig(level="INFO", format="%(message)s")
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
upgrade(database)
"""


@pytest.fixture(params=["sqlite", "postgis", "plain"])
def bare(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Yield a database without tables: SQLite, PostgreSQL with PostGIS, and one that has no PostGIS to offer."""
    with _address(request, tmp_path) as url:
        if request.param == "plain":
            monkeypatch.setattr(spatial, "_IS_AVAILABLE", text("SELECT false"))
        opened = Database(url)
        yield opened
        opened.close()


@contextmanager
def _address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'api.db'}"  # in a folder that is not there yet
        return
    with request.getfixturevalue("postgis_server").fresh(postgis=request.param == "postgis") as url:
        yield url


def differences(database: Database) -> list[Any]:
    """Return what Alembic would have to change to make the database's tables those of the code."""
    import geoalchemy2  # noqa: F401  # its column type is known by name from here on

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=migration_options() | {"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def tables(database: Database) -> set[str]:
    """Return the names of the tables, PostGIS's own left out."""
    return set(inspect(database.engine).get_table_names()) - {"spatial_ref_sys"}


def revision(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return current_revision(connection)


def test_a_database_goes_up_down_and_up_again_and_its_tables_are_those_of_the_code(bare: Database) -> None:
    upgrade(bare)
    assert differences(bare) == []
    downgrade(bare)
    assert tables(bare) == {"geocrop_api_revision"}
    upgrade(bare)
    assert differences(bare) == []
    assert revision(bare) == NEWEST


def test_starting_again_changes_nothing_and_keeps_what_is_there(bare: Database) -> None:
    upgrade(bare)
    with bare.write() as session:
        session.add(Cursor(name="runs", value="7"))
    upgrade(bare)
    with bare.read() as session:
        assert session.get_one(Cursor, "runs").value == "7"


@pytest.mark.parametrize("bare", ["sqlite", "postgis"], indirect=True)
def test_processes_that_start_together_migrate_once(bare: Database) -> None:
    command = [sys.executable, "-c", STARTING, bare.url]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [subprocess.Popen(command, text=True, cwd=ROOT, **pipes) for _ in range(PROCESSES)]
    assert [one.stdout.readline() for one in started] == ["ready\n"] * PROCESSES
    for one in started:
        one.stdin.write("go\n")
        one.stdin.flush()
    told = [one.communicate(timeout=300)[1] for one in started]
    assert [one.returncode for one in started] == [0] * PROCESSES, told
    assert "".join(told).count(f"went from revision none to {NEWEST}") == 1
    assert differences(bare) == []


def test_a_migration_that_fails_leaves_nothing_half_made(bare: Database) -> None:
    upgrade(bare)
    downgrade(bare)
    with bare.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("CREATE TABLE other (at INTEGER)"))
        connection.execute(text("CREATE INDEX ix_audit_at ON other (at)"))  # in the way of the migration's last step
    with pytest.raises(DBAPIError, match="ix_audit_at"):
        upgrade(bare)
    assert tables(bare) == {"other", "geocrop_api_revision"}
    assert revision(bare) is None


def test_a_database_of_a_newer_geocrop_is_refused_and_left_alone(bare: Database) -> None:
    upgrade(bare)
    with bare.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("UPDATE geocrop_api_revision SET version_num = '9000'"))
    with pytest.raises(DatabaseTooNew, match=r"revision '9000'.*start the newer one"):
        upgrade(bare)
    with pytest.raises(DatabaseTooNew):
        downgrade(bare)
    assert revision(bare) == "9000"
    assert "users" in tables(bare)


def test_a_database_with_another_programs_tables_is_refused(bare: Database) -> None:
    upgrade(bare)
    downgrade(bare)
    with bare.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("CREATE TABLE jobs (id INTEGER)"))  # as Dagster's has
    with pytest.raises(DatabaseNotOurs, match=r"tables jobs .*a database of its own"):
        upgrade(bare)
    assert tables(bare) == {"jobs", "geocrop_api_revision"}


def has_geometry(database: Database) -> bool:
    with database.engine.connect() as connection:
        return bool(connection.scalar(spatial._HAS_COLUMN))


def test_without_postgis_the_database_works_and_says_what_it_lacks(
    postgis_server: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(spatial, "_IS_AVAILABLE", text("SELECT false"))
    with postgis_server.fresh(postgis=False) as url, opened(url) as database:
        upgrade(database)
        assert not has_geometry(database)
        assert "PostgreSQL has no PostGIS: AOIs are found by their boxes" in caplog.text


def test_a_user_who_may_not_enable_postgis_is_told_and_gets_the_index_once_it_is_there(
    postgis_server: Any,  # noqa: ANN401
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        postgis_server.fresh(postgis=False) as url,
        opened(url) as admin,
        plain_user(admin) as user_url,
        opened(user_url) as database,
    ):
        upgrade(database)
        assert not has_geometry(database)
        assert "run CREATE EXTENSION postgis in the API's database as its administrator" in caplog.text
        with admin.engine.begin() as connection:
            connection.execute(text("CREATE EXTENSION postgis"))
        upgrade(database)
        assert has_geometry(database)


def test_with_postgis_no_warning_is_given(
    postgis_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with opened(postgis_url) as database:
        upgrade(database)
        assert has_geometry(database)
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def plain_user(admin: Database) -> Iterator[str]:
    """Give the address of the same database for a user who owns it and is no superuser."""
    name = admin.engine.url.database
    with admin.engine.begin() as connection:
        connection.execute(text("CREATE ROLE plain LOGIN"))
        connection.execute(text(f"ALTER DATABASE {name} OWNER TO plain"))
        connection.execute(text("GRANT ALL ON SCHEMA public TO plain"))
    try:
        yield admin.url.replace("postgres@", "plain@")
    finally:
        with admin.engine.begin() as connection:
            connection.execute(text("REASSIGN OWNED BY plain TO postgres"))
            connection.execute(text("DROP OWNED BY plain"))
            connection.execute(text("DROP ROLE plain"))
