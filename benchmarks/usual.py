"""The usual way from scenes to a crop map, as one writes it with the libraries of this field; kept correct.

odc.stac.load reads all dates of an AOI onto its grid (nearest, one layer a solar day), xarray masks them and takes
monthly medians and fills gaps in time, numpy makes indices, quarterly means and measures of the season, each library
predicts on the flattened array, the probabilities are voted and calibrated, rio-cogeo writes the map. It reads the same
recipe as the engine, and says the same of every pixel:

- medians are rounded to the scenes' integers, halves to the even one, as composites are kept; all after is float32;
- clouds are widened by a disc on the map's grid, seen also where they lie just outside of it;
- a pixel without one clear observation has no class;
- probabilities are those of the bundle's plain libraries, and confidence is percent, rounded, at least 1.

Libraries use both cores wherever they can: odc.stac.load reads in two threads, learners predict in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from benchmarks.timing import Steps
from imagery.grid import crs_text
from imagery.season import Season
from training.errors import GeocropError

if TYPE_CHECKING:
    import pystac
    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from imagery.recipe_model import Mask, Recipe
    from training.bundle import ModelBundle

    Floats = NDArray[np.float32]

Gaps = Literal["xarray", "numpy"]
"""How gaps are filled: by xarray's `interpolate_na`, as is usual, or by arrays of steps, as one writes it when that is
too slow. Both say the same but for the last bits: xarray interpolates in float64."""
GroupBy = Literal["solar_day", "id"]
DEGREES_AN_HOUR = 15.0
MAX_CLEAR = 255


@dataclass(frozen=True)
class Drawn:
    """A map: class codes, confidence (percent) and clear days uint8 [y, x], and what they are made of."""

    bands: NDArray[np.uint8]
    probabilities: Floats
    """[pixel, class] of all pixels, row by row."""
    features: Floats
    """[pixel, feature]."""
    composite: xr.Dataset


class UnusualRecipeError(GeocropError):
    """Compare with another recipe: the usual pipeline knows one collection, medians or the only scene, and masks."""

    code: ClassVar[str] = "unusual-recipe"


def draw(
    items: Sequence[pystac.Item],
    recipe: Recipe,
    geobox: GeoBox,
    season: Season | str,
    bundle: ModelBundle,
    *,
    out: Path,
    threads: int = 2,
    gaps: Gaps = "xarray",
    steps: Steps | None = None,
) -> Drawn:
    """Draw the map of a grid and write it as a COG."""
    steps = steps or Steps()
    numbers, clear = observed(items, recipe, geobox, season, threads=threads, steps=steps)
    features = measured(numbers, recipe, gaps, steps)
    probabilities = predict(features, bundle, recipe, threads, steps)
    with steps.timed("write COG"):
        bands = classified(probabilities, features, clear, bundle)
        write(bands, geobox, out)
    return Drawn(bands, probabilities, features, numbers)


def observed(
    items: Sequence[pystac.Item],
    recipe: Recipe,
    geobox: GeoBox,
    season: Season | str,
    *,
    threads: int = 2,
    steps: Steps | None = None,
) -> tuple[xr.Dataset, NDArray[np.uint16]]:
    """Read scenes and return their composite and its clear days (see `composite`)."""
    steps = steps or Steps()
    with steps.timed("read"):
        scenes, mask = load(items, recipe, geobox, threads=threads)
    with steps.timed("mask, medians"):
        return composite(scenes, mask, items, recipe, season)


def measured(numbers: xr.Dataset, recipe: Recipe, gaps: Gaps, steps: Steps | None = None) -> Floats:
    """Return the features of a composite, float32 [pixel, feature]."""
    steps = steps or Steps()
    with steps.timed("gaps"):
        filled = fill(values_of(numbers, recipe), recipe, gaps)
    with steps.timed("features"):
        return features_of(filled, recipe)


def load(
    items: Sequence[pystac.Item], recipe: Recipe, geobox: GeoBox, *, threads: int = 2, groupby: GroupBy = "solar_day"
) -> tuple[xr.Dataset, xr.DataArray | None]:
    """Read all items onto a grid, nearest.

    Returns:
        A dataset (time, y, x) with the recipe's band names; and the mask's classes, as many pixels wider on all sides
        as clouds are widened.

    """
    import odc.stac

    _check(recipe)
    keys = {band: _key(items, asset.asset) for band, asset in recipe.assets.items()}
    known = {keys[band]: {"data_type": asset.dtype, "nodata": asset.nodata} for band, asset in recipe.assets.items()}
    options: dict[str, Any] = {"groupby": groupby, "resampling": "nearest", "pool": threads}
    config = {"*": {"assets": known}}
    scenes = odc.stac.load(items, bands=list(keys.values()), geobox=geobox, stac_cfg=config, **options)
    scenes = scenes.rename({key: band for band, key in keys.items()})
    if recipe.mask is None:
        return scenes, None
    key = _key(items, recipe.mask.asset)
    config = {"*": {"assets": {key: {"data_type": "uint8", "nodata": 0}}}}
    around = geobox.pad(*margin_of(recipe.mask, geobox))
    return scenes, odc.stac.load(items, bands=[key], geobox=around, stac_cfg=config, **options)[key]


def _check(recipe: Recipe) -> None:
    """Refuse what this pipeline does not do."""
    kinds = {asset.statistic or recipe.statistic for asset in recipe.assets.values()}
    one = all(asset.collection is None and not asset.static for asset in recipe.assets.values())
    near = all(asset.resampling == "nearest" and asset.nodata is not None for asset in recipe.assets.values())
    if kinds != {"median"} or not one or not near or recipe.pooled_seasons != 1:
        raise UnusualRecipeError(f"{recipe.id} is more than medians of one collection")


def _key(items: Sequence[pystac.Item], keys: Sequence[str]) -> str:
    """Return the key that the items have; all items of one archive have the same."""
    return next(key for key in keys if any(key in item.assets for item in items))


def margin_of(mask: Mask, geobox: GeoBox) -> tuple[int, int]:
    """Return columns and rows by which clouds are widened."""
    width, height = abs(geobox.resolution.x), abs(geobox.resolution.y)
    return int(mask.dilation_m // width), int(mask.dilation_m // height)


def composite(
    scenes: xr.Dataset,
    mask: xr.DataArray | None,
    items: Sequence[pystac.Item],
    recipe: Recipe,
    season: Season | str,
) -> tuple[xr.Dataset, NDArray[np.uint16]]:
    """Mask scenes and take the median of each step.

    Scenes of one solar day that come one by one (`groupby="id"`) count as one observation: the first clear one.

    Returns:
        A dataset (step, y, x) in the recipe's dtype, its nodata where no day was clear; and the number of clear days
        [y, x], counted on the first band.

    """
    import xarray as xr

    clear = None if mask is None else clear_of(mask, recipe, scenes.odc.geobox)
    day = _solar_days(scenes)
    step = _steps(scenes["time"].to_index(), recipe, season)
    wanted = np.flatnonzero(step >= 0)
    add = _offsets(scenes["time"].to_index(), items, recipe)[wanted]
    medians: dict[str, xr.DataArray] = {}
    counts: Any = None
    for band, asset in recipe.assets.items():
        raw = scenes[band].isel(time=wanted)
        seen = raw.notnull() & (raw != asset.nodata)
        if clear is not None:
            seen &= clear[wanted]
        numbers = raw.astype("float32")
        if add.any():
            info = np.iinfo(asset.dtype)
            numbers = (numbers + xr.DataArray(add, dims="time")).clip(info.min + 1, info.max)
        masked = numbers.where(seen).assign_coords(step=("time", step[wanted]), day=("time", day[wanted]))
        if len(set(day[wanted])) < len(wanted):
            first = masked.groupby("day").first(skipna=True)
            own = dict(zip(day[wanted], step[wanted], strict=True))
            masked = first.rename(day="time").assign_coords(step=("time", [own[one] for one in first["day"].values]))
        if counts is None:
            counts = masked.notnull().sum("time").transpose("y", "x").values
        medians[band] = masked.groupby("step").median("time", skipna=True)
    found = xr.Dataset(medians).reindex(step=np.arange(len(recipe.steps)))
    if np.issubdtype(np.dtype(recipe.dtype), np.integer):
        found = found.round().fillna(recipe.nodata)
    return found.astype(recipe.dtype).transpose("step", "y", "x"), counts.astype(np.uint16)


def clear_of(mask: xr.DataArray, recipe: Recipe, geobox: GeoBox) -> NDArray[np.bool_]:
    """Return where scenes are clear, [time, y, x] without the mask's margin."""
    from scipy.ndimage import binary_dilation

    rule = recipe.mask
    if rule is None:
        raise UnusualRecipeError(f"{recipe.id} has no mask")
    classes = mask.transpose("time", ...).values
    columns, rows = margin_of(rule, geobox)
    inner = np.s_[rows : classes.shape[1] - rows, columns : classes.shape[2] - columns]
    clear = ~np.isin(classes[:, *inner], [0, *rule.drop])
    width, height = abs(geobox.resolution.x), abs(geobox.resolution.y)
    down, right = np.ogrid[-rows : rows + 1, -columns : columns + 1]
    disc = np.hypot(right * width, down * height) <= rule.dilation_m
    for number, one in enumerate(classes):
        clear[number] &= ~binary_dilation(np.isin(one, rule.grow), disc)[inner]
    return clear


