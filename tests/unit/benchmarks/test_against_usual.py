"""The engine says the same as the usual pipeline: composites to the bit, classes, confidence and probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from benchmarks import engine, exact, usual
from benchmarks.scenes import Archive, Tile, aoi_of, write_scenes
from benchmarks.timing import Steps
from imagery.aoi import Aoi
from imagery.composite_file import read_composite
from imagery.grid import map_grid, part
from imagery.recipe_model import Recipe
from imagery.search import find_scenes
from training.bundle import ModelBundle

pytestmark = [
    # odc-geo 0.5 projects points by what shapely 2.2 deprecates.
    pytest.mark.filterwarnings("ignore:The 'shapely.ops.transform:DeprecationWarning"),
    # rasterio 1.4 silences this where it reprojects, in a way that odc-stac's threads take from each other.
    pytest.mark.filterwarnings("ignore:Dataset has no geotransform:rasterio.errors.NotGeoreferencedWarning"),
]

DATES = 18
SMALL = Tile(size=96, seed=3)
BundleOf = Callable[[str], ModelBundle]
# The border of zones 35 and 36 at 30 degrees east, 17 degrees south: one place in metres of either.
WEST_OF_30 = Tile(name="35KRV", crs="EPSG:32735", west=819_000.0, north=8_118_000.0, size=96, seed=11)
EAST_OF_30 = Tile(name="36KTE", crs="EPSG:32736", west=180_600.0, north=8_118_100.0, size=96, seed=12)


def new_offset(day: date) -> str:
    """Return the baseline that ESA processed with; numbers carry the offset since the 25th of January 2022."""
    return "04.00" if day >= date(2022, 1, 25) else "03.01"


@dataclass(frozen=True)
class Case:
    """Scenes, an AOI, and what both say of it."""

    recipe: Recipe
    grid: GeoBox
    items: Sequence[pystac.Item]
    numbers: NDArray[np.generic]
    clear: NDArray[np.uint16]
    expected: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    folder: Path
    task: engine.Task

    def composite(self) -> tuple[NDArray[np.generic], NDArray[np.uint16]]:
        """Return the engine's composite on the AOI's own grid."""
        found = read_composite(self.folder / "composite.tif")
        grid, top, left = part(found.geobox, self.task.aoi)
        assert grid == self.grid
        rows, columns = slice(top, top + grid.shape[0]), slice(left, left + grid.shape[1])
        return found.values[..., rows, columns], found.clear[rows, columns]


def both(
    folder: Path,
    archive: Archive,
    aoi: Aoi,
    made_with: tuple[Recipe, ModelBundle],
    load: Callable[..., tuple[object, object]] = usual.load,
    **options: str,
) -> Case:
    """Draw a map both ways."""
    recipe, bundle = made_with
    catalogue = str(write_scenes(folder / "scenes", archive))
    items = find_scenes(catalogue, recipe, aoi.geometry, archive.season).items
    grid = map_grid(aoi, recipe.grid, items)
    scenes, mask = load(items, recipe, grid, **options)
    numbers, clear = usual.composite(scenes, mask, items, recipe, archive.season)
    features = usual.measured(numbers, recipe, "numpy")
    probabilities = usual.predict(features, bundle, recipe)
    task = engine.Task(catalogue, recipe, archive.season, aoi, bundle)
    engine.draw(task, folder)
    return Case(
        recipe,
        grid,
        items,
        np.stack([numbers[band].values for band in recipe.bands]),
        clear,
        usual.classified(probabilities, features, clear, bundle),
        probabilities,
        folder,
        task,
    )


def assert_same(case: Case) -> None:
    """Compare composites, maps and probabilities over every pixel."""
    values, clear = case.composite()
    np.testing.assert_array_equal(clear, case.clear)
    np.testing.assert_array_equal(values, case.numbers)
    with rasterio.open(case.folder / "map.tif") as file:
        drawn, transform = file.read(), file.transform
    assert transform.almost_equals(case.grid.affine)
    mapped = drawn[0] > 0
    np.testing.assert_array_equal(mapped, case.clear > 0)
    assert len(np.unique(drawn[0][mapped])) >= 4
    assert (drawn[0] == case.expected[0]).mean() >= 0.9999
    np.testing.assert_array_equal(drawn[2], case.expected[2])
    assert np.abs(drawn[1].astype(int) - case.expected[1]).max() <= 1  # percent: half a percent may round either way
    _, found = engine.probabilities(case.task, case.folder)
    apart = np.abs(found - case.probabilities)[mapped.ravel()]
    assert apart.max() <= 1e-5


@pytest.mark.parametrize("variant", ["Raw", "Scaled"])
def test_an_aoi_that_reaches_out_of_the_scenes(
    tmp_path: Path, recipe: Recipe, bundle_of_variant: BundleOf, variant: str
) -> None:
    """Also pixels of no scene, missing months, cut swaths, and clouds beyond the AOI that widen into it."""
    aoi = aoi_of(SMALL, 36, 70)
    case = both(tmp_path, Archive((SMALL,), dates=DATES, block=32), aoi, (recipe, bundle_of_variant(variant)))
    assert_same(case)
    assert (case.clear == 0).any()
    assert (case.numbers[:, :, case.clear > 0] == 0).any()


def test_scenes_of_three_resolutions(tmp_path: Path, recipe: Recipe, bundle_of_variant: BundleOf) -> None:
    archive = Archive((SMALL,), dates=DATES, block=16, resolutions={"B05": 60, "B11": 60})
    assert_same(both(tmp_path, archive, aoi_of(SMALL, 7, 64), (recipe, bundle_of_variant("Raw"))))


def test_scenes_whose_offset_changed(tmp_path: Path, recipe: Recipe, bundle_of_variant: BundleOf) -> None:
    archive = Archive((SMALL,), season="2021-2022", dates=DATES, baseline=new_offset)
    case = both(tmp_path / "changed", archive, aoi_of(SMALL, 5, 64), (recipe, bundle_of_variant("Raw")))
    assert {item.properties["s2:processing_baseline"] for item in case.items} == {"03.01", "04.00"}
    assert_same(case)
    plain = write_scenes(tmp_path / "plain", replace(archive, baseline=lambda _: None))
    engine.compose(replace(case.task, catalogue=str(plain)), tmp_path / "plain.tif", Steps())
    found, expected = (
        read_composite(path) for path in (tmp_path / "changed" / "composite.tif", tmp_path / "plain.tif")
    )
    np.testing.assert_array_equal(found.values, expected.values)  # as if the offset had never been added


def test_two_tiles_of_a_day(tmp_path: Path, recipe: Recipe, bundle_of_variant: BundleOf) -> None:
    """The tiles' overlap shows other fields and clouds in each, so that it is seen which one counts.

    The usual pipeline masks each scene by itself here: one mosaic a day would widen clouds of one tile over pixels
    that are taken from the other.
    """
    east = replace(SMALL, name="36KTG", west=SMALL.west + 560.0, seed=4)
    aoi = aoi_of(SMALL, 20, 90)
    case = both(
        tmp_path,
        Archive((SMALL, east), dates=DATES, block=32),
        aoi,
        (recipe, bundle_of_variant("Raw")),
        groupby="id",
    )
    assert_same(case)
    assert len(case.items) == 2 * DATES


def test_two_zones(tmp_path: Path, recipe: Recipe, bundle_of_variant: BundleOf) -> None:
    """The usual pipeline takes its pixels by PROJ, one by one: odc.stac.load is only near in another projection."""
    archive = Archive((WEST_OF_30, EAST_OF_30), dates=DATES, block=32)
    case = both(tmp_path, archive, aoi_of(EAST_OF_30, -30, 100), (recipe, bundle_of_variant("Raw")), exact.load)
    assert {item.properties["proj:code"] for item in case.items} == {"EPSG:32735", "EPSG:32736"}
    assert_same(case)
    [foreign, *_] = [item for item in case.items if item.properties["proj:code"] == "EPSG:32735"]
    near, _ = usual.load([foreign], recipe, case.grid)
    numbers, inner = exact.nearest(foreign.assets["B03"].href, case.grid)
    decided = inner > 0.15  # source pixels from an edge: GDAL's approximation is an eighth off at most
    assert 0.2 < decided.mean() < 0.9
    np.testing.assert_array_equal(near["green"].values[0][decided], numbers[decided])
    assert (numbers > 0).any()


def test_gaps_filled_by_xarray_differ_in_last_bits_only(tmp_path: Path, recipe: Recipe) -> None:
    catalogue = str(write_scenes(tmp_path, Archive((replace(SMALL, size=32),), dates=DATES)))
    aoi = aoi_of(replace(SMALL, size=32))
    items = find_scenes(catalogue, recipe, aoi.geometry, Archive().season).items
    numbers, _ = usual.observed(items, recipe, map_grid(aoi, recipe.grid, items), Archive().season)
    values = usual.values_of(numbers, recipe)
    by_step, by_pixel = usual.fill(values, recipe, "numpy"), usual.fill(values, recipe, "xarray")
    assert values["red"].isnull().any()
    for band in recipe.bands:
        np.testing.assert_allclose(by_pixel[band].values, by_step[band].values, rtol=1e-6, atol=0)
