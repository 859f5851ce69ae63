"""The scenes of a block: which items touch it, in which windows and days, and where their bands are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from imagery.lattice import transformer
from imagery.reading import wkt_of
from imagery.search import moment_of
from training.errors import GeocropError

if TYPE_CHECKING:
    import pystac
    from odc.geo.geobox import GeoBox

    from imagery.recipe_model import Asset, Harmonise, Recipe
    from imagery.season import Season
    from imagery.windows import Step

DEGREES_AN_HOUR = 15.0  # the sun's way over the sky


class MissingBandsError(GeocropError):
    """Name the asset keys that the scenes have in the recipe (the message lists both), or use another collection."""

    code: ClassVar[str] = "missing-bands"


@dataclass(frozen=True)
class Scene:
    """One item as a block sees it."""

    id: str
    day: tuple[str, date]
    """Collection and solar day: scenes that share it are one observation."""
    steps: tuple[int, ...]
    hrefs: Mapping[str, str]
    """Address of each band that the item has."""
    mask_href: str | None
    add: Mapping[str, int]
    """What to add to the numbers of a band, to be in line with other processing baselines."""
    lacking: str
    """Bands of the recipe that the item should have and has not, as text."""


def check_bands(items: Sequence[pystac.Item], recipe: Recipe) -> None:
    """Refuse a recipe whose bands (or mask) are in none of the scenes.

    Raises:
        MissingBandsError: naming the bands, the keys that were looked for, and those that are there.

    """
    for collection in dict.fromkeys(_collection(asset, recipe) for asset in recipe.assets.values()):
        mine = [item for item in items if item.collection_id in (None, collection)]
        wanted = {n: a.asset for n, a in recipe.assets.items() if _collection(a, recipe) == collection}
        if recipe.mask is not None and collection == recipe.collection:
            wanted["mask"] = recipe.mask.asset
        missing = [name for name, keys in wanted.items() if not any(_key(item, keys) for item in mine)]
        if missing:
            looked = ", ".join(f"{name} ({' or '.join(wanted[name])})" for name in missing)
            there = sorted({key for item in mine for key in item.assets})[:40]
            raise MissingBandsError(
                f"recipe {recipe.id}: none of {len(mine)} scenes of {collection} has {looked};"
                f" they have {', '.join(there) or 'no assets'}"
            )


def scenes_of(
    items: Sequence[pystac.Item], recipe: Recipe, geobox: GeoBox, season: Season
) -> tuple[list[Scene], dict[str, str]]:
    """Return the scenes of a season that touch a block, in the order in which they are merged, and those refused.

    Older days first; within a day those in the block's own projection first, then by id.
    A scene of the recipe's own collection without its mask asset, or without any band, is refused, with the reason.
    """
    steps = recipe.steps_of(season)
    bounds = transformer(wkt_of(geobox), "EPSG:4326").transform_bounds(*geobox.boundingbox.bbox)
    found: list[tuple[bool, Scene]] = []
    refused: dict[str, str] = {}
    for item in items:
        if not _touches(item, bounds):
            continue
        scene = _scene(item, recipe, steps)
        if not scene.steps:
            continue
        if not scene.hrefs:
            refused[scene.id] = "it has none of the recipe's bands"
        elif scene.mask_href is None and recipe.mask is not None and _is_own(item, recipe):
            refused[scene.id] = f"it has no mask asset ({' or '.join(recipe.mask.asset)})"
        else:
            found.append((_foreign(item, geobox), scene))
    ordered = sorted(found, key=lambda entry: (entry[1].day[1], entry[0], entry[1].id))
    return [scene for _, scene in ordered], refused


def _scene(item: pystac.Item, recipe: Recipe, steps: Sequence[Step]) -> Scene:
    hrefs = dict(_bands(item, recipe))
    timed = tuple(i for i, step in enumerate(steps) if step.contains(moment_of(item)))
    static = bool(hrefs) and all(recipe.assets[band].static for band in hrefs)
    add = {band: _offset(item, recipe, band) for band in hrefs} if _is_own(item, recipe) else {}
    return Scene(
        id=item.id,
        day=_day(item),
        steps=(0,) if static else timed,
        hrefs=hrefs,
        mask_href=_mask_href(item, recipe),
        add=add,
        lacking=_lacking(item, recipe, hrefs),
    )


def _touches(item: pystac.Item, bounds: tuple[float, float, float, float]) -> bool:
    """Tell whether an item's box meets bounds (west, south, east, north in degrees); an item without a box may."""
    if not item.bbox:
        return True
    west, south, east, north = bounds
    half = len(item.bbox) // 2  # boxes of 4 or, with heights, 6 numbers
    return bool(
        item.bbox[0] <= east and item.bbox[half] >= west and item.bbox[1] <= north and item.bbox[half + 1] >= south
    )


