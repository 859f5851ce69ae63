"""LightGBM: binary or multi-class boosted trees grown leaf by leaf."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from training.array_files import InvalidModelFile
from training.config import LightGBMParams, TrainingConfig
from training.learners.base import NOT_OF_A_LIBRARY, Learner, Rows, Stopper, both_classes, normalised

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset
    from numpy.typing import NDArray

TWO = 2  # classes: one tree a round instead of one a class


class LightGBM(Learner["Booster", LightGBMParams]):
    """Boosted trees; NaN takes the branch that training found better."""

    name: ClassVar[str] = "lightgbm"
    file_name: ClassVar[str] = "model.txt"

    def params(self, config: TrainingConfig) -> LightGBMParams:
        """Return LightGBM's settings."""
        return config.lightgbm

    def fit(self, rows: Rows, params: LightGBMParams, seed: int, rounds: int) -> Booster:
        """Fit on one thread."""
        import lightgbm

        settings = _settings(params, seed, rows.n_classes)
        return lightgbm.train(settings, _dataset(rows, settings), rounds)

    def best_rounds(self, rows: Rows, stop: Rows, params: LightGBMParams, seed: int) -> int:
        """Return the rounds at which `stop` is predicted best."""
        import lightgbm
        from lightgbm.callback import CallbackEnv, EarlyStopException

        stopper = Stopper.of(params)

        def add(env: CallbackEnv) -> None:
            found = env.evaluation_result_list or []
            if stopper.add([-value if higher_is_better else value for _, _, value, higher_is_better, *_ in found]):
                raise EarlyStopException(stopper.best_rounds - 1, found)

        settings = _settings(params, seed, rows.n_classes)
        metrics = ["binary_logloss", "auc"] if rows.n_classes == TWO else ["multi_logloss", "auc_mu"]
        known = _dataset(rows, settings)
        valid = known.create_valid(stop.X, label=stop.y, weight=stop.weight)
        lightgbm.train(settings | {"metric": metrics}, known, params.rounds, valid_sets=[valid], callbacks=[add])
        return stopper.best_rounds

    def proba(self, model: Booster, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return probabilities float32 [n, k]."""
        found = np.asarray(model.predict(X, num_threads=threads))
        return both_classes(found) if found.ndim == 1 else found.astype(np.float32)

    def importance(self, model: Booster, n_features: int) -> NDArray[np.float64]:
        """Return the total gain by feature."""
        return normalised(model.feature_importance("gain"), n_features)

    def save(self, model: Booster, path: Path) -> None:
        """Write LightGBM's text, which holds every number to its last digit."""
        path.write_text(model.model_to_string(), encoding="utf-8")

    def load(self, path: Path) -> Booster:
        """Read LightGBM's text."""
        import lightgbm

        try:
            return lightgbm.Booster(model_str=path.read_text(encoding="utf-8"))
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
            raise InvalidModelFile(f"{path.name} is not a LightGBM model") from error


def _settings(params: LightGBMParams, seed: int, n_classes: int) -> dict[str, Any]:
    kept = params.model_dump(exclude=NOT_OF_A_LIBRARY)
    kept = {_LIBRARY_NAMES.get(name, name): value for name, value in kept.items()}
    goal: dict[str, Any] = (
        {"objective": "binary"} if n_classes == TWO else {"objective": "multiclass", "num_class": n_classes}
    )
    fixed = {
        "bagging_freq": 1,
        "num_threads": 1,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "feature_pre_filter": False,
        "verbosity": -1,
    }
    return {**kept, **goal, **fixed, **params.extra}


_LIBRARY_NAMES = {
    "subsample": "bagging_fraction",
    "colsample_bytree": "feature_fraction",
    "min_child_samples": "min_data_in_leaf",
    "reg_lambda": "lambda_l2",
    "reg_alpha": "lambda_l1",
}


def _dataset(rows: Rows, settings: dict[str, Any]) -> Dataset:
    import lightgbm

    return lightgbm.Dataset(rows.X, label=rows.y, weight=rows.weight, params=settings)
