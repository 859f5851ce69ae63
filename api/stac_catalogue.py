"""The STAC catalogue of baselines and crop maps: plain dictionaries, made of the items that lie beside the rasters.

An item in the store names its files by their places beside it. Here each gets an address that a client can open, and
links to the catalogue that it is read from.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from api.published import PublishedRaster
from api.tiling import download_url, legend_of, tilejson_url
from imagery.aoi import LonLatBox
from imagery.stac import BASELINES, CROP_MAPS, STAC_VERSION
from imagery.stac_collections import baselines_collection, crop_maps_collection
from resources import layout

if TYPE_CHECKING:
    from api.services import Services

CATALOGUE_ID = "geocrop"
TITLE = "GeoCrop"
DESCRIPTION = "Crop maps of areas of interest, for who asked for them, and Dynamic World baselines, for everybody."
COLLECTIONS = (BASELINES, CROP_MAPS)
WORLD = LonLatBox(-180.0, -90.0, 180.0, 90.0)
JSON, GEOJSON = "application/json", "application/geo+json"
#: A scene's own address is told where others can reach it: not one that lies on this machine.
_TOLD_SCENES = ("https://", "http://", "urn:")


def item_url(base: str, collection: str, item_id: str) -> str:
    """Return where an item is, in the static catalogue as in the STAC API."""
    return f"{base}/stac/collections/{collection}/items/{item_id}"


def baseline_asset_url(base: str, year: int, asset: str) -> str:
    """Return the lasting public address of a baseline's file."""
    return f"{base}/baselines/{year}/{asset}"


def asset_url(services: Services, base: str, bucket: str, key: str, asset: str) -> str:
    """Return the address by which whoever sees an item may read one of its files."""
    first, second, *_, name = key.split("/")
    if bucket == layout.BASELINES:
        return baseline_asset_url(base, int(first), asset)
    return download_url(services, base, bucket, key, f"{second}-{name}")


def root(base: str) -> dict[str, Any]:
    """Return the catalogue itself."""
    return {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": CATALOGUE_ID,
        "title": TITLE,
        "description": DESCRIPTION,
        "links": [
            _link("self", f"{base}/stac"),
            _link("root", f"{base}/stac"),
            *(_link("child", f"{base}/stac/collections/{name}") for name in COLLECTIONS),
        ],
    }


def bare_collection(services: Services, name: str) -> dict[str, Any]:
    """Return a collection without links."""
    extent = services.settings.extent
    box = WORLD if extent is None else LonLatBox(*extent)
    if name == BASELINES:
        return baselines_collection(legend_of(services, layout.BASELINES), box)
    return crop_maps_collection(legend_of(services, layout.RESULTS), box)


def collection(services: Services, base: str, name: str, item_ids: Iterable[str]) -> dict[str, Any]:
    """Return a collection that links to these items."""
    here = f"{base}/stac/collections/{name}"
    links = [
        _link("self", here),
        _link("root", f"{base}/stac"),
        _link("parent", f"{base}/stac"),
        *(_link("item", item_url(base, name, item_id), GEOJSON) for item_id in item_ids),
    ]
    return bare_collection(services, name) | {"links": links}


def item(services: Services, base: str, raster: PublishedRaster) -> dict[str, Any]:
    """Return the item of a raster as a client shall see it."""
    seen = copy.deepcopy(dict(raster.item))
    name = seen["collection"]
    above = f"{base}/stac/collections/{name}"
    keys = raster.asset_keys()
    seen["assets"] = {asset: said for asset, said in seen["assets"].items() if asset in keys}
    for asset, said in seen["assets"].items():
        said["href"] = asset_url(services, base, raster.bucket, keys[asset], asset)
    seen["links"] = [
        _link("self", item_url(base, name, seen["id"]), GEOJSON),
        _link("root", f"{base}/stac"),
        _link("parent", above),
        _link("collection", above),
        *map_links(services, base, raster.bucket, raster.key),
        *told_links(raster.item),
    ]
    return seen


def map_links(services: Services, base: str, bucket: str, key: str) -> list[dict[str, Any]]:
    """Return the link to a raster's tiles."""
    return [_link("tilejson", tilejson_url(services, base, bucket, key), JSON) | {"title": "Tiles"}]


def told_links(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return an item's links to its scenes, those that mean something elsewhere."""
    return [
        dict(link) for link in given["links"] if link["rel"] == "derived_from" and link["href"].startswith(_TOLD_SCENES)
    ]


def _link(rel: str, href: str, media_type: str = JSON) -> dict[str, Any]:
    return {"rel": rel, "href": href, "type": media_type}
