"""What there is of each dataset version: batches in the store, their samples, features and models.

Read from the store's listing, from the footers and two columns of the Parquet tables, and from the registry: no run of
Dagster need be asked, and no table is loaded.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter, OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlparse

from resources.folders import POINTER
from resources.layout import BATCH_SUFFIX, COMPLETE_NAME, DATASETS, FEATURES, MODELS
from resources.object_store import ObjectNotFound
from sensors.batches import content_digest, content_of, group_versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from resources.object_store import ObjectStat, ObjectStore
    from resources.registry import ModelVersion

State = Literal["absent", "stale", "ready"]
#: Tables whose facts are remembered by their etag.
REMEMBERED = 256
#: Lines of batches are counted up to this many bytes in one request; of larger ones the upload knows.
COUNTED_BYTES = 64 << 20
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class BatchState:
    """One batch as it lies in the store. `lines` below the header; `samples` that the newest samples table keeps."""

    name: str
    size: int
    modified: datetime
    lines: int | None
    samples: int | None


@dataclass(frozen=True)
class SamplesFacts:
    """What a samples table says of itself."""

    digest: str
    recipe: str
    rows: int
    labels: Mapping[str, int]
    batches: Mapping[str, int]


@dataclass(frozen=True)
class DatasetState:
    """One dataset version."""

    version: str
    digest: str
    complete: bool
    batches: tuple[BatchState, ...]
    samples: State
    features: State
    facts: SamplesFacts | None
    models: tuple[ModelVersion, ...] = field(default=())

    @property
    def prepared(self) -> bool:
        """Whether samples, features and their selection are there, and of the batches of now."""
        return self.samples == "ready" and self.features == "ready"


class Remembered:
    """Facts of objects by key and etag: an object that did not change is read once. Safe for threads."""

    def __init__(self) -> None:
        self._facts: OrderedDict[tuple[str, str, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, stat: ObjectStat) -> Any | None:  # noqa: ANN401  # whatever was kept
        """Return what is known of an object, or None."""
        with self._lock:
            return self._facts.get((stat.bucket, stat.key, stat.etag))

    def keep(self, stat: ObjectStat, facts: object) -> None:
        """Remember the facts of an object; the oldest ones are forgotten."""
        with self._lock:
            self._facts[stat.bucket, stat.key, stat.etag] = facts
            if len(self._facts) > REMEMBERED:
                self._facts.popitem(last=False)


#: Keys hold digests of contents, so one memory serves every store of this process.
REMEMBER = Remembered()


def list_datasets(store: ObjectStore, models: Sequence[ModelVersion] = ()) -> list[DatasetState]:
    """Return all dataset versions, by name."""
    versions, _ = group_versions(store.list(DATASETS))
    return [_state(store, version, found, models) for version, found in sorted(versions.items())]


def dataset_state(store: ObjectStore, version: str, models: Sequence[ModelVersion] = ()) -> DatasetState | None:
    """Return one dataset version; None where it has no batch."""
    versions, _ = group_versions(store.list(DATASETS, f"{version}/"))
    state = _state(store, version, versions[version], models) if version in versions else None
    return state if state is not None and state.batches else None


def has_batches(store: ObjectStore, version: str) -> bool:
    """Tell whether a dataset version has a batch to train from."""
    return any(one.key.lower().endswith(BATCH_SUFFIX) for one in store.list(DATASETS, f"{version}/"))


def _state(
    store: ObjectStore, version: str, found: Sequence[ObjectStat], models: Sequence[ModelVersion]
) -> DatasetState:
    content = content_of(found)
    digest = content_digest(content)
    table = _stat(store, FEATURES, f"samples/{version}.parquet")
    facts = None if table is None else samples_facts(store, table)
    budget = [COUNTED_BYTES]
    batches = tuple(_batch(store, one, facts, budget) for one in content if one.key.lower().endswith(BATCH_SUFFIX))
    return DatasetState(
        version=version,
        digest=digest,
        complete=any(one.key.endswith(f"/{COMPLETE_NAME}") for one in found),
        batches=batches,
        samples="absent" if facts is None else "ready" if facts.digest == digest else "stale",
        features=_features_state(store, version, table),
        facts=facts,
        models=tuple(one for one in models if one.dataset_version == version),
    )


def _features_state(store: ObjectStore, version: str, samples: ObjectStat | None) -> State:
    """Tell whether features and their selection are there, each made after what it is made from."""
    features = _stat(store, FEATURES, f"training_features/{version}.parquet")
    selection = _stat(store, MODELS, f"feature_selection/{version}/{POINTER}")
    if features is None or selection is None:
        return "absent"
    in_order = samples is not None and samples.modified <= features.modified <= selection.modified
    return "ready" if in_order else "stale"


def _batch(store: ObjectStore, stat: ObjectStat, facts: SamplesFacts | None, budget: list[int]) -> BatchState:
    name = stat.key.rpartition("/")[2]
    samples = None if facts is None else facts.batches.get(name)
    return BatchState(name, stat.size, stat.modified, _lines(store, stat, budget), samples)


def _lines(store: ObjectStore, stat: ObjectStat, budget: list[int]) -> int | None:
    """Return the lines below a batch's header: remembered, or counted where that is cheap."""
    known = REMEMBER.get(stat)
    if known is not None or stat.size > budget[0]:
        return known
    budget[0] -= stat.size
    ends, last = 0, b"\n"
    with store.open(DATASETS, stat.key) as stream:
        while block := stream.read(READ_BYTES):
            ends, last = ends + block.count(b"\n"), block[-1:]
    lines = max(ends + (last != b"\n") - 1, 0)
    REMEMBER.keep(stat, lines)
    return lines


def samples_facts(store: ObjectStore, stat: ObjectStat) -> SamplesFacts:
    """Return what a samples table says: footer, and its columns `label` and `batch` only."""
    known: SamplesFacts | None = REMEMBER.get(stat)
    if known is not None:
        return known
    with _local(store, stat) as path:
        facts = _read_facts(path)
    REMEMBER.keep(stat, facts)
    return facts


def _read_facts(path: Path) -> SamplesFacts:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, read_dictionary=["label", "batch"]) as table:
        attrs = json.loads((table.schema_arrow.metadata or {}).get(b"PANDAS_ATTRS", b"{}"))
        counts: dict[str, Counter[str]] = {"label": Counter(), "batch": Counter()}
        for part in table.iter_batches(columns=list(counts)):
            for name, counter in counts.items():
                for pair in part.column(name).value_counts().to_pylist():
                    counter[str(pair["values"])] += int(pair["counts"])
        rows = int(table.metadata.num_rows)
    return SamplesFacts(
        digest=str(attrs.get("dataset_digest", "")),
        recipe=str(attrs.get("recipe", "")),
        rows=rows,
        labels=dict(counts["label"].most_common()),
        batches=dict(counts["batch"]),
    )


@contextmanager
def _local(store: ObjectStore, stat: ObjectStat) -> Iterator[Path]:
    """Give an object as a local file: where a folder has it, or brought from S3 for the block."""
    address = urlparse(store.uri(stat.bucket, stat.key))
    if address.scheme == "file":
        yield Path(unquote(address.path))
        return
    with tempfile.TemporaryDirectory(prefix="geocrop-facts-") as folder:
        path = Path(folder) / "table.parquet"
        store.download(stat.bucket, stat.key, path)
        yield path


def _stat(store: ObjectStore, bucket: str, key: str) -> ObjectStat | None:
    try:
        return store.stat(bucket, key)
    except ObjectNotFound:
        return None
