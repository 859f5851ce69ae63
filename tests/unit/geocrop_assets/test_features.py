"""Features of a table's own are taken as they are, and one pixel is in one group only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geocrop_assets.assets.features import KEPT, NothingMeasured, drop_torn_observations, measure_frame, missing_share
from imagery.recipe import load_recipe
from resources.archive import SceneArchive

RECIPE = load_recipe("ndvi-season")
NOWHERE = SceneArchive(catalogue="/no/such/catalog.json")


def brought(n: int = 4) -> pd.DataFrame:
    """Return samples that bring their features."""
    random = np.random.default_rng(2).random((n, len(RECIPE.feature_names))).astype(np.float32)
    frame = pd.DataFrame(random, columns=list(RECIPE.feature_names))
    for name in KEPT:
        frame[name] = [f"{name}-{number}" for number in range(n)]
    frame["kind"] = "features"
    return frame


def test_features_that_a_batch_brings_are_taken_to_the_bit_and_no_archive_is_asked() -> None:
    given = brought()
    frame, problems = measure_frame(given, RECIPE, NOWHERE)
    assert problems == {}
    assert list(frame.columns) == [*KEPT, *RECIPE.feature_names]
    np.testing.assert_array_equal(frame[list(RECIPE.feature_names)], given[list(RECIPE.feature_names)])
    assert set(frame[list(RECIPE.feature_names)].dtypes) == {np.dtype(np.float32)}


def test_rows_without_any_value_go_and_nothing_at_all_is_an_error() -> None:
    given = brought()
    given.loc[1, list(RECIPE.feature_names)] = np.nan
    given.loc[2, RECIPE.feature_names[0]] = np.nan
    frame, _ = measure_frame(given, RECIPE, NOWHERE)
    assert frame["sample_id"].tolist() == ["sample_id-0", "sample_id-2", "sample_id-3"]
    assert missing_share(frame, RECIPE.feature_names) == pytest.approx(1 / (3 * len(RECIPE.feature_names)))
    given[list(RECIPE.feature_names)] = np.nan
    with pytest.raises(NothingMeasured, match="none of 4 samples"):
        measure_frame(given, RECIPE, NOWHERE)


def test_a_pixel_of_two_blocks_stays_with_the_first() -> None:
    frame = pd.DataFrame(
        {
            "group": ["north", "south", "north", "south", "south"],
            "a": np.float32([1.0, 1.0, 1.0, 2.0, np.nan]),
            "b": np.float32([0.0, -0.0, 0.0, 0.0, np.nan]),
        }
    )
    kept, torn = drop_torn_observations(frame, ["a", "b"])
    assert torn == 1
    assert kept["group"].tolist() == ["north", "north", "south", "south"]
    assert kept.index.tolist() == [0, 1, 2, 3]


def test_rows_that_lack_different_values_are_different() -> None:
    frame = pd.DataFrame({"group": ["x", "y"], "a": np.float32([np.nan, 1.0]), "b": np.float32([1.0, np.nan])})
    assert drop_torn_observations(frame, ["a", "b"])[1] == 0
