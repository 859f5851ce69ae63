"""A folder of files in the object store under the hash of its contents, found by one pointer that is put last.

A reader follows the pointer, so it sees the whole old folder or the whole new one. Checksums are verified.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import ClassVar

from resources.object_store import ObjectNotFound, ObjectStore
from training.errors import GeocropError

POINTER = "current.json"

KEEP_OLD = timedelta(days=1)
"""How long a folder is kept that is neither the current nor the previous one: a slow writer may still point at it."""


class DamagedFolder(GeocropError):
    """Materialize the asset again: a file of it in the object store is missing or not what was written."""

    code: ClassVar[str] = "damaged-folder"


@dataclass(frozen=True)
class FileFacts:
    """One file of a folder: its path in it, size in bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class FolderFacts:
    """A published folder: the hash of its contents, its files, and the hash that was current before."""

    sha256: str
    files: tuple[FileFacts, ...]
    previous: str | None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def publish_folder(store: ObjectStore, bucket: str, prefix: str, folder: Path) -> FolderFacts:
    """Put a folder's files under `prefix/<hash>/`, then the pointer `prefix/current.json`.

    Folders older than the previous one and than a day are removed.
    """
    files = tuple(_facts(path, folder) for path in sorted(folder.rglob("*")) if path.is_file())
    digest = _digest(files)
    for file in files:
        store.put_file(bucket, f"{prefix}/{digest}/{file.name}", folder / file.name)
    before = read_pointer(store, bucket, prefix)
    previous = None
    if before is not None:
        previous = before.previous if before.sha256 == digest else before.sha256
    facts = FolderFacts(digest, files, previous)
    text = json.dumps(asdict(facts), indent=1).encode()
    store.put(bucket, f"{prefix}/{POINTER}", text, content_type="application/json")
    _remove_old(store, bucket, prefix, {digest, previous})
    return facts


def read_pointer(store: ObjectStore, bucket: str, prefix: str) -> FolderFacts | None:
    """Return what is published under `prefix`, or None."""
    try:
        given = json.loads(store.get(bucket, f"{prefix}/{POINTER}"))
    except ObjectNotFound:
        return None
    files = tuple(FileFacts(**file) for file in given["files"])
    return FolderFacts(given["sha256"], files, given["previous"])


def fetch_folder(store: ObjectStore, bucket: str, prefix: str, facts: FolderFacts, folder: Path) -> None:
    """Download a published folder's files; DamagedFolder when one is missing or its checksum differs."""
    for file in facts.files:
        key = f"{prefix}/{facts.sha256}/{file.name}"
        target = folder / PurePosixPath(file.name)
        try:
            store.download(bucket, key, target)
        except ObjectNotFound as error:
            raise DamagedFolder(f"{bucket}/{key} is missing: materialize its asset again") from error
        if _sha256(target) != file.sha256:
            raise DamagedFolder(f"{bucket}/{key} is not what was written: materialize its asset again")


def _remove_old(store: ObjectStore, bucket: str, prefix: str, keep: set[str | None]) -> None:
    newest: dict[str, datetime] = {}
    keys: dict[str, list[str]] = {}
    for found in store.list(bucket, f"{prefix}/"):
        digest, _, rest = found.key.removeprefix(f"{prefix}/").partition("/")
        if rest and digest not in keep and _is_digest(digest):
            newest[digest] = max(found.modified, newest.get(digest, found.modified))
            keys.setdefault(digest, []).append(found.key)
    for digest, moment in newest.items():
        if moment < datetime.now(UTC) - KEEP_OLD:
            for key in keys[digest]:
                store.delete(bucket, key)


def _is_digest(text: str) -> bool:
    """Tell a folder of ours from the partitions that may lie under the same prefix."""
    return len(text) == hashlib.sha256().digest_size * 2 and set(text) <= set("0123456789abcdef")


def _facts(path: Path, folder: Path) -> FileFacts:
    return FileFacts(path.relative_to(folder).as_posix(), path.stat().st_size, _sha256(path))


def _digest(files: tuple[FileFacts, ...]) -> str:
    lines = [f"{file.sha256} {file.size} {file.name}" for file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
