"""The notebooks' client on a real S3 server, configured by the environment."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resources.object_store import S3Store
from training.storage_client import MinIOStorageClient, fetch, publish
from training.storage_files import NotInStorage, StorageFailed

if TYPE_CHECKING:
    from tests.integration.servers import S3Server

pytestmark = pytest.mark.integration


@pytest.fixture
def bucket(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a bucket of its own on the server that the environment names."""
    monkeypatch.setenv("MINIO_ENDPOINT", s3_server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    name = f"test-{uuid.uuid4().hex[:12]}"
    store = S3Store(s3_server.endpoint, s3_server.access_key, s3_server.secret_key, secure=False)
    store.ensure_buckets([name])
    return name


def test_files_are_uploaded_listed_and_loaded(bucket: str, tmp_path: Path) -> None:
    client = MinIOStorageClient(bucket)
    for name, place in (("a.csv", "31,-18,maize"), ("b.csv", "30,-19,water")):
        (tmp_path / name).write_text(f"lon,lat,label\n{place}\n")
        assert client.upload_file(tmp_path / name, f"v1/{name}") == f"v1/{name}"
    assert client.list_files("v1/") == ["v1/a.csv", "v1/b.csv"]
    frame = client.load_dataset("v1")
    assert frame["batch"].tolist() == ["a.csv", "b.csv"]
    assert frame["label"].tolist() == ["maize", "water"]
    with pytest.raises(NotInStorage, match="versions there: v1"):
        client.load_dataset("v2")


def test_a_folder_is_published_and_fetched(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "é.bin").write_bytes(b"x" * (6 << 20))
    (tmp_path / "in" / "manifest.json").write_text("{}")
    publish(tmp_path / "in", f"s3://{bucket}/models/1")
    fetch(f"s3://{bucket}/models/1/", tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "é.bin").stat().st_size == 6 << 20
    fetch(f"s3://{bucket}/models/1/manifest.json", tmp_path / "one.json")
    assert (tmp_path / "one.json").read_text() == "{}"


def test_what_is_missing_or_refused_is_told(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotInStorage, match=f"{bucket}/nothing.csv"):
        fetch(f"s3://{bucket}/nothing.csv", tmp_path / "x")
    with pytest.raises(NotInStorage, match="NoSuchBucket"):
        MinIOStorageClient("test-never-made").list_files()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StorageFailed, match="SignatureDoesNotMatch"):
        MinIOStorageClient(bucket).list_files()
