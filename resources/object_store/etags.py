"""Etags of files: the MD5 of the content, remembered so that a listing of thousands hashes nothing twice."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from resources.object_store.base import CHUNK_BYTES

_ATTRIBUTE = "user.geocrop.etag"

_REMEMBERED = 100_000
"""Etags held in memory where the file system keeps none, some 20 MiB."""


class EtagCache:
    """The etag of each file, valid as long as its size and modification time are those it was computed at.

    It is kept in an extended attribute of the file, set before the file is renamed into place, so content and etag
    appear together. Where the file system or the platform has none (macOS, some network disks) it is kept in memory.
    A file dropped by hand is hashed once, at the first look (some 0.5 GB a second).
    """

    def __init__(self) -> None:
        self._memory: dict[tuple[int, int], tuple[str, str]] = {}

    def of(self, path: Path) -> tuple[str, os.stat_result]:
        """Return the file's etag and what the file system says of it; FileNotFoundError when it is gone."""
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            known = self._recall(file.fileno(), facts)
            if known:
                return known, facts
            digest = hashlib.md5(usedforsecurity=False)
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
            after = os.fstat(file.fileno())
            if _version(after) == _version(facts):
                self.remember(file.fileno(), digest.hexdigest())
            return digest.hexdigest(), after

    def remember(self, handle: int, etag: str) -> None:
        """Keep the etag of an open file that is not written any more."""
        facts = os.fstat(handle)
        version = _version(facts)
        with contextlib.suppress(OSError, AttributeError):
            os.setxattr(handle, _ATTRIBUTE, f"{version} {etag}".encode())
            return
        if len(self._memory) >= _REMEMBERED:
            self._memory.clear()
        self._memory[facts.st_dev, facts.st_ino] = (version, etag)

    def _recall(self, handle: int, facts: os.stat_result) -> str | None:
        version = _version(facts)
        with contextlib.suppress(OSError, AttributeError):
            kept, _, etag = os.getxattr(handle, _ATTRIBUTE).decode("ascii").rpartition(" ")
            if kept == version:
                return etag
        kept, etag = self._memory.get((facts.st_dev, facts.st_ino), ("", ""))
        return etag if kept == version else None


def _version(facts: os.stat_result) -> str:
    return f"{facts.st_size} {facts.st_mtime_ns}"
