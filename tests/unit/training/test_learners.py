"""The four learners: the same rules for each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from sklearn.preprocessing import StandardScaler

from training.array_files import InvalidModelFile
from training.config import LEARNERS, TrainingConfig, WeightParams
from training.learners import LearnerFit, NothingToLearnFrom, fit_learner, fit_learners
from training.learners.base import Rows, Scaler, class_weights
from training.learners.fitting import inner_part
from training.learners.registry import learner_named
from training.learners.xgboost import _settings
from training.splits import Split, split_blocks
from training.table import TrainingTable

Make = Callable[..., Any]


def _split(table: TrainingTable, folds: int = 3) -> Split:
    return split_blocks(table.labels, table.groups, folds=folds)


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("variant", ["Raw", "Scaled"])
def test_a_learner_learns_and_survives_its_files(
    name: str, variant: str, make_table: Make, quick_config: Make, tmp_path: Path
) -> None:
    table = make_table()
    split = _split(table)
    fit = fit_learner(name, table, split, table.features, quick_config(variant=variant))
    train = ~split.test
    truth = np.searchsorted(fit.classes, table.labels[train])
    assert fit.oof.shape == (train.sum(), 3)
    assert fit.oof.dtype == np.float32
    assert (fit.oof.argmax(axis=1) == truth).mean() > 0.7
    np.testing.assert_allclose(fit.oof.sum(axis=1), 1, atol=1e-5)
    assert (fit.scaler is not None) == (variant == "Scaled")
    assert fit.importance.sum() == pytest.approx(1)
    fit.save(tmp_path)
    again = LearnerFit.load(tmp_path)
    assert np.array_equal(again.predict_proba(table.X), fit.predict_proba(table.X))
    assert np.array_equal(again.oof, fit.oof)
    assert (again.classes, again.features, again.params) == (fit.classes, fit.features, fit.params)
    assert np.array_equal(again.predict_proba(table.X, threads=2), fit.predict_proba(table.X))


@pytest.mark.parametrize("name", LEARNERS)
def test_the_number_of_cores_changes_nothing(name: str, make_table: Make, quick_config: Make) -> None:
    table = make_table(120)
    split = _split(table)
    one, three = (fit_learner(name, table, split, table.features, quick_config(cores=cores)) for cores in (1, 3))
    assert np.array_equal(one.oof, three.oof)
    assert np.array_equal(one.predict_proba(table.X), three.predict_proba(table.X))


@pytest.mark.parametrize("name", LEARNERS)
def test_a_class_that_drops_out_of_a_fold_keeps_its_column(name: str, make_table: Make, quick_config: Make) -> None:
    table = make_table(counts=(40, 40, 10, 40))
    folds = (np.arange(130) % 3).astype(np.int8)
    folds[80:90] = 0  # winter wheat lives in fold 0 alone
    fit = fit_learner(name, table, Split(np.zeros(130, bool), folds, "by hand"), table.features, quick_config())
    wheat = table.classes.index("woodland"), table.classes.index("winter wheat")
    rare = table.classes.index(str(table.labels[80]))
    assert rare in wheat
    assert (fit.oof[folds == 0, rare] == 0).all()
    assert (fit.oof[folds == 1, rare] > 0).any()
    np.testing.assert_allclose(fit.oof.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("counts", [(200, 4), (200, 60, 1)])
def test_one_to_fifty_and_a_single_sample_are_learnt(
    name: str, counts: tuple[int, ...], make_table: Make, quick_config: Make
) -> None:
    table = make_table(counts=counts, missing=0)
    n = len(table)
    split = Split(np.zeros(n, bool), (np.arange(n) % 4).astype(np.int8), "by hand")
    config = quick_config(lightgbm={"rounds": 30, "min_child_samples": 2, "early_stopping": False})
    fit = fit_learner(name, table, split, table.features, config)
    rare = fit.classes.index(str(table.labels[-1]))
    proba = fit.predict_proba(table.X)
    assert proba.shape == (n, len(counts))
    assert proba[-1, rare] > proba[:200, rare].mean()


def test_one_class_only_is_refused_with_what_to_do(make_table: Make, quick_config: Make) -> None:
    table = make_table(counts=(30,))
    split = Split(np.zeros(30, bool), (np.arange(30) % 3).astype(np.int8), "by hand")
    with pytest.raises(NothingToLearnFrom, match="1 class"):
        fit_learner("xgboost", table, split, table.features, quick_config())


def test_held_out_rows_are_never_looked_at(make_table: Make, quick_config: Make) -> None:
    table = make_table(120)
    split = _split(table)
    spoilt = TrainingTable(**(table.__dict__ | {"X": np.where(split.test[:, None], np.float32(99), table.X)}))
    for variant in ("Raw", "Scaled"):
        config = quick_config(variant=variant)
        one, other = (fit_learner("xgboost", each, split, table.features, config) for each in (table, spoilt))
        assert np.array_equal(one.oof, other.oof)
        assert np.array_equal(one.predict_proba(table.X), other.predict_proba(table.X))


def test_early_stopping_stops_and_the_final_model_takes_the_median(make_table: Make, quick_config: Make) -> None:
    table = make_table(240)
    long = {"rounds": 400, "patience": 5, "min_rounds": 3, "learning_rate": 0.3}
    for name in ("xgboost", "lightgbm", "catboost"):
        fit = fit_learner(name, table, _split(table), table.features, quick_config(**{name: long}))
        assert 3 <= fit.rounds < 200
        floor = quick_config(**{name: long | {"min_rounds": 250}})
        assert fit_learner(name, table, _split(table), table.features, floor).rounds >= 250
        all_rounds = quick_config(**{name: {"rounds": 40, "early_stopping": False}})
        assert fit_learner(name, table, _split(table), table.features, all_rounds).rounds == 40


def test_extra_settings_reach_the_library(make_table: Make, quick_config: Make) -> None:
    table = make_table(120)
    config = quick_config(forest={"n_estimators": 5, "extra": {"max_depth": 1}})
    forest = fit_learner("random_forest", table, _split(table), table.features, config).model
    assert (np.diff(forest.arrays["offsets"]) <= 3).all()


def test_the_scaler_is_standard_scaling_and_passes_gaps_through(make_table: Make) -> None:
    X = make_table().X.copy()
    X[:, 3] = np.nan
    scaler = Scaler.fit(X)
    scaled = scaler.transform(X)
    assert scaler.mean.dtype == np.float64
    assert np.array_equal(np.isnan(scaled), np.isnan(X))
    np.testing.assert_allclose(np.nanmean(scaled[:, :3], axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.nanstd(scaled[:, :3], axis=0), 1, atol=1e-5)


@pytest.mark.parametrize(("n", "features"), [(300, 1), (300, 7), (3001, 17), (1500, 33), (70_000, 20), (900, 100)])
def test_scaling_in_parts_is_scaling_the_whole_to_the_bit(n: int, features: int) -> None:
    random = np.random.default_rng(features)
    X = (random.normal(size=(n, features)) * 900 + 3000).astype(np.float32)
    X[random.random(X.shape) < 0.03] = np.nan
    whole, scaler = StandardScaler().fit(X.astype(np.float64)), Scaler.fit(X)
    assert np.array_equal(scaler.mean, whole.mean_)
    assert np.array_equal(scaler.scale, whole.scale_)
    expected = ((X.astype(np.float64) - scaler.mean) / scaler.scale).astype(np.float32)
    assert np.array_equal(scaler.transform(X), expected, equal_nan=True)


def test_binned_rows_make_the_trees_of_a_whole_matrix_to_the_bit(make_table: Make, quick_config: Make) -> None:
    table, params = make_table(), quick_config().xgboost
    y = np.unique(table.labels, return_inverse=True)[1].astype(np.int64)
    rows = Rows(table.X, y, np.linspace(0.5, 2, len(y)), 3)
    model = learner_named("xgboost").fit(rows, params, 42, 8)
    settings = json.loads(model.save_config())["learner"]
    assert settings["gradient_booster"]["gbtree_train_param"]["tree_method"] == "hist"
    whole = xgboost.train(_settings(params, 42, 3), xgboost.DMatrix(table.X, y, weight=rows.weight), 8)
    assert model.save_raw("ubj") == whole.save_raw("ubj")
    exact = params.model_copy(update={"extra": {"tree_method": "exact"}})
    assert learner_named("xgboost").fit(rows, exact, 42, 2).num_boosted_rounds() == 2


def test_balanced_weights_are_capped() -> None:
    y = np.repeat([0, 1, 2], [500, 100, 1])
    weight = class_weights(y, 3, WeightParams(cap=10))
    of = {label: weight[y == label][0] for label in (0, 1, 2)}
    assert of[1] / of[0] == pytest.approx(5)
    assert of[2] / of[0] == pytest.approx(10)
    assert weight.mean() == pytest.approx(1)
    assert (class_weights(y, 3, WeightParams(method="none")) == 1).all()


def test_the_inner_part_is_whole_groups_and_leaves_every_class() -> None:
    random = np.random.default_rng(0)
    groups = np.array([f"g{number}" for number in random.integers(0, 20, 300)])
    y = random.integers(0, 3, 300)
    y[groups == "g3"] = 3  # a class of one group
    inner = inner_part(y, groups, 0.2, seed=1)
    assert 0.1 < inner.mean() < 0.31
    assert not set(groups[inner]) & set(groups[~inner])
    assert set(y[~inner]) == {0, 1, 2, 3}


def test_progress_grows_to_one(make_table: Make, quick_config: Make) -> None:
    table = make_table(120)
    seen: list[float] = []
    config: TrainingConfig = quick_config()
    fits = fit_learners(table, _split(table), table.features, config, progress=lambda _text, share: seen.append(share))
    assert [fit.name for fit in fits] == list(config.ensemble.learners)
    assert max(seen) == pytest.approx(1)
    assert len(seen) == 4 * (3 + 1) + 3  # the search of three boosted learners
    assert seen == sorted(seen)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_damaged_model_file_is_refused(name: str, make_table: Make, quick_config: Make, tmp_path: Path) -> None:
    table = make_table(120)
    fit_learner(name, table, _split(table), table.features, quick_config()).save(tmp_path)
    file = next(path for path in tmp_path.iterdir() if path.stem in {"model", "forest"})
    file.write_bytes(b"not a model")
    with pytest.raises(InvalidModelFile):
        LearnerFit.load(tmp_path)
