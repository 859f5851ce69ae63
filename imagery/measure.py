"""Measuring samples: the features of the very pixels that a map of the place would have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from imagery.composite import THREADS, Composite, composite_block
from imagery.features import features_of
from imagery.lattice import Lattice, lattice_of
from imagery.search import Catalogue, NoScenes, ReadText, find_scenes, open_catalogue
from imagery.season import Season

if TYPE_CHECKING:
    from imagery.recipe_model import Recipe

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

SEARCH_DEGREES = 0.25  # samples of one such square share a search, some 27 km
CELL_PIXELS = 1024  # samples of one such square of pixels share their reads: an internal tile of the usual COG

NO_PLACE, NO_SCENES, NO_CLEAR = "no-place", "no-scenes", "no-clear-observation"


@dataclass(frozen=True)
class _Group:
    """Samples of one season that are searched together, and whose pixels are of one lattice."""

    season: Season
    rows: Whole


def measure_samples(
    lon: Sequence[float] | Floats,
    lat: Sequence[float] | Floats,
    season: str | Season | Sequence[str],
    recipe: Recipe,
    catalogue: str | Catalogue,
    *,
    threads: int = THREADS,
    gdal_options: Mapping[str, str] | None = None,
    read_text: ReadText | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Measure a recipe's features at places, by the code that makes maps.

    Args:
        lon: degrees east (WGS 84), one a sample.
        lat: degrees north, one a sample.
        season: one season for all samples, or one each.
        recipe: which features.
        catalogue: as for `find_scenes`.
        threads: reads at the same time.
        gdal_options: GDAL options of the reads.
        read_text: reads the documents of a static catalogue.
        progress: called with samples done and samples in all.

    Returns:
        One row a sample, in the given order: the feature columns (float32, NaN where missing), `n_clear` (int, days
        with a clear observation) and `problem`: None, `no-place` (coordinates are not numbers), `no-scenes` (the
        catalogue has none there) or `no-clear-observation` (all of them cloudy).

    Raises:
        InvalidSeason: a season is not two years.
        CatalogueUnavailable, MissingBandsError, TooManyFailedScenesError: as in search and composites.

    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    source = open_catalogue(catalogue, read_text=read_text) if isinstance(catalogue, str) else catalogue
    features = np.full((len(lon), len(recipe.feature_names)), np.nan, dtype=np.float32)
    clear = np.zeros(len(lon), dtype=np.int64)
    problem = np.full(len(lon), NO_PLACE, dtype=object)
    compose = partial(composite_block, recipe=recipe, threads=threads, gdal_options=gdal_options)
    done = 0
    for group in _groups(lon, lat, season, recipe):
        place = (lon[group.rows], lat[group.rows])
        for members, values, counts, why in _measured(group, place, recipe, source, compose):
            rows = group.rows[members]
            features[rows], clear[rows], problem[rows] = values, counts, why
            done += len(rows)
            if progress is not None:
                progress(done, len(lon))
    table = pd.DataFrame(features, columns=list(recipe.feature_names))
    return table.assign(n_clear=clear, problem=problem)


def _groups(lon: Floats, lat: Floats, season: str | Season | Sequence[str], recipe: Recipe) -> Iterator[_Group]:
    """Group usable samples by season, square of search and, on UTM grids, zone and hemisphere."""
    one_season = isinstance(season, str | Season)
    seasons = np.full(len(lon), str(season)) if one_season else np.asarray(season, dtype=str)
    with np.errstate(invalid="ignore"):
        keys = pd.DataFrame(
            {
                "season": seasons,
                "x": np.floor(lon / SEARCH_DEGREES),
                "y": np.floor(lat / SEARCH_DEGREES),
            }
        )
    usable = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)  # noqa: PLR2004 (degrees)
    # A square of 0.25 degrees never straddles a zone (6 degrees) or the equator.
    for _, rows in keys[usable].groupby(["season", "x", "y"], sort=True):
        yield _Group(Season.parse(rows["season"].iloc[0]), rows.index.to_numpy(dtype=np.int64))


def _measured(
    group: _Group,
    place: tuple[Floats, Floats],
    recipe: Recipe,
    source: Catalogue,
    compose: Callable[..., Composite],
) -> Iterator[tuple[Whole, npt.NDArray[np.float32], npt.NDArray[np.uint16], npt.NDArray[np.object_]]]:
    """Measure one group: members, their features [n, f], clear counts and problems, cell by cell."""
    import shapely

    lon, lat = place
    try:
        search = find_scenes(source, recipe, shapely.MultiPoint(np.column_stack(place)).envelope, group.season)
    except NoScenes:
        everyone = np.arange(len(lon))
        nothing = np.full((len(lon), len(recipe.feature_names)), np.nan, dtype=np.float32)
        yield everyone, nothing, np.zeros(len(lon), np.uint16), np.full(len(lon), NO_SCENES, dtype=object)
        return
    lattice = lattice_of(recipe, search.items, float(lon[0]), float(lat[0]))
    for members, column, row in _cells(lattice, lon, lat):
        left, top = int(column.min()), int(row.min())
        block = lattice.geobox(left, top, int(column.max()) - left + 1, int(row.max()) - top + 1)
        picks = (row - top, column - left)
        composite = compose(items=search.items, geobox=block, season=group.season, picks=picks)
        covered = bool(composite.scenes_used or composite.scenes_failed)
        why = np.full(len(members), NO_CLEAR if covered else NO_SCENES, dtype=object)
        why[composite.clear > 0] = None
        yield members, features_of(composite.values, recipe).T, composite.clear, why


def _cells(lattice: Lattice, lon: Floats, lat: Floats) -> Iterator[tuple[Whole, Whole, Whole]]:
    """Group places by square of pixels: members, and their columns and rows on the lattice."""
    column, row = lattice.cells(lon, lat)
    keys = pd.DataFrame({"x": column // CELL_PIXELS, "y": row // CELL_PIXELS})
    for _, rows in keys.groupby(["x", "y"], sort=True):
        members = rows.index.to_numpy(dtype=np.int64)
        yield members, column[members], row[members]
