"""Upgrade: a database made by the previous revision, with rows in every table, migrates and keeps them all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geoalchemy2  # noqa: F401  # its column type is known by name from here on
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, inspect, select

from api.db.migrate import MIGRATIONS, VERSION_TABLE, current_revision, downgrade, upgrade
from api.db.session import Database

pytestmark = pytest.mark.integration

GEOCROP = Path(sys.executable).with_name("geocrop")
MOMENT = "2026-01-02 03:04:05.678901"
#: A row for every table that the first revision has; a table that comes later needs one from then on.
ROWS = {
    "users": "(1, 'ada', 'hash', 'admin', false, NULL, 0, '{m}', '{m}')",
    "aois": """('a1', '{{"type": "Polygon", "coordinates": [[[31, -18], [31.1, -18], [31.1, -17.9], [31, -18]]]}}',
                50.5, 31, -18, 31.1, -17.9, '{m}')""",
    "login_attempts": "(1, '{m}', 'ada', '127.0.0.1')",
    "aoi_owners": "('a1', 1, 'Field', '{m}')",
    "jobs": """('j1', 'prediction', 'a1--2023-2024', 'key', '{{"a": [1, 2]}}', 'running', 'batch', 1, 12.5, 'step',
               NULL, NULL, 'r1', 1, true, false, NULL, 1, NULL, '{m}', '{m}', NULL)""",
    "predictions": "('p1', 1, 'a1', '2023-2024', 'j1', '{m}')",
    "events": "(7, '{m}', 'job:j1', 'progress', 'key', '{{\"n\": 1}}')",
    "audit": "(1, '{m}', 'ada', 'user.add', 'bob', '{{}}')",
    "training_schedules": "('s1', 'v1', 'Raw', 10, NULL, '{{}}', '{m}', 'j1', NULL, 'ada', '{m}')",
    "model_watches": "('w1', 60, 3, 'ada', '{m}')",
    "cursors": "('platform-events', '2026')",
}


def revisions() -> tuple[str, str]:
    """Return the previous revision and the newest one."""
    script = ScriptDirectory(str(MIGRATIONS))
    head = script.get_current_head()
    assert head is not None
    previous = script.get_revision(head).down_revision
    assert isinstance(previous, str)
    return previous, head


def columns(database: Database) -> dict[str, list[str]]:
    """Return the columns of our tables that are written, by table."""
    looked = inspect(database.engine)
    return {
        table: [one["name"] for one in looked.get_columns(table) if one["name"] != "geom"]
        for table in looked.get_table_names()
        if table not in {"spatial_ref_sys", VERSION_TABLE}
    }


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables, with what each database keeps by itself (PostGIS's geometry) among them."""
    found = MetaData()
    found.reflect(database.engine, only=list(columns(database)))
    with database.engine.connect() as connection:
        return {name: [tuple(row) for row in connection.execute(select(table))] for name, table in found.tables.items()}


@pytest.fixture(params=["sqlite", "postgis"])
def previous(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Yield a database at the previous revision with a row in every table."""
    if request.param == "sqlite":
        yield from made(f"sqlite:///{tmp_path / 'api.db'}")
        return
    with request.getfixturevalue("postgis_server").fresh() as url:
        yield from made(url)


def made(url: str) -> Iterator[Database]:
    database = Database(url)
    upgrade(database)
    downgrade(database, revisions()[0])
    names = columns(database)
    with database.engine.execution_options(writes=True).begin() as connection:
        for table, values in ROWS.items():
            listed = ", ".join(f'"{name}"' for name in names[table])
            given = values.format(m=MOMENT)
            connection.exec_driver_sql(f"INSERT INTO {table} ({listed}) VALUES {given}")  # noqa: S608  # our own text
    yield database
    database.close()


def test_a_database_of_the_previous_revision_keeps_every_row(previous: Database) -> None:
    before = rows(previous)
    assert {name for name, found in before.items() if found} == set(ROWS) == set(before), "every table has a row"
    upgrade(previous)
    after = rows(previous)
    assert {name: after[name] for name in before} == before
    with previous.engine.connect() as connection:
        assert current_revision(connection) == revisions()[1]


def test_the_migration_job_migrates_all_three_databases_and_again_without_harm(
    postgis_server: Any,  # noqa: ANN401
    dagster_postgres_home: Path,
    tmp_path: Path,
) -> None:
    with postgis_server.fresh() as geocrop, postgis_server.fresh(postgis=False) as mlflow:
        environment = os.environ | {
            "GEOCROP_HOME": str(tmp_path / "home"),
            "GEOCROP_DATABASE": geocrop,
            "DAGSTER_HOME": str(dagster_postgres_home),
            "MLFLOW_BACKEND_STORE_URI": mlflow.replace("postgresql://", "postgresql+psycopg2://", 1),
        }
        for _ in range(2):
            done = subprocess.run(
                [str(GEOCROP), "migrate"], env=environment, capture_output=True, text=True, check=False, timeout=600
            )
            assert done.returncode == 0, done.stderr[-3000:]
            assert done.stdout.count("is up to date") == 3
        database = Database(geocrop)
        assert set(columns(database)) == set(ROWS)
        with database.engine.connect() as connection:
            assert current_revision(connection) == revisions()[1]
        database.close()
        registry = Database(mlflow)
        assert "registered_models" in inspect(registry.engine).get_table_names()
        registry.close()
