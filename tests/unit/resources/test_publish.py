"""Publishing: a reader follows the pointer, which goes last, and never sees half a result."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from resources.layout import RESULTS
from resources.object_store import FolderStore, ObjectStat
from resources.publish import POINTER_NAME, content_hash, publish_files, read_pointer

PREFIX = "maps/a1--2023-2024/"
NAMES = ("crop_map.tif", "item.json", "areas.csv")


def files_of(folder: Path, content: str) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / name).write_text(f"{content} {name}")
    return {name: folder / name for name in NAMES}


def test_the_pointer_names_every_file_and_what_else_is_known(store: FolderStore, tmp_path: Path) -> None:
    told = publish_files(store, RESULTS, PREFIX, files_of(tmp_path / "one", "one"), {"model_version": 3})
    assert read_pointer(store, RESULTS, PREFIX) == told
    assert told["model_version"] == 3
    assert {name: store.get(RESULTS, key).decode() for name, key in told["files"].items()} == {
        name: f"one {name}" for name in NAMES
    }


def test_nothing_published_has_no_pointer(store: FolderStore) -> None:
    assert read_pointer(store, RESULTS, PREFIX) is None


def test_the_same_content_lies_under_the_same_prefix_and_another_beside_it(store: FolderStore, tmp_path: Path) -> None:
    first = publish_files(store, RESULTS, PREFIX, files_of(tmp_path / "one", "one"), {})
    again = publish_files(store, RESULTS, PREFIX, files_of(tmp_path / "two", "one"), {})
    other = publish_files(store, RESULTS, PREFIX, files_of(tmp_path / "two", "two"), {})
    assert first["files"] == again["files"]
    assert set(first["files"].values()).isdisjoint(other["files"].values())
    assert all(store.exists(RESULTS, key) for key in first["files"].values()), "a reader of the old one may still read"


def test_the_hash_knows_names_and_contents(tmp_path: Path) -> None:
    paths = list(files_of(tmp_path / "one", "one").values())
    known = content_hash(paths)
    assert content_hash(reversed(paths)) == known
    (tmp_path / "one" / "item.json").rename(tmp_path / "one" / "other.json")
    renamed = [path if path.exists() else tmp_path / "one" / "other.json" for path in paths]
    assert content_hash(renamed) != known


class Dies(FolderStore):
    """A store whose writer dies after so many objects."""

    left = 99

    def put(self, bucket: str, key: str, data: bytes | BinaryIO, **options: Any) -> ObjectStat:  # noqa: ANN401
        self._count()
        return super().put(bucket, key, data, **options)

    def put_file(self, bucket: str, key: str, path: Path, **options: Any) -> ObjectStat:  # noqa: ANN401
        self._count()
        return super().put_file(bucket, key, path, **options)

    def _count(self) -> None:
        if self.left == 0:
            raise ConnectionError("the writer died")
        self.left -= 1


@pytest.mark.parametrize("puts", range(len(NAMES) + 1))
def test_a_publication_that_dies_leaves_the_old_result(store: FolderStore, tmp_path: Path, puts: int) -> None:
    old = publish_files(store, RESULTS, PREFIX, files_of(tmp_path / "one", "one"), {})
    dying = Dies(store.root)
    dying.left = puts
    with pytest.raises(ConnectionError):
        publish_files(dying, RESULTS, PREFIX, files_of(tmp_path / "two", "two"), {})
    assert read_pointer(store, RESULTS, PREFIX) == old
    assert [store.get(RESULTS, key).decode().split()[0] for key in old["files"].values()] == ["one"] * len(NAMES)


def test_a_reader_in_the_middle_of_many_publications_sees_whole_results(store: FolderStore, tmp_path: Path) -> None:
    publish_files(store, RESULTS, PREFIX, files_of(tmp_path / "now", "0"), {})
    stop, mixed, seen = threading.Event(), [], set()

    def read() -> None:
        while not stop.is_set():
            pointer = read_pointer(store, RESULTS, PREFIX)
            assert pointer is not None
            words = {store.get(RESULTS, key).decode().split()[0] for key in pointer["files"].values()}
            seen.update(words)
            if len(words) != 1:
                mixed.append(words)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 40):
            publish_files(store, RESULTS, PREFIX, files_of(tmp_path / "now", str(number)), {})
    finally:
        stop.set()
        reader.join()
    assert mixed == []
    assert len(seen) > 1, "the reader saw results change"


def test_the_pointer_lies_where_listing_finds_it(store: FolderStore, tmp_path: Path) -> None:
    publish_files(store, RESULTS, PREFIX, files_of(tmp_path / "one", "one"), {})
    assert PREFIX + POINTER_NAME in [one.key for one in store.list(RESULTS, PREFIX)]
