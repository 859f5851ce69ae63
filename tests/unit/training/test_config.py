"""The settings of a training."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from training.config import TrainingConfig


def test_the_defaults_are_the_stated_ones() -> None:
    config = TrainingConfig()
    assert (config.seed, config.test_size, config.folds, config.variant) == (42, 0.2, 5, "Raw")
    assert config.forest.n_estimators == 200
    assert config.xgboost.rounds == 300
    assert config.lightgbm.rounds == 800


def test_a_config_survives_json() -> None:
    config = TrainingConfig.model_validate({"forest": {"max_features": None, "extra": {"ccp_alpha": 0.01}}})
    assert TrainingConfig.model_validate(json.loads(json.dumps(config.model_dump(mode="json")))) == config


def test_a_misspelt_hyperparameter_is_refused() -> None:
    with pytest.raises(ValidationError, match="learning_rat"):
        TrainingConfig.model_validate({"xgboost": {"learning_rat": 0.1}})


def test_the_number_of_cores_is_no_part_of_the_identity() -> None:
    assert TrainingConfig(cores=1).identity() == TrainingConfig(cores=8).identity()


@pytest.mark.parametrize(("given", "kept"), [("sqrt", "sqrt"), (5, 5), (0.5, 0.5), (None, None)])
def test_max_features_keeps_its_meaning(given: object, kept: object) -> None:
    got = TrainingConfig.model_validate({"forest": {"max_features": given}}).forest.max_features
    assert got == kept
    assert type(got) is type(kept)
