"""Rows that describe one thing are known as one, and a sample keeps its id."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.samples.identity import identify


def _row(**values: object) -> pd.DataFrame:
    row = {"lon": 31.05, "lat": -17.83, "season": "2023-2024", "label": "maize", **values}
    return pd.DataFrame([row]).astype({"lon": "float64", "lat": "float64", "season": object})


def _identified(frame: pd.DataFrame, *features: str, recipe: str | None = None) -> tuple[object, str]:
    found = identify(frame, features, recipe).iloc[0]
    return found["identity"], found["sample_id"]


def test_the_id_of_a_sample_never_changes() -> None:
    assert _identified(_row())[1] == "600046f118276f5f40db"
    features = _row(lon=np.nan, lat=np.nan, season=None, ndvi=np.float32(0.25))
    assert _identified(features, "ndvi", recipe="tiny@1")[1] == "e87e035a88688ceeede9"


def test_places_within_a_metre_are_one() -> None:
    assert _identified(_row()) == _identified(_row(lon=31.050003))
    assert _identified(_row())[0] != _identified(_row(lon=31.0501))[0]


def test_another_season_is_another_thing_and_another_label_another_sample_of_the_same() -> None:
    assert _identified(_row())[0] != _identified(_row(season="2022-2023"))[0]
    assert _identified(_row())[0] == _identified(_row(label="cotton"))[0]
    assert _identified(_row())[1] != _identified(_row(label="cotton"))[1]


def test_without_place_and_season_the_values_are_the_thing() -> None:
    nowhere = {"lon": np.nan, "lat": np.nan, "season": None}
    one = _identified(_row(**nowhere, ndvi=np.float32(0.25), rain=np.float32("nan")), "ndvi", "rain")
    same = _identified(_row(**nowhere, ndvi=np.float32(0.25), rain=-np.float32("nan")), "ndvi", "rain")
    other = _identified(_row(**nowhere, ndvi=np.float32(0.26), rain=np.float32("nan")), "ndvi", "rain")
    assert one == same
    assert one[0] != other[0]


def test_recipes_do_not_share_samples() -> None:
    row = _row(ndvi=np.float32(0.25))
    assert _identified(row, "ndvi", recipe="a@1")[1] != _identified(row, "ndvi", recipe="a@2")[1]


def test_no_rows_have_no_identity() -> None:
    assert identify(_row(ndvi=np.float32(1)).iloc[:0], ("ndvi",), "a@1").empty
