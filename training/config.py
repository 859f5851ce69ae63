"""Every hyperparameter of training with its default: frozen, checked, plain JSON, so fit for a run config."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LearnerName = Literal["random_forest", "xgboost", "lightgbm", "catboost"]
LEARNERS: tuple[LearnerName, ...] = ("random_forest", "xgboost", "lightgbm", "catboost")

Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]


class Params(BaseModel):
    """What all groups of settings share: unknown names are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LearnerParams(Params):
    """What all learners share. `extra` is handed to the library as it is, over the fields above it."""

    seed: int | None = Field(None, description="Seed of this learner alone; None takes the seed of the training.")
    extra: dict[str, Any] = Field(default_factory=dict, description="Passed to the library under its own names.")


class BoostedParams(LearnerParams):
    """Boosted trees: at most `rounds`, fewer where an inner held-out part stops improving."""

    rounds: Count = 300
    early_stopping: bool = Field(
        True,
        description="Take the median over three folds of the rounds after which neither log loss nor AUC of an inner, "
        "group-aware part of the training rows improves.",
    )
    patience: Count = Field(50, description="Rounds without improvement before the search stops.")
    min_rounds: Count = Field(
        150,
        description="Never take fewer (but `rounds` at most): on unlike places an inner part says little early.",
    )
    inner_share: Share = Field(0.2, description="Share of a fold's training groups that decide when to stop.")


class ForestParams(LearnerParams):
    """scikit-learn's random forest."""

    n_estimators: Count = 200
    criterion: Literal["gini", "entropy", "log_loss"] = "gini"
    max_features: Literal["sqrt", "log2"] | Count | PositiveShare | None = "sqrt"
    max_depth: Count | None = None
    min_samples_split: Annotated[int, Field(ge=2)] = 2
    min_samples_leaf: Count = 1
    max_leaf_nodes: Annotated[int, Field(ge=2)] | None = None
    bootstrap: bool = True
    max_samples: PositiveShare | None = None


class XGBoostParams(BoostedParams):
    """XGBoost with the histogram method."""

    rounds: Count = 300
    learning_rate: PositiveShare = 0.1
    max_depth: Count = 6
    min_child_weight: NotNegative = 1.0
    subsample: PositiveShare = 0.8
    colsample_bytree: PositiveShare = 0.8
    reg_lambda: NotNegative = 1.0
    reg_alpha: NotNegative = 0.0
    gamma: NotNegative = 0.0
    max_bin: Annotated[int, Field(ge=2)] = 64


class LightGBMParams(BoostedParams):
    """LightGBM; bins are made from all training rows, histograms are always built column by column."""

    rounds: Count = 800
    learning_rate: PositiveShare = 0.05
    num_leaves: Annotated[int, Field(ge=2)] = 31
    max_depth: Annotated[int, Field(ge=-1)] = -1
    min_child_samples: Count = 20
    subsample: PositiveShare = 0.8
    colsample_bytree: PositiveShare = 0.8
    reg_lambda: NotNegative = 1.0
    reg_alpha: NotNegative = 0.0
    max_bin: Annotated[int, Field(ge=2)] = 63


class CatBoostParams(BoostedParams):
    """CatBoost with symmetric trees and plain boosting."""

    rounds: Count = 400
    learning_rate: PositiveShare = 0.15
    depth: Annotated[int, Field(ge=1, le=16)] = 6
    l2_leaf_reg: NotNegative = 3.0
    random_strength: NotNegative = 1.0
    subsample: PositiveShare = 0.8
    colsample_bylevel: PositiveShare = 0.3
    border_count: Annotated[int, Field(ge=1, le=65535)] = 32


class WeightParams(Params):
    """How much a sample of a rare class weighs in a fit."""

    method: Literal["balanced", "none"] = "balanced"
    cap: Annotated[float, Field(ge=1)] = Field(
        10.0, description="No class weighs more than this many times the most frequent one."
    )


class ScoutParams(Params):
    """Feature selection before the learners."""

    enabled: bool = True
    rounds: Count = 60
    learning_rate: PositiveShare = 0.1
    repeats: Count = Field(2, description="Permutations of each feature in each held-out fold.")
    min_features: Count = Field(4, description="Never keep fewer features than this.")


class EnsembleParams(Params):
    """Soft vote, calibration and decision, all fitted on out-of-fold probabilities."""

    learners: tuple[LearnerName, ...] = Field(LEARNERS, min_length=1)
    prior_samples: NotNegative = Field(
        10.0, description="Imagined samples that each learner predicts best: pulls weights of small data to equal ones."
    )
    calibration: Literal["temperature", "none"] = Field(
        "temperature", description="temperature: each learner and the vote are sharpened or softened to fit the labels."
    )
    decision: Literal["balanced", "argmax"] = Field(
        "balanced",
        description="balanced: rare classes get a head start, one number tuned out of fold for macro F1; "
        "argmax: the likeliest class, best for overall accuracy.",
    )


class TrainingConfig(Params):
    """All settings of one training; `model_dump(mode="json")` of it is part of the bundle and of its hash."""

    seed: int = 42
    test_size: Annotated[float, Field(gt=0, le=0.5)] = 0.2
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    variant: Literal["Scaled", "Raw"] = "Raw"
    forest: ForestParams = ForestParams()
    xgboost: XGBoostParams = XGBoostParams()
    lightgbm: LightGBMParams = LightGBMParams()
    catboost: CatBoostParams = CatBoostParams()
    weights: WeightParams = WeightParams()
    scout: ScoutParams = ScoutParams()
    ensemble: EnsembleParams = EnsembleParams()
    cores: Count | None = Field(
        None, description="Fits that run at once; None takes all cores. The result does not depend on it."
    )

    def identity(self) -> dict[str, Any]:
        """Return the JSON-able settings that decide the result: all but `cores`."""
        return self.model_dump(mode="json", exclude={"cores"})