def _solar_days(scenes: xr.Dataset) -> NDArray[np.datetime64]:
    """Return the solar day of each layer, datetime64[D]."""
    west, _, east, _ = scenes.odc.geobox.geographic_extent.boundingbox
    ahead = np.timedelta64(round((west + east) / 2 / DEGREES_AN_HOUR * 3600), "s")
    return np.asarray((scenes["time"].values + ahead).astype("datetime64[D]"))


def _steps(times: Any, recipe: Recipe, season: Season | str) -> NDArray[np.int64]:  # noqa: ANN401 - pandas' index
    """Return the number of the step that each moment lies in; -1 outside all."""
    steps = recipe.steps_of(Season.parse(season))
    return np.array([next((n for n, one in enumerate(steps) if one.contains(time)), -1) for time in times])


def _offsets(times: Any, items: Sequence[pystac.Item], recipe: Recipe) -> Floats:  # noqa: ANN401 - pandas' index
    """Return what to add to the numbers of each layer: since baseline 04.00 they are 1000 higher."""
    rule = recipe.harmonise
    if rule is None:
        return np.zeros(len(times), np.float32)
    days: dict[Any, int] = {}
    for item in items:
        told = item.properties
        stated = next((float(told[name]) for name in rule.baseline if name in told), 0.0)
        late = stated >= rule.since and not any(told.get(name) for name in rule.applied)
        days[item.datetime.date() if item.datetime else None] = rule.add if late else 0
    return np.array([days[time.date()] for time in times], np.float32)


