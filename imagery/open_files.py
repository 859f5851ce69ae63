"""Files of scenes that stay open: a file's header is read once, and a later block reads from the same handle.

Kept for the whole process, while nobody uses them: open datasets, at most `MOST_IDLE` and of at most `MOST_IDLE_BYTES`
(GDAL keeps a buffer of one internal tile with each). GDAL's block cache, which their reads share, has its own bound. A
dataset is used by one thread at a time. A local file that has changed since (by time or size) is opened anew; a remote
one after `REMOTE_SECONDS`, because asking whether it has changed costs as much as opening it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

REMOTE_SECONDS = 600.0
DESCRIPTORS_SHARE = 0.5  # of the files that the process may have open
MOST_IDLE = 800  # a season of one place: 72 dates x 11 assets
MOST_IDLE_BYTES = 192 * 2**20
HELD_SECONDS = 60.0
"""Blocks use the same files in the same order, so the oldest is wanted next: the newest does not push it out before it
has been idle for so long."""

Key = tuple[Hashable, ...]


@dataclass(frozen=True)
class OpenFile:
    """An open raster file, and what its header says."""

    dataset: Any
    opened: float
    """Seconds of the monotonic clock."""

    @cached_property
    def crs(self) -> str | None:
        """Return the CRS as WKT."""
        crs = self.dataset.crs
        return None if crs is None else str(crs.to_wkt())

    @cached_property
    def transform(self) -> Any:  # noqa: ANN401 (affine has no types)
        """Return the affine of the file's pixels."""
        return self.dataset.transform

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return int(self.dataset.height), int(self.dataset.width)

    @cached_property
    def dtype(self) -> str:
        """Return the dtype of band 1."""
        return str(self.dataset.dtypes[0])

    @cached_property
    def nodata(self) -> float | None:
        """Return the file's own nodata."""
        value = self.dataset.nodata
        return None if value is None else float(value)

    @cached_property
    def tile(self) -> tuple[int, int]:
        """Return rows and columns of an internal tile (or strip) of band 1."""
        rows, columns = self.dataset.block_shapes[0]
        return int(rows), int(columns)

    @cached_property
    def bytes(self) -> int:
        """Return the bytes of an internal tile, which GDAL may hold while the file is open."""
        return self.tile[0] * self.tile[1] * np.dtype(self.dtype).itemsize

    @property
    def is_old(self) -> bool:
        """Tell whether a remote file was opened so long ago that it may have changed."""
        return _is_remote(self.dataset.name) and time.monotonic() - self.opened > REMOTE_SECONDS

    def close(self) -> None:
        """Close the dataset."""
        self.dataset.close()


@dataclass(frozen=True)
class _Idle:
    key: Key
    file: OpenFile
    since: float


class OpenFiles:
    """Open files by path, of which few enough are kept while nobody uses them."""

    def __init__(self, most: int = MOST_IDLE, most_bytes: int = MOST_IDLE_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, _Idle] = OrderedDict()  # by number, in order of their last use
        self._numbers: dict[Key, list[int]] = {}
        self._next = 0
        self._bytes = 0

    @contextmanager
    def use(self, path: str, options: Mapping[str, str] | None = None) -> Iterator[OpenFile]:
        """Give a file that no other thread uses meanwhile; one whose use fails is closed. Runs within `gdal_env`.

        Args:
            path: what GDAL opens.
            options: GDAL options of the caller, credentials among them: files opened with others are not shared.

        """
        key = (path, tuple(sorted((options or {}).items())), *_version_of(path))
        file = self._taken(key) or _opened(path)
        try:
            yield file
        except BaseException:
            file.close()
            raise
        self._keep(key, file)

    def close(self) -> None:
        """Close the files that nobody uses."""
        with self._lock:
            files = [self._removed(number).file for number in list(self._idle)]
        for file in files:
            file.close()

    def __len__(self) -> int:
        return len(self._idle)

    def after_fork(self) -> None:
        """Forget all files without closing them: a child that reads from its parent's handles moves their positions."""
        self._left_to_the_parent = self._idle
        self._start()

    def _taken(self, key: Key) -> OpenFile | None:
        with self._lock:
            numbers = self._numbers.get(key)
            file = self._removed(numbers[-1]).file if numbers else None
        if file is not None and file.is_old:
            file.close()
            return None
        return file

    def _keep(self, key: Key, file: OpenFile) -> None:
        now = time.monotonic()
        with self._lock:
            surplus = []
            while self._is_full_with(file) and self._idle and now - self._oldest().since > HELD_SECONDS:
                surplus.append(self._removed(next(iter(self._idle))).file)
            if self._is_full_with(file):
                surplus.append(file)
            else:
                self._next += 1
                self._idle[self._next] = _Idle(key, file, now)
                self._numbers.setdefault(key, []).append(self._next)
                self._bytes += file.bytes
        for one in surplus:
            one.close()

    def _is_full_with(self, file: OpenFile) -> bool:
        return len(self._idle) >= self._most or self._bytes + file.bytes > self._most_bytes

    def _oldest(self) -> _Idle:
        return next(iter(self._idle.values()))

    def _removed(self, number: int) -> _Idle:
        idle = self._idle.pop(number)
        self._numbers[idle.key].remove(number)
        if not self._numbers[idle.key]:
            del self._numbers[idle.key]
        self._bytes -= idle.file.bytes
        return idle


def _opened(path: str) -> OpenFile:
    import rasterio

    # GDAL's own sharing of datasets would give two threads the same one.
    return OpenFile(rasterio.open(path, sharing=False), time.monotonic())


def _is_remote(path: str) -> bool:
    return path.startswith("/vsi") or "://" in path


def _version_of(path: str) -> tuple[int, ...]:
    if _is_remote(path):
        return ()
    try:
        stat = os.stat(path)  # noqa: PTH116 (quicker: it is asked for each of a thousand reads)
    except OSError:
        return ()  # GDAL says what is wrong with it
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _bound() -> int:
    """Return how many files may stay open, which leaves the process half of its descriptors."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return MOST_IDLE
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_IDLE if soft == resource.RLIM_INFINITY else max(1, min(MOST_IDLE, int(soft * DESCRIPTORS_SHARE)))


OPEN_FILES = OpenFiles(_bound())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=OPEN_FILES.after_fork)
