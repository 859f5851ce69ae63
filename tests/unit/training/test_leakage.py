"""Nothing may be in two parts at once, and what is gets named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.leakage import leakage_between_folds
from training.splits import Split, random_rows, split_blocks
from training.table import TrainingTable


def table() -> TrainingTable:
    rng = np.random.default_rng(1)
    n = 300
    return TrainingTable(
        X=rng.random((n, 4)).astype(np.float32),
        labels=rng.choice(["maize", "tobacco"], n),
        groups=np.repeat([f"x{i}y0" for i in range(30)], 10),
        grouping="spatial-block",
        features=("a", "b", "c", "d"),
        recipe="s2-season@1",
        dataset_version="v1",
        dataset_digest="d",
        sample_ids=np.array([f"s{i}" for i in range(n)]),
    )


def split_of(samples: TrainingTable) -> Split:
    return split_blocks(samples.labels, samples.groups)


def pair(split: Split) -> tuple[int, int]:
    """One held-out row and one training row."""
    return int(np.flatnonzero(split.test)[0]), int(np.flatnonzero(split.train)[0])


def test_blocks_do_not_leak() -> None:
    samples = table()
    lon, lat = np.linspace(25, 33, 300), np.full(300, -18.0)
    assert leakage_between_folds(samples, split_of(samples), lon=lon, lat=lat) == []


def test_random_rows_leak_groups() -> None:
    samples = table()
    found = leakage_between_folds(samples, random_rows(split_of(samples), samples.labels))
    assert len(found) == 1
    assert found[0].startswith("In two parts at once (group, ")
    assert "and" in found[0]


def test_the_same_sample_in_two_parts_is_named() -> None:
    samples = table()
    held, trained = pair(split_of(samples))
    ids = samples.sample_ids.copy()
    ids[held] = ids[trained]
    found = leakage_between_folds(replace(samples, sample_ids=ids), split_of(samples))
    assert found == [f"In two parts at once (sample, 1 times): {ids[trained]}."]


def test_identical_features_in_two_parts_are_named_but_rows_without_any_are_not() -> None:
    samples = table()
    held, trained = pair(split_of(samples))
    features = samples.X.copy()
    features[held] = features[trained] = [0.0, np.nan, 2.0, 3.0]
    features[held, 0] = -0.0
    found = leakage_between_folds(replace(samples, X=features), split_of(samples))
    assert len(found) == 1
    assert "row of features, 1 times" in found[0]
    features[[held, trained]] = np.nan
    assert leakage_between_folds(replace(samples, X=features), split_of(samples)) == []


def test_the_same_place_in_two_parts_is_named_but_unknown_places_are_not() -> None:
    samples = table()
    held, trained = pair(split_of(samples))
    lon, lat = np.full(300, np.nan), np.full(300, np.nan)
    lon[[held, trained]], lat[[held, trained]] = 30.5, -17.5
    found = leakage_between_folds(samples, split_of(samples), lon=lon, lat=lat)
    assert found == ["In two parts at once (place, 1 times): 30.5000000, -17.5000000."]


def test_a_split_that_contradicts_itself_is_told() -> None:
    samples = table()
    split = split_of(samples)
    folds = split.folds.copy()
    folds[samples.groups == samples.groups[pair(split)[0]]] = 0
    wrong = Split(split.test, folds, split.method)
    assert leakage_between_folds(samples, wrong) == ["The held-out mask and the folds contradict each other."]


def test_a_split_of_another_table_is_refused() -> None:
    samples = table()
    with pytest.raises(ValueError, match="a table of 290"):
        leakage_between_folds(samples.take(np.arange(290)), split_of(samples))
    with pytest.raises(ValueError, match="1 places"):
        leakage_between_folds(samples, split_of(samples), lon=[1.0], lat=[1.0])
