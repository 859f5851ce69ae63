"""`geocrop predict`: from a GeoJSON file to a crop map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geocrop_assets.assets.maps import MAP_NAME
from geocrop_assets.cli.console import table
from geocrop_assets.cli.runs import open_platform
from geocrop_assets.partitions import AOI_SEASON
from resources.aois import keep_aoi
from resources.layout import RESULTS, map_prefix
from resources.platform import rules_of, store_of
from resources.publish import read_pointer
from sensors import tags

if TYPE_CHECKING:
    from rich.console import Console

    from resources.progress import Listener
    from resources.settings import Settings


@dataclass(frozen=True)
class Predicted:
    """A map that was made on the command line."""

    partition: str
    area_ha: float
    pointer: dict[str, Any]
    address: str
    areas: list[tuple[str, float]]

    def show(self, console: Console) -> None:
        """Print what was mapped and where it is."""
        facts = self.pointer["facts"]
        table(f"Crop map {self.partition}", ("class", "hectares"), [(name, f"{ha:,.1f}") for name, ha in self.areas])
        console.print(
            f"{self.area_ha:,.0f} ha, {facts['share_mapped']:.1%} of it mapped with model version "
            f"{self.pointer['model_version']}, mean confidence {facts['mean_confidence']:.0f} %"
        )
        console.print(f"COG: {self.address}", soft_wrap=True)


def predict_aoi(settings: Settings, path: Path, season: str, *, listener: Listener | None = None) -> Predicted:
    """Make the crop map of an AOI in a season, in this process.

    Raises:
        GeocropError: the AOI or season is not served, no model is promoted, or no scene can be read.

    """
    from imagery.aoi import Aoi, partition_key
    from imagery.season import Season

    aoi = Aoi.from_file(path, rules_of(settings).aoi_limits())
    key = partition_key(aoi.id, str(Season.parse(season)))
    store = store_of(settings)
    keep_aoi(store, aoi)
    platform = open_platform(settings, listener)
    platform.instance.add_dynamic_partitions(AOI_SEASON, [key])
    platform.run(tags.MAP_JOB, partition=key)
    pointer = read_pointer(store, RESULTS, map_prefix(key)) or {}
    return Predicted(
        key, aoi.area_ha, pointer, store.presigned_url(RESULTS, pointer["files"][MAP_NAME]), _areas(settings, pointer)
    )


def _areas(settings: Settings, pointer: dict[str, Any]) -> list[tuple[str, float]]:
    """Return title and hectares by class, largest first."""
    classes, facts = rules_of(settings).load_classes(), pointer["facts"]
    found = [
        (classes.by_code(int(code)).title, pixels * facts["pixel_area_ha"])
        for code, pixels in facts["pixels_by_class"].items()
    ]
    return sorted(found, key=lambda one: -one[1])