def values_of(numbers: xr.Dataset, recipe: Recipe) -> xr.Dataset:
    """Return a composite's numbers as float32 values; NaN where they are missing."""
    values = {}
    for band, asset in recipe.assets.items():
        there = numbers[band].notnull() if recipe.dtype == "float32" else numbers[band] != recipe.nodata
        value = numbers[band].astype("float32") * np.float32(asset.scale) + np.float32(asset.offset)
        values[band] = value.where(there)
    return numbers.assign(values)


def fill(values: xr.Dataset, recipe: Recipe, gaps: Gaps = "xarray") -> xr.Dataset:
    """Fill gaps in time: straight lines between the nearest steps by number, the ends held."""
    if recipe.gaps.method == "none":
        return values
    if gaps == "numpy":
        return values.map(lambda band: band.copy(data=_filled(band.values)))
    inner = values.map(lambda band: band.interpolate_na("step", method="linear", use_coordinate=False))
    return inner.astype("float32").map(lambda band: band.copy(data=_held(band.values)))


def _held(series: Floats) -> Floats:
    """Hold the first and the last value of float32 [step, ...] to the ends, in place."""
    for order in (range(1, len(series)), range(len(series) - 2, -1, -1)):
        for step in order:
            before = series[step - 1 if order.step > 0 else step + 1]
            np.copyto(series[step], before, where=np.isnan(series[step]))
    return series


def _filled(series: Floats) -> Floats:
    """Interpolate float32 [step, ...] between the nearest steps with a value, in float32, and hold the ends."""
    steps = np.arange(len(series), dtype=np.float32).reshape(-1, *[1] * (series.ndim - 1))
    there = ~np.isnan(series)
    number = np.broadcast_to(steps, series.shape).astype(np.int8)
    before = np.maximum.accumulate(np.where(there, number, np.int8(-1)), axis=0)
    after = np.minimum.accumulate(np.where(there, number, np.int8(127))[::-1], axis=0)[::-1]
    low = np.take_along_axis(series, np.maximum(before, 0).astype(np.intp), axis=0)
    high = np.take_along_axis(series, np.minimum(after, len(series) - 1).astype(np.intp), axis=0)
    first, last = before.astype(np.float32), after.astype(np.float32)
    line = low + (high - low) * ((steps - first) / np.maximum(last - first, np.float32(1)))
    line = np.where(before < 0, high, np.where(after > len(series), low, line))
    return np.where(there, series, line)


