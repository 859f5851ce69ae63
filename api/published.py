"""What is published in the object store, as routes need it: baselines by year, crop maps by partition.

A pointer changes seldom and is read often, so what was read is kept for some seconds: eleven years of baselines cost
one look at the store every half minute, whatever the number of visitors.
"""

from __future__ import annotations

import json
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from imagery.baseline import FIRST_YEAR, LAST_YEAR
from resources.layout import BASELINES, RESULTS, baseline_prefix, map_prefix
from resources.publish import POINTER_NAME, read_pointer

if TYPE_CHECKING:
    from resources.object_store import ObjectStore

YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
#: How long what was read of the store counts as fresh, in seconds.
FRESH_SECONDS = 30.0
ITEM_NAME = "item.json"
_RASTER_SUFFIX = ".tif"

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class PublishedRaster:
    """One published raster: where its COG lies, its files by name, and its STAC item as it was written."""

    bucket: str
    key: str
    files: Mapping[str, str]
    item: Mapping[str, Any]

    def asset_keys(self) -> dict[str, str]:
        """Return STAC asset key -> key in the bucket, of the files that the pointer names."""
        names = {asset: str(said["href"]).removeprefix("./") for asset, said in self.item["assets"].items()}
        return {asset: self.files[name] for asset, name in names.items() if name in self.files}


@dataclass
class Fresh(Generic[Kept]):
    """Keeps what a function returned for some seconds; one caller reads anew, the others wait for it."""

    read: Callable[[], Kept]
    seconds: float = FRESH_SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: tuple[float, Kept] | None = None

    def get(self) -> Kept:
        """Return what was read at most `seconds` ago."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] > self.seconds:
                self._kept = (time.monotonic(), self.read())
            return self._kept[1]


_baselines: weakref.WeakKeyDictionary[ObjectStore, Fresh[dict[int, PublishedRaster]]] = weakref.WeakKeyDictionary()
_maps: weakref.WeakKeyDictionary[ObjectStore, Fresh[list[str]]] = weakref.WeakKeyDictionary()


def baselines(store: ObjectStore, *, anew: bool = False) -> dict[int, PublishedRaster]:
    """Return the published baselines by year; `anew` reads the store whatever is kept."""
    if anew or store not in _baselines:
        reference = weakref.ref(store)  # the value must not keep its own key alive
        _baselines[store] = Fresh(lambda: _read_baselines(_alive(reference)))
    return _baselines[store].get()


def partitions(store: ObjectStore, *, anew: bool = False) -> list[str]:
    """Return the partitions (`<aoi>--<season>`) that have a crop map, sorted."""
    if anew or store not in _maps:
        reference = weakref.ref(store)
        _maps[store] = Fresh(lambda: _list_partitions(_alive(reference)))
    return _maps[store].get()


def read_baseline(store: ObjectStore, year: int) -> PublishedRaster | None:
    """Return the baseline of a year as it is now; None where there is none."""
    return _published(store, BASELINES, baseline_prefix(year))


def read_crop_map(store: ObjectStore, partition: str) -> PublishedRaster | None:
    """Return the crop map of a partition as it is now; None where there is none."""
    return _published(store, RESULTS, map_prefix(partition))


def _alive(reference: weakref.ref[ObjectStore]) -> ObjectStore:
    store = reference()
    if store is None:  # its entry goes with it, so nobody can ask
        raise RuntimeError("the object store is gone")
    return store


def _read_baselines(store: ObjectStore) -> dict[int, PublishedRaster]:
    found = {year: read_baseline(store, year) for year in YEARS}
    return {year: one for year, one in found.items() if one is not None}


def _list_partitions(store: ObjectStore) -> list[str]:
    every = map_prefix("x").removesuffix("x/")
    keys = (one.key for one in store.list(RESULTS, every))
    return sorted(key.split("/")[1] for key in keys if key.endswith(f"/{POINTER_NAME}"))


def _published(store: ObjectStore, bucket: str, prefix: str) -> PublishedRaster | None:
    pointer = read_pointer(store, bucket, prefix)
    if pointer is None:
        return None
    files: dict[str, str] = pointer["files"]
    raster = next(key for key in files.values() if key.endswith(_RASTER_SUFFIX))
    return PublishedRaster(bucket, raster, files, json.loads(store.get(bucket, files[ITEM_NAME])))
