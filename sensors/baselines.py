"""`detect_new_baselines`: Dynamic World uploads become baseline COGs, each content of a year once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from resources.layout import BASELINE_SUFFIXES, baseline_upload_prefix
from resources.object_store import ObjectStat
from sensors.batches import content_digest


@dataclass(frozen=True)
class BaselineRequest:
    """One year's baseline to make."""

    year: str
    digest: str

    @property
    def run_key(self) -> str:
        """Identify this content of this year, for ever."""
        return f"baseline--{self.year}--{self.digest}"


def decide_baselines(
    uploads: Iterable[ObjectStat], years: Collection[str]
) -> tuple[tuple[BaselineRequest, ...], tuple[str, ...]]:
    """Return the years to make from the listing of the uploads, and the keys that are no baseline upload.

    A year's uploads lie at `uploads/<year>/<any name>.tif` (several tiles are merged).
    """
    found: dict[str, list[ObjectStat]] = defaultdict(list)
    ignored = []
    for one in uploads:
        year, _, name = one.key.removeprefix(baseline_upload_prefix()).partition("/")
        if year in years and name.lower().endswith(BASELINE_SUFFIXES):
            found[year].append(one)
        else:
            ignored.append(one.key)
    requests = tuple(BaselineRequest(year, content_digest(tiles)) for year, tiles in sorted(found.items()))
    return requests, tuple(sorted(ignored))
