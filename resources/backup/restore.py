"""Verifying a backup and restoring it: objects, then pointers, then databases; what is referred to comes first."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from resources.backup import postgres
from resources.backup.create import at_once, is_pointer, log
from resources.backup.errors import BackupDamaged, TargetNotEmpty
from resources.publish import CONTENT_TYPES

if TYPE_CHECKING:
    from resources.backup.manifest import KeptDatabase, KeptObject, Manifest
    from resources.backup.vault import Vault
    from resources.object_store import ObjectStore

PLAIN = "application/octet-stream"


def verify(vault: Vault, manifest: Manifest, *, quick: bool = False) -> int:
    """Read everything that a backup needs and compare it with its checksum; return how many contents that were.

    Args:
        vault: Where it lies.
        manifest: The backup.
        quick: Look at presence and sizes only.

    Raises:
        BackupDamaged: something is missing or is not what it was.

    """
    with tempfile.TemporaryDirectory(prefix="geocrop-verify-") as name:
        folder = Path(name)
        objects = vault.objects(manifest, folder)
        sizes = {one.sha256: one.size for one in objects} | {one.sha256: one.size for one in manifest.databases}
        lost = [one for one, size in sizes.items() if vault.known.get(one) != size]
        if lost or len(objects) != manifest.objects:
            raise BackupDamaged(f"backup {manifest.id}: {len(lost)} contents are missing or too short: {lost[:1]}")
        if not quick:
            for sha256 in sizes:
                with vault.fetched(sha256, folder):
                    pass
            for one in manifest.databases:
                with vault.fetched(one.sha256, folder) as path:
                    postgres.check_dump(path)
        return len(sizes) + 1


def restore(
    vault: Vault,
    manifest: Manifest,
    target: ObjectStore,
    *,
    databases: Sequence[str] | None = None,
    objects: bool = True,
    overwrite: bool = False,
    say: Callable[[str], None] = log.info,
) -> None:
    """Bring databases and buckets to what a backup holds; all of it is looked at before anything is changed.

    Args:
        vault: Where the backup lies.
        manifest: The backup.
        target: The platform's object store.
        databases: Which ones; all of the backup when None.
        objects: Whether the buckets are restored as well.
        overwrite: Also where something is there already. Objects that the backup does not have are then deleted, and
            databases dropped.
        say: Is told what is done.

    Raises:
        BackupDamaged: something of the backup is missing; nothing was changed.
        TargetNotEmpty: something is there already; nothing was changed.
        TargetInUse: a database has open connections; nothing was changed.

    """
    verify(vault, manifest, quick=True)
    wanted = [one for one in manifest.databases if databases is None or one.name in databases]
    for one in wanted:
        postgres.check_target(one.name, overwrite=overwrite)
    with tempfile.TemporaryDirectory(prefix="geocrop-restore-") as name:
        folder = Path(name)
        if objects:
            _restore_objects(vault, manifest, target, folder, overwrite=overwrite)
            say(f"{manifest.objects} objects in {len(manifest.buckets)} buckets")
        for one in reversed(wanted):
            _restore_database(vault, one, folder)
            say(f"database {one.name}: {sum(one.rows.values())} rows in {len(one.rows)} tables")


def _restore_objects(vault: Vault, manifest: Manifest, target: ObjectStore, folder: Path, *, overwrite: bool) -> None:
    target.ensure_buckets(manifest.buckets)
    there = {(one.bucket, one.key) for bucket in manifest.buckets for one in target.list(bucket)}
    if there and not overwrite:
        bucket, key = min(there)
        raise TargetNotEmpty(f"{len(there)} objects are there already, such as {bucket}/{key}")
    kept = vault.objects(manifest, folder)
    for pointers in (False, True):  # a pointer comes after the files that it names
        at_once(lambda one: _put(vault, one, target, folder), [one for one in kept if is_pointer(one.key) == pointers])
    for bucket, key in sorted(there - {(one.bucket, one.key) for one in kept}):
        target.delete(bucket, key)


def _put(vault: Vault, one: KeptObject, target: ObjectStore, folder: Path) -> None:
    kind = CONTENT_TYPES.get(PurePosixPath(one.key).suffix, PLAIN)  # a store does not tell the type that it keeps
    with vault.fetched(one.sha256, folder) as path:
        target.put_file(one.bucket, one.key, path, content_type=kind)


def _restore_database(vault: Vault, one: KeptDatabase, folder: Path) -> None:
    with vault.fetched(one.sha256, folder) as path:
        rows = postgres.restore(one.name, one.owner, path)
    if rows != one.rows:
        raise BackupDamaged(f"database {one.name} has other numbers of rows than its backup says")
