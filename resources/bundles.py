"""Model bundles in the object store, under their own hash: published once, never overwritten, cached on disk."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from resources.layout import MODELS, bundle_prefix
from training.errors import GeocropError

if TYPE_CHECKING:
    from resources.object_store import ObjectStore
    from training.bundle import ModelBundle

#: Put last: a bundle without it is not there.
INDEX_NAME = "files.json"


class BundleNotFound(GeocropError):
    """Train the model again, or roll back to another version: its bundle is not in the object store."""

    code: ClassVar[str] = "bundle-not-found"


def bundle_uri(bundle_hash: str) -> str:
    """Return the address that the registry records for a bundle."""
    return f"s3://{MODELS}/{bundle_prefix(bundle_hash)}"


def publish_bundle(store: ObjectStore, bundle: ModelBundle) -> str:
    """Put a bundle and its scorer under its hash and return its address; one that is there already is left as it is.

    The index goes last, so a publication that dies half way leaves nothing that a reader would take.
    """
    prefix = bundle_prefix(bundle.hash)
    if not has_bundle(store, bundle.hash):
        with tempfile.TemporaryDirectory(prefix="geocrop-bundle-") as folder:
            bundle.save(Path(folder), scored=True)
            names = sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())
            for name in names:
                store.put_file(MODELS, f"{prefix}/{name}", Path(folder) / name)
            store.put(MODELS, f"{prefix}/{INDEX_NAME}", json.dumps(names).encode(), content_type="application/json")
    return bundle_uri(bundle.hash)


def has_bundle(store: ObjectStore, bundle_hash: str) -> bool:
    """Tell whether a whole bundle of this hash lies in the store."""
    return store.exists(MODELS, f"{bundle_prefix(bundle_hash)}/{INDEX_NAME}")


def scorer_facts(store: ObjectStore, bundle_hash: str) -> dict[str, Any]:
    """Return what a published bundle says of its scorer, see `write_scorer`; nothing of one published without."""
    from training.bundle_files import MANIFEST

    manifest = json.loads(store.get(MODELS, f"{bundle_prefix(bundle_hash)}/{MANIFEST}"))
    facts: dict[str, Any] = manifest.get("scorer", {})
    return facts


class KeptBundles:
    """The bundles that this process used last, by their hash; the content is named by it, so none is ever stale."""

    def __init__(self) -> None:
        self.limit = 0
        self._kept: OrderedDict[str, ModelBundle] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, bundle_hash: str) -> ModelBundle | None:
        """Return a bundle that is kept."""
        with self._lock:
            if bundle_hash in self._kept:
                self._kept.move_to_end(bundle_hash)
            return self._kept.get(bundle_hash)

    def put(self, bundle_hash: str, bundle: ModelBundle) -> None:
        """Keep a bundle, and forget the one that was used longest ago where there are too many."""
        with self._lock:
            self._kept[bundle_hash] = bundle
            self._forget()

    def keep(self, limit: int) -> None:
        """Keep so many from now on."""
        with self._lock:
            self.limit = limit
            self._forget()

    def _forget(self) -> None:
        while len(self._kept) > self.limit:
            self._kept.popitem(last=False)


_KEPT = KeptBundles()


def keep_bundles(limit: int) -> None:
    """Have this process keep the bundles it reads, so many of them: for processes that live long (0: none)."""
    _KEPT.keep(limit)


def load_bundle(store: ObjectStore, bundle_hash: str, cache: Path | None = None) -> ModelBundle:
    """Read a bundle by its hash, from memory or a local cache where one is kept; the bundle checks its own files.

    Raises:
        BundleNotFound: when the store has none of that hash.

    """
    kept = _KEPT.get(bundle_hash)
    if kept is not None:
        return kept
    bundle = _read_bundle(store, bundle_hash, cache)
    _KEPT.put(bundle_hash, bundle)
    return bundle


def _read_bundle(store: ObjectStore, bundle_hash: str, cache: Path | None) -> ModelBundle:
    from training.bundle import ModelBundle

    if cache is None:
        with tempfile.TemporaryDirectory(prefix="geocrop-bundle-") as folder:
            return ModelBundle.load(_fetch(store, bundle_hash, Path(folder) / bundle_hash))
    return ModelBundle.load(_fetch(store, bundle_hash, cache / bundle_hash))


def _fetch(store: ObjectStore, bundle_hash: str, target: Path) -> Path:
    """Bring a bundle's files to `target`, whole or not at all."""
    if target.is_dir():
        return target
    prefix = bundle_prefix(bundle_hash)
    if not has_bundle(store, bundle_hash):
        raise BundleNotFound(f"{MODELS} has no bundle {bundle_hash}: train its dataset version again")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
    try:
        for name in json.loads(store.get(MODELS, f"{prefix}/{INDEX_NAME}")):
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            store.download(MODELS, f"{prefix}/{name}", path)
        partial.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        # another process brought it meanwhile
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target
