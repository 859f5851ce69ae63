"""The object store between processes: killed writers, races, and the memory of large objects."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resources.object_store import ObjectNotFound

if TYPE_CHECKING:
    from tests.integration.conftest import StoreCase
    from tests.integration.servers import S3Server

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
RACES = 40

PRELUDE = """
import io, sys, time
from pathlib import Path
from resources.object_store import FolderStore, PreconditionFailed, S3Store
store, bucket = {expression}, {bucket!r}
"""

SLOW_PUT = """
class Slow(io.RawIOBase):
    sent = 0
    def readable(self): return True
    def seekable(self): return False
    def readinto(self, buffer):
        if self.sent >= 36 << 20:
            print("in the middle", flush=True)
            time.sleep(60)
        count = min(len(buffer), 1 << 20)
        buffer[:count] = b"n" * count
        self.sent += count
        return count
store.put(bucket, "k", io.BufferedReader(Slow(), 1 << 20))
"""

OVERWRITE_FOR_EVER = """
print("ready", flush=True)
for number in range(10**9):
    store.put(bucket, "k", bytes([number % 256]) * (3 << 20))
"""

RACE = """
print("ready", flush=True)
sys.stdin.readline()
for number in range({races}):
    try:
        store.put(bucket, f"race/{{number:03d}}", b"{me}", if_absent=True)
        print(number, flush=True)
    except PreconditionFailed:
        pass
"""

COUNT = """
print("ready", flush=True)
sys.stdin.readline()
done = 0
while done < {races}:
    seen = store.stat(bucket, "count")
    value = int(store.get(bucket, "count"))
    try:
        store.put(bucket, "count", str(value + 1).encode(), if_match=seen.etag)
        done += 1
    except PreconditionFailed:
        pass
"""


def start(case: StoreCase, script: str) -> subprocess.Popen[str]:
    code = PRELUDE.format(expression=case.expression, bucket=case.bucket) + script
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        bufsize=1,
    )


def kill(writer: subprocess.Popen[str]) -> None:
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert writer.returncode == -signal.SIGKILL


@pytest.mark.parametrize("old", [None, b"o" * MIB])
def test_a_writer_killed_in_the_middle_of_a_put_leaves_the_old_object(case: StoreCase, old: bytes | None) -> None:
    if old:
        case.store.put(case.bucket, "k", old)
    writer = start(case, SLOW_PUT)
    assert writer.stdout.readline() == "in the middle\n"

    def assert_old() -> None:
        assert [found.key for found in case.store.list(case.bucket)] == (["k"] if old else [])
        if old:
            assert case.store.get(case.bucket, "k") == old
        else:
            with pytest.raises(ObjectNotFound):
                case.store.get(case.bucket, "k")

    assert_old()
    kill(writer)
    assert_old()
    assert case.store.clean_incomplete(case.bucket, timedelta(hours=1)) == 0
    assert case.store.clean_incomplete(case.bucket, timedelta(0)) == 1
    assert_old()


def test_readers_see_whole_objects_while_writers_overwrite_and_die(case: StoreCase) -> None:
    chance = random.Random(42)
    seen = set()
    for _ in range(4):
        writer = start(case, OVERWRITE_FOR_EVER)
        assert writer.stdout.readline() == "ready\n"
        end = time.monotonic() + 0.6 + chance.random() * 0.3
        while time.monotonic() < end:
            seen.add(whole(case))
        kill(writer)
        seen.add(whole(case))
    assert len(seen - {None}) > 3


def whole(case: StoreCase) -> int | None:
    """Return the one byte value that the object is made of, or None without an object."""
    try:
        data = case.store.get(case.bucket, "k")
    except ObjectNotFound:
        return None
    assert len(data) == 3 * MIB
    assert data.count(data[:1]) == len(data), "a reader saw parts of two objects"
    return data[0]


def test_of_two_racing_writers_exactly_one_creates_each_object(case: StoreCase) -> None:
    writers = [start(case, RACE.format(races=RACES, me=name)) for name in "AB"]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
    for writer in writers:
        writer.stdin.write("go\n")
    won = [set(map(int, writer.communicate(timeout=60)[0].split())) for writer in writers]
    assert won[0] | won[1] == set(range(RACES))
    assert not won[0] & won[1]
    for name, numbers in zip(b"AB", won, strict=True):
        assert all(case.store.get(case.bucket, f"race/{number:03d}") == bytes([name]) for number in numbers)


def test_no_update_is_lost_when_two_writers_count_with_if_match(case: StoreCase) -> None:
    case.store.put(case.bucket, "count", b"0")
    writers = [start(case, COUNT.format(races=RACES)) for _ in range(2)]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
    for writer in writers:
        writer.stdin.write("go\n")
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert case.store.get(case.bucket, "count") == str(2 * RACES).encode()


@pytest.mark.slow
def test_a_gibibyte_passes_without_growing_memory(case: StoreCase, s3_server: S3Server, tmp_path: Path) -> None:
    where = f"s3://{s3_server.endpoint}" if "S3Store" in case.expression else f"folder://{tmp_path}"
    keys = {"AWS_ACCESS_KEY_ID": s3_server.access_key, "AWS_SECRET_ACCESS_KEY": s3_server.secret_key}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.store", where],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | keys,
        check=True,
        timeout=300,
    )
    result = json.loads(done.stdout)
    assert result["same"]
    assert result["size_mib"] == 1024
    assert result["rss_growth_mib"] < 64
