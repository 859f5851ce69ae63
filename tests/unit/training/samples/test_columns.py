"""The header alone tells what kind of batch it is, or what it lacks."""

from __future__ import annotations

import time

import pytest

from training.samples import DuplicateColumns, TooManyColumns, UnknownBatchKind, check_header

PLACES = ["lon", "lat", "season", "label"]


def test_places_and_season_and_label_make_a_places_batch(recipes: dict[str, tuple[str, ...]]) -> None:
    header = check_header(PLACES, recipes)
    assert (header.kind, header.recipe, header.features) == ("places", None, ())
    assert header.used == ("label", "lon", "lat", "season")


def test_all_features_of_a_recipe_and_a_label_make_a_features_batch(recipes: dict[str, tuple[str, ...]]) -> None:
    header = check_header(["slope", "Class", "rain", "ndvi"], recipes)
    assert (header.kind, header.recipe) == ("features", "tiny@1")
    assert header.features == ("ndvi", "rain", "slope")
    assert header.label == "Class"


def test_features_win_where_a_batch_brings_places_too(recipes: dict[str, tuple[str, ...]]) -> None:
    header = check_header([*PLACES, "ndvi", "rain", "slope"], recipes)
    assert header.kind == "features"
    assert (header.lon, header.lat, header.season) == ("lon", "lat", "season")


@pytest.mark.parametrize(
    "columns",
    [
        ["longitude", "latitude", "Season", "Crop Type"],
        ["X", "Y", "season", "class"],
        ["Long", "Lat", "crop-season", "LABEL"],
    ],
)
def test_columns_go_by_many_names(columns: list[str], recipes: dict[str, tuple[str, ...]]) -> None:
    header = check_header(columns, recipes)
    assert header.kind == "places"
    assert (header.lon, header.lat, header.season, header.label) == tuple(columns)


def test_the_best_name_counts_and_the_other_is_reported(recipes: dict[str, tuple[str, ...]]) -> None:
    header = check_header(["lon", "lat", "season", "Class", "label", "x"], recipes)
    assert header.label == "label"
    assert header.ignored == ("Class", "x")


def test_junk_columns_are_dropped_by_name_and_reported(recipes: dict[str, tuple[str, ...]]) -> None:
    junk = ["system:index", ".geo", "row_id", "FID", "ID", "Unnamed: 0", "index", ""]
    header = check_header([*junk, *PLACES, "surveyor"], recipes)
    assert header.junk == (*junk[:-1], "(no name)")
    assert header.ignored == ("surveyor",)


def test_a_recipe_s_feature_is_never_junk() -> None:
    header = check_header(["index", "label"], {"r@1": ("index",)})
    assert header.features == ("index",)
    assert header.junk == ()


def test_a_missing_feature_is_named(recipes: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(
        UnknownBatchKind, match=r"field.csv is nearest to a features batch of tiny@1.*: slope"
    ) as caught:
        check_header(["ndvi", "rain", "label"], recipes, name="field.csv")
    assert caught.value.missing == ("slope",)
    assert caught.value.nearest == "a features batch of tiny@1"


def test_a_missing_label_is_named(recipes: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(UnknownBatchKind) as caught:
        check_header(["ndvi", "rain", "slope"], recipes)
    assert caught.value.missing == ("label",)


def test_a_missing_season_is_named_with_the_way_out(recipes: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(UnknownBatchKind, match="default_season") as caught:
        check_header(["lon", "lat", "label"], recipes)
    assert caught.value.missing == ("season",)
    assert check_header(["lon", "lat", "label"], recipes, default_season="2023-2024").season is None


def test_a_latitude_without_longitude_is_no_place(recipes: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(UnknownBatchKind) as caught:
        check_header(["y", "season", "label"], recipes)
    assert caught.value.missing == ("lon", "lat")


def test_a_missing_header_is_guessed_at(recipes: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(UnknownBatchKind, match="header missing"):
        check_header(["31.0", "-18.0", "0.5", "maize"], recipes)


def test_the_recipe_with_most_features_and_the_newest_version_is_taken() -> None:
    recipes = {"a@9": ("f",), "a@10": ("f",), "small@1": ("g",)}
    header = check_header(["f", "label"], recipes)
    assert header.recipe == "a@10"
    assert any("a@9" in warning for warning in header.warnings)


def test_ten_thousand_columns_are_refused_at_once(recipes: dict[str, tuple[str, ...]]) -> None:
    started = time.perf_counter()
    with pytest.raises(TooManyColumns, match="10004 columns"):
        check_header([*PLACES, *(f"c{i}" for i in range(10_000))], recipes)
    assert time.perf_counter() - started < 1


def test_ten_thousand_columns_of_a_recipe_are_welcome() -> None:
    features = tuple(f"c{i}" for i in range(10_000))
    assert check_header([*features, "label"], {"wide@1": features}).features == features


def test_two_columns_of_one_name_are_refused_only_where_they_count(recipes: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(DuplicateColumns, match="lon"):
        check_header([*PLACES, "lon"], recipes)
    assert check_header([*PLACES, "note", "note"], recipes).ignored == ("note",)
