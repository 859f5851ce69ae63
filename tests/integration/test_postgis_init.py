"""The script that PostGIS runs in an empty data folder on Kubernetes: a database and a role for each program."""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2 import sql

pytestmark = pytest.mark.integration

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "k8s" / "base" / "postgis" / "databases.sh"
NAMES = ("dagster", "mlflow", "geocrop")


def test_each_program_gets_a_database_and_may_not_open_the_others(postgres_url: str) -> None:
    address = urlsplit(postgres_url)
    passwords = {f"{name.upper()}_PASSWORD": f"it's {uuid.uuid4()}" for name in NAMES}  # a quote must do no harm
    server = {
        "PGHOST": address.hostname or "",
        "PGPORT": str(address.port),
        "POSTGRES_USER": address.username or "",
        "PATH": f"/usr/lib/postgresql/15/bin:{os.environ['PATH']}",
    }
    try:
        subprocess.run(["sh", SCRIPT], check=True, capture_output=True, timeout=120, env=server | passwords)
        connection = psycopg2.connect(f"{postgres_url.rpartition('/')[0]}/geocrop")
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT postgis_version()")
            assert cursor.fetchone()
            cursor.execute(
                "SELECT r.rolname, d.datname FROM pg_roles r, pg_database d WHERE r.rolname = ANY(%s) "
                "AND d.datname = ANY(%s) AND has_database_privilege(r.rolname, d.datname, 'CONNECT')",
                (list(NAMES), list(NAMES)),
            )
            assert sorted(cursor.fetchall()) == sorted((name, name) for name in NAMES)
        connection.close()
    finally:
        _drop(postgres_url)


def _drop(url: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for name in NAMES:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
    connection.close()
