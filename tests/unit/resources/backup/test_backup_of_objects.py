"""Backups of objects alone: complete whatever happens meanwhile, incremental, and nothing damaged goes unseen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resources.backup import vault as vaults
from resources.backup.create import create
from resources.backup.errors import BackupDamaged, BackupIncomplete, BackupInProgress, BackupNotFound, TargetNotEmpty
from resources.backup.manifest import Manifest
from resources.backup.restore import restore, verify
from resources.backup.retention import Keeping, decide_backups_to_delete, prune
from resources.backup.vault import LEASE, LEASE_KEY, Vault, content_key
from resources.folders import publish_folder
from resources.layout import DATASETS, RESULTS, map_prefix
from resources.object_store import FolderStore, ObjectStat
from resources.publish import POINTER_NAME, publish_files

BUCKETS = (DATASETS, RESULTS)
PREFIX = map_prefix("a--2023-2024")


class Changing(FolderStore):
    """A store in which something happens just before a bucket is listed for the second time."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.listed = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectStat]:
        if bucket == RESULTS and not prefix:
            self.listed += 1
            if self.listed == 2:
                self.meanwhile()
        return super().list(bucket, prefix)


@pytest.fixture
def store(tmp_path: Path) -> Changing:
    """Return a platform's store with a batch and a map."""
    made = Changing(tmp_path / "store")
    made.ensure_buckets(BUCKETS)
    made.put(DATASETS, "v1/batch.csv", b"lon,lat\n")
    publish(made, tmp_path, "first")
    return made


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(FolderStore(tmp_path / "vault"), "geocrop-backup").open()


def publish(store: FolderStore, folder: Path, text: str) -> str:
    """Publish a map; return the key of its raster."""
    (folder / "map.tif").write_text(text)
    return str(publish_files(store, RESULTS, PREFIX, {"map.tif": folder / "map.tif"}, {})["files"]["map.tif"])


def back_up(vault: Vault, store: FolderStore) -> Manifest:
    return create(Vault(vault.store, vault.bucket), store, databases=(), buckets=BUCKETS, version="1")


def bring_back(vault: Vault, manifest: Manifest, target: FolderStore, *, overwrite: bool = False) -> None:
    restore(Vault(vault.store, vault.bucket), manifest, target, overwrite=overwrite)


def contents(store: FolderStore) -> dict[tuple[str, str], bytes]:
    return {
        (bucket, one.key): store.get(bucket, one.key) for bucket in BUCKETS for one in FolderStore.list(store, bucket)
    }


def test_what_was_backed_up_comes_back(vault: Vault, store: Changing, tmp_path: Path) -> None:
    manifest = back_up(vault, store)
    assert manifest.objects == 3
    new = FolderStore(tmp_path / "new")
    bring_back(vault, vault.manifest("latest"), new)
    assert contents(new) == contents(store)


def test_a_second_backup_brings_only_what_is_new(vault: Vault, store: Changing, tmp_path: Path) -> None:
    first = back_up(vault, store)
    before = {one.key for one in vault.contents()}
    again = back_up(vault, store)
    assert {one.key for one in vault.contents()} == before, "the same objects have the same index"
    assert (first.added_bytes > 0, again.added_bytes) == (True, 0)
    publish(store, tmp_path, "second")
    third = back_up(vault, store)
    added = {one.key for one in vault.contents()} - before
    assert len(added) == 3, "a raster, a pointer, an index"
    assert vault.ids() == [first.id, again.id, third.id]


def test_a_map_published_meanwhile_leaves_the_backup_complete(vault: Vault, store: Changing, tmp_path: Path) -> None:
    old = store.get(RESULTS, f"{PREFIX}{POINTER_NAME}")
    store.meanwhile = lambda: publish(store, tmp_path, "second")
    manifest = back_up(vault, store)
    new = FolderStore(tmp_path / "new")
    bring_back(vault, manifest, new)
    pointer = new.get(RESULTS, f"{PREFIX}{POINTER_NAME}")
    assert pointer == old, "the pointer is of before, and its files are there"
    assert new.get(RESULTS, json.loads(pointer)["files"]["map.tif"]) == b"first"


def test_a_file_deleted_meanwhile_that_a_pointer_names_makes_no_backup(vault: Vault, store: Changing) -> None:
    key = json.loads(store.get(RESULTS, f"{PREFIX}{POINTER_NAME}"))["files"]["map.tif"]
    store.meanwhile = lambda: store.delete(RESULTS, key)
    with pytest.raises(BackupIncomplete, match="named it"):
        back_up(vault, store)
    assert vault.ids() == []


