"""The ensemble: fitted out of fold only, of learners that belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from training.classes import UnknownClass
from training.ensemble import MismatchedLearners, cross_fitted_proba, fit_ensemble
from training.learners import LearnerFit, fit_learners
from training.splits import Split, split_blocks
from training.table import TrainingTable

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def fitted(make_table: Make, quick_config: Make) -> tuple[TrainingTable, Split, Any, tuple[LearnerFit, ...]]:
    table, config = make_table(300, 4), quick_config()
    split = split_blocks(table.labels, table.groups, folds=3)
    return table, split, config, fit_learners(table, split, table.features, config)


def test_cross_fitted_probabilities_of_a_fold_do_not_see_its_labels(fitted: Any) -> None:  # noqa: ANN401
    table, split, config, fits = fitted
    proba = cross_fitted_proba(fits, table, split, config)
    assert proba.dtype == np.float32
    assert proba.shape == (split.train.sum(), 4)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    here = split.folds == 1
    labels = table.labels.copy()
    labels[here] = np.random.default_rng(0).permutation(labels[here])
    shuffled = cross_fitted_proba(fits, TrainingTable(**(table.__dict__ | {"labels": labels})), split, config)
    assert np.array_equal(proba[split.train_folds == 1], shuffled[split.train_folds == 1])
    assert not np.array_equal(proba[split.train_folds == 0], shuffled[split.train_folds == 0])


def test_the_ensemble_predicts_held_out_places(fitted: Any) -> None:  # noqa: ANN401
    table, split, config, fits = fitted
    bundle = fit_ensemble(fits, table, split, config)
    said = np.array(bundle.classes)[bundle.predict_proba(table.X[split.test]).argmax(axis=1)]
    assert (said == table.labels[split.test]).mean() > 0.75
    assert sum(bundle.weights.values()) == pytest.approx(1)
    assert set(bundle.weights) == {fit.name for fit in fits}
    assert all(len(fit.oof) == 0 and fit.seconds == 0 for fit in bundle.learners)


def test_a_learner_without_weight_is_left_out(fitted: Any) -> None:  # noqa: ANN401
    table, split, config, fits = fitted
    rows, k = fits[0].oof.shape
    y = np.searchsorted(fits[0].classes, table.labels[split.train])
    wrong = np.full((rows, k), 0.01, np.float32)
    wrong[np.arange(rows), (y + 1 + np.arange(rows) % (k - 1)) % k] = 1 - 0.01 * (k - 1)
    free = config.model_copy(update={"ensemble": config.ensemble.model_copy(update={"prior_samples": 0.0})})
    bundle = fit_ensemble((replace(fits[0], oof=wrong), *fits[1:]), table, split, free)
    assert bundle.weights[fits[0].name] == 0
    assert fits[0].name not in {fit.name for fit in bundle.learners}
    assert bundle.predict_proba(table.X).shape == (len(table), k)


def test_learners_of_other_features_or_tables_are_refused(fitted: Any) -> None:  # noqa: ANN401
    table, split, config, fits = fitted
    with pytest.raises(MismatchedLearners, match="other features"):
        fit_ensemble((fits[0], replace(fits[1], variant="Scaled")), table, split, config)
    with pytest.raises(MismatchedLearners, match="rows"):
        fit_ensemble((replace(fits[0], oof=fits[0].oof[1:]),), table, split, config)
    with pytest.raises(MismatchedLearners, match="no learner"):
        fit_ensemble((), table, split, config)


def test_a_label_outside_the_class_table_is_refused(fitted: Any) -> None:  # noqa: ANN401
    table, split, config, fits = fitted
    odd = TrainingTable(**(table.__dict__ | {"labels": np.char.replace(table.labels, "cotton", "dragonfruit")}))
    with pytest.raises(UnknownClass, match="dragonfruit"):
        fit_ensemble(tuple(replace(fit, classes=odd.take(split.train).classes) for fit in fits), odd, split, config)
