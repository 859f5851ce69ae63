"""Servers of the integration tests: started once a session, at the first test that asks for one."""

from __future__ import annotations

import importlib.util
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from resources.object_store import FolderStore, ObjectStore, S3Store


def _servers() -> ModuleType:
    """Load servers.py, which lies beside this file: tests are no package under importlib mode."""
    name = "geocrop_test_servers"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("servers.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[object]:
    """Yield a real S3 server (`endpoint`, `access_key`, `secret_key`), empty at the session's start."""
    with _servers().ceph_s3() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the address of a private PostgreSQL."""
    with _servers().postgres() as url:
        yield url


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
