"""What a fitted learner is: its model, its out-of-fold probabilities, and how both are kept in files."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.array_files import InvalidModelFile, read_arrays, write_arrays
from training.learners.base import Scaler
from training.learners.registry import learner_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

FACTS_FILE = "learner.json"
ARRAYS_FILE = "arrays.safetensors"
ARRAYS_FORMAT = "geocrop-learner-1"


@dataclass(frozen=True, eq=False)
class LearnerFit:
    """One learner, fitted.

    `classes` are the names of the classes among the training rows, sorted; columns of every probability are in that
    order. `oof` is float32 [n_train, k] in the order of the table's rows that are not held out: row i comes from a
    model that has not seen the fold of row i. `model` is fitted on all training rows, `rounds` trees a class.
    `importance` is float64 [f], summing to 1. `seconds` is wall time and no part of what is learnt.
    """

    name: str
    features: tuple[str, ...]
    classes: tuple[str, ...]
    variant: str
    params: dict[str, Any]
    model: Any
    scaler: Scaler | None
    oof: NDArray[np.float32]
    importance: NDArray[np.float64]
    rounds: int
    seconds: float

    def predict_proba(self, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return float32 [n, k] for float32 [n, f], columns of X in the order of `features`, NaN = missing."""
        X = np.ascontiguousarray(X, np.float32)
        if X.ndim != 2 or X.shape[1] != len(self.features):  # noqa: PLR2004  # rows by columns
            raise ValueError(f"X is {list(X.shape)}, and must be [n, {len(self.features)}]")
        if len(X) == 0:
            return np.zeros((0, len(self.classes)), np.float32)
        if self.scaler is not None:
            X = self.scaler.transform(X)
        return learner_named(self.name).proba(self.model, X, threads)

    def without_training_traces(self) -> LearnerFit:
        """Return what a bundle keeps: no out-of-fold probabilities, no wall time."""
        return replace(self, oof=np.zeros((0, len(self.classes)), np.float32), seconds=0.0)

    def save(self, folder: Path) -> None:
        """Write the library's model file, the arrays (safetensors) and the facts (JSON) into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        learner = learner_named(self.name)
        learner.save(self.model, folder / learner.file_name)
        arrays: dict[str, NDArray[Any]] = {"oof": self.oof, "importance": self.importance}
        if self.scaler is not None:
            arrays |= {"mean": self.scaler.mean, "scale": self.scaler.scale}
        write_arrays(folder / ARRAYS_FILE, arrays, ARRAYS_FORMAT)
        facts = {name: getattr(self, name) for name in _FACTS}
        text = json.dumps(facts, sort_keys=True, indent=1)
        (folder / FACTS_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LearnerFit:
        """Read what `save` wrote, without running code from it; raises InvalidModelFile."""
        try:
            facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
            learner = learner_named(facts["name"])
            facts = {name: facts[name] for name in _FACTS}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidModelFile(f"{folder.name}/{FACTS_FILE}: {error}") from error
        arrays = read_arrays(folder / ARRAYS_FILE, ARRAYS_FORMAT)
        facts |= {"features": tuple(facts["features"]), "classes": tuple(facts["classes"])}
        return cls(
            **facts,
            model=learner.load(folder / learner.file_name),
            scaler=Scaler(arrays["mean"], arrays["scale"]) if "mean" in arrays else None,
            oof=arrays["oof"],
            importance=arrays["importance"],
        )


_FACTS = ("name", "features", "classes", "variant", "params", "rounds", "seconds")
