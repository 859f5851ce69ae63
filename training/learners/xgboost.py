"""XGBoost: binary or multi-class boosted trees by the histogram method."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from training.array_files import InvalidModelFile
from training.config import TrainingConfig, XGBoostParams
from training.learners.base import NOT_OF_A_LIBRARY, Learner, Rows, Stopper, both_classes, normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xgboost import Booster, DMatrix
    from xgboost.callback import TrainingCallback

TWO = 2  # classes: one tree a round instead of one a class


class XGBoost(Learner["Booster", XGBoostParams]):
    """Boosted trees; NaN takes the branch that training found better."""

    name: ClassVar[str] = "xgboost"
    file_name: ClassVar[str] = "model.ubj"

    def params(self, config: TrainingConfig) -> XGBoostParams:
        """Return XGBoost's settings."""
        return config.xgboost

    def fit(self, rows: Rows, params: XGBoostParams, seed: int, rounds: int) -> Booster:
        """Fit on one thread."""
        import xgboost

        settings = _settings(params, seed, rows.n_classes)
        return xgboost.train(settings, _binned(rows, settings), rounds, verbose_eval=False)

    def best_rounds(self, rows: Rows, stop: Rows, params: XGBoostParams, seed: int) -> int:
        """Return the rounds at which `stop` is predicted best."""
        import xgboost

        stopper = Stopper.of(params)
        settings = _settings(params, seed, rows.n_classes)
        settings["eval_metric"] = [settings["eval_metric"], "auc"]
        xgboost.train(
            settings,
            _binned(rows, settings),
            params.rounds,
            evals=[(_matrix(stop), "stop")],
            callbacks=[_callback(stopper)],
            verbose_eval=False,
        )
        return stopper.best_rounds

    def proba(self, model: Booster, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return probabilities float32 [n, k]."""
        import xgboost

        found = model.predict(xgboost.DMatrix(X, missing=np.nan, nthread=threads))
        return both_classes(found) if found.ndim == 1 else np.asarray(found, np.float32)

    def importance(self, model: Booster, n_features: int) -> NDArray[np.float64]:
        """Return the total gain by feature."""
        gain = np.zeros(n_features)
        for name, value in model.get_score(importance_type="total_gain").items():
            gain[int(name.removeprefix("f"))] = value
        return normalised(gain, n_features)

    def save(self, model: Booster, path: Path) -> None:
        """Write UBJSON."""
        path.write_bytes(bytes(model.save_raw("ubj")))

    def load(self, path: Path) -> Booster:
        """Read UBJSON."""
        import xgboost

        model = xgboost.Booster()
        try:
            model.load_model(bytearray(path.read_bytes()))
        except xgboost.core.XGBoostError as error:
            raise InvalidModelFile(f"{path.name} is not an XGBoost model") from error
        model.set_param({"nthread": 1})
        return model


def _settings(params: XGBoostParams, seed: int, n_classes: int) -> dict[str, Any]:
    kept = params.model_dump(exclude=NOT_OF_A_LIBRARY)
    goal: dict[str, Any] = (
        {"objective": "binary:logistic", "eval_metric": "logloss"}
        if n_classes == TWO
        else {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": n_classes}
    )
    fixed = {"tree_method": "hist", "nthread": 1, "seed": seed, "verbosity": 0}
    return {**kept, **goal, **fixed, **params.extra}


def _callback(stopper: Stopper) -> TrainingCallback:
    from xgboost.callback import TrainingCallback

    class Stop(TrainingCallback):
        def after_iteration(self, model: object, epoch: int, evals_log: Any) -> bool:  # noqa: ANN401  # nested unions
            del model, epoch
            loss, auc = (values[-1] for values in evals_log["stop"].values())
            return stopper.add([loss, -auc])

    return Stop()


def _binned(rows: Rows, settings: dict[str, Any]) -> DMatrix:
    """Return rows as the numbers of their bins, an eighth of a matrix of values; the trees are the same to the bit."""
    import xgboost

    if settings["tree_method"] != "hist":
        return _matrix(rows)
    bins = {"max_bin": settings["max_bin"]} if "max_bin" in settings else {}
    return xgboost.QuantileDMatrix(rows.X, label=rows.y, weight=rows.weight, missing=np.nan, nthread=1, **bins)


def _matrix(rows: Rows) -> DMatrix:
    import xgboost

    return xgboost.DMatrix(rows.X, label=rows.y, weight=rows.weight, missing=np.nan, nthread=1)
