"""Baselines as Dynamic World would have drawn them: one GeoTIFF a year, from the truth, with its confusions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from demo.grid import CRS, Grid
from demo.ground import Ground
from demo.noise import octaves
from demo.scenes import STATEMENT
from demo.tables import CROPS, cover_index

YEARS = tuple(range(2015, 2026))
WATER, TREES, GRASS, FLOODED, CROP, SHRUB, BUILT, BARE = 0, 1, 2, 3, 4, 5, 6, 7
"""Classes of Dynamic World V1 (Brown et al. 2022, Scientific Data 9, 251); 8 is snow and ice, which never lies here."""
NODATA = 255
MAPPED = {"woodland": TREES, "grassland": GRASS, "water": WATER, "bare": BARE, "built-up": BUILT}
FALLOW_STARTS, FALLOW_ENDS = 0.09, 0.45
"""Chance a year that a cropped field rests, and that a resting one is cropped again."""
CONFUSIONS: dict[int, tuple[tuple[int, float], ...]] = {
    WATER: ((FLOODED, 0.02),),
    TREES: ((SHRUB, 0.17), (GRASS, 0.02)),
    GRASS: ((SHRUB, 0.34), (CROP, 0.10), (BARE, 0.02)),
    CROP: ((SHRUB, 0.10), (GRASS, 0.07), (BARE, 0.04)),
    BUILT: ((BARE, 0.06), (TREES, 0.05), (CROP, 0.05)),
    BARE: ((BUILT, 0.10), (SHRUB, 0.14), (GRASS, 0.08)),
}
"""Share of a class that is drawn as another, in patches. Savannah grass and fallow land go to shrub and to crops; the
shares are judgement."""
TOWN_GROWTH = 0.035
"""Share of today's built-up ground that was not yet built, a year back."""


def _fields_by_year(ground: Ground, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which units are cropped in each year [year, unit]: today's crops, walked back and forth over the years."""
    today = np.isin(ground.units.cover, [cover_index(name) for name in CROPS])
    states = np.empty((len(YEARS), len(today)), bool)
    states[0] = today & (rng.random(len(today)) > FALLOW_STARTS) | (
        ground.units.is_field & ~today & (rng.random(len(today)) < FALLOW_ENDS)
    )
    for year in range(1, len(YEARS)):
        draw = rng.random(len(today))
        states[year] = np.where(states[year - 1], draw > FALLOW_STARTS, ground.units.is_field & (draw < FALLOW_ENDS))
    return states


def _confused(classes: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return a class map with patchy confusions."""
    from scipy.special import ndtr

    size = classes.shape[0]
    rank = ndtr(octaves(rng, size, (22, 7)))
    result = classes.copy()
    for true, others in CONFUSIONS.items():
        low = 0.0
        for other, share in others:
            result[(classes == true) & (rank >= low) & (rank < low + share)] = other
            low += share
    return result


def _despeckled(classes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the map without lone pixels: a network sees context, so its maps are smooth."""
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(classes, size=3, mode="nearest"))


def _write(path: Path, classes: npt.NDArray[np.uint8], grid: Grid) -> None:
    """Write one baseline: uint8 Dynamic World classes, nodata 255."""
    import rasterio

    profile = {
        "driver": "GTiff", "height": grid.size_px, "width": grid.size_px, "count": 1, "dtype": "uint8", "crs": CRS,
        "transform": grid.transform(), "nodata": NODATA, "compress": "DEFLATE", "zlevel": 6,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as out:
        out.update_tags(GEOCROP_SIMULATED="YES", TIFFTAG_IMAGEDESCRIPTION=STATEMENT)
        out.write(classes, 1)


def write_baselines(folder: Path, ground: Ground, seed: int) -> dict[int, Path]:
    """Write `dw-<year>.tif` for 2015 to 2025; return their paths by year."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 3])
    states = _fields_by_year(ground, rng)
    names = {cover_index(name): code for name, code in MAPPED.items()}
    own = np.asarray([names.get(int(cover), GRASS) for cover in ground.units.cover], np.uint8)
    spread = octaves(rng, ground.grid.size_px, (30, 10))
    paths = {}
    for step, year in enumerate(YEARS):
        units = np.where(states[step], CROP, own).astype(np.uint8)
        classes = units[ground.unit]
        late = spread > np.quantile(spread, 1.0 - TOWN_GROWTH * (YEARS[-1] - year))
        classes[(classes == BUILT) & late] = GRASS
        paths[year] = folder / f"dw-{year}.tif"
        _write(paths[year], _despeckled(_confused(classes, rng)), ground.grid)
    return paths
