"""Recipe files: validation, extension, fingerprint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imagery.recipe import InvalidRecipe, RecipeNotFound, list_recipes, load_recipe
from imagery.season import Season

Write = Callable[..., Path]

GEOMAD_SERIES = [
    "blue", "green", "red", "nir", "swir_1", "swir_2", "red_edge_1", "red_edge_2", "red_edge_3",
    "bcdev", "edev", "sdev", "NDVI", "LAI", "MNDWI", "rain",
]  # fmt: skip


def test_the_three_recipes_of_the_design_are_built_in() -> None:
    assert {"s2-season", "geomad-semiannual", "ndvi-season"} <= set(list_recipes())


def test_s2_season_reads_ten_bands_by_month_into_a_modest_list_of_features() -> None:
    recipe = load_recipe("s2-season")
    assert recipe.id == "s2-season@1"
    assert len(recipe.bands) == 10
    assert recipe.steps == ("sep", "oct", "nov", "dec", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug")
    assert len(recipe.feature_names) == 108
    assert recipe.feature_names[:5] == ("ndvi_sep", "evi_sep", "ndwi_sep", "ndmi_sep", "ndre_sep")
    assert "swir_2_jun_aug" in recipe.feature_names
    assert (recipe.dtype, recipe.nodata) == ("uint16", 0)


def test_geomad_features_have_the_names_and_order_of_the_published_tables() -> None:
    recipe = load_recipe("geomad-semiannual")
    expected = [f"{name}_{half}" for half in ("S1", "S2") for name in GEOMAD_SERIES]
    assert list(recipe.feature_names) == [*expected, "slope"]
    halves = recipe.steps_of(Season.parse("2018-2019"))
    assert [span.isoformat() for step in halves for span in step.spans[0]] == [
        "2019-01-01", "2019-06-30", "2019-07-01", "2019-12-31",
    ]  # fmt: skip
    assert recipe.dtype == "float32"


def test_the_fingerprint_tells_content_and_not_prose(write_recipe: Write) -> None:
    text = "extends: ndvi-season\nname: own\nversion: 1\n"
    same = load_recipe(write_recipe(text, "a")).fingerprint
    assert load_recipe(write_recipe(text + "title: Another title\n", "b")).fingerprint == same
    assert load_recipe(write_recipe(text + "mask: {dilation_m: 50}\n", "c")).fingerprint != same
    assert len(same) == 64


def test_a_recipe_extends_another_field_by_field_and_null_takes_away(write_recipe: Write) -> None:
    path = write_recipe(
        "extends: ndvi-season\nname: cbers\nversion: 2\ncollection: CB4-WFI-L3\nmask: null\n"
        "assets: {evi: {asset: EVI, dtype: int16, nodata: -32768}}\n"
    )
    recipe = load_recipe(path)
    assert recipe.id == "cbers@2"
    assert recipe.mask is None
    assert recipe.bands == ("ndvi", "evi")
    assert recipe.assets["ndvi"].scale == 0.0001


def test_a_file_in_an_extra_folder_is_found_by_name_and_comes_first(write_recipe: Write, tmp_path: Path) -> None:
    write_recipe("extends: ndvi-season\nname: mine\nversion: 1\n", "mine")
    assert "mine" in list_recipes([tmp_path])
    assert load_recipe("mine", [tmp_path]).id == "mine@1"


STATIC = (
    "extends: ndvi-season\nname: xx\nversion: 1\n"
    "assets: {slope: {asset: slope, dtype: int16, nodata: -32768, static: true}}\n"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("extends: ndvi-season\nname: x\nversion: 1\nmask: {dilatoin_m: 3}\n", r"mask\.dilatoin_m"),
        ("extends: ndvi-season\nname: Bad Name\nversion: 1\n", "name"),
        ("extends: ndvi-season\nname: xx\nversion: 0\n", "version"),
        ("extends: ndvi-season\nname: xx\n", "version"),
        ("extends: ndvi-season\nname: xx\nversion: 1\nfeatures: {series: [evi]}\n", "evi is not among ndvi"),
        ("extends: ndvi-season\nname: xx\nversion: 1\nlayers: {a: {formula: 'ndvi ** 2'}}\n", r"layers\.a\.formula"),
        ("extends: ndvi-season\nname: xx\nversion: 1\ngrid: {crs: utm}\n", "resolution"),
        ("extends: ndvi-season\nname: xx\nversion: 1\nmask: {grow: [5]}\n", "grow"),
        ("extends: ndvi-season\nname: xx\nversion: 1\nstatistic: sum\n", "float32"),
        (STATIC + "layers: {a: {formula: 'ndvi * slope'}}\n", r"layers\.a: slope is static"),
        (STATIC + "features: {series: [slope]}\n", r"features\.series: slope is static"),
        (STATIC + "features: {phenology: {layer: slope}}\n", r"features\.phenology: slope is static"),
        ("- a list\n", "mapping"),
        ("{", "YAML"),
    ],
)
def test_a_bad_recipe_names_file_and_field(write_recipe: Write, text: str, told: str) -> None:
    path = write_recipe(text)
    with pytest.raises(InvalidRecipe, match=told) as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)


def test_recipes_that_extend_each_other_in_a_circle_are_refused(write_recipe: Write, tmp_path: Path) -> None:
    write_recipe("extends: two\nname: one\nversion: 1\n", "one")
    write_recipe("extends: one\nname: two\nversion: 1\n", "two")
    with pytest.raises(InvalidRecipe, match="circle"):
        load_recipe("one", [tmp_path])


@pytest.mark.parametrize("name", ["s3-season", "../../secret", "s2-season@7", "nowhere.yaml"])
def test_an_unknown_recipe_or_version_is_refused(name: str) -> None:
    with pytest.raises(RecipeNotFound):
        load_recipe(name)
