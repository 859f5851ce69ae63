"""Datasets and models in the object store, for notebooks and for training without Dagster.

Configured by the environment: S3 when `MINIO_ENDPOINT` is set (`host:port` or an http(s) address; keys in
`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`), else the folder that `GEOCROP_STORE` names, in which a bucket is a
subfolder. The platform itself uses `resources.object_store`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd

from training.storage_files import (
    Files,
    FolderFiles,
    NotInStorage,
    StorageNotConfigured,
    StorageSettings,
    files_of,
)

DATASETS = "geocrop-datasets"
TABLE_SUFFIXES = (".csv", ".parquet", ".geoparquet")


def read_environment() -> StorageSettings:
    """Read where the store is from the environment; StorageNotConfigured names the missing variable."""
    endpoint, root = os.environ.get("MINIO_ENDPOINT"), os.environ.get("GEOCROP_STORE")
    if not endpoint:
        if not root:
            raise StorageNotConfigured(
                "set MINIO_ENDPOINT (an S3 server, host:port) or GEOCROP_STORE (the folder of an embedded store)"
            )
        return StorageSettings(root=Path(root).expanduser())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if not os.environ.get(name):
            raise StorageNotConfigured(f"MINIO_ENDPOINT is set, and {name} is not: set it to the store's key")
    return StorageSettings(
        endpoint=endpoint,
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        region=os.environ.get("GEOCROP_S3_REGION", "us-east-1"),
    )


class MinIOStorageClient:
    """Lists, loads and uploads datasets, by default in bucket `geocrop-datasets`.

    >>> client = MinIOStorageClient()
    >>> frame = client.load_dataset("2024-05")
    """

    def __init__(self, bucket: str = DATASETS, settings: StorageSettings | None = None) -> None:
        """Connect to the store that the environment names, or to that of `settings`."""
        self.bucket = bucket
        self._files = files_of(settings or read_environment())

    def list_files(self, prefix: str = "", bucket: str | None = None) -> list[str]:
        """Return the sorted keys that begin with `prefix`."""
        return self._files.keys(bucket or self.bucket, prefix)

    def load_dataset(self, name: str, bucket: str | None = None) -> pd.DataFrame:
        """Load one table by its key, or a whole dataset version by its name.

        Args:
            name: A key that ends in `.csv`, `.parquet` or `.geoparquet`; or a version, whose CSV batches come one
                below the other with their file name in the column `batch`.
            bucket: Another bucket than the client's.

        Returns:
            The rows as they lie there, without the checks of training; a GeoDataFrame when the file is GeoParquet.

        Raises:
            NotInStorage: when there is no such table or version, with the versions there are.

        """
        bucket = bucket or self.bucket
        if name.lower().endswith(TABLE_SUFFIXES):
            return self._read(bucket, name)
        keys = [key for key in self.list_files(f"{name.strip('/')}/", bucket) if key.lower().endswith(".csv")]
        if not keys:
            versions = sorted({key.partition("/")[0] for key in self.list_files("", bucket) if "/" in key})
            raise NotInStorage(f"{bucket} has no CSV under {name}/; versions there: {', '.join(versions) or 'none'}")
        frames = [self._read(bucket, key).assign(batch=key.rpartition("/")[2]) for key in keys]
        return pd.concat(frames, ignore_index=True)

    def upload_file(self, path: Path | str, key: str | None = None, bucket: str | None = None) -> str:
        """Put a file, by default under its own name, and return its key; it appears whole or not at all."""
        source = Path(path)
        if not source.is_file():
            raise NotInStorage(f"there is no file {source} to upload")
        key = key or source.name
        self._files.put(source, bucket or self.bucket, key)
        return key

    def _read(self, bucket: str, key: str) -> pd.DataFrame:
        with tempfile.TemporaryDirectory(prefix="geocrop-dataset-") as folder:
            local = Path(folder) / "table"
            self._files.get(bucket, key, local)
            return pd.read_csv(local) if key.lower().endswith(".csv") else _read_parquet(local)


def fetch(uri: str, dest: Path) -> None:
    """Copy a file to `dest`, or everything below a folder into the folder `dest`.

    `uri` is `s3://bucket/key` (a folder when it ends with a slash), a local path, or a `file://` address.
    NotInStorage when there is nothing.
    """
    files, bucket, key = _locate(uri)
    if key and not key.endswith("/"):
        files.get(bucket, key, dest)
        return
    found = files.keys(bucket, key)
    if not found:
        raise NotInStorage(f"there is nothing below {uri}")
    for name in found:
        files.get(bucket, name, dest / name.removeprefix(key))


def publish(path: Path, uri: str) -> None:
    """Copy a file to `uri`, or everything below a folder to below `uri`; each file appears whole.

    `uri` is `s3://bucket/key`, a local path, or a `file://` address; where it ends with a slash or is a folder, a file
    keeps its name. NotInStorage when there is no such file or folder.
    """
    files, bucket, key = _locate(uri)
    if path.is_file():
        files.put(path, bucket, f"{key}{path.name}" if not key or key.endswith("/") else key)
        return
    if not path.is_dir():
        raise NotInStorage(f"there is no file or folder {path} to publish")
    for found in sorted(path.rglob("*")):
        if found.is_file():
            files.put(found, bucket, f"{key.rstrip('/')}/{found.relative_to(path).as_posix()}".lstrip("/"))


def _locate(uri: str) -> tuple[Files, str, str]:
    """Return the files, the bucket and the key that an address means; a local path has no bucket."""
    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.netloc:
        return files_of(read_environment()), parts.netloc, uri.removeprefix(f"s3://{parts.netloc}").lstrip("/")
    if "://" in uri and parts.scheme != "file":
        raise StorageNotConfigured(f"{uri} is neither s3://bucket/key nor a local path")
    local = unquote(parts.path) if parts.scheme == "file" else uri
    path = Path(local).expanduser().absolute()
    folder = "/" if path.is_dir() or local.endswith("/") else ""
    return FolderFiles(Path("/")), "", f"{path.as_posix().lstrip('/')}{folder}"


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    if b"geo" in (pq.read_schema(path).metadata or {}):
        import geopandas as gpd

        frame: pd.DataFrame = gpd.read_parquet(path)
        return frame
    return pd.read_parquet(path)
