"""Memory and speed of one large object through the store: `python -m benchmarks.store folder:///tmp/x`.

For an S3 server: `s3://host:port` with its keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Prints JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

from resources.object_store import FolderStore, ObjectStore, S3Store

BUCKET = "geocrop-bench"
KEY = "bench/large.bin"
MIB = 1 << 20
WARM_UP_BYTES = 40 * MIB
"""Enough for three parts on S3, so that buffers and imports are paid before measuring."""


class Numbers(io.RawIOBase):
    """A stream of `size` bytes that cannot seek, each MiB different, made as it is read."""

    def __init__(self, size: int) -> None:
        self.left = size
        self._pattern = os.urandom(MIB)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill the buffer with at most one MiB."""
        count = min(len(buffer), self.left, MIB)
        start = self.left // MIB % MIB
        buffer[:count] = (self._pattern[start:] + self._pattern[:start])[:count]
        self.left -= count
        return count


class Digested(io.BufferedReader):
    """A stream that hashes what is read from it."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__(raw, MIB)
        self.digest = hashlib.sha256()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read and hash."""
        data = super().read(size)
        self.digest.update(data)
        return data


def measure(store: ObjectStore, size: int) -> dict[str, float | bool]:
    """Put and get one object of `size` bytes: seconds, growth of peak memory (MiB), and whether it came back."""
    store.ensure_buckets([BUCKET])
    _round_trip(store, WARM_UP_BYTES)
    before = _peak_mib()
    result = _round_trip(store, size)
    store.delete(BUCKET, KEY)
    return result | {"size_mib": size / MIB, "rss_growth_mib": round(_peak_mib() - before, 1)}


def _round_trip(store: ObjectStore, size: int) -> dict[str, float | bool]:
    source = Digested(Numbers(size))
    start = time.perf_counter()
    put = store.put(BUCKET, KEY, source)
    middle = time.perf_counter()
    digest = hashlib.sha256()
    with store.open(BUCKET, KEY) as stream:
        while chunk := stream.read(MIB):
            digest.update(chunk)
    same = put.size == size and digest.digest() == source.digest.digest()
    seconds = {"put_s": round(middle - start, 2), "get_s": round(time.perf_counter() - middle, 2)}
    return seconds | {"same": same}


def _peak_mib() -> float:
    """Return the most memory this process ever held, in MiB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024  # kB


def main() -> None:
    """Measure the store named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", help="folder:///PATH or s3://HOST:PORT")
    parser.add_argument("--mib", type=int, default=1024, help="size of the object")
    chosen = parser.parse_args()
    where = urlsplit(chosen.store)
    store: ObjectStore
    if where.scheme == "s3":
        keys = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        store = S3Store(where.netloc, *keys, secure=False)
    else:
        store = FolderStore(Path(where.path))
    print(json.dumps(measure(store, chosen.mib * MIB)))


if __name__ == "__main__":
    main()
