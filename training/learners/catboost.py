"""CatBoost: binary or multi-class boosted symmetric trees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from training.array_files import InvalidModelFile
from training.config import CatBoostParams, TrainingConfig
from training.learners.base import NOT_OF_A_LIBRARY, Learner, Rows, Stopper, normalised

if TYPE_CHECKING:
    from catboost import CatBoost as Booster
    from catboost import Pool
    from numpy.typing import NDArray

TWO = 2  # classes: one tree a round serves both
CHANGING_METADATA = ("train_finish_time", "model_guid")  # differ from run to run, and would change the hash


class CatBoost(Learner["Booster", CatBoostParams]):
    """Boosted symmetric trees; NaN counts as less than every value."""

    name: ClassVar[str] = "catboost"
    file_name: ClassVar[str] = "model.cbm"

    def params(self, config: TrainingConfig) -> CatBoostParams:
        """Return CatBoost's settings."""
        return config.catboost

    def fit(self, rows: Rows, params: CatBoostParams, seed: int, rounds: int) -> Booster:
        """Fit on one thread."""
        from catboost import CatBoost as Booster

        model = Booster(_settings(params, seed, rows.n_classes) | {"iterations": rounds})
        return model.fit(_pool(rows))

    def best_rounds(self, rows: Rows, stop: Rows, params: CatBoostParams, seed: int) -> int:
        """Return the rounds at which `stop` is predicted best."""
        from catboost import CatBoost as Booster

        stopper = Stopper.of(params)
        auc = "AUC" if rows.n_classes == TWO else "AUC:type=Mu"
        watched = {"iterations": params.rounds, "custom_metric": [auc], "use_best_model": False}
        model = Booster(_settings(params, seed, rows.n_classes) | watched)
        model.fit(_pool(rows), eval_set=_pool(stop), callbacks=[_Stop(stopper)])
        return stopper.best_rounds

    def proba(self, model: Booster, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return probabilities float32 [n, k]."""
        found = model.predict(X, prediction_type="Probability", thread_count=threads)
        return np.asarray(found, np.float32)

    def importance(self, model: Booster, n_features: int) -> NDArray[np.float64]:
        """Return the mean change of predictions by feature."""
        return normalised(np.asarray(model.get_feature_importance(), np.float64), n_features)

    def save(self, model: Booster, path: Path) -> None:
        """Write CatBoost's binary without its time stamp and random identifier."""
        metadata = model.get_metadata()
        for name in CHANGING_METADATA:
            metadata[name] = ""
        model.save_model(str(path), format="cbm")

    def load(self, path: Path) -> Booster:
        """Read CatBoost's binary."""
        from catboost import CatBoost as Booster
        from catboost import CatBoostError

        try:
            return Booster().load_model(str(path), format="cbm")
        except CatBoostError as error:
            raise InvalidModelFile(f"{path.name} is not a CatBoost model") from error


@dataclass
class _Stop:
    """What CatBoost calls after each round; it goes on while the answer is true."""

    stopper: Stopper

    def after_iteration(self, info: Any) -> bool:  # noqa: ANN401  # CatBoost's own, untyped
        found = info.metrics["validation"]
        losses = [-values[-1] if name.startswith("AUC") else values[-1] for name, values in sorted(found.items())]
        return not self.stopper.add(losses)


def _settings(params: CatBoostParams, seed: int, n_classes: int) -> dict[str, Any]:
    kept = params.model_dump(exclude=NOT_OF_A_LIBRARY)
    kept["rsm"] = kept.pop("colsample_bylevel")
    goal: dict[str, Any] = (
        {"loss_function": "Logloss"}
        if n_classes == TWO
        else {"loss_function": "MultiClass", "classes_count": n_classes}
    )
    fixed = {
        "bootstrap_type": "Bernoulli",
        "boosting_type": "Plain",
        "thread_count": 1,
        "random_seed": seed,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
    return {**kept, **goal, **fixed, **params.extra}


def _pool(rows: Rows) -> Pool:
    from catboost import Pool

    return Pool(rows.X, label=rows.y, weight=rows.weight, thread_count=1)
