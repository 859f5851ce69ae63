"""The embedded object store: a folder, in which a bucket is a subfolder and an object is a file.

Writers fill a hidden temporary file on the same file system, flush it to the disk and rename it under a lock, so a
reader or a kill never meets half an object. A file dropped by hand is an object too, whole once its copy ends.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, NoReturn

from resources.object_store.base import (
    CHUNK_BYTES,
    BucketNotFound,
    ObjectNotFound,
    ObjectStat,
    ObjectStore,
    StoreUnavailable,
    check_bucket,
    check_conditions,
    check_key,
    is_key,
    unmet,
)
from resources.object_store.etags import EtagCache
from resources.object_store.folder_files import entries, make_last, prune, publish

TREE = "tree"
"""The lock of a bucket's folders: one is not made for an object while another's delete prunes it."""

HIDDEN = ".store"
"""The folder in each bucket for temporary files and locks; no key can reach it."""


class FolderStore(ObjectStore):
    """Objects as files under `root`; safe for many threads and processes of one machine.

    Etags are the MD5 of the content. One limit: a key cannot be both an object and the folder of others (`a` beside
    `a/b`); putting the second raises InvalidKey.
    """

    def __init__(self, root: Path) -> None:
        """Use `root`, which is made with its first bucket."""
        self.root = Path(root).expanduser().resolve()
        self._etags = EtagCache()

    def __repr__(self) -> str:
        return f"FolderStore({str(self.root)!r})"

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes | BinaryIO,
        *,
        content_type: str = "application/octet-stream",
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectStat:
        """Write one object: see `ObjectStore.put`. The content type is not kept."""
        check_conditions(if_absent, if_match)
        target = self._path(bucket, key)
        with _disk_errors(self.root):
            temporary, etag = self._spool(bucket, data)
            try:
                facts = temporary.stat()
                with self._locked(bucket, key):
                    self._check(target, bucket, key, if_absent, if_match)
                    with self._held(bucket, TREE):
                        publish(temporary, target, bucket, key)
                    make_last(target.parent)
            finally:
                temporary.unlink(missing_ok=True)
        return ObjectStat(bucket, key, facts.st_size, etag, _utc(facts.st_mtime))

    @contextmanager
    def open(self, bucket: str, key: str) -> Iterator[BinaryIO]:
        """Open one object to read it: see `ObjectStore.open`; here the stream can also seek."""
        path = self._path(bucket, key)
        try:
            stream = path.open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise _missing(bucket, key) from None
        except OSError as error:
            _unavailable(self.root, error)
        with stream:
            yield stream

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectStat]:
        """Yield objects by key: see `ObjectStore.list`. Walks only the folders that `prefix` can reach."""
        home = self._bucket(bucket)
        folder, _, _ = prefix.rpartition("/")
        start = home / folder if folder and is_key(folder) else home
        with _disk_errors(self.root):
            yield from self._walk(bucket, start, f"{folder}/" if start != home else "", prefix)

    def _walk(self, bucket: str, folder: Path, base: str, prefix: str) -> Iterator[ObjectStat]:
        for name, entry in entries(folder):
            key = base + name
            if entry.is_dir():
                if key.startswith(prefix) or prefix.startswith(key):
                    yield from self._walk(bucket, Path(entry.path), key, prefix)
            elif key.startswith(prefix):
                # A file that went between the listing and this look at it is simply no longer there.
                with contextlib.suppress(ObjectNotFound):
                    yield self._stat(Path(entry.path), bucket, key)

    def stat(self, bucket: str, key: str) -> ObjectStat:
        """Return what is known of one object: see `ObjectStore.stat`."""
        path = self._path(bucket, key)
        with _disk_errors(self.root):
            return self._stat(path, bucket, key)

    def _stat(self, path: Path, bucket: str, key: str) -> ObjectStat:
        try:
            etag, facts = self._etags.of(path)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise _missing(bucket, key) from None
        return ObjectStat(bucket, key, facts.st_size, etag, _utc(facts.st_mtime))

    def delete(self, bucket: str, key: str) -> None:
        """Remove one object and the folders it leaves empty: see `ObjectStore.delete`."""
        path = self._path(bucket, key)
        home = self._bucket(bucket)
        with _disk_errors(self.root), self._locked(bucket, key):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                path.unlink()
            with self._held(bucket, TREE):
                prune(path.parent, home)

    def presigned_url(
        self, bucket: str, key: str, expires: timedelta = timedelta(hours=1), *, filename: str | None = None
    ) -> str:
        """Return the object's `file://` address, good on this machine and without an end."""
        return self.uri(bucket, key)

    def uri(self, bucket: str, key: str) -> str:
        """Return the object's `file://` address."""
        return self._path(bucket, key).as_uri()

    def gdal_path(self, bucket: str, key: str) -> str:
        """Return the file's own path."""
        return str(self._path(bucket, key))

    def gdal_options(self) -> dict[str, str]:
        """Return no option: a file needs none."""
        return {}

    def ensure_buckets(self, names: Iterable[str]) -> None:
        """Create those of the buckets that are not there."""
        with _disk_errors(self.root):
            for name in names:
                check_bucket(name)
                (self.root / name).mkdir(parents=True, exist_ok=True)

    def clean_incomplete(self, bucket: str, older_than: timedelta) -> int:
        """Remove temporary files last written more than `older_than` ago, and return how many."""
        latest = time.time() - older_than.total_seconds()
        removed = 0
        with _disk_errors(self.root):
            for path in (self._bucket(bucket) / HIDDEN / "tmp").glob("*"):
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime <= latest:
                        path.unlink()
                        removed += 1
        return removed

    def _bucket(self, bucket: str) -> Path:
        check_bucket(bucket)
        home = self.root / bucket
        if not home.is_dir():
            raise BucketNotFound(f"there is no bucket {bucket} in {self.root}: create it with ensure_buckets")
        return home

    def _path(self, bucket: str, key: str) -> Path:
        check_bucket(bucket)
        check_key(key)
        return self.root / bucket / key

    def _hidden(self, bucket: str, name: str) -> Path:
        folder = self._bucket(bucket) / HIDDEN / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _spool(self, bucket: str, data: bytes | BinaryIO) -> tuple[Path, str]:
        """Write the content to a temporary file and to the disk; return the file and the etag."""
        source: BinaryIO = io.BytesIO(data) if isinstance(data, bytes) else data
        digest = hashlib.md5(usedforsecurity=False)
        handle, name = tempfile.mkstemp(dir=self._hidden(bucket, "tmp"))
        try:
            with os.fdopen(handle, "wb") as file:
                while chunk := source.read(CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fchmod(handle, 0o644)  # mkstemp makes it private; an object is shared like any file
                self._etags.remember(handle, digest.hexdigest())
                os.fsync(handle)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return Path(name), digest.hexdigest()

    def _locked(self, bucket: str, key: str) -> AbstractContextManager[None]:
        """Hold this key's lock: one of 256 files, so that locks do not pile up."""
        return self._held(bucket, hashlib.sha256(key.encode()).hexdigest()[:2])

    @contextmanager
    def _held(self, bucket: str, lock: str) -> Iterator[None]:
        """Hold one of the bucket's locks against every thread and process. A kill releases it."""
        handle = os.open(self._hidden(bucket, "locks") / lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _check(self, target: Path, bucket: str, key: str, if_absent: bool, if_match: str | None) -> None:
        if not if_absent and if_match is None:
            return
        try:
            found = self._stat(target, bucket, key).etag
        except ObjectNotFound:
            found = None
        if (if_absent and found is not None) or (if_match is not None and found != if_match):
            raise unmet(bucket, key, if_absent, found)


def _missing(bucket: str, key: str) -> ObjectNotFound:
    return ObjectNotFound(f"there is no object {bucket}/{key}")


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _unavailable(root: Path, error: OSError) -> NoReturn:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        free = shutil.disk_usage(root).free >> 20 if root.exists() else 0
        advice = f"the disk is full ({free} MiB free): make room"
    else:
        advice = f"{error.strerror or error}: check that the folder exists, is mounted and may be written"
    raise StoreUnavailable(f"the object store in {root} does not work: {advice}") from error


@contextmanager
def _disk_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _unavailable(root, error)
