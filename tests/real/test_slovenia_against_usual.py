"""Real pixels: the engine says what the usual pipeline says, with all four learners and both variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from benchmarks import engine, usual
from benchmarks.model import named
from benchmarks.scorer_data import bundle_of
from imagery.aoi import THE_WORLD, Aoi, AoiLimits
from imagery.composite_file import read_composite
from imagery.grid import map_grid, part
from imagery.recipe import load_recipe
from imagery.recipe_model import Recipe
from imagery.search import find_scenes
from training.bundle import ModelBundle
from training.config import TrainingConfig

pytestmark = [
    pytest.mark.real,
    # odc-geo 0.5 projects points by what shapely 2.2 deprecates.
    pytest.mark.filterwarnings("ignore:The 'shapely.ops.transform:DeprecationWarning"),
    # rasterio 1.4 silences this where it reprojects, in a way that odc-stac's threads take from each other.
    pytest.mark.filterwarnings("ignore:Dataset has no geotransform:rasterio.errors.NotGeoreferencedWarning"),
]

RECIPES = Path(__file__).parent / "recipes"
PLACE = shapely.box(14.5514, 45.8659, 14.56425, 45.8750)
LABELS = {"built-up": 8, "grassland": 3, "shrubland": 4, "woodland": 2}
STRIPE = 10  # pixels
FEW = {"rounds": 40, "early_stopping": False}
SETTINGS = {"forest": {"n_estimators": 40}, "xgboost": FEW, "lightgbm": FEW, "catboost": FEW}


@dataclass(frozen=True)
class Observed:
    """A season of the catalogue as the usual pipeline sees it."""

    catalogue: str
    recipe: Recipe
    season: str
    aoi: Aoi
    grid: GeoBox
    items: Sequence[pystac.Item]
    numbers: NDArray[np.generic]
    clear: NDArray[np.uint16]
    features: NDArray[np.float32]


@pytest.fixture(
    scope="module",
    params=[("ndvi-season", "2016-2017"), (str(RECIPES / "slovenia-bands.yaml"), "2014-2015")],
    ids=["ndvi", "bands"],
)
def observed(request: pytest.FixtureRequest, real_data: Path) -> Observed:
    name, season = request.param
    recipe = load_recipe(name)
    catalogue = str(real_data / "stac_s2_slovenia" / "catalog.json")
    aoi = Aoi.from_geojson(shapely.geometry.mapping(PLACE), AoiLimits(extent=THE_WORLD))
    items = find_scenes(catalogue, recipe, aoi.geometry, season).items
    grid = map_grid(aoi, recipe.grid, items)
    numbers, clear = usual.observed(items, recipe, grid, season)
    features = usual.measured(numbers, recipe, "numpy")
    stacked = np.stack([numbers[band].values for band in recipe.bands])
    return Observed(catalogue, recipe, season, aoi, grid, items, stacked, clear, features)


def labels_on(grid: GeoBox, path: Path) -> NDArray[np.integer]:
    """Return the land use at the centre of each pixel of a grid, [y, x]; 0 outside the file."""
    rows, columns = np.indices(grid.shape) + 0.5
    x, y = grid.affine.a * columns + grid.affine.c, grid.affine.e * rows + grid.affine.f
    with rasterio.open(path) as file:
        column, row = (np.floor(place).astype(int) for place in ~file.transform @ (x, y))
        inside = (row >= 0) & (row < file.height) & (column >= 0) & (column < file.width)
        return np.where(inside, file.read(1)[np.where(inside, row, 0), np.where(inside, column, 0)], 0)


def fitted(observed: Observed, labels: NDArray[np.integer], variant: str, folder: Path) -> ModelBundle:
    """Fit all four learners on every other stripe, and read the bundle back with its scorer."""
    stripe = np.indices(labels.shape)[1] // STRIPE
    trained = (np.isin(labels, list(LABELS.values())) & (observed.clear > 0) & (stripe % 2 == 0)).ravel()
    codes = list(LABELS.values())
    y = np.array([codes.index(label) for label in labels.ravel()[trained]])
    config = TrainingConfig.model_validate({"variant": variant, **SETTINGS})
    bundle = named(bundle_of(observed.features[trained], y, config), observed.recipe, list(LABELS))
    bundle.save(folder, scored=True)
    return ModelBundle.load(folder)


@pytest.mark.parametrize("variant", ["Raw", "Scaled"])
def test_the_engine_draws_what_the_usual_pipeline_draws(
    observed: Observed, real_data: Path, tmp_path: Path, variant: str
) -> None:
    labels = labels_on(observed.grid, real_data / "stac_s2_slovenia" / "labels" / "LULC.tif")
    bundle = fitted(observed, labels, variant, tmp_path / "bundle")
    probabilities = usual.predict(observed.features, bundle, observed.recipe)
    expected = usual.classified(probabilities, observed.features, observed.clear, bundle)

    task = engine.Task(observed.catalogue, observed.recipe, observed.season, observed.aoi, bundle)
    engine.draw(task, tmp_path)
    composite = read_composite(tmp_path / "composite.tif")
    own, top, left = part(composite.geobox, observed.aoi)
    window = (slice(top, top + own.shape[0]), slice(left, left + own.shape[1]))
    np.testing.assert_array_equal(composite.values[..., *window], observed.numbers)
    np.testing.assert_array_equal(composite.clear[window], observed.clear)

    with rasterio.open(tmp_path / "map.tif") as file:
        drawn = file.read()
    mapped = drawn[0] > 0
    assert mapped.sum() >= 10_000
    assert len(np.unique(drawn[0][mapped])) == len(LABELS)
    assert (drawn[0] == expected[0]).mean() >= 0.9999
    np.testing.assert_array_equal(drawn[2], expected[2])
    assert np.abs(drawn[1].astype(int) - expected[1]).max() <= 1  # percent: a half may round either way
    _, found = engine.probabilities(task, tmp_path)
    assert np.abs(found - probabilities)[mapped.ravel()].max() <= 1e-5
