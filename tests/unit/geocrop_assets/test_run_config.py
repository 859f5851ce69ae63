"""Training's settings in the launchpad: every hyperparameter, its default, and a refusal that names the field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import BaseModel, ValidationError

from geocrop_assets.run_config import InvalidTrainingDefaults, TrainingFields, TrainingSettings, training_settings
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


def test_an_installation_s_own_defaults_hold_where_a_run_names_none(tmp_path: Path) -> None:
    path = tmp_path / "training.yaml"
    path.write_text("folds: 3\nforest: {n_estimators: 15}\n")
    settings = training_settings(path).config("Raw", cores=1)
    assert (settings.folds, settings.forest.n_estimators) == (3, 15)
    assert settings.xgboost == TrainingConfig().xgboost
    job = dg.materialize(
        [uses],
        resources={"training": training_settings(path)},
        run_config={"resources": {"training": {"config": {"settings": {"folds": 4}}}}},
    )
    given = TrainingConfig.model_validate_json(job.output_for_node("uses"))
    assert given.folds == 4, "what a run names is above the installation's"


@pytest.mark.parametrize("text", ["trees: 3", "folds: 1", "- a list", "forest: 3", "{", None])
def test_defaults_that_name_nothing_real_stop_the_platform_with_the_file_s_name(
    tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "training.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InvalidTrainingDefaults, match=r"training\.yaml"):
        training_settings(path)
