"""Models and pixels for the benchmark of the scorer: made up, with fields, noise and gaps, so neighbours are alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from training.applicability import fit_applicability
from training.bundle import ModelBundle, library_versions
from training.combiner import Combiner
from training.config import LEARNERS, TrainingConfig
from training.learners.base import Rows, Scaler
from training.learners.learner_fit import LearnerFit
from training.learners.registry import learner_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIELD_PIXELS = 24
"""Side of a field: 240 m at 10 m, a usual size in Slovenia's plains and small for Kansas."""
OF_FIELD, OF_PIXEL = 1.5, 1.0
"""Standard deviations of what a field and a pixel add to the curve of their class, whose own is 1 a feature."""
MISLABELLED = 0.15
"""Share of samples with a wrong label: keeps trees as large as real samples make them."""
MISSING = 0.02
"""Share of values that were under cloud in all of a month."""


def pixels(side: int, features: int, classes: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return features float32 [side * side, features], row by row, and the class of each pixel int64."""
    random = np.random.default_rng(seed)
    curves = np.random.default_rng(1).normal(size=(classes, features))
    fields = -(-side // FIELD_PIXELS)
    of_field = random.integers(0, classes, (fields, fields))
    row, column = np.divmod(np.arange(side * side), side)
    at = (row // FIELD_PIXELS, column // FIELD_PIXELS)
    own = OF_FIELD * random.normal(size=(fields, fields, features))
    X = (curves[of_field[at]] + own[at]).astype(np.float32)
    X += np.float32(OF_PIXEL) * random.standard_normal(X.shape, np.float32)
    X[random.random(X.shape, np.float32) < MISSING] = np.nan
    return X, of_field[at].astype(np.int64)


def bundle(config: TrainingConfig, features: int, classes: int, samples: int) -> ModelBundle:
    """Fit each learner once, two at a time, on samples of such pixels, some of them mislabelled."""
    side = 4 * FIELD_PIXELS * int(np.ceil(np.sqrt(samples)) // FIELD_PIXELS + 1)
    X, y = pixels(side, features, classes, seed=2)
    chosen = np.random.default_rng(3).permutation(len(y))[:samples]
    X, y = X[chosen], y[chosen]
    wrong = np.random.default_rng(4).random(samples) < MISLABELLED
    y[wrong] = np.random.default_rng(5).integers(0, classes, int(wrong.sum()))
    return bundle_of(X, y, config)


def bundle_of(X: NDArray[np.float32], y: NDArray[np.int64], config: TrainingConfig) -> ModelBundle:
    """Fit each learner of the config on X float32 [n, f] and y 0..k-1, and pack them with a made-up vote."""
    classes, features = int(y.max()) + 1, X.shape[1]
    scaler = Scaler.fit(X) if config.variant == "Scaled" else None
    rows = Rows(X if scaler is None else scaler.transform(X), y, np.ones(len(y)), classes)
    names = tuple(f"band_{number:03d}" for number in range(features))
    classes_of = tuple(f"class {number:02d}" for number in range(classes))

    def fit(name: str) -> LearnerFit:
        learner = learner_named(name)
        params = learner.params(config)
        rounds = learner.max_rounds(params)
        model = learner.fit(rows, params, config.seed, rounds)
        empty = np.zeros((0, classes), np.float32)
        importance = learner.importance(model, features)
        return LearnerFit(
            name, names, classes_of, config.variant, {}, model, scaler, empty, importance, rounds, seconds=0.0
        )

    slowest_first = sorted(config.ensemble.learners, key=lambda name: name != "lightgbm")
    with ThreadPoolExecutor(2) as pool:
        fits = sorted(pool.map(fit, slowest_first), key=lambda one: LEARNERS.index(one.name))
    return _packed(tuple(fits), rows, config)


def _packed(fits: tuple[LearnerFit, ...], rows: Rows, config: TrainingConfig) -> ModelBundle:
    """Return a bundle of these learners; its vote is made up as well."""
    first, n = fits[0], len(fits)
    combiner = Combiner(np.linspace(0.8, 1.1, n), np.full(n, 1 / n), 1.2, np.linspace(0, 0.3, rows.n_classes))
    folds = (np.arange(len(rows.y)) % 2).astype(np.int8)
    return ModelBundle(
        learners=fits,
        combiner=combiner,
        weights=dict.fromkeys((fit.name for fit in fits), 1 / n),
        classes=first.classes,
        codes=tuple(range(1, rows.n_classes + 1)),
        features=first.features,
        recipe="benchmark@1",
        dataset_version="made up",
        dataset_digest="0" * 64,
        grouping="spatial-block",
        variant=config.variant,
        seed=config.seed,
        config=config.identity(),
        training_samples=len(rows.y),
        libraries=library_versions(),
        applicability=fit_applicability(rows.X[:500], rows.y[:500], folds[:500], first.importance, config.seed),
    )
