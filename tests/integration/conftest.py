"""Servers of the integration tests: started once a session, at the first test that asks for one."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from api.db.migrate import upgrade
from api.db.session import Database
from resources.layout import BUCKETS
from resources.object_store import FolderStore, ObjectStore, S3Store

ROOT = Path(__file__).resolve().parents[2]


def _beside(file: str) -> ModuleType:
    """Load a module that lies beside this file: tests are no package under importlib mode."""
    name = f"geocrop_test_{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{file}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def _servers() -> ModuleType:
    return _beside("servers")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[object]:
    """Yield a real S3 server (`endpoint`, `access_key`, `secret_key`), empty at the session's start."""
    with _servers().ceph_s3() as server:
        yield server


@pytest.fixture(scope="module")
def empty_s3(s3_server: Any) -> Iterator[Any]:  # noqa: ANN401  # servers.py is loaded by path
    """Yield the S3 server with nothing in the platform's buckets, and leave nothing there to the next module."""
    store = S3Store(s3_server.endpoint, s3_server.access_key, s3_server.secret_key, secure=False)
    store.ensure_buckets(BUCKETS)
    _empty(store)
    yield s3_server
    _empty(store)


def _empty(store: ObjectStore) -> None:
    for bucket in BUCKETS:
        for one in store.list(bucket):
            store.delete(bucket, one.key)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the address of a private PostgreSQL."""
    with _servers().postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgis_server(postgres_url: str) -> Any:  # noqa: ANN401  # databases.py is loaded by path
    """Return the private PostgreSQL as a maker of fresh databases: `with postgis_server.fresh() as url`."""
    return _beside("databases").postgis_server(postgres_url)


@pytest.fixture(scope="module")
def postgis_url(postgis_server: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield the address of a database of this test module's own, with PostGIS and without tables."""
    with postgis_server.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with the API's tables, to be copied."""
    file = tmp_path_factory.mktemp("template") / "api.db"
    made = Database(f"sqlite:///{file}")
    upgrade(made)
    made.close()
    return file


@pytest.fixture(params=["sqlite", "postgis"])
def database(request: pytest.FixtureRequest, _migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """Yield the API's database with all its tables, empty: on SQLite, then on PostgreSQL with PostGIS."""
    if request.param == "sqlite":
        shutil.copyfile(_migrated_sqlite, tmp_path / "api.db")
        opened = Database(f"sqlite:///{tmp_path / 'api.db'}")
        yield opened
        opened.close()
        return
    with request.getfixturevalue("postgis_server").fresh(tables=True) as url:
        opened = Database(url)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def mlflow_server(postgis_server: Any, s3_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:  # noqa: ANN401
    """Yield an MLflow server (`url`, `database_url`, `bucket`) on PostgreSQL with artifacts on S3: half a minute."""
    folder = tmp_path_factory.mktemp("mlflow")
    with (
        postgis_server.fresh(postgis=False) as url,
        _beside("databases").mlflow_server(_servers(), url, s3_server, folder) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def feature_table() -> ModuleType:
    """Return a dataset that needs no imagery: `write_recipe(folder)`, `batch(seed, rows=, groups=, label=)`."""
    return _beside("feature_table")


@pytest.fixture(scope="session")
def observed() -> ModuleType:
    """Return the module that runs a real Prometheus beside a stack."""
    return _beside("observed")


@pytest.fixture
def dagster_postgres_home(postgis_server: Any, tmp_path: Path) -> Iterator[Path]:  # noqa: ANN401
    """Yield a DAGSTER_HOME as of one machine, but for its storage: a PostgreSQL database of this test's own."""
    template = ROOT / "deploy" / "dagster" / "local.yaml"
    with postgis_server.fresh(postgis=False) as url:
        yield _beside("databases").write_dagster_home(tmp_path / "dagster", template, url)


@pytest.fixture(scope="session")
def make_dagster_home() -> Callable[[Path, Path, str], Path]:
    """Return `write_dagster_home(folder, template, database_url)` for fixtures that live longer than a test."""
    written: Callable[[Path, Path, str], Path] = _beside("databases").write_dagster_home
    return written


@dataclass(frozen=True)
class StoreCase:
    """A store under test and the Python expression that makes the same one in another process."""

    store: ObjectStore
    bucket: str
    expression: str


@pytest.fixture(params=["folder", "s3"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> StoreCase:
    """Return each backend in turn with an empty bucket of its own."""
    expression = f"FolderStore(Path({str(tmp_path / 'store')!r}))"
    if request.param == "s3":
        server = request.getfixturevalue("s3_server")
        expression = f"S3Store({server.endpoint!r}, {server.access_key!r}, {server.secret_key!r}, secure=False)"
    store = eval(expression, {"FolderStore": FolderStore, "S3Store": S3Store, "Path": Path})  # noqa: S307
    bucket = f"test-{uuid.uuid4().hex[:12]}"
    store.ensure_buckets([bucket])
    return StoreCase(store, bucket, expression)
