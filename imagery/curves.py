"""The course of one layer (NDVI) over a season: of a pixel, and typically of each class of a map.

Both come of the composite that maps are drawn from, by the code that computes features, so that what is shown is what
the model saw.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from imagery.features import features_of
from training.errors import GeocropError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rasterio.windows import Window

    from imagery.composite_file import CompositeReader
    from imagery.recipe_model import Recipe

#: Side of the windows that a typical curve is made of, in pixels, and how many of them are read at most: 16 windows
#: of s2-season's NDVI bands are some 40 MB.
WINDOW, MAX_WINDOWS = 128, 16
#: Pixels of a class that are taken from one window: neighbours tell little new.
PIXELS_A_WINDOW = 200
#: A class with fewer pixels has no typical curve.
MIN_PIXELS = 20
LOW, HIGH = 10, 90  # percentiles that bound what is typical


class NoCurveError(GeocropError):
    """Choose a recipe with a layer over time: this one has none, or the composite does not cover the place."""

    code: ClassVar[str] = "no-curve"


@dataclass(frozen=True)
class Curve:
    """A layer of one pixel by step of the season; NaN where it was never seen, not even before and after."""

    values: NDArray[np.float32]
    observed: NDArray[np.bool_]  # whether the step was seen clear; else its value is filled from its neighbours


@dataclass(frozen=True)
class Typical:
    """How a layer runs over the pixels of a class: mean, and what eight of ten pixels lie between, by step."""

    mean: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    pixels: int


def curve_layer(recipe: Recipe) -> str:
    """Return the layer whose course is shown: that of the phenology, else NDVI, else the first one over time.

    Raises:
        NoCurveError: the recipe has no layer over time, or a single step.

    """
    series = tuple(recipe.features.series)
    if len(recipe.steps) < 2 or not series:  # noqa: PLR2004  # one point is no curve
        raise NoCurveError(f"recipe {recipe.id} has no layer over time")
    of_phenology = recipe.features.phenology.layer if recipe.features.phenology else None
    ndvi = next((name for name in series if name.lower() == "ndvi"), None)
    return of_phenology if of_phenology in series else (ndvi or series[0])


def series_of(values: NDArray[Any], recipe: Recipe, layer: str) -> NDArray[np.float32]:
    """Return a layer by step, float32 [step, n], of a composite's numbers [band, step, n]."""
    names = recipe.feature_names
    rows = [names.index(f"{layer}_{step}") for step in recipe.steps]
    return features_of(values, recipe)[rows]


def pixel_curve(reader: CompositeReader, recipe: Recipe, lon: float, lat: float) -> Curve:
    """Return the curve of the pixel at a place (degrees, WGS 84).

    Raises:
        NoCurveError: see `curve_layer`; or the place is outside the composite.

    """
    from rasterio.windows import Window

    from imagery.lattice import transformer

    layer = curve_layer(recipe)
    x, y = transformer("EPSG:4326", reader.geobox.crs.to_wkt()).transform(lon, lat)  # type: ignore[union-attr]
    column, row = (int(np.floor(part)) for part in ~reader.geobox.affine * (x, y))
    height, width = reader.geobox.shape
    if not (0 <= row < height and 0 <= column < width):
        raise NoCurveError("the composite does not cover this place")
    numbers = reader.read(Window(column, row, 1, 1)).values[:, :, 0, 0]
    moving = [i for i, band in enumerate(recipe.bands) if not recipe.assets[band].static]
    missing = np.isnan(numbers) if np.isnan(recipe.nodata) else numbers == recipe.nodata
    observed = np.asarray(~missing[moving].all(axis=0), dtype=np.bool_)
    return Curve(series_of(numbers[:, :, None], recipe, layer)[:, 0], observed)


def typical_curves(map_path: str, reader: CompositeReader, recipe: Recipe) -> dict[int, Typical]:
    """Return the typical curve of each class of a map (its first band), by code.

    Pixels are sampled, evenly, from windows that lie evenly over the map: the same ones every time.

    Args:
        map_path: what GDAL opens; on the lattice of the composite, as maps are.
        reader: of the composite, open.
        recipe: of the composite.

    """
    import rasterio

    layer = curve_layer(recipe)
    found: dict[int, list[NDArray[np.float32]]] = {}
    with rasterio.open(map_path) as drawn:
        shift = ~reader.geobox.affine * (drawn.transform.c, drawn.transform.f)
        left, top = round(shift[0]), round(shift[1])
        for row, column in _corners(drawn.height, drawn.width):
            height, width = min(WINDOW, drawn.height - row), min(WINDOW, drawn.width - column)
            window = rasterio.windows.Window(column, row, width, height)
            classes = drawn.read(1, window=window)
            there = rasterio.windows.Window(column + left, row + top, width, height)
            for code, series in _sampled(classes, reader, there, recipe, layer):
                found.setdefault(code, []).append(series)
    curves = {code: np.concatenate(parts, axis=1) for code, parts in found.items()}
    return {code: _typical(all_of) for code, all_of in curves.items() if all_of.shape[1] >= MIN_PIXELS}


def _corners(height: int, width: int) -> list[tuple[int, int]]:
    """Return the upper left corners (row, column) of at most MAX_WINDOWS windows, evenly over all."""
    every = [(row, column) for row in range(0, height, WINDOW) for column in range(0, width, WINDOW)]
    if len(every) <= MAX_WINDOWS:
        return every
    return [every[round(at)] for at in np.linspace(0, len(every) - 1, MAX_WINDOWS)]


def _sampled(
    classes: NDArray[np.uint8], reader: CompositeReader, window: Window, recipe: Recipe, layer: str
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Give (code, series [step, n]) of some pixels of each class in a window."""
    codes = [int(code) for code in np.unique(classes) if code]
    if not codes:
        return
    values = reader.read(window).values
    flat = values.reshape(*values.shape[:2], -1)
    for code in codes:
        at = np.flatnonzero(classes.ravel() == code)
        some = at[:: max(1, len(at) // PIXELS_A_WINDOW)][:PIXELS_A_WINDOW]
        yield code, series_of(flat[:, :, some], recipe, layer)


def _typical(series: NDArray[np.float32]) -> Typical:
    """Summarise [step, n]; a step that no pixel has stays NaN."""
    out = np.full((3, len(series)), np.nan, dtype=np.float32)
    for step, values in enumerate(series):
        known = values[np.isfinite(values)]
        if known.size:
            out[:, step] = (known.mean(), *np.percentile(known, (LOW, HIGH)))
    return Typical(out[0], out[1], out[2], series.shape[1])