def test_both_kinds_of_pointers_are_followed(vault: Vault, store: Changing, tmp_path: Path) -> None:
    folder = tmp_path / "fit"
    (folder / "part").mkdir(parents=True)
    (folder / "part" / "model.ubj").write_bytes(b"trees")
    facts = publish_folder(store, RESULTS, "xgboost_model/v1/Raw", folder)
    assert back_up(vault, store).objects == 5
    store.meanwhile = lambda: store.delete(RESULTS, f"xgboost_model/v1/Raw/{facts.sha256}/part/model.ubj")
    store.listed = 0
    with pytest.raises(BackupIncomplete, match=r"part/model\.ubj"):
        back_up(vault, store)


def test_changed_and_missing_content_is_found(vault: Vault, store: Changing, tmp_path: Path) -> None:
    manifest = back_up(vault, store)
    victim = next(one.key for one in vault.contents() if vault.store.get(vault.bucket, one.key) == b"first")
    assert verify(vault, manifest) == 4
    vault.store.put(vault.bucket, victim, b"fIrst")
    assert verify(vault, manifest, quick=True) == 4, "a quick look at sizes does not see it"
    with pytest.raises(BackupDamaged, match="was changed"):
        verify(vault, manifest)
    vault.store.delete(vault.bucket, victim)
    new = FolderStore(tmp_path / "new")
    with pytest.raises(BackupDamaged, match="missing"):
        bring_back(vault, manifest, new)
    assert not new.root.exists(), "nothing was begun"


def test_restoring_refuses_what_is_there_unless_told(vault: Vault, store: Changing, tmp_path: Path) -> None:
    manifest, before = back_up(vault, store), contents(store)
    publish(store, tmp_path, "later")
    store.put(DATASETS, "v1/batch.csv", b"other\n")
    with pytest.raises(TargetNotEmpty, match="objects are there already"):
        bring_back(vault, manifest, store)
    assert contents(store) != before
    bring_back(vault, manifest, store, overwrite=True)
    assert contents(store) == before, "what came later is gone"


def test_one_process_at_a_time_changes_the_vault(vault: Vault, store: Changing) -> None:
    with vault.lease(), pytest.raises(BackupInProgress, match="holds the lease"):
        back_up(vault, store)
    back_up(vault, store)
    assert not vault.store.exists(vault.bucket, LEASE_KEY)


def test_the_lease_of_a_dead_process_is_taken_over_and_its_holder_makes_no_backup(
    vault: Vault, store: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = Vault(vault.store, vault.bucket)
    with sleeper.lease():
        monkeypatch.setattr(vaults, "LEASE", -LEASE)  # whatever its age: too old
        manifest = back_up(vault, store)
        with pytest.raises(BackupInProgress):
            sleeper.put_manifest(manifest)
    assert vault.ids() == [manifest.id]


def test_an_unknown_backup_is_told(vault: Vault) -> None:
    for name in ("latest", "2020-01-01T00-00-00-000000Z"):
        with pytest.raises(BackupNotFound):
            vault.manifest(name)


def test_days_weeks_and_months_keep_their_newest() -> None:
    days = [f"2026-{month:02}-{day:02}T01-00-00-000000Z" for month in (1, 2, 3) for day in range(1, 29)]
    twice = "2026-03-28T00-00-00-000000Z"
    gone = decide_backups_to_delete([*days, twice], Keeping(daily=3, weekly=2, monthly=3))
    kept = sorted({one[:13] for one in {*days, twice} - {*gone}})
    assert twice in gone, "a day keeps its newest"
    assert kept == [f"2026-{day}T01" for day in ("01-28", "02-28", "03-22", "03-26", "03-27", "03-28")]


def test_the_newest_backup_is_never_deleted() -> None:
    assert decide_backups_to_delete(["2026-01-01T00-00-00-000000Z"], Keeping(0, 0, 0)) == ()
    assert decide_backups_to_delete([], Keeping()) == ()


def test_pruning_deletes_what_no_backup_needs_and_nothing_else(vault: Vault, store: Changing, tmp_path: Path) -> None:
    first = back_up(vault, store)
    publish(store, tmp_path, "second")
    store.delete(DATASETS, "v1/batch.csv")
    second = back_up(vault, store)
    stray = content_key("0" * 64)
    vault.store.put(vault.bucket, stray, b"of a backup that was killed")
    gone, number = prune(vault, Keeping(daily=1))
    assert gone == (first.id,), "both are of one day"
    assert number == 4, "the stray, the batch, the first index and the first pointer; the first raster is still there"
    assert not vault.store.exists(vault.bucket, stray)
    assert verify(Vault(vault.store, vault.bucket), second) == 4
