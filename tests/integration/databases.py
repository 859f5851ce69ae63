"""Databases and the servers that keep their state in one, for tests: PostGIS, MLflow, Dagster's instance.

Fresh databases are copied from a template inside the one private PostgreSQL, which takes a moment where making the
extension and the tables takes seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
import yaml
from psycopg2 import sql

from api.db.migrate import upgrade
from api.db.session import Database

if TYPE_CHECKING:
    from types import ModuleType

#: MLflow imports and makes its tables for half a minute on an idle machine.
MLFLOW_SECONDS = 240.0
STOP_SECONDS = 20.0
MLFLOW_BUCKET = "mlflow-artifacts"


def _execute(url: str, statement: str, name: str, template: str = "template1") -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True  # a database is made and dropped outside of transactions
        with connection.cursor() as cursor:
            names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
            cursor.execute(sql.SQL(statement).format(**names))


@dataclass
class PostgisServer:
    """A PostgreSQL with PostGIS at hand, and its two templates: with the extension, and with the API's tables too."""

    url: str
    templates: dict[str, str] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """Return the address of one of its databases."""
        return f"{self.url.rpartition('/')[0]}/{name}"

    @contextmanager
    def fresh(self, *, postgis: bool = True, tables: bool = False) -> Iterator[str]:
        """Give a database of one's own, dropped at the end: with PostGIS, with the API's tables in it."""
        template = "template1"
        if postgis or tables:
            template = self._template("tables" if tables else "postgis")
        name = f"test_{uuid.uuid4().hex[:12]}"
        _execute(self.url, "CREATE DATABASE {name} TEMPLATE {template}", name, template)
        try:
            yield self.address(name)
        finally:
            _execute(self.url, "DROP DATABASE {name} WITH (FORCE)", name)

    def _template(self, kind: str) -> str:
        """Return the name of a template, made at first use."""
        if kind not in self.templates:
            name = f"template_{kind}"
            _execute(self.url, "CREATE DATABASE {name}", name)
            if kind == "tables":
                database = Database(self.address(name))
                upgrade(database)
                database.close()
            else:
                _execute(self.address(name), "CREATE EXTENSION postgis", name)
            self.templates[kind] = name
        return self.templates[kind]


def postgis_server(url: str) -> PostgisServer:
    """Return the server at an address, or skip the test (fail it where CI is set) when it lacks PostGIS."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'")
        found = cursor.fetchone()
    if found != (1,):
        message = "PostGIS not found: apt-get install postgresql-15-postgis-3"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return PostgisServer(url)


@dataclass(frozen=True)
class MlflowServer:
    """Where a test's MLflow listens, the database it keeps its records in, and the bucket of its artifacts."""

    url: str
    database_url: str
    bucket: str


@contextmanager
def mlflow_server(
    servers: ModuleType,
    database_url: str,
    s3: Any,  # noqa: ANN401  # servers.py is loaded by path
    folder: Path,
) -> Iterator[MlflowServer]:
    """Run an MLflow server on a PostgreSQL database with artifacts on S3."""
    from resources.object_store import S3Store

    S3Store(s3.endpoint, s3.access_key, s3.secret_key, secure=False).ensure_buckets([MLFLOW_BUCKET])
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_S3_ENDPOINT_URL": f"http://{s3.endpoint}",
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    options = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--workers": "1",
        "--backend-store-uri": database_url.replace("postgresql://", "postgresql+psycopg2://", 1),
        "--artifacts-destination": f"s3://{MLFLOW_BUCKET}",
    }
    words = [part for pair in options.items() for part in pair]
    command = [sys.executable, "-W", "ignore", "-m", "resources.mlflow_server", "server", *words, "--serve-artifacts"]
    with _process_group(command, environment, folder / "mlflow.log") as process:
        servers.wait_until(lambda: _is_well(url, process, folder / "mlflow.log"), "the start of MLflow", MLFLOW_SECONDS)
        yield MlflowServer(url, database_url, MLFLOW_BUCKET)


def _is_well(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"MLflow ended at its start: {log.read_text()[-3000:]}")
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def _process_group(command: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that starts others; all of them are ended at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def write_dagster_home(folder: Path, template: Path, database_url: str) -> Path:
    """Write the dagster.yaml of a file of the repository, with its storage in a PostgreSQL database."""
    settings = yaml.safe_load(template.read_text())
    # Without the driver's name, SQLAlchemy 2.1 takes psycopg 3, which dagster-postgres does not speak.
    address = database_url.replace("postgresql://", "postgresql+psycopg2://", 1)
    settings["storage"] = {"postgres": {"postgres_url": address}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(yaml.safe_dump(settings))
    return folder
