"""From received files to batches of the store: all of an upload, or nothing of it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import yaml

from api.errors import Conflict
from resources.layout import DATASETS, batch_key, complete_key, sidecar_key
from resources.object_store import ObjectNotFound, PreconditionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from api.uploads import Received
    from resources.object_store import ObjectStore

COMPARED_BYTES = 1 << 20


class BatchExists(Conflict):
    """Give the batch another name, or the dataset another version: a batch is never overwritten with other content."""

    code: ClassVar[str] = "batch-exists"


class SidecarExists(Conflict):
    """Leave recipe and season away, or use another version: dataset.yaml says something else already."""

    code: ClassVar[str] = "sidecar-exists"


@dataclass(frozen=True)
class Published:
    """What an upload came to: which batches are new, and which were there already with the same content."""

    new: tuple[str, ...]
    unchanged: tuple[str, ...]
    sidecar: Mapping[str, Any]


def read_sidecar(store: ObjectStore, version: str) -> dict[str, Any]:
    """Return what a version's dataset.yaml says; nothing where there is none, or none that can be read."""
    try:
        said = yaml.safe_load(store.get(DATASETS, sidecar_key(version)))
    except (ObjectNotFound, yaml.YAMLError):
        return {}
    return said if isinstance(said, dict) else {}


def publish(
    store: ObjectStore, version: str, files: Sequence[Received], told: Mapping[str, str], *, complete: bool
) -> Published:
    """Put the sidecar, the batches, and last the marker of completeness; what fails half way is taken back.

    The marker of an earlier upload goes first: this one is not complete before its end.

    Raises:
        BatchExists, SidecarExists: other content lies there under the same name; the store is as it was.

    """
    fresh = [file for file in files if not _is_there(store, version, file)]
    sidecar = _merged(read_sidecar(store, version), told)
    with ExitStack() as undo:
        if fresh and store.exists(DATASETS, complete_key(version)):
            store.delete(DATASETS, complete_key(version))
            undo.callback(store.put, DATASETS, complete_key(version), b"")
        _put_sidecar(store, version, sidecar, undo)
        new = [file.name for file in fresh if _put(store, version, file, undo)]
        if complete:
            store.put(DATASETS, complete_key(version), b"")
        undo.pop_all()
    return Published(tuple(new), tuple(file.name for file in files if file.name not in new), sidecar)


def _put(store: ObjectStore, version: str, file: Received, undo: ExitStack) -> bool:
    """Put one batch unless another upload did so meanwhile; tell whether it is new."""
    key = batch_key(version, file.name)
    try:
        store.put_file(DATASETS, key, file.path, content_type="text/csv", if_absent=True)
    except PreconditionFailed:
        if _is_there(store, version, file):
            return False
        raise
    undo.callback(store.delete, DATASETS, key)
    return True


def _is_there(store: ObjectStore, version: str, file: Received) -> bool:
    """Tell whether a batch lies in the store already; BatchExists when it has another content."""
    key = batch_key(version, file.name)
    try:
        found = store.stat(DATASETS, key)
        if found.size == file.size and _equal(store, key, file.path):
            return True
    except ObjectNotFound:
        return False
    raise BatchExists(f"{version} has a batch {file.name} of {found.size:,} bytes with another content")


def _equal(store: ObjectStore, key: str, path: Path) -> bool:
    with store.open(DATASETS, key) as theirs, path.open("rb") as ours:
        while block := ours.read(COMPARED_BYTES):
            if _exactly(theirs.read, len(block)) != block:
                return False
        return not theirs.read(1)


def _exactly(read: Any, size: int) -> bytes:  # noqa: ANN401  # a stream's read
    """Read `size` bytes of a stream that may give fewer at once."""
    parts = bytearray()
    while len(parts) < size and (part := read(size - len(parts))):
        parts += part
    return bytes(parts)


def _merged(there: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    """Return what the sidecar shall say; SidecarExists where that contradicts what it says now."""
    other = [name for name, value in told.items() if there.get(name) not in (None, value)]
    if other:
        raise SidecarExists(f"dataset.yaml says {other[0]}: {there[other[0]]}, and not {told[other[0]]}")
    return dict(there) | dict(told)


def _put_sidecar(store: ObjectStore, version: str, sidecar: Mapping[str, Any], undo: ExitStack) -> None:
    key = sidecar_key(version)
    before = store.get(DATASETS, key) if store.exists(DATASETS, key) else None
    if sidecar == read_sidecar(store, version):
        return
    store.put(DATASETS, key, yaml.safe_dump(dict(sidecar)).encode(), content_type="application/yaml")
    if before is None:
        undo.callback(store.delete, DATASETS, key)
    else:
        undo.callback(store.put, DATASETS, key, before, content_type="application/yaml")
