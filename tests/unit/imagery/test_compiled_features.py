"""The compiled kernel gives the bits of `features_of`, for every recipe, dtype and choice of pixels."""

from __future__ import annotations

import string
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imagery.compiled_features import compiled_features, warm
from imagery.feature_program import LINE, MAX_LINES, program_of
from imagery.features import WrongCompositeError, features_of
from imagery.recipe import Recipe, list_recipes, load_recipe
from imagery.recipe_model import MEASURES

S2 = load_recipe("s2-season")
SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-40, -3e38, 3e38, float("inf"), float("-inf"), float("nan")]


def bits(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).view(np.uint32)


def reference(values: np.ndarray, at: np.ndarray, recipe: Recipe) -> np.ndarray:
    picked = values.reshape(*values.shape[:2], -1)[:, :, at]
    with np.errstate(all="ignore"):
        return features_of(picked, recipe).T


def noise(recipe: Recipe, pixels: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Return a composite with gaps, in all the range of a dtype."""
    random = np.random.default_rng(seed)
    shape = (len(recipe.bands), len(recipe.steps), *pixels)
    if dtype == "float32":
        values = np.exp(random.normal(size=shape) * 3).astype(np.float32) * random.choice([-1, 1, 1, 1000], size=shape)
        odd = random.random(shape) < 0.3
        values[odd] = random.choice(np.array(NUMBERS, np.float32), odd.sum())
        return values.astype(np.float32)
    limits = np.iinfo(dtype)
    values = random.integers(limits.min, limits.max, shape, endpoint=True, dtype=dtype)
    if limits.min <= recipe.nodata <= limits.max:
        values[random.random(shape) < 0.4] = int(recipe.nodata)
    return values


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32"])
@pytest.mark.parametrize("name", list_recipes())
def test_built_in_recipes_have_the_bits_of_the_reference(name: str, dtype: str) -> None:
    recipe = load_recipe(name)
    values = noise(recipe, (25, 40), dtype)
    for at in (np.arange(1000), np.arange(300, 301), np.array([999, 0, 5, 5, 7]), np.arange(0, 1000, 3)):
        found = compiled_features(values, at, recipe)
        assert found.flags.c_contiguous
        assert np.array_equal(bits(found), bits(reference(values, at, recipe)))


@st.composite
def formulas(draw: st.DrawFn, layers: list[str]) -> str:
    """Return a formula that names at least one of some layers."""
    leaves = st.sampled_from(layers) | st.sampled_from(["0", "1", "2.5", "1e-3", "1e39", "-0.0", "7", "0.118"])

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return (
            st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner)
            | st.builds("-({})".format, inner)
            | st.builds("{}({})".format, st.sampled_from(["log", "sqrt", "abs"]), inner)
            | st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner)
        )

    return f"{draw(st.sampled_from(layers))} {draw(st.sampled_from('+-*/'))} {draw(st.recursive(leaves, grown))}"


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Return a recipe of a few layers and steps, with any of the features that there are."""
    dtype = draw(st.sampled_from(["uint8", "int16", "uint16", "float32"]))
    nodata = draw(st.sampled_from([0.0, 7.0, 1.5, -9999.0, float("nan"), None]))
    scales, offsets = st.sampled_from([1.0, 1e-4, -2.0, 1e-50]), st.sampled_from([0.0, -0.0, 0.1, -1000.0, -1e-50])
    bands = list(string.ascii_lowercase[: draw(st.integers(1, 4))])
    assets = {
        band: {"asset": band, "dtype": dtype, "nodata": nodata, "scale": draw(scales), "offset": draw(offsets)}
        | {"static": draw(st.booleans()) and band != bands[0]}
        for band in bands
    }
    moving = [band for band in bands if not assets[band]["static"]]
    static = [band for band in bands if assets[band]["static"]]
    layers: dict[str, dict[str, object]] = {}
    for name in string.ascii_uppercase[: draw(st.integers(0, 3))]:
        clip = draw(st.sampled_from([None, (-1, 1), (0, 0.5), (-0.0, 1e39), (1, -1)]))
        layers[name] = {"formula": draw(formulas([*moving, *layers])), "clip": clip}
    some = st.lists(st.sampled_from([*moving, *layers]), unique=True, max_size=3)
    steps = draw(st.integers(1, 7))
    course = {
        "layer": draw(st.sampled_from([*moving, *layers])),
        "measures": draw(st.lists(st.sampled_from(MEASURES), unique=True, min_size=1)),
    }
    features = {
        "series": draw(some),
        "seasonal": draw(st.none() | st.fixed_dictionaries({"layers": some, "steps": st.integers(2, 3)})),
        "phenology": draw(st.sampled_from([course, None])),
        "static": draw(st.permutations(static)),
    }
    if not (features["series"] or features["phenology"]):
        features["series"] = [draw(st.sampled_from(moving))]
    return Recipe.model_validate({
        "name": "made-up", "version": 1, "collection": "scenes", "assets": assets, "layers": layers,
        "windows": [{"name": f"w{step}", "start": "Y0-09-01", "end": "Y0-09-30"} for step in range(steps)],
        "gaps": {"method": draw(st.sampled_from(["none", "linear"]))}, "features": features, "grid": {"crs": "scenes"},
    })  # fmt: skip


@SLOW
@given(data=st.data(), recipe=recipes())
def test_made_up_recipes_have_the_bits_of_the_reference(recipe: Recipe, data: st.DataObject) -> None:
    shape = (len(recipe.bands), len(recipe.steps), 6)
    if recipe.dtype == "float32":
        elements = st.sampled_from(NUMBERS) | st.floats(-100, 100, width=32)
    else:
        limits = np.iinfo(recipe.dtype)
        elements = st.sampled_from([0, 1, 7, limits.max]) | st.integers(int(limits.min), int(limits.max))
    values = data.draw(hnp.arrays(recipe.dtype, shape, elements=elements))
    at = np.array(data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=8)))
    assert np.array_equal(bits(compiled_features(values, at, recipe)), bits(reference(values, at, recipe)))


