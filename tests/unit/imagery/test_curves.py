"""Curves of pixels and classes: the composite's own numbers, by the code of features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from imagery.composite import Composite
from imagery.composite_file import CompositeReader, write_composite
from imagery.curves import MIN_PIXELS, NoCurveError, curve_layer, pixel_curve, series_of, typical_curves
from imagery.lattice import transformer
from imagery.recipe import load_recipe

RECIPE = load_recipe("s2-season")
SIZE = 150  # larger than one window of the sampling
GRID = GeoBox((SIZE, SIZE), Affine(10, 0, 300_000, 0, -10, 8_100_000), "EPSG:32736")
MAIZE, WATER, RARE = 1, 8, 3
#: The map is a part of the composite's lattice, as maps are.
ROW, COLUMN = 4, 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a composite whose left half is green in January, and the map of it."""
    import rasterio

    folder = tmp_path_factory.mktemp("curves")
    values = np.full((len(RECIPE.bands), len(RECIPE.steps), SIZE, SIZE), 1_000, np.uint16)
    nir, january = RECIPE.bands.index("nir"), RECIPE.steps.index("jan")
    values[nir, january, :, : SIZE // 2] = 4_000
    values[:, RECIPE.steps.index("feb")] = RECIPE.nodata  # never seen clear: filled from its neighbours
    composite = Composite(values, np.full((SIZE, SIZE), 11, np.uint16), GRID, ())
    write_composite(folder / "composite.tif", [composite], RECIPE, "2023-2024", GRID)
    classes = np.full((SIZE - ROW, SIZE - COLUMN), WATER, np.uint8)
    classes[:, : SIZE // 2 - COLUMN] = MAIZE
    classes[0, : MIN_PIXELS - 1] = RARE
    with rasterio.open(
        folder / "map.tif", "w", driver="GTiff", dtype="uint8", count=1, nodata=0, height=classes.shape[0],
        width=classes.shape[1], crs="EPSG:32736", transform=GRID.affine * Affine.translation(COLUMN, ROW),
    ) as out:  # fmt: skip
        out.write(classes, 1)
    return folder


def place(row: int, column: int) -> tuple[float, float]:
    """Return longitude and latitude of a pixel's centre."""
    x, y = GRID.affine * (column + 0.5, row + 0.5)
    found: Any = transformer(GRID.crs.to_wkt(), "EPSG:4326").transform(x, y)  # type: ignore[union-attr]
    return float(found[0]), float(found[1])


@pytest.mark.parametrize(("column", "ndvi", "filled"), [(SIZE // 2 - 1, 0.6, 3 / 7), (SIZE // 2, 0.0, 0.0)])
def test_a_pixels_curve_is_what_the_model_saw(folder: Path, column: int, ndvi: float, filled: float) -> None:
    with CompositeReader(folder / "composite.tif", RECIPE) as reader:
        curve = pixel_curve(reader, RECIPE, *place(70, column))
        whole = reader.read().values[:, :, 70, column]
    at = {step: i for i, step in enumerate(RECIPE.steps)}
    assert curve.values[at["jan"]] == pytest.approx(ndvi)
    assert curve.values[at["feb"]] == pytest.approx(filled), "its bands lie between those of January and March"
    assert [step for step in RECIPE.steps if not curve.observed[at[step]]] == ["feb"]
    np.testing.assert_array_equal(curve.values, series_of(whole[:, :, None], RECIPE, "ndvi")[:, 0])


def test_a_place_outside_the_composite_has_no_curve(folder: Path) -> None:
    with (
        CompositeReader(folder / "composite.tif", RECIPE) as reader,
        pytest.raises(NoCurveError, match="does not cover"),
    ):
        pixel_curve(reader, RECIPE, *place(SIZE, 0))


def test_typical_curves_are_those_of_the_maps_classes(folder: Path) -> None:
    with CompositeReader(folder / "composite.tif", RECIPE) as reader:
        found = typical_curves(str(folder / "map.tif"), reader, RECIPE)
        again = typical_curves(str(folder / "map.tif"), reader, RECIPE)
    january = RECIPE.steps.index("jan")
    assert set(found) == {MAIZE, WATER}, "a class of few pixels is not typical of anything"
    for code, ndvi in ((MAIZE, 0.6), (WATER, 0.0)):
        typical = found[code]
        assert (typical.low[january], typical.mean[january], typical.high[january]) == pytest.approx((ndvi,) * 3)
        assert typical.pixels >= MIN_PIXELS
        np.testing.assert_array_equal(typical.mean, again[code].mean)


def test_the_layer_shown_is_that_of_the_phenology_or_ndvi() -> None:
    assert (curve_layer(RECIPE), curve_layer(load_recipe("geomad-semiannual"))) == ("ndvi", "NDVI")


def test_a_recipe_without_a_layer_over_time_has_no_curve() -> None:
    bare = RECIPE.model_copy(update={"features": RECIPE.features.model_copy(update={"series": ()})})
    with pytest.raises(NoCurveError, match="s2-season"):
        curve_layer(bare)
