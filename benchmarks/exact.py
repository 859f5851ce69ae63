"""Scenes read onto a grid pixel by pixel, exactly: for comparisons where odc.stac.load only comes near.

A scene in another projection than the map is resampled by odc.stac.load with GDAL's approximation, up to an eighth of
a pixel off, so that near the edge of a source pixel its neighbour is read. Here the centre of every pixel of the map is
transformed by PROJ, and the source pixel that holds it is taken: what `nearest` means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.usual import margin_of

if TYPE_CHECKING:
    import pystac
    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from imagery.recipe_model import Asset, Mask, Recipe

ROUNDING = 1e-6
"""Source pixels: a centre this near to the next source pixel is in it (imagery.reading says why)."""


def load(items: Sequence[pystac.Item], recipe: Recipe, geobox: GeoBox) -> tuple[xr.Dataset, xr.DataArray | None]:
    """Return what `usual.load` does with `groupby="id"`: scenes in the grid's projection before others of their day."""
    import xarray as xr

    def first_own(item: pystac.Item) -> tuple[Any, bool, str]:
        own = str(item.properties["proj:code"]) == f"EPSG:{geobox.crs.epsg if geobox.crs else None}"
        return item.datetime.date() if item.datetime else None, not own, item.id

    ordered = sorted(items, key=first_own)
    bands = {name: _stack(ordered, asset, geobox) for name, asset in recipe.assets.items()}
    if recipe.mask is None:
        return xr.Dataset(bands), None
    return xr.Dataset(bands), _stack(ordered, recipe.mask, geobox.pad(*margin_of(recipe.mask, geobox)))


def _stack(items: Sequence[pystac.Item], asset: Asset | Mask, geobox: GeoBox) -> xr.DataArray:
    """Return one asset of all items, (time, y, x)."""
    from odc.geo.xr import wrap_xr

    layers = [nearest(item.assets[next(k for k in asset.asset if k in item.assets)].href, geobox) for item in items]
    times = [np.datetime64(item.datetime.replace(tzinfo=None), "ns") for item in items if item.datetime]
    return wrap_xr(np.stack([numbers for numbers, _ in layers]), geobox, time=times, nodata=0)


def nearest(path: str, geobox: GeoBox) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return a file's numbers on a grid, 0 outside it, and how far each centre is from its source pixel's edge.

    The distance is in source pixels, 0 to 0.5; both are [y, x].
    """
    import rasterio
    from pyproj import Transformer

    from imagery.grid import crs_text

    height, width = geobox.shape
    column, row = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    x, y = geobox.affine.a * column + geobox.affine.c, geobox.affine.e * row + geobox.affine.f
    with rasterio.open(path) as file:
        there = Transformer.from_crs(crs_text(geobox.crs), crs_text(file.crs), always_xy=True)
        x, y = there.transform(x, y)
        inverse = ~file.transform
        places = np.stack([inverse.e * y + inverse.f, inverse.a * x + inverse.c])
        cells = np.floor(places + ROUNDING).astype(int)
        whole = file.read(1)
    inside = np.all((cells >= 0) & (cells < np.array(whole.shape)[:, None, None]), axis=0)
    numbers = np.where(inside, whole[tuple(np.where(inside, cells, 0))], 0).astype(whole.dtype)
    return numbers, (0.5 - np.abs(places - cells - 0.5)).min(axis=0)
