"""The store of backups: contents by their SHA-256, manifests, and a lease so that one process at a time changes it."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

from resources.backup.errors import BackupDamaged, BackupInProgress, BackupNotFound
from resources.backup.manifest import KeptObject, Manifest, read_index
from resources.object_store import ObjectNotFound, PreconditionFailed, StoreUnavailable

if TYPE_CHECKING:
    from resources.object_store import ObjectStat, ObjectStore

log = logging.getLogger("geocrop.backup")

READ_BYTES = 1 << 20
LEASE_KEY = "lease.json"
#: A lease that was not renewed for so long is that of a dead process.
LEASE = timedelta(minutes=5)
RENEW_S = 60.0


def content_key(sha256: str) -> str:
    """Return the key of a content; its first digits are a folder, for file systems that mind a million files in one."""
    return f"content/{sha256[:2]}/{sha256}"


def manifest_key(backup_id: str) -> str:
    """Return the key of a backup's manifest."""
    return f"backups/{backup_id}/manifest.json"


def copy_hashed(source: IO[bytes], target: IO[bytes] | None) -> tuple[str, int]:
    """Copy a stream (to nowhere, where there is no target); return its SHA-256 and its length in bytes."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(READ_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if target is not None:
            target.write(chunk)
    return digest.hexdigest(), size


class Vault:
    """A bucket of backups. `known` are the contents that are in it, by SHA-256, with their sizes."""

    def __init__(self, store: ObjectStore, bucket: str) -> None:
        self.store = store
        self.bucket = bucket
        self._known: dict[str, int] | None = None
        self._listing = threading.Lock()
        self._lease: str | None = None  # etag of the lease that this process holds
        self._lease_lock = threading.Lock()

    def open(self) -> Vault:
        """Make the bucket where there is none, and return the vault."""
        self.store.ensure_buckets([self.bucket])
        return self

    @property
    def known(self) -> dict[str, int]:
        """Sizes in bytes of the contents by SHA-256, listed once."""
        with self._listing:
            if self._known is None:
                self._known = {one.key.rpartition("/")[2]: one.size for one in self.contents()}
            return self._known

    def contents(self) -> Iterator[ObjectStat]:
        """Give all contents that there are."""
        return self.store.list(self.bucket, "content/")

    def keep(self, path: Path, sha256: str, size: int) -> int:
        """Keep a file's content; return the bytes that were added: 0 where it was there already."""
        if self.known.get(sha256) == size:
            return 0
        self.store.put_file(self.bucket, content_key(sha256), path)
        self.known[sha256] = size
        return size

    def keep_file(self, path: Path) -> tuple[str, int, int]:
        """Keep a file; return its SHA-256, its size, and the bytes that were added."""
        with path.open("rb") as stream:
            sha256, size = copy_hashed(stream, None)
        return sha256, size, self.keep(path, sha256, size)

    @contextmanager
    def fetched(self, sha256: str, folder: Path) -> Iterator[Path]:
        """Give a content as a file, removed at the end.

        Raises:
            BackupDamaged: it is missing, or is not what it was.

        """
        with tempfile.NamedTemporaryFile(dir=folder, prefix="content-") as file:
            try:
                with self.store.open(self.bucket, content_key(sha256)) as stream:
                    found, _ = copy_hashed(stream, file)
            except ObjectNotFound as error:
                raise BackupDamaged(f"content {sha256} is missing") from error
            if found != sha256:
                raise BackupDamaged(f"content {sha256} was changed: it is {found} now")
            file.flush()
            yield Path(file.name)

    def put_manifest(self, manifest: Manifest) -> None:
        """Make a backup of what was kept: the last step of making one, for who still holds the lease."""
        self.renew()
        key = manifest_key(manifest.id)
        self.store.put(self.bucket, key, manifest.to_json(), content_type="application/json", if_absent=True)

    def ids(self) -> list[str]:
        """Return the names of the whole backups, oldest first."""
        keys = (one.key for one in self.store.list(self.bucket, "backups/"))
        return sorted(key.split("/")[1] for key in keys if key.endswith("/manifest.json"))

    def manifests(self) -> list[Manifest]:
        """Return the whole backups, oldest first."""
        return [self.manifest(one) for one in self.ids()]

    def manifest(self, backup_id: str) -> Manifest:
        """Return one backup; `latest` is the newest.

        Raises:
            BackupNotFound: there is none of that name.

        """
        name = backup_id
        if backup_id == "latest":
            name = next(reversed(self.ids()), "")
        try:
            body = self.store.get(self.bucket, manifest_key(name)) if name else None
        except ObjectNotFound:
            body = None
        if body is None:
            raise BackupNotFound(f"there is no backup {backup_id!r} in {self.bucket}")
        return Manifest.from_json(body)

    def objects(self, manifest: Manifest, folder: Path) -> list[KeptObject]:
        """Return the objects of a backup."""
        with self.fetched(manifest.index, folder) as path:
            return list(read_index(path))

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Be the one process that changes the vault, until the block ends; a dead one's lease is taken over.

        Raises:
            BackupInProgress: another process makes or deletes backups.

        """
        self._lease = self._take()
        stopping = threading.Event()
        keeper = threading.Thread(target=self._keep_lease, args=(stopping,), name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            stopping.set()
            keeper.join()
            if self._lease is not None:
                self.store.delete(self.bucket, LEASE_KEY)
                self._lease = None

    def renew(self) -> None:
        """Say that this process lives and holds the lease.

        Raises:
            BackupInProgress: it slept for so long that another one took the lease over.

        """
        with self._lease_lock:
            held, self._lease = self._lease, None
            if held is None:
                raise BackupInProgress(f"the lease of {self.bucket} is not held by this process any more")
            try:
                self._lease = self._write_lease(if_match=held)
            except PreconditionFailed as error:
                raise BackupInProgress(f"another process took over the lease of {self.bucket}") from error
            except StoreUnavailable:
                self._lease = held
                raise

    def _keep_lease(self, stopping: threading.Event) -> None:
        while not stopping.wait(RENEW_S):
            try:
                self.renew()
            except StoreUnavailable as error:
                log.warning("the lease could not be renewed, again in %g s: %s", RENEW_S, error)
            except BackupInProgress as error:
                log.error("%s", error)  # noqa: TRY400  # the next step of the work raises it
                return

    def _take(self) -> str:
        try:
            return self._write_lease(if_absent=True)
        except PreconditionFailed as error:
            found = self._read_lease()
            if found is not None and datetime.now(UTC) - found[1] < LEASE:
                until = f"{found[1] + LEASE:%H:%M:%S}"
                raise BackupInProgress(f"another process holds the lease of {self.bucket}, until {until}") from error
        try:
            return self._write_lease(if_absent=found is None, if_match=None if found is None else found[0])
        except PreconditionFailed as error:
            raise BackupInProgress(f"another process took over the lease of {self.bucket}") from error

    def _read_lease(self) -> tuple[str, datetime] | None:
        """Return the etag of the lease and when it was renewed last; None where there is none."""
        try:
            etag = self.store.stat(self.bucket, LEASE_KEY).etag
            said = json.loads(self.store.get(self.bucket, LEASE_KEY))
        except ObjectNotFound:
            return None
        return etag, datetime.fromisoformat(said["renewed"])

    def _write_lease(self, *, if_absent: bool = False, if_match: str | None = None) -> str:
        body = json.dumps({"holder": uuid.uuid4().hex, "renewed": datetime.now(UTC).isoformat()}).encode()
        return self.store.put(self.bucket, LEASE_KEY, body, if_absent=if_absent, if_match=if_match).etag
