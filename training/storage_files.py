"""Files in a store as `training.storage_client` moves them: a folder, or S3 through minio-py, imported when used."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

from training.errors import GeocropError

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 120.0


class StorageNotConfigured(GeocropError):
    """Set the environment variable that the message names: the client does not know where the store is."""

    code: ClassVar[str] = "storage-not-configured"


class StorageFailed(GeocropError):
    """Check that the object store runs and that its address and keys are right: a request to it failed."""

    code: ClassVar[str] = "storage-failed"


class NotInStorage(GeocropError):
    """Look at `list_files()`: there is no such file or dataset version."""

    code: ClassVar[str] = "not-in-storage"


@dataclass(frozen=True)
class StorageSettings:
    """Where the store is: a folder, or an S3 server (`host:port` or an http(s) address) and its keys."""

    root: Path | None = None
    endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    region: str = "us-east-1"


class Files(Protocol):
    """Buckets of files."""

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """Return the sorted keys that begin with `prefix`."""

    def get(self, bucket: str, key: str, dest: Path) -> None:
        """Copy one file to `dest`, where it appears whole; NotInStorage when there is none."""

    def put(self, source: Path, bucket: str, key: str) -> None:
        """Copy a local file to the store, where it appears whole."""


def files_of(settings: StorageSettings) -> Files:
    """Return the store that the settings name."""
    if settings.endpoint:
        return S3Files(settings)
    if settings.root is None:
        raise StorageNotConfigured("the settings name neither a folder nor an S3 endpoint")
    return FolderFiles(settings.root)


class FolderFiles:
    """A folder, in which a bucket is a subfolder; names that begin with a dot are never listed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """Return the sorted keys that begin with `prefix`."""
        home = self._root / bucket
        start = self._path(bucket, prefix.rpartition("/")[0])
        found = (path.relative_to(home) for path in start.rglob("*") if path.is_file())
        keys = (path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))
        return sorted(key for key in keys if key.startswith(prefix))

    def get(self, bucket: str, key: str, dest: Path) -> None:
        """Copy one file to `dest`."""
        source = self._path(bucket, key)
        if not source.is_file():
            raise NotInStorage(f"there is no file {source}")
        _copy(source, dest)

    def put(self, source: Path, bucket: str, key: str) -> None:
        """Copy a local file into the folder."""
        _copy(source, self._path(bucket, key))

    def _path(self, bucket: str, key: str) -> Path:
        if ".." in key.split("/"):
            raise NotInStorage(f"{key!r} leaves the store: keys have no '..'")
        return self._root / bucket / key


def _copy(source: Path, dest: Path) -> None:
    """Copy by way of a hidden file beside the destination, so that nobody sees half of it."""
    dest.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=dest.parent, prefix=".geocrop-")
    os.close(handle)
    try:
        shutil.copyfile(source, name)
        Path(name).chmod(0o644)  # mkstemp makes it private
        Path(name).replace(dest)
    finally:
        Path(name).unlink(missing_ok=True)


class S3Files:
    """Buckets of an S3 server."""

    def __init__(self, settings: StorageSettings) -> None:
        from minio import Minio
        from urllib3 import PoolManager, Retry, Timeout

        scheme, _, host = str(settings.endpoint).rpartition("://")
        self._endpoint = host.rstrip("/")
        self._client = Minio(
            self._endpoint,
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            secure=scheme == "https",
            region=settings.region,
            http_client=PoolManager(
                timeout=Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
                retries=Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
            ),
        )

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """Return the sorted keys that begin with `prefix`."""
        with self._told(bucket):
            found = self._client.list_objects(bucket, prefix=prefix, recursive=True)
            return sorted(item.object_name for item in found if item.object_name and not item.is_dir)

    def get(self, bucket: str, key: str, dest: Path) -> None:
        """Copy one object to `dest`."""
        dest.parent.mkdir(parents=True, exist_ok=True)
        with self._told(f"{bucket}/{key}"):
            self._client.fget_object(bucket, key, str(dest))

    def put(self, source: Path, bucket: str, key: str) -> None:
        """Put a local file."""
        with self._told(f"{bucket}/{key}"):
            self._client.fput_object(bucket, key, str(source))

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        from minio.error import MinioException, S3Error
        from urllib3.exceptions import HTTPError

        try:
            yield
        except S3Error as error:
            if error.code in {"NoSuchKey", "NoSuchBucket"}:
                raise NotInStorage(f"there is no {what} on {self._endpoint} ({error.code})") from error
            raise StorageFailed(f"{self._endpoint} refused {what}: {error.code} {error.message}") from error
        except (MinioException, HTTPError) as error:
            raise StorageFailed(
                f"{self._endpoint} does not answer as it should: is MINIO_ENDPOINT right? ({error})"
            ) from error
