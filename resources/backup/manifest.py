"""What a backup says of itself: a small manifest, and an index of its objects."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from resources.backup.errors import BackupDamaged

FORMAT = 1
#: Names of backups are the moments at which they began: they sort by time.
MOMENT = "%Y-%m-%dT%H-%M-%S-%fZ"


@dataclass(frozen=True)
class KeptDatabase:
    """The dump of one database: custom format of pg_dump, by its content."""

    name: str
    owner: str
    sha256: str
    size: int
    server: str  # version of the server that it came from
    rows: dict[str, int]  # schema.table -> rows, counted in the dump's own snapshot


@dataclass(frozen=True)
class KeptObject:
    """One object: where it was, and its content. `etag` is that of the store it came from."""

    bucket: str
    key: str
    size: int
    etag: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """One whole backup. `index` is the content of the list of its objects."""

    id: str
    began: str
    ended: str
    version: str  # of GeoCrop
    databases: tuple[KeptDatabase, ...]
    buckets: tuple[str, ...]
    objects: int
    size: int  # bytes of the objects, before equal contents are kept once
    added_bytes: int  # that this backup brought into the vault
    index: str
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Return the manifest as it is kept."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, body: bytes) -> Manifest:
        """Read a kept manifest.

        Raises:
            BackupDamaged: it is none, or of a format that this GeoCrop does not know.

        """
        try:
            said: dict[str, Any] = json.loads(body)
            if said["format"] != FORMAT:
                raise BackupDamaged(f"a backup of format {said['format']}: this GeoCrop reads format {FORMAT}")
            databases = tuple(KeptDatabase(**one) for one in said.pop("databases"))
            return cls(**{**said, "databases": databases, "buckets": tuple(said["buckets"])})
        except (ValueError, KeyError, TypeError) as error:
            raise BackupDamaged(f"a manifest cannot be read: {error}") from error


def write_index(objects: Iterable[KeptObject], path: Path) -> None:
    """Write objects as JSON lines, compressed; equal lists make equal files."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as lines:
        for one in objects:
            lines.write(json.dumps([one.bucket, one.key, one.size, one.etag, one.sha256]).encode() + b"\n")


def read_index(path: Path) -> Iterator[KeptObject]:
    """Give the objects of an index."""
    with gzip.open(path, "rb") as lines:
        for line in lines:
            yield KeptObject(*json.loads(line))