def features_of(layers: xr.Dataset, recipe: Recipe) -> Floats:
    """Return the recipe's features of filled values, float32 [pixel, feature], NaN where missing."""
    import pandas as pd

    bands = {name: np.ascontiguousarray(layers[name].values).reshape(len(recipe.steps), -1) for name in recipe.assets}
    for name, index in recipe.layers.items():
        with np.errstate(all="ignore"):
            value: Any = pd.eval(index.formula, engine="python", local_dict=bands)
        value = np.where(np.isfinite(value), value, np.float32(np.nan))
        bands[name] = value if index.clip is None else value.clip(np.float32(index.clip[0]), np.float32(index.clip[1]))
    columns = [bands[name][step] for step in range(len(recipe.steps)) for name in recipe.features.series]
    if recipe.features.seasonal is not None:
        columns += [_mean(bands[name][list(run)]) for _, run in recipe.runs for name in recipe.features.seasonal.layers]
    if recipe.features.phenology is not None:
        measures = phenology(bands[recipe.features.phenology.layer])
        columns += [measures[name] for name in recipe.features.phenology.measures]
    return np.stack(columns, axis=1)


def _mean(series: Floats) -> Floats:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # pixels that were never clear
        return np.asarray(np.nanmean(series, axis=0), np.float32)


def phenology(series: Floats) -> dict[str, Floats]:
    """Return measures of a course float32 [step, n], float32 [n] each; times are step numbers with fractions.

    Green-up is the last rise through half the amplitude before the peak, senescence the first fall through it after;
    a course that never passes it rises at its first step and falls at its last.
    """
    steps = np.arange(len(series), dtype=np.float32)[:, None]
    base, peak = series.min(axis=0), series.max(axis=0)
    known = ~np.isnan(series.sum(axis=0))
    at_peak = np.where(known, series.argmax(axis=0), 0).astype(np.float32)
    half = base + (peak - base) * np.float32(0.5)
    here, there = series[:-1], series[1:]
    with np.errstate(all="ignore"):
        passes = steps[:-1] + (half - here) / (there - here)
    rises = (here < half) & (there >= half) & (steps[:-1] < at_peak)
    falls = (here >= half) & (there < half) & (steps[:-1] >= at_peak)
    pixel = np.arange(series.shape[1])
    last_rise, first_fall = len(rises) - 1 - rises[::-1].argmax(axis=0), falls.argmax(axis=0)
    greenup = np.where(rises.any(axis=0), passes[last_rise, pixel], np.float32(0))
    senescence = np.where(falls.any(axis=0), passes[first_fall, pixel], np.float32(len(series) - 1))
    measures = {
        "base": base,
        "peak": peak,
        "amplitude": peak - base,
        "peak_time": at_peak,
        "greenup": greenup,
        "senescence": senescence,
        "length": senescence - greenup,
        "mean": series.mean(axis=0),
    }
    return {name: np.where(known, value, np.float32(np.nan)) for name, value in measures.items()}


def predict(
    features: Floats, bundle: ModelBundle, recipe: Recipe, threads: int = 2, steps: Steps | None = None
) -> Floats:
    """Return calibrated probabilities float32 [n, class] of features float32 [n, feature], NaN kept."""
    steps = steps or Steps()
    order = [recipe.feature_names.index(name) for name in bundle.features]
    X = features if order == list(range(features.shape[1])) else features[:, order]
    found = []
    for fit in bundle.learners:
        with steps.timed(fit.name):
            found.append(fit.predict_proba(X, threads))
    with steps.timed("vote"):
        return bundle.combiner.mix(np.stack(found))


def classified(
    probabilities: Floats, features: Floats, clear: NDArray[np.uint16], bundle: ModelBundle
) -> NDArray[np.uint8]:
    """Return class code, confidence in percent and clear days, uint8 [3, y, x]; 0 where nothing was clear."""
    codes = np.array(bundle.codes, np.uint8)[probabilities.argmax(axis=1)]
    percent = np.clip(np.rint(probabilities.max(axis=1) * 100), 1, 100).astype(np.uint8)
    mapped = (clear.ravel() > 0) & np.isfinite(features).any(axis=1)
    bands = np.stack([codes, percent, np.minimum(clear, MAX_CLEAR).astype(np.uint8).ravel()])
    return np.where(mapped, bands, 0).astype(np.uint8).reshape(3, *clear.shape)


def write(bands: NDArray[np.uint8], geobox: GeoBox, out: Path) -> None:
    """Write a map as a COG with overviews by mode."""
    from rasterio.io import MemoryFile
    from rio_cogeo.cogeo import cog_translate
    from rio_cogeo.profiles import cog_profiles

    plain: dict[str, Any] = {
        "driver": "GTiff",
        "count": len(bands),
        "dtype": "uint8",
        "nodata": 0,
        "height": bands.shape[1],
        "width": bands.shape[2],
        "crs": crs_text(geobox.crs),
        "transform": geobox.affine,
        "photometric": "MINISBLACK",
    }
    with MemoryFile() as memory, memory.open(**plain) as file:
        file.write(bands)
        cog_translate(file, str(out), cog_profiles["deflate"], overview_resampling="mode", in_memory=True, quiet=True)
