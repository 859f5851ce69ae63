"""Trials of hyperparameters: drawn by a seed, judged on rows that were not seen, never worse than no trial."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest

from training.config import LEARNERS, LearnerName, TrainingConfig
from training.splits import split_blocks
from training.table import TrainingTable
from training.tuning import RANGES, Study, Trial, best_of, draw, judge, settings_with, with_drawn


@pytest.fixture
def study(make_table: Callable[..., TrainingTable], quick_config: Callable[..., TrainingConfig]) -> Study:
    table, config = make_table(), quick_config()
    split = split_blocks(table.labels, table.groups, test_size=config.test_size, seed=config.seed, folds=config.folds)
    return Study(table, split, table.features, config, "lightgbm")


@pytest.mark.parametrize("learner", LEARNERS)
def test_draws_depend_on_the_seed_alone_lie_in_their_ranges_and_are_settings(learner: LearnerName) -> None:
    drawn = draw(learner, 50, 7)
    assert drawn == draw(learner, 50, 7) != draw(learner, 50, 8)
    assert drawn[:5] == draw(learner, 5, 7)  # more trials go on where fewer ended
    assert (len(drawn), drawn[0]) == (50, {})
    for one in drawn[1:]:
        assert set(one) == set(RANGES[learner])
        assert all(RANGES[learner][name].low <= value <= RANGES[learner][name].high for name, value in one.items())
        with_drawn(TrainingConfig(), learner, one)  # a value that the settings refuse would raise
    for name, of in RANGES[learner].items():
        values = [one[name] for one in drawn[1:]]
        assert len(set(values)) > 3
        assert all(isinstance(value, int) for value in values) is (of.scale == "whole")


def test_a_trial_changes_what_was_drawn_and_nothing_else() -> None:
    config = TrainingConfig(seed=3)
    changed = with_drawn(config, "random_forest", {"min_samples_leaf": 4})
    assert changed.forest.min_samples_leaf == 4
    assert changed.model_copy(update={"forest": config.forest}) == config


def test_hopeless_hyperparameters_score_worse_and_the_same_ones_score_the_same(study: Study) -> None:
    good = judge(study, {})
    assert judge(study, {}) == good
    bad = judge(study, {"min_child_samples": 150})  # no tree can be split
    assert bad.macro_f1 < 0.5 < good.macro_f1
    assert best_of([bad, good]) == good


def test_held_out_rows_take_no_part(study: Study) -> None:
    wrong = study.table.labels.copy()
    wrong[study.split.test] = np.roll(np.unique(wrong), 1)[np.searchsorted(np.unique(wrong), wrong[study.split.test])]
    table = TrainingTable(**{**{name: getattr(study.table, name) for name in vars(study.table)}, "labels": wrong})
    other = Study(table, study.split, study.features, study.config, study.learner)
    assert judge(other, {}) == judge(study, {})


def test_a_study_goes_to_another_process_as_it_is(study: Study) -> None:
    assert judge(pickle.loads(pickle.dumps(study)), {}) == judge(study, {})  # noqa: S301  # our own bytes


def test_of_equal_trials_the_first_is_best_and_says_nothing_new() -> None:
    same = [Trial({}, 0.7, 10), Trial({"depth": 4}, 0.7, 12)]
    assert best_of(same) is same[0]
    assert settings_with({"folds": 3}, "catboost", same[0]) == {"folds": 3}


def test_the_best_goes_over_what_the_file_said_before() -> None:
    given = {"folds": 3, "forest": {"n_estimators": 50, "min_samples_leaf": 1}}
    assert settings_with(given, "random_forest", Trial({"min_samples_leaf": 4}, 0.7, 50)) == {
        "folds": 3,
        "forest": {"n_estimators": 50, "min_samples_leaf": 4},
    }
