"""Scout keeps what helps elsewhere and drops what only recognises places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from training.config import TrainingConfig
from training.scout import place_likeness, select_features
from training.splits import Split, split_blocks
from training.table import TrainingTable

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def place_table(make_table: Make) -> TrainingTable:
    """A table with a fingerprint: each place has its own rain, and mostly one class."""
    made: TrainingTable = make_table(900, 3, missing=0)
    random = np.random.default_rng(1)
    place = np.repeat(np.arange(60), 15)
    by_place = random.integers(0, 3, 60)[place]
    y = np.where(random.random(900) < 0.75, by_place, random.integers(0, 3, 900))
    names = np.array(["maize", "cotton", "woodland"])
    signal = np.eye(3)[y][:, :2] * 1.2 + random.normal(size=(900, 2))
    rain = random.normal(size=60)[place] + random.normal(size=900) * 0.01
    noise = random.normal(size=(900, 4))
    X = np.column_stack([signal, rain, rain * 2 + 1, noise]).astype(np.float32)
    facts = {
        "X": X,
        "labels": names[y],
        "groups": np.array([f"x{each // 3}y0" for each in place]),
        "features": ("ndvi", "ndmi", "rain_s1", "rain_s2", *(f"noise_{number}" for number in range(4))),
    }
    return TrainingTable(**(made.__dict__ | facts))


def _config(**scout: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"scout": {"min_features": 1, "rounds": 30} | scout})


def test_a_fingerprint_of_the_place_is_dropped_though_its_gain_is_high(place_table: TrainingTable) -> None:
    split = split_blocks(place_table.labels, place_table.groups)
    selection = select_features(place_table, split, _config())
    assert {"ndvi", "ndmi"} <= set(selection.features)
    assert not {"rain_s1", "rain_s2"} & set(selection.features)
    table = selection.importance.set_index("feature")
    assert list(selection.importance.columns)[-3:] == ["harm_std", "place_likeness", "kept"]
    assert table["place_likeness"].nlargest(2).index.sort_values().tolist() == ["rain_s1", "rain_s2"]
    assert table.loc["rain_s1", "gain_mean"] > 0.15
    assert table.loc["ndvi", "harm_mean"] > table.loc["rain_s2", "harm_mean"]
    assert set(table.index[table["kept"]]) == set(selection.features)


def test_held_out_rows_are_never_looked_at(place_table: TrainingTable) -> None:
    split = split_blocks(place_table.labels, place_table.groups)
    spoilt = np.where(split.test[:, None], np.float32(5), place_table.X)
    other = select_features(TrainingTable(**(place_table.__dict__ | {"X": spoilt})), split, _config())
    pd.testing.assert_frame_equal(other.importance, select_features(place_table, split, _config()).importance)


def test_the_number_of_cores_changes_nothing(place_table: TrainingTable) -> None:
    split = split_blocks(place_table.labels, place_table.groups)
    one, three = (
        select_features(place_table, split, _config().model_copy(update={"cores": cores})) for cores in (1, 3)
    )
    pd.testing.assert_frame_equal(one.importance, three.importance)


def test_switched_off_all_are_kept_and_judged(place_table: TrainingTable) -> None:
    split = split_blocks(place_table.labels, place_table.groups)
    selection = select_features(place_table, split, _config(enabled=False))
    assert selection.features == place_table.features
    assert selection.importance["gain_mean"].sum() == pytest.approx(1)


def test_never_fewer_than_the_stated_number_are_kept(make_table: Make) -> None:
    table = make_table(120)
    random = np.random.default_rng(5).permutation(len(table))
    table = TrainingTable(**(table.__dict__ | {"labels": table.labels[random]}))  # nothing can help
    split = split_blocks(table.labels, table.groups)
    assert len(select_features(table, split, _config(min_features=3)).features) >= 3


def test_a_class_of_one_fold_does_not_stop_it(make_table: Make) -> None:
    table = make_table(counts=(40, 40, 10))
    folds = (np.arange(90) % 3).astype(np.int8)
    folds[80:] = 0
    selection = select_features(table, Split(np.zeros(90, bool), folds, "by hand"), _config())
    assert np.isfinite(selection.importance[["gain_mean", "harm_mean"]].to_numpy()).all()


def test_a_selection_survives_its_file(place_table: TrainingTable, tmp_path: Path) -> None:
    split = split_blocks(place_table.labels, place_table.groups)
    selection = select_features(place_table, split, _config())
    selection.save(tmp_path)
    again = type(selection).load(tmp_path)
    assert again.features == selection.features
    pd.testing.assert_frame_equal(again.importance, selection.importance)


def test_place_likeness_tells_a_fingerprint_from_noise_and_is_zero_without_places() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat([f"g{number}" for number in range(20)], 10)
    y = random.integers(0, 2, 200)
    fingerprint = np.repeat(random.normal(size=20), 10)
    X = np.column_stack([fingerprint, random.normal(size=200), y, np.full(200, np.nan)]).astype(np.float32)
    likeness = place_likeness(X, y, groups)
    assert likeness[0] > 0.9
    assert abs(likeness[1]) < 0.15
    assert likeness[3] == 0
    assert not place_likeness(X, y, np.arange(200).astype(str)).any()
