"""A random forest of scikit-learn's trees, kept as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from training.config import ForestParams, TrainingConfig
from training.forest_format import Forest
from training.learners.base import Learner, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RandomForest(Learner[Forest, ForestParams]):
    """The mean of fully grown trees; `rounds` is the number of trees, and more never hurt."""

    name: ClassVar[str] = "random_forest"
    file_name: ClassVar[str] = "forest.safetensors"

    def params(self, config: TrainingConfig) -> ForestParams:
        """Return the forest's settings."""
        return config.forest

    def max_rounds(self, params: ForestParams) -> int:
        """Return the number of trees."""
        return params.n_estimators

    def fit(self, rows: Rows, params: ForestParams, seed: int, rounds: int) -> Forest:
        """Grow the trees of scikit-learn's RandomForestClassifier, one after another on one thread.

        Its own `fit` resets the warning filters of the whole process for each tree, which races when folds are fitted
        side by side; its trees do not.
        """
        from sklearn.tree import DecisionTreeClassifier

        settings = params.model_dump(exclude=_NOT_OF_A_TREE) | params.extra
        n_drawn = max(1, round(len(rows.y) * (params.max_samples or 1.0)))
        seeds = np.random.RandomState(seed).randint(np.iinfo(np.int32).max, size=rounds)

        def grow() -> Iterator[Any]:  # one at a time: scikit-learn's own form of a tree takes six times the room
            for tree_seed in seeds:
                weight = rows.weight
                if params.bootstrap:
                    weight = weight * _times_drawn(int(tree_seed), len(rows.y), n_drawn)
                tree = DecisionTreeClassifier(**settings, random_state=int(tree_seed))
                yield tree.fit(rows.X, rows.y, sample_weight=weight).tree_

        return Forest.from_trees(grow())

    def proba(self, model: Forest, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return probabilities float32 [n, k]."""
        return model.predict_proba(X, threads)

    def importance(self, model: Forest, n_features: int) -> NDArray[np.float64]:
        """Return the mean decrease of impurity by feature."""
        del n_features
        return np.asarray(model.arrays["importance"], np.float64)

    def save(self, model: Forest, path: Path) -> None:
        """Write safetensors."""
        model.save(path)

    def load(self, path: Path) -> Forest:
        """Read safetensors."""
        return Forest.load(path)


_NOT_OF_A_TREE = {"seed", "extra", "n_estimators", "bootstrap", "max_samples"}


def _times_drawn(seed: int, n: int, n_drawn: int) -> NDArray[np.int64]:
    """Return how often each of n rows is in a bootstrap sample, int64 [n]; drawn as scikit-learn draws it."""
    drawn = np.random.RandomState(seed).randint(0, n, n_drawn)
    return np.bincount(drawn, minlength=n)
