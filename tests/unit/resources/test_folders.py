"""Folders under the hash of their contents, behind a pointer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resources.folders import DamagedFolder, fetch_folder, publish_folder, read_pointer
from resources.object_store import FolderStore

BUCKET = "geocrop-models"
PREFIX = "forest/v1/Raw"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "store")
    store.ensure_buckets([BUCKET])
    return store


def folder(tmp_path: Path, name: str, **files: str) -> Path:
    home = tmp_path / name
    for file, text in files.items():
        path = home / file.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return home


def digests(store: FolderStore) -> set[str]:
    return {found.key.split("/")[3] for found in store.list(BUCKET) if not found.key.endswith("current.json")}


def age(store: FolderStore, digest: str) -> None:
    for path in (store.root / BUCKET / PREFIX / digest).rglob("*"):
        os.utime(path, (0, 0))


def test_what_is_published_is_fetched(store: FolderStore, tmp_path: Path) -> None:
    facts = publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "in", model="m", parts__one="1"))
    assert [(file.name, file.size) for file in facts.files] == [("model", 1), ("parts/one", 1)]
    assert facts.size == 2
    assert read_pointer(store, BUCKET, PREFIX) == facts
    fetch_folder(store, BUCKET, PREFIX, facts, tmp_path / "out")
    assert (tmp_path / "out" / "parts" / "one").read_text() == "1"


def test_the_hash_is_of_names_and_contents_only(store: FolderStore, tmp_path: Path) -> None:
    one = publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "a", x="1", y="2"))
    same = publish_folder(store, BUCKET, "other", folder(tmp_path, "b", y="2", x="1"))
    swapped = publish_folder(store, BUCKET, "other", folder(tmp_path, "c", x="2", y="1"))
    assert one.sha256 == same.sha256 != swapped.sha256


def test_a_publication_that_dies_half_way_leaves_the_old_folder(
    store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "old", a="1", b="1"))
    put_file, done = store.put_file, []

    def dying(bucket: str, key: str, path: Path) -> object:
        if done:
            raise KeyboardInterrupt
        done.append(key)
        return put_file(bucket, key, path)

    monkeypatch.setattr(store, "put_file", dying)
    with pytest.raises(KeyboardInterrupt):
        publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "new", a="2", b="2"))
    found = read_pointer(store, BUCKET, PREFIX)
    assert found == old
    fetch_folder(store, BUCKET, PREFIX, old, tmp_path / "out")
    assert (tmp_path / "out" / "a").read_text() == "1"


def test_a_reader_that_began_with_the_old_pointer_still_finds_its_files(store: FolderStore, tmp_path: Path) -> None:
    old = publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "old", a="1"))
    publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "new", a="2"))
    fetch_folder(store, BUCKET, PREFIX, old, tmp_path / "out")
    assert (tmp_path / "out" / "a").read_text() == "1"


def test_old_folders_go_but_never_the_current_the_previous_or_a_young_one(store: FolderStore, tmp_path: Path) -> None:
    all_facts = [publish_folder(store, BUCKET, PREFIX, folder(tmp_path, f"f{n}", a=str(n))) for n in range(3)]
    first, second, third = (facts.sha256 for facts in all_facts)
    assert digests(store) == {first, second, third}
    for digest in (first, second, third):
        age(store, digest)
    fourth = publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "f4", a="4")).sha256
    assert digests(store) == {third, fourth}


def test_publishing_the_same_twice_keeps_the_previous_one(store: FolderStore, tmp_path: Path) -> None:
    first = publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "a", a="1")).sha256
    publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "b", a="2"))
    again = publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "c", a="2"))
    assert again.previous == first


def test_partitions_below_an_asset_are_not_taken_for_old_folders(store: FolderStore, tmp_path: Path) -> None:
    publish_folder(store, BUCKET, "forest/v1", folder(tmp_path, "a", a="1"))
    for path in (store.root / BUCKET / "forest").rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))
    publish_folder(store, BUCKET, "forest", folder(tmp_path, "b", a="1"))
    publish_folder(store, BUCKET, "forest", folder(tmp_path, "c", a="2"))
    facts = read_pointer(store, BUCKET, "forest/v1")
    assert facts is not None
    fetch_folder(store, BUCKET, "forest/v1", facts, tmp_path / "out")


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_file_is_found_out(store: FolderStore, tmp_path: Path, damage: str) -> None:
    facts = publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "in", model="good"))
    key = f"{PREFIX}/{facts.sha256}/model"
    if damage == "changed":
        store.put(BUCKET, key, b"evil")
    else:
        store.delete(BUCKET, key)
    with pytest.raises(DamagedFolder, match=r"model is (missing|not what was written): materialize its asset again"):
        fetch_folder(store, BUCKET, PREFIX, facts, tmp_path / "out")


def test_a_pointer_cannot_lead_out_of_the_folder(store: FolderStore, tmp_path: Path) -> None:
    facts = publish_folder(store, BUCKET, PREFIX, folder(tmp_path, "in", model="good"))
    text = store.get(BUCKET, f"{PREFIX}/current.json").replace(b'"model"', b'"../../../../evil"')
    store.put(BUCKET, f"{PREFIX}/current.json", text)
    bad = read_pointer(store, BUCKET, PREFIX)
    assert bad is not None
    assert bad.sha256 == facts.sha256
    with pytest.raises(Exception, match="is not a key"):
        fetch_folder(store, BUCKET, PREFIX, bad, tmp_path / "deep" / "er" / "out")
    assert not (tmp_path / "evil").exists()
