"""Features: one definition, equal to the bit for tables and rasters; values against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import imagery.features
from imagery.features import WrongCompositeError, features_of
from imagery.recipe import Recipe, load_recipe

S2, GEOMAD, NDVI = load_recipe("s2-season"), load_recipe("geomad-semiannual"), load_recipe("ndvi-season")
SIDE = (3, 5)


def bits(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).view(np.uint32)


def cubes(recipe: Recipe, low: int, high: int) -> st.SearchStrategy[np.ndarray]:
    shape = (len(recipe.bands), len(recipe.steps), *SIDE)
    if recipe.dtype == "float32":
        numbers = st.floats(-1e4, 1e5, width=32) | st.just(float("nan"))
        return hnp.arrays(np.float32, shape, elements=numbers)
    return hnp.arrays(recipe.dtype, shape, elements=st.integers(low, high) | st.just(int(recipe.nodata)))


@pytest.mark.parametrize(("recipe", "low", "high"), [(S2, 1, 20_000), (NDVI, -10_000, 10_000), (GEOMAD, 0, 0)])
@given(data=st.data(), chunk=st.integers(1, 20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_layout_order_and_cutting_do_not_change_a_bit(
    recipe: Recipe, low: int, high: int, data: st.DataObject, chunk: int
) -> None:
    cube = data.draw(cubes(recipe, low, high))
    whole = features_of(cube, recipe)
    assert whole.shape == (len(recipe.feature_names), *SIDE)
    assert whole.dtype == np.float32
    table = features_of(cube.reshape(*cube.shape[:2], -1), recipe)
    assert np.array_equal(bits(table), bits(whole.reshape(len(whole), -1)))
    fortran = features_of(np.asfortranarray(cube), recipe)
    reverse = features_of(np.ascontiguousarray(cube[..., ::-1])[..., ::-1], recipe)
    assert np.array_equal(bits(fortran), bits(whole))
    assert np.array_equal(bits(reverse), bits(whole))
    single = np.stack([features_of(cube[:, :, y, [x]], recipe)[:, 0] for y in range(3) for x in range(5)], axis=1)
    assert np.array_equal(bits(single), bits(table))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imagery.features, "CHUNK", chunk)
        assert np.array_equal(bits(features_of(cube, recipe)), bits(whole))


def test_indices_have_their_formulas_and_stay_in_their_range() -> None:
    cube = np.full((10, 12, 1), 1000, np.uint16)
    cube[S2.bands.index("nir")] = 4000
    cube[S2.bands.index("blue")] = 9000
    values = dict(zip(S2.feature_names, features_of(cube, S2)[:, 0].tolist(), strict=True))
    assert values["ndvi_sep"] == pytest.approx(0.6)
    assert values["ndwi_jan"] == pytest.approx(-0.6)
    assert values["nir_sep_nov"] == pytest.approx(0.4)
    assert -1 <= values["evi_mar"] <= 1, "EVI overflows where blue is bright: -0.14 by formula, far below near its pole"
    assert (values["ndvi_amplitude"], values["ndvi_length"]) == (0, 11)


def test_evi_beside_its_pole_is_held_in_its_range() -> None:
    cube = np.full((10, 12, 3), 1000, np.uint16)
    cube[S2.bands.index("nir")] = 5000
    cube[S2.bands.index("blue"), :, :] = [2799, 2800, 2801]
    evi = features_of(cube, S2)[S2.feature_names.index("evi_sep")]
    assert evi.tolist()[0] == 1
    assert np.isnan(evi[1]) or abs(evi[1]) == 1
    assert evi.tolist()[2] == -1


def test_a_month_without_an_observation_is_filled_and_a_season_without_one_is_missing() -> None:
    cube = np.full((1, 12, 2), -32768, np.int16)
    cube[0, 0, 0], cube[0, 2, 0] = 2000, 4000
    values = features_of(cube, NDVI)
    assert values[NDVI.feature_names.index("ndvi_oct"), 0] == pytest.approx(0.3)
    assert values[NDVI.feature_names.index("ndvi_aug"), 0] == pytest.approx(0.4)
    assert np.isnan(values[:, 1]).all()


def test_a_row_of_a_published_table_follows_from_its_own_reflectances() -> None:
    told = {"blue": 0.0607, "green": 0.0857, "red": 0.1178, "nir": 0.2248, "swir_1": 0.3326}
    cube = np.full((len(GEOMAD.bands), 2, 1), np.nan, np.float32)
    for band, value in told.items():
        cube[GEOMAD.bands.index(band), 0] = value * 10_000
    for band, value in {"bcmad": 0.046631, "emad": 696.0, "smad": 0.002641, "rain": 488.0, "slope": 3.95}.items():
        cube[GEOMAD.bands.index(band), 0] = value
    values = dict(zip(GEOMAD.feature_names, features_of(cube, GEOMAD)[:, 0].tolist(), strict=True))
    # A row is the median of a polygon, feature by feature: near, and not equal.
    assert values["NDVI_S1"] == pytest.approx(0.313575, abs=0.01)
    assert values["LAI_S1"] == pytest.approx(0.540214, abs=0.02)
    assert values["MNDWI_S1"] == pytest.approx(-0.592214, abs=0.01)
    assert values["bcdev_S1"] == pytest.approx(3.065, abs=0.01)
    assert values["edev_S1"] == pytest.approx(2.665, abs=0.01)
    assert values["sdev_S1"] == pytest.approx(5.936, abs=0.01)
    assert values["slope"] == pytest.approx(3.95)
    assert np.isnan(values["NDVI_S2"]), "geomad-semiannual fills no gaps"


@pytest.mark.parametrize("shape", [(10, 12), (9, 12, 4), (10, 11, 4)])
def test_a_composite_of_another_recipe_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(WrongCompositeError, match="bands, steps"):
        features_of(np.zeros(shape, np.uint16), S2)