def _is_own(item: pystac.Item, recipe: Recipe) -> bool:
    return item.collection_id in (None, recipe.collection)


def _collection(asset: Asset, recipe: Recipe) -> str:
    return asset.collection or recipe.collection


def _key(item: pystac.Item, keys: Sequence[str]) -> str | None:
    return next((key for key in keys if key in item.assets), None)


def _href(item: pystac.Item, key: str) -> str:
    asset = item.assets[key]
    return asset.get_absolute_href() or asset.href


def _bands(item: pystac.Item, recipe: Recipe) -> Iterator[tuple[str, str]]:
    for band, asset in recipe.assets.items():
        key = _key(item, asset.asset)
        if key is not None and item.collection_id in (None, _collection(asset, recipe)):
            yield band, _href(item, key)


def _mask_href(item: pystac.Item, recipe: Recipe) -> str | None:
    if recipe.mask is None or not _is_own(item, recipe):
        return None
    key = _key(item, recipe.mask.asset)
    return None if key is None else _href(item, key)


def _lacking(item: pystac.Item, recipe: Recipe, hrefs: Mapping[str, str]) -> str:
    due = [band for band, asset in recipe.assets.items() if item.collection_id in (None, _collection(asset, recipe))]
    return ", ".join(band for band in due if band not in hrefs)


def _day(item: pystac.Item) -> tuple[str, date]:
    """Return the solar day at the item's middle: tiles of one overpass share it, also around midnight UTC."""
    box = item.bbox or (0.0, 0.0, 0.0, 0.0)
    longitude = (box[0] + box[len(box) // 2]) / 2
    return str(item.collection_id), (moment_of(item) + timedelta(hours=longitude / DEGREES_AN_HOUR)).date()


def _foreign(item: pystac.Item, geobox: GeoBox) -> bool:
    """Tell whether an item states another EPSG code than the block has."""
    stated = str(item.properties.get("proj:code") or item.properties.get("proj:epsg") or "").removeprefix("EPSG:")
    return bool(stated) and geobox.crs is not None and stated != str(geobox.crs.epsg)


def _offset(item: pystac.Item, recipe: Recipe, band: str) -> int:
    """Return what to add to a band's numbers, by the recipe's rule (see `Harmonise`)."""
    rule: Harmonise | None = recipe.harmonise
    asset = recipe.assets[band]
    if rule is None or asset.dtype == "float32" or any(item.properties.get(name) is True for name in rule.applied):
        return 0
    stated = _stated_offset(item, asset) if rule.stated else None
    if stated is not None:
        return stated
    for name in rule.baseline:
        try:
            return rule.add if float(item.properties[name]) >= rule.since else 0
        except (KeyError, TypeError, ValueError):
            continue  # the property is absent, or says something that is no number: the next may know
    return 0


def _stated_offset(item: pystac.Item, asset: Asset) -> int | None:
    """Return an asset's own offset, in numbers; None where the metadata state none."""
    key = _key(item, asset.asset)
    fields: dict[str, Any] = item.assets[key].extra_fields if key is not None else {}
    bands = fields.get("raster:bands") or fields.get("bands") or [{}]
    told = {**fields, **bands[0]}
    offset = told.get("raster:offset", told.get("offset"))
    scale = told.get("raster:scale", told.get("scale")) or asset.scale
    return None if offset is None else round(float(offset) / float(scale))
