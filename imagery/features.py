"""Features: the one definition, for tables of samples and for rasters, equal to the bit.

Every value is computed pixel by pixel from exactly rounded float32 operations in a fixed order (loops over steps, no
sums along an axis), so the shape, memory order and cutting of the input cannot change a bit of the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from imagery import expressions
from imagery.gaps import fill_gaps
from imagery.phenology import measures_of
from imagery.recipe_model import Recipe
from training.errors import GeocropError

Array = npt.NDArray[np.float32]

CHUNK = 1 << 16  # pixels computed at a time: with 10 bands and 12 steps some 60 MB of float32, near the caches


class WrongCompositeError(GeocropError):
    """Make the composite again with this recipe: its bands or steps are others."""

    code = "wrong-composite"


def features_of(values: npt.NDArray[Any], recipe: Recipe) -> Array:
    """Compute the recipe's features.

    Args:
        values: [band, step, ...] numbers of a composite in the recipe's dtype, bands and steps in the recipe's order:
            [band, step, n] of samples or [band, step, y, x] of a raster, in any memory order.
        recipe: which features.

    Returns:
        float32 [feature, ...] in the order of `recipe.feature_names`, NaN where a feature is missing.

    Raises:
        WrongCompositeError: the first two axes are not the recipe's bands and steps.

    """
    wanted = (len(recipe.bands), len(recipe.steps))
    if values.ndim <= len(wanted) or values.shape[:2] != wanted:
        raise WrongCompositeError(f"recipe {recipe.id} has (bands, steps) {wanted}, the composite {values.shape[:2]}")
    flat = values.reshape(*wanted, -1)
    out = np.empty((len(recipe.feature_names), flat.shape[2]), dtype=np.float32)
    for start in range(0, flat.shape[2], CHUNK):
        part = slice(start, start + CHUNK)
        _fill(out[:, part], flat[:, :, part], recipe)
    return out.reshape(len(recipe.feature_names), *values.shape[2:])


def _fill(out: Array, numbers: npt.NDArray[Any], recipe: Recipe) -> None:
    """Compute the features of some pixels, [band, step, n] to [feature, n]."""
    layers = {
        band: _filled(numbers[i], band, recipe) for i, band in enumerate(recipe.bands) if not recipe.assets[band].static
    }
    for name in recipe.layers:
        layers[name] = _derived(name, layers, recipe)
    row = 0
    for step in range(len(recipe.steps)):
        for name in recipe.features.series:
            out[row] = layers[name][step]
            row += 1
    if recipe.features.seasonal is not None:
        for _, run in recipe.runs:
            for name in recipe.features.seasonal.layers:
                out[row] = _mean_of(layers[name], run)
                row += 1
    if recipe.features.phenology is not None:
        measures = measures_of(layers[recipe.features.phenology.layer])
        for measure in recipe.features.phenology.measures:
            out[row] = measures[measure]
            row += 1
    for name in recipe.features.static:
        out[row] = _scaled(numbers[recipe.bands.index(name), 0], name, recipe)
        row += 1
    # One NaN for all: an operation that fails and a missing number carry different bits otherwise.
    np.copyto(out, np.float32(np.nan), where=np.isnan(out))


def _scaled(numbers: npt.NDArray[Any], band: str, recipe: Recipe) -> Array:
    """Turn a composite's numbers into values; nodata into NaN."""
    asset = recipe.assets[band]
    values = numbers.astype(np.float32)
    missing = np.isnan(values) if np.isnan(recipe.nodata) else numbers == recipe.nodata
    if asset.scale != 1.0:
        values = values * np.float32(asset.scale)
    if asset.offset != 0.0:
        values = values + np.float32(asset.offset)
    return np.where(missing, np.float32(np.nan), values)


def _filled(numbers: npt.NDArray[Any], band: str, recipe: Recipe) -> Array:
    """Return one band's values [step, n], with gaps filled as the recipe says."""
    values = _scaled(numbers, band, recipe)
    if recipe.gaps.method == "linear":
        fill_gaps(values)
    return values


def _derived(name: str, layers: Mapping[str, Array], recipe: Recipe) -> Array:
    """Compute an index from filled layers, limited to its range; NaN where it is undefined."""
    derived = recipe.layers[name]
    value = expressions.parse(derived.formula).evaluate(layers)
    if derived.clip is not None:
        low, high = derived.clip
        value = np.minimum(np.maximum(value, np.float32(low)), np.float32(high))
    return value


def _mean_of(layer: Array, run: tuple[int, ...]) -> Array:
    """Return the mean of the steps of a run that have a value, added in order."""
    total = np.zeros(layer.shape[1:], dtype=np.float32)
    count = np.zeros(layer.shape[1:], dtype=np.float32)
    for step in run:
        there = ~np.isnan(layer[step])
        total = total + np.where(there, layer[step], np.float32(0))
        count = count + there.astype(np.float32)
    mean = total / np.maximum(count, np.float32(1))
    return np.where(count > 0, mean, np.float32(np.nan))
