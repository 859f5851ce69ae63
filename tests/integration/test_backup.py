"""Backup, wipe, restore on a real PostgreSQL with PostGIS and a real S3: nothing is lost, by checksums."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import psycopg2
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api.db import aois
from api.db.session import Database
from api.db.users import add_user
from geocrop_assets.cli import app
from imagery.aoi import Aoi
from resources.backup.create import create
from resources.backup.errors import DatabaseToolFailed, TargetInUse, TargetNotEmpty
from resources.backup.manifest import Manifest
from resources.backup.postgres import TABLES
from resources.backup.restore import restore, verify
from resources.backup.vault import LEASE, LEASE_KEY, Vault
from resources.layout import BUCKETS, DATASETS, MODELS, RESULTS, map_prefix
from resources.object_store import ObjectStore, S3Store
from resources.publish import publish_files

pytestmark = pytest.mark.integration

PATIENCE_S = 120.0
VAULT = "geocrop-backup"
MLFLOW_BUCKET = "backup-test-artifacts"
KEPT = (*BUCKETS, MLFLOW_BUCKET)
GEOCROP = Path(sys.executable).with_name("geocrop")


@dataclass
class Platform:
    """Three databases and seven buckets with something in each, and where they are backed up to."""

    store: ObjectStore
    vault: Vault
    databases: dict[str, str]  # address by role: geocrop, dagster, mlflow
    environment: dict[str, str]

    @property
    def names(self) -> list[str]:
        return [name_of(url) for url in self.databases.values()]

    def back_up(self) -> Manifest:
        vault = Vault(self.vault.store, VAULT)
        return create(vault, self.store, databases=self.names, buckets=KEPT, version="1")

    def restore(self, manifest: Manifest, *, overwrite: bool = False) -> None:
        restore(Vault(self.vault.store, VAULT), manifest, self.store, overwrite=overwrite)

    def checksums(self) -> dict[str, str]:
        """Return a checksum of every table of every database and of every object."""
        found = {
            f"{role}: {name}": value for role, url in self.databases.items() for name, value in tables(url).items()
        }
        for bucket in KEPT:
            for one in self.store.list(bucket):
                found[f"{bucket}/{one.key}"] = hashlib.sha256(self.store.get(bucket, one.key)).hexdigest()
        return found

    def wipe(self) -> None:
        """Lose everything: the databases are dropped, the buckets emptied."""
        for name in self.names:
            administer(self.databases["geocrop"], f'DROP DATABASE "{name}" WITH (FORCE)')
        for bucket in KEPT:
            empty(self.store, bucket)


def name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def administer(url: str, statement: str) -> None:
    """Execute a statement in the server's own database."""
    with closing(psycopg2.connect(f"{url.rpartition('/')[0]}/postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def empty(store: ObjectStore, bucket: str) -> None:
    for one in list(store.list(bucket)):
        store.delete(bucket, one.key)


def tables(url: str) -> dict[str, str]:
    """Return owner, number of rows and a checksum of all rows, by table; and the state of every sequence."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(str(TABLES))
        found = {}
        for schema, table in cursor.fetchall():
            name = f'"{schema}"."{table}"'
            cursor.execute(f"SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM {name} t")  # noqa: S608
            rows = cursor.fetchone()
            cursor.execute("SELECT tableowner FROM pg_tables WHERE (schemaname, tablename) = (%s, %s)", (schema, table))
            found[name] = f"{cursor.fetchone()} {rows}"
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
        return found | {f"sequence {name}": str(value) for name, value in cursor.fetchall()}


@pytest.fixture(scope="module")
def filled(
    postgis_server: Any,  # noqa: ANN401
    empty_s3: Any,  # noqa: ANN401
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    """Yield a platform with users, an AOI with PostGIS's geometry, a Dagster run, a model table of its own role."""
    tmp_path = tmp_path_factory.mktemp("platform")
    store = S3Store(empty_s3.endpoint, empty_s3.access_key, empty_s3.secret_key, secure=False)
    store.ensure_buckets([MLFLOW_BUCKET])
    address = urlsplit(postgis_server.url)
    environment = {
        "PGHOST": str(address.hostname),
        "PGPORT": str(address.port),
        "PGUSER": str(address.username),
        "MINIO_ENDPOINT": f"http://{empty_s3.endpoint}",
        "AWS_ACCESS_KEY_ID": empty_s3.access_key,
        "AWS_SECRET_ACCESS_KEY": empty_s3.secret_key,
        "GEOCROP_BACKUP_ENDPOINT": f"http://{empty_s3.endpoint}",
        "GEOCROP_BACKUP_ACCESS_KEY": empty_s3.access_key,
        "GEOCROP_BACKUP_SECRET_KEY": empty_s3.secret_key,
        "GEOCROP_BACKUP_BUCKETS": MLFLOW_BUCKET,
        "GEOCROP_HOME": str(tmp_path / "home"),
    }
    with (
        role(postgis_server.url, "mlflow_keeper"),
        postgis_server.fresh(tables=True) as geocrop,
        postgis_server.fresh(postgis=False) as dagster,
        postgis_server.fresh(postgis=False) as mlflow,
    ):
        fill_geocrop(geocrop)
        fill_dagster(dagster, tmp_path)
        fill_mlflow(mlflow)
        fill_store(store, tmp_path)
        databases = {"geocrop": geocrop, "dagster": dagster, "mlflow": mlflow}
        environment["GEOCROP_BACKUP_DATABASES"] = ",".join(name_of(url) for url in databases.values())
        vault = Vault(store, VAULT).open()
        yield Platform(store, vault, databases, environment)
        for bucket in (*KEPT, VAULT):
            empty(store, bucket)


@pytest.fixture
def platform(filled: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """Yield that platform, with no backup yet; each test leaves it as it was, or the module fails."""
    for name in ("PGHOST", "PGPORT", "PGUSER"):
        monkeypatch.setenv(name, filled.environment[name])
    yield filled
    empty(filled.store, VAULT)


@contextmanager
def role(url: str, name: str) -> Iterator[None]:
    administer(url, f"CREATE ROLE {name} LOGIN")
    yield
    administer(url, f"DROP ROLE {name}")


def fill_geocrop(url: str) -> None:
    """Add a user and their AOI."""
    square = [[31.0, -17.8], [31.01, -17.8], [31.01, -17.79], [31.0, -17.79], [31.0, -17.8]]
    database = Database(url)
    with database.write() as session:
        user = add_user(session, name="ada", password_hash="any", role="admin")
        aois.keep(session, Aoi.from_geojson({"type": "Polygon", "coordinates": [square]}), user.id, "Mhondoro, weiß")
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM aois WHERE geom IS NOT NULL")) == 1, "PostGIS has it"
    database.close()


def fill_dagster(url: str, folder: Path) -> None:
    """Execute a run on an instance of its own."""
    home = folder / "dagster"
    home.mkdir()
    address = url.replace("postgresql://", "postgresql+psycopg2://", 1)
    (home / "dagster.yaml").write_text(
        json.dumps({"telemetry": {"enabled": False}, "storage": {"postgres": {"postgres_url": address}}})
    )

    @dg.asset
    def champion_model() -> None:
        """Stand for the champion."""

    with dg.DagsterInstance.from_config(str(home)) as instance:
        dg.materialize([champion_model], instance=instance)


def fill_mlflow(url: str) -> None:
    """Make a table that a role of its own owns, as MLflow's is."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE models (id serial PRIMARY KEY, name text, facts jsonb)")
        cursor.execute("INSERT INTO models (name, facts) SELECT 'm' || n, '{\"a\": 1}' FROM generate_series(1, 500) n")
        cursor.execute("ALTER TABLE models OWNER TO mlflow_keeper")
        connection.commit()


def fill_store(store: ObjectStore, folder: Path) -> None:
    """Put a map, a batch, a bundle, an artifact; one of them larger than a part of an upload."""
    (folder / "map.tif").write_bytes(os.urandom(17 << 20))
    publish_files(store, RESULTS, map_prefix("a--2023-2024"), {"map.tif": folder / "map.tif"}, {"by": "a test"})
    store.put(DATASETS, "v1/Mhondoro, weiß.csv", b"lon,lat\n", content_type="text/csv")
    store.put(MODELS, "bundles/abc/manifest.json", b"{}", content_type="application/json")
    store.put(MODELS, "bundles/abc/empty", b"")
    store.put(MLFLOW_BUCKET, "0/1/artifacts/report.md", b"# Report\n")


def test_backup_wipe_restore_loses_nothing(platform: Platform) -> None:
    before = platform.checksums()
    manifest = platform.back_up()
    assert verify(Vault(platform.vault.store, VAULT), manifest) > 8
    platform.wipe()
    platform.restore(manifest)
    assert platform.checksums() == before
    assert sum('"public"."runs"' in name for name in before) == 1, "Dagster's tables are among them"
    assert platform.store.stat(DATASETS, "v1/Mhondoro, weiß.csv").size == 8

    again = platform.back_up()
    assert again.objects == manifest.objects
    assert again.added_bytes < manifest.added_bytes / 4, "a map of 17 MB is not copied again"


def test_restoring_over_what_is_there_is_refused_unless_told(platform: Platform) -> None:
    before = platform.checksums()
    manifest = platform.back_up()
    with closing(psycopg2.connect(platform.databases["mlflow"])) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM models WHERE id > 100")
        connection.commit()
        changed = platform.checksums()
        with pytest.raises(TargetNotEmpty, match="tables: restore elsewhere"):
            platform.restore(manifest)
        with pytest.raises(TargetInUse, match="1 connections"):
            platform.restore(manifest, overwrite=True)
        assert platform.checksums() == changed != before, "nothing was touched"
    platform.restore(manifest, overwrite=True)
    assert platform.checksums() == before


def test_a_backup_killed_half_way_is_none_and_the_next_one_is_whole(platform: Platform) -> None:
    with closing(psycopg2.connect(platform.databases["mlflow"])) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE models IN ACCESS EXCLUSIVE MODE")  # its dump waits: the two before it are kept
        process = start(platform, "create")
        wait_until(lambda: sum(1 for _ in platform.vault.contents()) == 2, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert platform.vault.ids() == []
    assert "no backup 'latest'" in say(platform, "verify", code=1)

    assert "backup-in-progress" in say(platform, "create", code=1), "the dead one's lease is still young"
    then = (datetime.now(UTC) - LEASE).isoformat()
    platform.vault.store.put(VAULT, LEASE_KEY, json.dumps({"holder": "it", "renewed": then}).encode())
    say(platform, "create", "--prune")
    before = platform.checksums()
    assert "is whole" in say(platform, "verify")
    assert platform.vault.ids()[0] in say(platform, "list")
    platform.wipe()
    say(platform, "restore", "latest")
    assert platform.checksums() == before


def test_a_restore_that_fails_amid_a_database_leaves_it_empty_and_is_done_again(platform: Platform) -> None:
    before = platform.checksums()
    manifest = platform.back_up()
    url = platform.databases["mlflow"]
    administer(url, f'DROP DATABASE "{name_of(url)}" WITH (FORCE)')
    administer(url, "ALTER ROLE mlflow_keeper RENAME TO somebody_else")
    vault = Vault(platform.vault.store, VAULT)
    with pytest.raises(DatabaseToolFailed, match='role "mlflow_keeper" does not exist'):
        restore(vault, manifest, platform.store, databases=[name_of(url)], objects=False)
    assert tables(url) == {}, "not the tables without their owner"
    administer(url, "ALTER ROLE somebody_else RENAME TO mlflow_keeper")
    restore(vault, manifest, platform.store, databases=[name_of(url)], objects=False)
    assert platform.checksums() == before


def test_a_server_that_is_not_there_is_told(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    with pytest.raises(DatabaseToolFailed, match="refused"):
        platform.back_up()
    assert platform.vault.ids() == []
    assert not platform.vault.store.exists(VAULT, LEASE_KEY)


def start(platform: Platform, *words: str) -> subprocess.Popen[str]:
    """Start `geocrop backup` in a process group of its own."""
    return subprocess.Popen(
        [str(GEOCROP), "backup", *words],
        env=os.environ | platform.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def say(platform: Platform, *words: str, code: int = 0) -> str:
    """Call `geocrop backup` in this process and return what it printed."""
    done = CliRunner().invoke(app, ["backup", *words], env=platform.environment)
    assert done.exit_code == code, done.output
    return done.output


def wait_until(done: Any, process: subprocess.Popen[str]) -> None:  # noqa: ANN401
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.1)
