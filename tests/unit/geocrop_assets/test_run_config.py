"""Training's settings in the launchpad: every hyperparameter, its default, and a refusal that names the field."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
from pydantic import BaseModel, ValidationError

from geocrop_assets.run_config import TrainingFields, TrainingSettings
from training.config import TrainingConfig


def leaves(model: type[BaseModel], prefix: str = "") -> set[str]:
    """Return the names of all settings of a model, nested ones with dots."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= leaves(kind, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


@dg.asset
def uses(training: TrainingSettings) -> str:
    """Return the settings that a run was given."""
    return training.config("Scaled", cores=1).model_dump_json()


def config_of(settings: dict[str, Any]) -> TrainingConfig:
    """Return what an asset gets when a person writes these settings into the launchpad."""
    resources = {"training": {"config": {"settings": settings}}}
    result = dg.materialize([uses], resources={"training": TrainingSettings()}, run_config={"resources": resources})
    return TrainingConfig.model_validate_json(result.output_for_node("uses"))


def test_every_hyperparameter_is_a_field_but_the_variant_which_is_the_partition() -> None:
    assert leaves(TrainingFields) == leaves(TrainingConfig) - {"variant"}
    assert "lightgbm.num_leaves" in leaves(TrainingFields)


def test_the_defaults_are_those_of_training() -> None:
    assert TrainingSettings().config() == TrainingConfig()
    assert config_of({}) == TrainingConfig(variant="Scaled", cores=1)


def test_the_number_of_cores_of_a_run_is_over_the_installations() -> None:
    assert TrainingSettings().config(cores=2).cores == 2
    assert config_of({"cores": 3}).cores == 3


@pytest.mark.parametrize(
    ("settings", "path", "value"),
    [
        ({"seed": 7}, "seed", 7),
        ({"forest": {"n_estimators": 50}}, "forest.n_estimators", 50),
        ({"forest": {"max_features": 0.5}}, "forest.max_features", 0.5),
        ({"forest": {"max_features": 12}}, "forest.max_features", 12),
        ({"forest": {"max_depth": 4}}, "forest.max_depth", 4),
        ({"forest": {"criterion": "entropy"}}, "forest.criterion", "entropy"),
        ({"xgboost": {"early_stopping": False}}, "xgboost.early_stopping", False),
        ({"lightgbm": {"extra": {"path_smooth": 1.5}}}, "lightgbm.extra", {"path_smooth": 1.5}),
        ({"ensemble": {"learners": ["catboost"]}}, "ensemble.learners", ("catboost",)),
        ({"weights": {"method": "none"}}, "weights.method", "none"),
    ],
)
def test_a_setting_of_a_run_arrives_as_it_was_written(settings: dict[str, Any], path: str, value: object) -> None:
    found: Any = config_of(settings)
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"sead": 7}, "sead"),
        ({"forest": {"n_trees": 50}}, "n_trees"),
        ({"forest": {"n_estimators": "many"}}, "n_estimators"),
        ({"forest": {"criterion": "guess"}}, "criterion"),
        ({"variant": "Raw"}, "variant"),
    ],
)
def test_a_wrong_name_or_kind_is_refused_before_the_run_starts(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match=named):
        config_of(settings)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"test_size": 0.9}, "test_size"),
        ({"folds": 1}, "folds"),
        ({"forest": {"n_estimators": 0}}, "forest.n_estimators"),
        ({"catboost": {"depth": 99}}, "catboost.depth"),
        ({"forest": {"max_features": "cube"}}, "forest.max_features"),
        ({"ensemble": {"learners": ["oracle"]}}, "ensemble.learners"),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_field_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises((ValidationError, dg.DagsterInvalidConfigError), match=named.replace(".", r"(\.|.*)")):
        config_of(settings)
