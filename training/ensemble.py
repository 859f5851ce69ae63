"""From fitted learners to one model: soft vote and calibration, fitted on out-of-fold probabilities only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from training.applicability import fit_applicability
from training.bundle import ModelBundle, library_versions
from training.classes import ClassTable
from training.combiner import Combiner, fit_combiner
from training.errors import GeocropError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.config import TrainingConfig
    from training.learners import LearnerFit
    from training.splits import Split
    from training.table import TrainingTable


class MismatchedLearners(GeocropError):
    """Fit all learners of an ensemble on the same table, split, features and variant."""

    code: ClassVar[str] = "mismatched-learners"


@dataclass(frozen=True)
class _OutOfFold:
    """Probabilities float32 [learner, n, k], class numbers int64 [n], folds int8 [n] and which rows can be judged."""

    stack: NDArray[np.float32]
    y: NDArray[np.int64]
    folds: NDArray[np.int8]
    judged: NDArray[np.bool_]

    def fit(self, rows: NDArray[np.bool_], config: TrainingConfig) -> Combiner:
        """Fit the vote on these of the rows whose class their fold's models knew."""
        rows = rows & self.judged
        return fit_combiner(self.stack[:, rows], self.y[rows], config.ensemble)


def fit_ensemble(
    fits: Sequence[LearnerFit],
    table: TrainingTable,
    split: Split,
    config: TrainingConfig,
    class_table: ClassTable | None = None,
) -> ModelBundle:
    """Weigh, calibrate and pack the learners.

    Learners whose weight is zero are left out of the bundle. Raises MismatchedLearners when the fits do not belong
    together, UnknownClass for a label that is not in the class table (the default one unless given).
    """
    known = _out_of_fold(fits, table, split)
    combiner = known.fit(np.ones(len(known.y), np.bool_), config)
    kept = [number for number, weight in enumerate(combiner.weights) if weight > 0]
    first = fits[0]
    train = ~split.test
    importance = sum((combiner.weights[n] * fits[n].importance for n in kept), np.zeros(len(first.features)))
    codes = class_table or ClassTable.load()
    return ModelBundle(
        learners=tuple(fits[number].without_training_traces() for number in kept),
        combiner=combiner.keep(combiner.weights > 0),
        weights={fit.name: float(weight) for fit, weight in zip(fits, combiner.weights, strict=True)},
        classes=first.classes,
        codes=tuple(codes.by_name(name).code for name in first.classes),
        features=first.features,
        recipe=table.recipe,
        dataset_version=table.dataset_version,
        dataset_digest=table.dataset_digest,
        grouping=table.grouping,
        variant=config.variant,
        seed=config.seed,
        config=config.identity(),
        training_samples=int(train.sum()),
        libraries=library_versions(),
        applicability=fit_applicability(
            table.columns(first.features)[train], known.y, known.folds, importance, config.seed
        ),
    )


def cross_fitted_proba(
    fits: Sequence[LearnerFit], table: TrainingTable, split: Split, config: TrainingConfig
) -> NDArray[np.float32]:
    """Return the ensemble's probabilities float32 [n_train, k] of rows it has not seen in any way.

    Rows are those of the table that are not held out. Learners' probabilities are out of fold, and the weights and
    calibration applied to a fold are fitted on the other folds. Columns are in the order of `fits[0].classes`.
    """
    known = _out_of_fold(fits, table, split)
    proba = np.zeros(known.stack.shape[1:], np.float32)
    for fold in np.unique(known.folds):
        here = known.folds == fold
        proba[here] = known.fit(~here, config).mix(known.stack[:, here])
    return proba


def _out_of_fold(fits: Sequence[LearnerFit], table: TrainingTable, split: Split) -> _OutOfFold:
    _refuse_mismatch(fits, table, split)
    train = ~split.test
    classes = np.asarray(fits[0].classes)
    y = np.searchsorted(classes, table.labels[train]).astype(np.int64)
    folds = split.folds[train]
    judged = np.zeros(len(y), np.bool_)
    for fold in np.unique(folds):
        learnt = np.unique(y[folds != fold])
        judged |= (folds == fold) & np.isin(y, learnt)
    return _OutOfFold(np.stack([fit.oof for fit in fits]), y, folds, judged)


def _refuse_mismatch(fits: Sequence[LearnerFit], table: TrainingTable, split: Split) -> None:
    if not fits:
        raise MismatchedLearners("there is no learner to combine")
    train = ~split.test
    classes = tuple(str(name) for name in np.unique(table.labels[train]))
    for fit in fits:
        if (fit.features, fit.variant, fit.classes) != (fits[0].features, fits[0].variant, classes):
            raise MismatchedLearners(f"{fit.name} has other features, another variant or other classes than the rest")
        if fit.oof.shape != (int(train.sum()), len(classes)):
            raise MismatchedLearners(f"{fit.name} was fitted on {len(fit.oof)} rows, the table has {int(train.sum())}")
