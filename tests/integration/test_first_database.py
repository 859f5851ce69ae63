"""What a new PostGIS runs once, on Kubernetes and with compose: three databases, each of its own user's alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from api.db.migrate import upgrade
from api.db.session import Database

pytestmark = pytest.mark.integration

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
SCRIPT = DEPLOY / "k8s" / "base" / "postgis" / "databases.sh"
NAMES = ("dagster", "mlflow", "geocrop")


def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements; return the rows of the last one, if it has any."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def server(postgis_server: Any) -> Iterator[str]:  # noqa: ANN401  # databases.py is loaded by path
    """Run the script with the Secret that deploy/make_secrets.py makes; yield the server's address, clean up after."""
    url = str(postgis_server.url)
    made = subprocess.run(
        [sys.executable, str(DEPLOY / "make_secrets.py"), "kubernetes"], capture_output=True, check=True, timeout=60
    )
    [secret] = [one["stringData"] for one in json.loads(made.stdout)["items"] if one["metadata"]["name"] == "postgis"]
    parts = urlsplit(url)
    told = {"PGHOST": parts.hostname, "PGPORT": str(parts.port), "POSTGRES_USER": "postgres"}
    assert shutil.which("psql") is not None, "apt-get install postgresql-client-15"
    try:
        subprocess.run(
            ["sh", str(SCRIPT)], env=os.environ | told | secret, check=True, capture_output=True, timeout=120
        )
        yield url
    finally:
        execute(url, *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in NAMES))
        execute(url, *(f"DROP ROLE IF EXISTS {name}" for name in NAMES))


def address(server: str, user: str, database: str) -> str:
    return urlsplit(server)._replace(netloc=f"{user}@{urlsplit(server).netloc.split('@')[1]}", path=database).geturl()


def test_each_program_has_a_database_and_a_password_of_its_own(server: str) -> None:
    owners = execute(server, "SELECT datname, pg_get_userbyid(datdba) FROM pg_database")
    assert {database: owner for database, owner in owners if database in NAMES} == {name: name for name in NAMES}
    roles = execute(
        server, "SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256%', rolsuper, rolcreatedb, rolcreaterole FROM pg_authid"
    )
    ours = sorted(row for row in roles if row[0] in NAMES)
    assert ours == [(name, True, False, False, False) for name in sorted(NAMES)]


@pytest.mark.parametrize("user", NAMES)
def test_nobody_enters_another_s_database(server: str, user: str) -> None:
    assert execute(address(server, user, user), "CREATE TABLE mine (x int)", "DROP TABLE mine", "SELECT 1") == [(1,)]
    for other in set(NAMES) - {user}:
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(address(server, user, other))


def test_the_api_makes_its_tables_with_postgis_without_being_a_superuser(server: str) -> None:
    url = address(server, "geocrop", "geocrop")
    database = Database(url.replace("postgresql://", "postgresql+psycopg2://", 1))
    try:
        upgrade(database)
    finally:
        database.close()
    [(tables,)] = execute(url, "SELECT count(*) FROM information_schema.tables WHERE table_name IN ('jobs', 'users')")
    [(has_postgis,)] = execute(url, "SELECT count(*) FROM pg_extension WHERE extname = 'postgis'")
    assert (tables, has_postgis) == (2, 1)
