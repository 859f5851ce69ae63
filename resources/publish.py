"""Publishing what a partition made: files under a prefix of their own content, then one pointer to them.

A reader follows the pointer `current.json`, which is put last: it never sees half a result, and while a new result is
put, it sees the old one. Superseded files are left to housekeeping.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from resources.object_store import ObjectNotFound, ObjectStore

POINTER_NAME = "current.json"
#: Hexadecimal digits of a content's SHA-256 in its prefix.
PREFIX_DIGITS = 16
READ_BYTES = 1 << 20
CONTENT_TYPES = {
    ".tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    ".json": "application/json",
    ".png": "image/png",
    ".csv": "text/csv",
    ".xml": "application/xml",
}


def publish_files(
    store: ObjectStore, bucket: str, prefix: str, files: Mapping[str, Path], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Put files under `prefix` + the hash of their contents, then the pointer; return what the pointer says.

    Args:
        store: where to.
        bucket: an existing bucket.
        prefix: of the partition, ending in a slash.
        files: local files by the names they get.
        facts: what else the pointer says (JSON).

    """
    folder = f"{prefix}{content_hash(files.values())}/"
    for name, path in files.items():
        store.put_file(
            bucket, folder + name, path, content_type=CONTENT_TYPES.get(path.suffix, "application/octet-stream")
        )
    pointer = {"files": {name: folder + name for name in files}, **facts}
    store.put(bucket, prefix + POINTER_NAME, json.dumps(pointer, indent=1).encode(), content_type="application/json")
    return pointer


def read_pointer(store: ObjectStore, bucket: str, prefix: str) -> dict[str, Any] | None:
    """Return what the pointer of a partition says, or None where nothing was published."""
    try:
        pointer: dict[str, Any] = json.loads(store.get(bucket, prefix + POINTER_NAME))
    except ObjectNotFound:
        return None
    return pointer


def content_hash(paths: Iterable[Path]) -> str:
    """Return the first digits of the SHA-256 over files, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda one: one.name):
        digest.update(path.name.encode())
        with path.open("rb") as stream:
            while chunk := stream.read(READ_BYTES):
                digest.update(chunk)
    return digest.hexdigest()[:PREFIX_DIGITS]
