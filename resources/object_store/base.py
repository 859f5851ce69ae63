"""The object store's interface, its value types, its errors, and the rules of keys that both backends share."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from training.errors import GeocropError

if TYPE_CHECKING:
    import rasterio

CHUNK_BYTES = 1 << 20
"""Bytes copied at a time: what a transfer holds in memory, whatever the object's size."""

KEY_BYTES = 1024
"""S3's limit of a key in UTF-8."""

SEGMENT_BYTES = 255
"""The limit of a file name on ext4, xfs and APFS: a key must fit both backends."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


class ObjectNotFound(GeocropError):
    """Check the key, or materialize the asset that writes it: the store has no such object."""

    code: ClassVar[str] = "object-not-found"


class BucketNotFound(ObjectNotFound):
    """Create the bucket (`ensure_buckets`) or correct its name: the store has no such bucket."""

    code: ClassVar[str] = "bucket-not-found"


class PreconditionFailed(GeocropError):
    """Read the object again and decide anew: somebody else wrote it first.

    (Or this writer itself, when an S3 server failed after writing: the object read again tells.)
    """

    code: ClassVar[str] = "precondition-failed"


class StoreUnavailable(GeocropError):
    """Start the object store or correct its address, keys or disk, then try again: it does not answer."""

    code: ClassVar[str] = "store-unavailable"


class InvalidKey(GeocropError):
    """Choose another name: this one is not a valid bucket or key."""

    code: ClassVar[str] = "invalid-key"


@dataclass(frozen=True)
class ObjectStat:
    """What is known of one object: `size` in bytes, `modified` in UTC.

    `etag` changes whenever the content does. Equal contents put whole have equal etags (the MD5 of the content);
    S3 gives objects that came in parts another one, so compare an etag only with an earlier one of the same key.
    """

    bucket: str
    key: str
    size: int
    etag: str
    modified: datetime


def check_bucket(bucket: str) -> None:
    """Raise InvalidKey unless `bucket` is a name that S3 and a file system both take."""
    if not _BUCKET.fullmatch(bucket):
        raise InvalidKey(
            f"{bucket!r} is not a bucket name: use 3 to 63 lower-case letters, digits and hyphens, "
            "beginning and ending with a letter or digit"
        )


def check_key(key: str) -> None:
    """Raise InvalidKey unless `key` names an object in both backends.

    A key is segments joined by `/`: no empty one, none that begins with a dot (hidden files are never objects, and
    `..` leaves the bucket), no backslash or control character, at most 255 bytes a segment and 1,024 in all.
    """
    problem = _key_problem(key)
    if problem:
        raise InvalidKey(f"{key!r} is not a key: {problem}")


def _key_problem(key: str) -> str | None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if not key:
        return "it is empty"
    if size > KEY_BYTES:
        return f"it has {size} bytes, more than {KEY_BYTES}"
    if "\\" in key or any(unicodedata.category(letter) == "Cc" for letter in key):
        return "it holds a backslash or a control character"
    return next(filter(None, map(_segment_problem, key.split("/"))), None)


def _segment_problem(segment: str) -> str | None:
    if not segment:
        return "it begins or ends with a slash, or holds two in a row"
    if segment.startswith("."):
        return f"its part {segment!r} begins with a dot"
    if len(segment.encode()) > SEGMENT_BYTES:
        return f"one of its parts has more than {SEGMENT_BYTES} bytes"
    return None


def is_key(key: str) -> bool:
    """Tell whether `key` is valid: listings leave out what is not (`.DS_Store`, a console's `folder/`)."""
    return _key_problem(key) is None


def check_conditions(if_absent: bool, if_match: str | None) -> None:
    """Raise ValueError when a put states both conditions."""
    if if_absent and if_match is not None:
        raise ValueError("a put is conditional on absence or on an etag, not on both")


def unmet(bucket: str, key: str, if_absent: bool, found: str | None = None) -> PreconditionFailed:
    """Return the error of a conditional put that came too late; `found` is the etag met, when known."""
    if if_absent:
        return PreconditionFailed(f"{bucket}/{key} is already there: another writer was first; read it")
    met = f" (its etag is now {found})" if found else ""
    return PreconditionFailed(f"{bucket}/{key} changed or went since it was read{met}: read it again")


class ObjectStore(ABC):
    """Buckets of objects, written atomically: a reader sees the whole old object or the whole new one.

    Every method raises InvalidKey for a bad name and StoreUnavailable when the store does not answer. Objects and
    streams of any size pass with a few MiB of memory, save through `get` and bytes given to `put`.
    """

    @abstractmethod
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
        """Write one object from bytes or from a stream's position to its end, and return what was written.

        Args:
            bucket: An existing bucket; else BucketNotFound.
            key: The object's key.
            data: Bytes or a binary stream, read once.
            content_type: Kept by S3; a folder has no place for it.
            if_absent: Write only when there is no such object; else PreconditionFailed.
            if_match: Write only over the object with this etag; else PreconditionFailed.
        """

    def put_file(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        content_type: str = "application/octet-stream",
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectStat:
        """Write one object from a file: see `put`."""
        with path.open("rb") as stream:
            return self.put(bucket, key, stream, content_type=content_type, if_absent=if_absent, if_match=if_match)

    @abstractmethod
    def open(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        """Open one object to read it as a stream (forward only); ObjectNotFound when there is none."""

    def get(self, bucket: str, key: str) -> bytes:
        """Return a small object whole; ObjectNotFound when there is none."""
        with self.open(bucket, key) as stream:
            return stream.read()

    def download(self, bucket: str, key: str, path: Path) -> None:
        """Write one object to a file, which appears whole or not at all; ObjectNotFound when there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.open(bucket, key) as stream:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}-")
            try:
                with os.fdopen(handle, "wb") as file:
                    while chunk := stream.read(CHUNK_BYTES):
                        file.write(chunk)
                Path(name).replace(path)
            finally:
                Path(name).unlink(missing_ok=True)

    @abstractmethod
    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectStat]:
        """Yield the objects whose keys begin with `prefix`, sorted by key; BucketNotFound without the bucket."""

    @abstractmethod
    def stat(self, bucket: str, key: str) -> ObjectStat:
        """Return what is known of one object; ObjectNotFound when there is none."""

    def exists(self, bucket: str, key: str) -> bool:
        """Tell whether there is such an object (False too without the bucket)."""
        try:
            self.stat(bucket, key)
        except ObjectNotFound:
            return False
        return True

    @abstractmethod
    def delete(self, bucket: str, key: str) -> None:
        """Remove one object; no error when it is already gone, BucketNotFound without the bucket."""

    @abstractmethod
    def presigned_url(
        self, bucket: str, key: str, expires: timedelta = timedelta(hours=1), *, filename: str | None = None
    ) -> str:
        """Return an address that reads the object without keys until `expires` (at most 7 days).

        A browser saves what it reads there as `filename` (letters, digits, `.`, `_`, `-`), where one is given.

        A folder answers with a `file://` address: good on this machine only, and without an end.
        """

    @abstractmethod
    def uri(self, bucket: str, key: str) -> str:
        """Return the object's address for people and records: `s3://bucket/key`, or `file:///...` in a folder."""

    @abstractmethod
    def gdal_path(self, bucket: str, key: str) -> str:
        """Return the path by which GDAL reads the object window by window (inside `gdal_env`)."""

    @abstractmethod
    def gdal_options(self) -> dict[str, str]:
        """Return the GDAL options, keys included, as environment variables for a process of workers."""

    def gdal_env(self) -> rasterio.Env:
        """Return a rasterio environment in which `gdal_path` opens; a context manager, for this thread."""
        import rasterio

        options = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"} | self.gdal_options()
        return rasterio.Env(**options)

    @abstractmethod
    def ensure_buckets(self, names: Iterable[str]) -> None:
        """Create those of the buckets that are not there."""

    @abstractmethod
    def clean_incomplete(self, bucket: str, older_than: timedelta) -> int:
        """Remove what killed writers left behind more than `older_than` ago, and return how many."""
