"""Real pixels: features of the Slovenian catalogue tell land use apart on stripes that were held out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
import shapely
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from imagery.composite import composite_block
from imagery.features import features_of
from imagery.grid import map_grid
from imagery.measure import measure_samples
from imagery.recipe import load_recipe
from imagery.search import find_scenes

if TYPE_CHECKING:
    from imagery.aoi import Aoi

pytestmark = pytest.mark.real

RECIPES = Path(__file__).parent / "recipes"
PLACE = shapely.box(14.5514, 45.8659, 14.56425, 45.8750)
CLASSES = (2, 3, 4, 8)  # forest, grass, shrub, artificial; 11 pixels of cultivated land are too few
STRIPE = 10  # pixels


class Whole:
    """The catalogue's place as an AOI; it lies outside the extent that GeoCrop serves by default."""

    geometry = PLACE


def season_features(real_data: Path, name: str, season: str) -> tuple[np.ndarray, np.ndarray]:
    """Return features [f, y, x] on the grid of the labels, and the labels [y, x]."""
    recipe = load_recipe(RECIPES / f"{name}.yaml")
    items = find_scenes(str(real_data / "stac_s2_slovenia" / "catalog.json"), recipe, PLACE, season).items
    with rasterio.open(real_data / "stac_s2_slovenia" / "labels" / "LULC.tif") as file:
        labels, grid = file.read(1), GeoBox(file.shape, file.transform, file.crs.to_wkt())
    return features_of(composite_block(items, recipe, grid, season).values, recipe), labels


@pytest.mark.parametrize(("name", "season"), [("slovenia-ndvi", "2016-2017"), ("slovenia-bands", "2014-2015")])
def test_a_forest_on_alternate_stripes_maps_the_others(real_data: Path, name: str, season: str) -> None:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import accuracy_score, f1_score

    features, labels = season_features(real_data, name, season)
    known = np.isin(labels, CLASSES)
    trained = np.broadcast_to(np.arange(labels.shape[1]) // STRIPE % 2 == 0, labels.shape)
    x, y = features[:, known & trained].T, labels[known & trained]
    model = RandomForestClassifier(
        300, random_state=0, class_weight="balanced_subsample", min_samples_leaf=2, n_jobs=2
    ).fit(x, y)
    truth = labels[known & ~trained]
    guess = model.predict(features[:, known & ~trained].T)
    assert accuracy_score(truth, guess) >= 0.92
    assert f1_score(truth, guess, average="macro") >= 0.65


def test_samples_of_the_catalogue_are_the_pixels_of_its_map(real_data: Path) -> None:
    recipe = load_recipe("ndvi-season")
    catalogue = str(real_data / "stac_s2_slovenia" / "catalog.json")
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(14.5515, 14.5640, 100), rng.uniform(45.8661, 45.8748, 100)
    table = measure_samples(lon, lat, "2016-2017", recipe, catalogue)
    items = find_scenes(catalogue, recipe, PLACE, "2016-2017").items
    whole: Aoi = Whole()  # type: ignore[assignment]
    grid = map_grid(whole, recipe.grid, items)
    raster = features_of(composite_block(items, recipe, grid, "2016-2017").values, recipe)
    x, y = Transformer.from_crs("EPSG:4326", str(grid.crs), always_xy=True).transform(lon, lat)
    inverse = ~grid.affine
    column = np.floor(inverse.a * x + inverse.c).astype(int)
    row = np.floor(inverse.e * y + inverse.f).astype(int)
    expected = np.ascontiguousarray(raster[:, row, column].T)
    assert np.array_equal(table[list(recipe.feature_names)].to_numpy().view(np.uint32), expected.view(np.uint32))
    assert table["problem"].isna().all()


def test_indices_of_the_published_tables_follow_from_their_reflectances(real_data: Path) -> None:
    import pandas as pd

    recipe = load_recipe("geomad-semiannual")
    folder = real_data / "deafrica_south_east" / "batches"
    table = pd.concat([pd.read_csv(path) for path in sorted(folder.glob("*.csv"))], ignore_index=True)
    assert list(recipe.feature_names) == [name for name in table.columns if name not in {"row_id", "Class"}]
    cube = np.full((len(recipe.bands), 2, len(table)), np.nan, np.float32)
    for step, half in enumerate(recipe.steps):
        for band, told in {"bcmad": "bcdev", "emad": "edev", "smad": "sdev"}.items():
            scale = recipe.assets[band].scale
            cube[recipe.bands.index(band), step] = np.exp(-table[f"{told}_{half}"]) / scale
        for band in ("blue", "green", "red", "nir", "swir_1"):
            cube[recipe.bands.index(band), step] = table[f"{band}_{half}"] * 10_000
    made = pd.DataFrame(features_of(cube, recipe).T, columns=list(recipe.feature_names))
    for half in recipe.steps:
        # A row is the median over a polygon, feature by feature: near, and not equal.
        for name, near in {
            "NDVI": 0.005,
            "LAI": 0.01,
            "MNDWI": 0.005,
            "bcdev": 1e-5,
            "edev": 1e-5,
            "sdev": 1e-5,
        }.items():
            gap = (made[f"{name}_{half}"] - table[f"{name}_{half}"]).abs()
            assert gap.median() < near, f"{name}_{half}"
