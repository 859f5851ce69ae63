"""STAC collections of crop maps and of baselines, for a static catalogue of their items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imagery.aoi import ZIMBABWE, LonLatBox
from imagery.legend import Legend
from imagery.stac import BASELINES, COG_TYPE, CROP_MAPS, EXTENSIONS, STAC_VERSION, classification

_FIRST_SENTINEL_2_SEASON = "2015-09-01T00:00:00Z"
_FIRST_DYNAMIC_WORLD_YEAR = "2015-01-01T00:00:00Z"


def crop_maps_collection(legend: Legend, extent: LonLatBox = ZIMBABWE) -> dict[str, Any]:
    """Return the collection that crop map items belong to."""
    return _collection(
        CROP_MAPS,
        "Crop maps",
        "Crop and land-cover maps by AOI and season: class, confidence (percent), number of clear observations.",
        ("other", _FIRST_SENTINEL_2_SEASON),
        extent,
        legend,
    )


def baselines_collection(legend: Legend, extent: LonLatBox = ZIMBABWE) -> dict[str, Any]:
    """Return the collection that Dynamic World baselines belong to."""
    return _collection(
        BASELINES,
        "Dynamic World baselines",
        "Dynamic World V1 labels by year (Google and World Resources Institute), as Cloud Optimized GeoTIFFs.",
        ("CC-BY-4.0", _FIRST_DYNAMIC_WORLD_YEAR),
        extent,
        legend,
    )


def item_links(item_ids: Sequence[str]) -> list[dict[str, str]]:
    """Return a collection's links to items that lie in a folder each: `./<id>/<id>.json`."""
    return [
        {"rel": "item", "href": f"./{item_id}/{item_id}.json", "type": "application/geo+json"} for item_id in item_ids
    ]


def _collection(  # noqa: PLR0917 - two callers above
    collection_id: str, title: str, description: str, terms: tuple[str, str], extent: LonLatBox, legend: Legend
) -> dict[str, Any]:
    licence, start = terms
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "stac_extensions": [EXTENSIONS["classification"]],
        "id": collection_id,
        "title": title,
        "description": description,
        "license": licence,
        "extent": {"spatial": {"bbox": [list(extent)]}, "temporal": {"interval": [[start, None]]}},
        "item_assets": {
            "data": {
                "type": COG_TYPE,
                "roles": ["data"],
                "title": "Map",
                "bands": [{"name": "class", "classification:classes": classification(legend)}],
            }
        },
        "links": [],
    }
