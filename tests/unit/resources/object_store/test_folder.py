"""What is particular to the folder store; the shared contract is tested with the integration tests."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from resources.object_store import FolderStore, InvalidKey, StoreUnavailable

BUCKET = "geocrop-datasets"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "store")
    store.ensure_buckets([BUCKET])
    return store


def keys(store: FolderStore, prefix: str = "") -> list[str]:
    return [found.key for found in store.list(BUCKET, prefix)]


def test_an_object_is_a_plain_file_with_its_own_name(store: FolderStore) -> None:
    store.put(BUCKET, "v1/batch.csv", b"lon,lat")
    path = store.root / BUCKET / "v1" / "batch.csv"
    assert path.read_bytes() == b"lon,lat"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_dropped_by_hand_is_an_object_with_the_etag_of_its_content(store: FolderStore) -> None:
    folder = store.root / BUCKET / "v1"
    folder.mkdir()
    (folder / "batch.csv").write_bytes(b"lon,lat")
    [found] = store.list(BUCKET)
    assert (found.key, found.size) == ("v1/batch.csv", 7)
    assert found.etag == hashlib.md5(b"lon,lat", usedforsecurity=False).hexdigest()
    assert found.etag == store.put(BUCKET, "same.csv", b"lon,lat").etag


def test_an_object_changed_by_hand_gets_another_etag(store: FolderStore) -> None:
    before = store.put(BUCKET, "k", b"one").etag
    path = store.root / BUCKET / "k"
    path.write_bytes(b"two")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert store.stat(BUCKET, "k").etag != before
    assert store.stat(BUCKET, "k").etag == hashlib.md5(b"two", usedforsecurity=False).hexdigest()


def test_hidden_files_and_names_that_are_no_keys_are_never_listed(
    store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    home = store.root / BUCKET
    for name in (".DS_Store", ".k.swp", "back\\slash", "k"):
        (home / name).write_bytes(b"")
    assert keys(store) == ["k"]
    assert "back" in caplog.text


def test_temporary_files_of_killed_writers_are_not_listed_and_go_when_they_are_old(store: FolderStore) -> None:
    store.put(BUCKET, "k", b"x")
    left = store.root / BUCKET / ".store" / "tmp" / "half"
    left.write_bytes(b"half")
    assert keys(store) == ["k"]
    assert store.clean_incomplete(BUCKET, timedelta(hours=1)) == 0
    os.utime(left, (0, 0))
    assert store.clean_incomplete(BUCKET, timedelta(hours=1)) == 1
    assert not left.exists()


def test_a_put_leaves_no_temporary_file_whether_it_succeeds_or_not(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(BUCKET, "k", b"x")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        store.put(BUCKET, "k", b"new")
    assert list((store.root / BUCKET / ".store" / "tmp").iterdir()) == []
    assert store.get(BUCKET, "k") == b"x"


def test_a_root_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match=f"{tmp_path}/file.*may be written"):
        FolderStore(tmp_path / "file").ensure_buckets([BUCKET])


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a")])
def test_a_key_cannot_be_an_object_and_a_folder(store: FolderStore, first: str, second: str) -> None:
    store.put(BUCKET, first, b"x")
    with pytest.raises(InvalidKey, match="already named like one of its folders"):
        store.put(BUCKET, second, b"y")
    assert keys(store) == [first]


def test_the_last_object_of_a_folder_takes_the_folder_with_it(store: FolderStore) -> None:
    store.put(BUCKET, "a/b/c", b"x")
    store.put(BUCKET, "a/d", b"x")
    store.delete(BUCKET, "a/b/c")
    assert not (store.root / BUCKET / "a" / "b").exists()
    assert keys(store) == ["a/d"]
    store.delete(BUCKET, "a/d")
    assert not (store.root / BUCKET / "a").exists()


def test_deleting_never_removes_a_folder_of_others(store: FolderStore) -> None:
    store.put(BUCKET, "a/b", b"x")
    store.delete(BUCKET, "a")
    assert keys(store) == ["a/b"]


def test_puts_and_deletes_of_one_folder_at_once_all_succeed(store: FolderStore) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for _ in range(40):
                store.put(BUCKET, f"shared/deep/{name}", b"x")
                store.delete(BUCKET, f"shared/deep/{name}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert keys(store) == []


def test_of_many_threads_exactly_one_creates_an_object(store: FolderStore) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from resources.object_store import PreconditionFailed

    def create(number: int) -> int | None:
        try:
            store.put(BUCKET, "once", str(number).encode(), if_absent=True)
        except PreconditionFailed:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(create, range(32)) if number is not None]
    assert len(winners) == 1
    assert store.get(BUCKET, "once") == str(winners[0]).encode()


def test_a_source_that_fails_half_way_writes_nothing(store: FolderStore) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise ValueError("the source broke")
            return super().read(2)

    with pytest.raises(ValueError, match="the source broke"):
        store.put(BUCKET, "k", Broken(b"abcdef"))
    assert keys(store) == []
