"""Real pixels: the engine says what the usual pipeline says, with all four learners and both variants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from benchmarks import engine, usual
from benchmarks.model import named
from benchmarks.scorer_data import bundle_of
from imagery.aoi import THE_WORLD, Aoi, AoiLimits
from imagery.composite_file import read_composite
from imagery.grid import map_grid, part
from imagery.recipe import load_recipe
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
LABELS = {"woodland": 2, "grassland": 3, "shrubland": 4, "built-up": 8}
STRIPE = 10  # pixels
FEW = {"rounds": 40, "early_stopping": False}
SETTINGS = {"forest": {"n_estimators": 40}, "xgboost": FEW, "lightgbm": FEW, "catboost": FEW}


@pytest.mark.parametrize(
    ("recipe_name", "season"),
    [("ndvi-season", "2016-2017"), (str(RECIPES / "slovenia-bands.yaml"), "2014-2015")],
    ids=["ndvi", "bands"],
)
def test_the_engine_draws_what_the_usual_pipeline_draws(
    real_data: Path, tmp_path: Path, recipe_name: str, season: str
) -> None:
    recipe = load_recipe(recipe_name)
    catalogue = str(real_data / "stac_s2_slovenia" / "catalog.json")
    aoi = Aoi.from_geojson(shapely.geometry.mapping(PLACE), AoiLimits(extent=THE_WORLD))
    items = find_scenes(catalogue, recipe, aoi.geometry, season).items
    grid = map_grid(aoi, recipe.grid, items)
    numbers, clear = usual.observed(items, recipe, grid, season)
    features = usual.measured(numbers, recipe, "numpy")

    with rasterio.open(real_data / "stac_s2_slovenia" / "labels" / "LULC.tif") as file:
        rows, columns = np.indices(grid.shape) + 0.5
        x, y = grid.affine.a * columns + grid.affine.c, grid.affine.e * rows + grid.affine.f
        column, row = (np.floor(place).astype(int) for place in ~file.transform @ (x, y))
        inside = (row >= 0) & (row < file.height) & (column >= 0) & (column < file.width)
        labels = np.where(inside, file.read(1)[np.where(inside, row, 0), np.where(inside, column, 0)], 0).ravel()
    trained = np.isin(labels, list(LABELS.values())) & (clear.ravel() > 0) & (columns.ravel() // STRIPE % 2 == 0)
    names = sorted(LABELS)
    y = np.array([[LABELS[name] for name in names].index(label) for label in labels[trained]])

    for variant in ("Raw", "Scaled"):
        config = TrainingConfig.model_validate({"variant": variant, **SETTINGS})
        fitted = named(bundle_of(features[trained], y, config), recipe, names)
        fitted.save(tmp_path / variant / "bundle", scored=True)
        bundle = ModelBundle.load(tmp_path / variant / "bundle")
        probabilities = usual.predict(features, bundle, recipe)
        expected = usual.classified(probabilities, features, clear, bundle)

        task = engine.Task(catalogue, recipe, season, aoi, bundle)
        engine.draw(task, tmp_path / variant)
        composite = read_composite(tmp_path / variant / "composite.tif")
        own, top, left = part(composite.geobox, aoi)
        window = (slice(top, top + own.shape[0]), slice(left, left + own.shape[1]))
        np.testing.assert_array_equal(
            composite.values[..., *window], np.stack([numbers[band].values for band in recipe.bands])
        )
        np.testing.assert_array_equal(composite.clear[window], clear)
        with rasterio.open(tmp_path / variant / "map.tif") as file:
            drawn = file.read()
        mapped = drawn[0] > 0
        assert mapped.sum() >= 10_000
        assert (drawn[0] == expected[0]).mean() >= 0.9999
        np.testing.assert_array_equal(drawn[2], expected[2])
        assert np.abs(drawn[1].astype(int) - expected[1]).max() <= 1  # percent: a half may round either way
        _, found = engine.probabilities(task, tmp_path / variant)
        assert np.abs(found - probabilities)[mapped.ravel()].max() <= 1e-5
