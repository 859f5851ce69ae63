"""Making a backup: databases, pointers, all other objects, the manifest; why so is told in the package's docstring."""

from __future__ import annotations

import json
import logging
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from resources.backup import postgres
from resources.backup.errors import BackupIncomplete
from resources.backup.manifest import MOMENT, KeptDatabase, KeptObject, Manifest, write_index
from resources.backup.vault import Vault, copy_hashed
from resources.object_store import BucketNotFound, ObjectNotFound
from resources.publish import POINTER_NAME

if TYPE_CHECKING:
    from resources.object_store import ObjectStat, ObjectStore

log = logging.getLogger("geocrop.backup")

#: Objects under way at once, each of them in a temporary file.
THREADS = 4
T = TypeVar("T")


@dataclass
class Copying:
    """One backup being made: what was kept so far. `before` are the objects of the last one, by bucket and key.

    Objects are copied by several threads: a store answers each request after some milliseconds, however small it is.
    """

    vault: Vault
    source: ObjectStore
    folder: Path
    before: dict[tuple[str, str], KeptObject]
    kept: dict[tuple[str, str], KeptObject] = field(default_factory=dict)
    added: int = 0
    counting: threading.Lock = field(default_factory=threading.Lock)

    def copy(self, one: ObjectStat) -> None:
        """Keep one object, unless the last backup has it already; one that went meanwhile is left out."""
        last = self.before.get((one.bucket, one.key))
        if last is not None and (last.etag, last.size) == (one.etag, one.size) and self._has(last):
            self.kept[one.bucket, one.key] = last
            return
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix="object-") as file:
            try:
                with self.source.open(one.bucket, one.key) as stream:
                    sha256, size = copy_hashed(stream, file)
            except ObjectNotFound:
                return  # `check_pointers` finds out whether somebody needs it
            file.flush()
            added = self.vault.keep(Path(file.name), sha256, size)
        with self.counting:
            self.added += added
        etag = one.etag if size == one.size else ""  # written anew since it was listed: read again next time
        self.kept[one.bucket, one.key] = KeptObject(one.bucket, one.key, size, etag, sha256)

    def _has(self, last: KeptObject) -> bool:
        return self.vault.known.get(last.sha256) == last.size

    def check_pointers(self) -> None:
        """Raise BackupIncomplete where a pointer names a file that was not kept."""
        for one in [one for one in self.kept.values() if is_pointer(one.key)]:
            with self.vault.fetched(one.sha256, self.folder) as path:
                named = named_files(one.key, path.read_bytes())
            lost = [key for key in named if (one.bucket, key) not in self.kept]
            if lost:
                raise BackupIncomplete(f"{one.bucket}/{lost[0]} went while {one.key} named it")


def is_pointer(key: str) -> bool:
    """Tell whether a key is that of a pointer to published files."""
    return key.endswith(f"/{POINTER_NAME}")


def at_once(work: Callable[[T], None], items: Iterable[T]) -> int:
    """Do a work for many items, some at once; return how many they were. The first error ends it."""
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(1 for _ in pool.map(work, items))


def named_files(key: str, pointer: bytes) -> list[str]:
    """Return the keys that a pointer names, in its own bucket: one of `resources.publish` or of `resources.folders`."""
    said = json.loads(pointer)
    if isinstance(said["files"], dict):
        return list(said["files"].values())
    prefix = key.removesuffix(POINTER_NAME) + said["sha256"]
    return [f"{prefix}/{one['name']}" for one in said["files"]]


def create(
    vault: Vault,
    source: ObjectStore,
    *,
    databases: Sequence[str],
    buckets: Sequence[str],
    version: str,
    say: Callable[[str], None] = log.info,
) -> Manifest:
    """Make a backup and return its manifest.

    Args:
        vault: Where to.
        source: The platform's object store.
        databases: Names on the server of libpq's environment, who refers before what it refers to.
        buckets: Buckets of the source; one that is not there is left out.
        version: Of GeoCrop, for the record.
        say: Is told what is done.

    Raises:
        BackupInProgress: another process makes one.
        BackupIncomplete: an object that a pointer names was deleted meanwhile.
        DatabaseToolFailed: a database cannot be dumped.

    """
    began = datetime.now(UTC)
    vault.open()
    with vault.lease(), tempfile.TemporaryDirectory(prefix="geocrop-backup-") as name:
        folder = Path(name)
        copying = Copying(vault, source, folder, _before(vault, folder))
        dumps = [_keep_database(copying, database, say) for database in databases]
        found = _copy_objects(copying, buckets, say)
        copying.check_pointers()
        kept = sorted(copying.kept.values(), key=lambda one: (one.bucket, one.key))
        write_index(kept, folder / "index")
        index, _, added = vault.keep_file(folder / "index")
        manifest = Manifest(
            id=began.strftime(MOMENT),
            began=began.isoformat(),
            ended=datetime.now(UTC).isoformat(),
            version=version,
            databases=tuple(dumps),
            buckets=tuple(found),
            objects=len(kept),
            size=sum(one.size for one in kept),
            added_bytes=copying.added + added,
            index=index,
        )
        vault.put_manifest(manifest)
    return manifest


def _before(vault: Vault, folder: Path) -> dict[tuple[str, str], KeptObject]:
    ids = vault.ids()
    if not ids:
        return {}
    return {(one.bucket, one.key): one for one in vault.objects(vault.manifest(ids[-1]), folder)}


def _keep_database(copying: Copying, name: str, say: Callable[[str], None]) -> KeptDatabase:
    path = copying.folder / "dump"
    facts = postgres.dump(name, path)
    sha256, size, added = copying.vault.keep_file(path)
    path.unlink()
    copying.added += added
    say(f"database {name}: {sum(facts.rows.values())} rows in {len(facts.rows)} tables, {size} bytes")
    return KeptDatabase(name, facts.owner, sha256, size, facts.server, facts.rows)


def _copy_objects(copying: Copying, buckets: Sequence[str], say: Callable[[str], None]) -> list[str]:
    """Copy the pointers of all buckets, then all else; return the buckets that are there."""
    found = []
    for bucket in buckets:
        try:
            for one in _pointers(copying.source, bucket):
                copying.copy(one)
            found.append(bucket)
        except BucketNotFound:
            say(f"bucket {bucket} is not there")
    for bucket in found:
        others = (one for one in copying.source.list(bucket) if not is_pointer(one.key))
        say(f"bucket {bucket}: {at_once(copying.copy, others)} objects")
    return found


def _pointers(source: ObjectStore, bucket: str) -> Iterator[ObjectStat]:
    return (one for one in source.list(bucket) if is_pointer(one.key))