@pytest.mark.parametrize("n", [0, 1, LINE, LINE * MAX_LINES - 1, LINE * MAX_LINES, LINE * MAX_LINES + 1])
def test_any_number_of_pixels_fills_the_rows_that_are_given(n: int) -> None:
    values = noise(S2, (2, 300), "uint16", seed=n)
    at, room = np.arange(n) + 17, np.full((n + 2, len(S2.feature_names)), -7, np.float32)
    found = compiled_features(values, at, S2, out=room[1 : n + 1])
    assert np.shares_memory(found, room) or n == 0
    assert np.array_equal(bits(room[1 : n + 1]), bits(reference(values, at, S2)))
    assert (room[[0, -1]] == -7).all()


def test_a_composite_in_another_memory_order_gives_the_same() -> None:
    values, at = noise(S2, (9, 11), "uint16"), np.arange(99)
    assert np.array_equal(
        bits(compiled_features(np.asfortranarray(values), at, S2)), bits(compiled_features(values, at, S2))
    )


def test_several_threads_at_once_give_the_same() -> None:
    values, parts = noise(S2, (40, 100), "uint16"), list(pairwise(range(0, 4001, 500)))
    whole = compiled_features(values, np.arange(4000), S2)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda part: compiled_features(values, np.arange(*part), S2), parts))
    assert np.array_equal(bits(np.concatenate(found)), bits(whole))


def test_recipes_that_differ_in_the_order_of_bands_alone_have_programs_of_their_own() -> None:
    turned = S2.model_copy(update={"assets": dict(reversed(S2.assets.items()))})
    turned = Recipe.model_validate(turned.model_dump())
    values = noise(S2, (3, 5), "uint16")
    at = np.arange(15)
    assert np.array_equal(bits(compiled_features(values[::-1], at, turned)), bits(compiled_features(values, at, S2)))
    assert turned.fingerprint != S2.fingerprint
    assert program_of(S2, whole=True) is program_of(load_recipe("s2-season"), whole=True)


@pytest.mark.parametrize(
    ("shape", "dtype", "at", "message"),
    [
        ((10, 12), "uint16", [0], "bands, steps"),
        ((9, 12, 4), "uint16", [0], "bands, steps"),
        ((10, 12, 4), "int64", [0], "convert it"),
        ((10, 12, 4), "uint16", [4], "from 0 to 3"),
        ((10, 12, 2, 2), "uint16", [-1], "from 0 to 3"),
        ((10, 12, 4), "uint16", [[1]], "one row"),
    ],
)
def test_what_is_not_a_composite_of_the_recipe_is_refused(
    shape: tuple[int, ...], dtype: str, at: list[int], message: str
) -> None:
    with pytest.raises(WrongCompositeError, match=message):
        compiled_features(np.zeros(shape, dtype), np.array(at), S2)


@pytest.mark.parametrize("out", [np.zeros((2, 108)), np.zeros((1, 108), np.float32), np.zeros((108, 2), np.float32).T])
def test_room_that_does_not_fit_is_refused(out: np.ndarray) -> None:
    with pytest.raises(WrongCompositeError, match="C-contiguous float32"):
        compiled_features(np.zeros((10, 12, 4), np.uint16), np.arange(2), S2, out=out)


def test_one_compilation_serves_all_dtypes_and_recipes() -> None:
    from imagery.feature_kernels import write_features

    warm()
    for recipe in map(load_recipe, list_recipes()):
        for dtype in ("uint16", "float32"):
            compiled_features(noise(recipe, (3,), dtype), np.arange(3), recipe)
    assert len(write_features.signatures) == 1  # type: ignore[attr-defined]
