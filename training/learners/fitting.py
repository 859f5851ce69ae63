"""Fitting a learner: folds in parallel, each on one thread, then one model of all training rows.

A class can be absent from a fold, so labels are encoded inside each fit and probabilities aligned to all classes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from training.errors import GeocropError
from training.learners.base import Learner, Rows, Scaler, class_weights, wants_early_stopping
from training.learners.learner_fit import LearnerFit
from training.learners.registry import learner_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.config import LearnerParams, TrainingConfig
    from training.splits import Split
    from training.table import TrainingTable

Progress = Callable[[str, float], None]

MIN_STOP_ROWS = 10  # rows: a log loss of fewer says nothing about when to stop
MIN_CLASSES = 2
MAX_SEARCHES = 3  # folds that look for the number of rounds: a median needs no more, and each costs a fit
SHARE_OF_SEARCH = 0.4  # of the time of a learner that looks for its number of rounds


class NothingToLearnFrom(GeocropError):
    """Upload samples of at least two classes: the rows that are not held out hold fewer."""

    code: ClassVar[str] = "nothing-to-learn-from"


@dataclass(frozen=True)
class _Training:
    """The rows that are not held out, which all learners share: X float32 [n, f], y int64, groups and folds [n]."""

    X: NDArray[np.float32]
    y: NDArray[np.int64]
    groups: NDArray[np.str_]
    folds: NDArray[np.int8]
    features: tuple[str, ...]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, table: TrainingTable, split: Split, features: Sequence[str]) -> _Training:
        """Copy them once; raises NothingToLearnFrom for fewer than two classes, InvalidTable for unknown features."""
        train = ~split.test
        labels, y = np.unique(table.labels[train], return_inverse=True)
        if len(labels) < MIN_CLASSES:
            raise NothingToLearnFrom(f"the {int(train.sum())} training rows hold {len(labels)} class")
        return cls(
            X=table.columns(features, train),
            y=y.astype(np.int64),
            groups=table.groups[train],
            folds=split.folds[train],
            features=tuple(features),
            classes=tuple(str(label) for label in labels),
        )


@dataclass(frozen=True)
class _Job:
    """All that the fits of one learner share."""

    learner: Learner[Any, Any]
    params: LearnerParams
    config: TrainingConfig
    seed: int
    rows: _Training

    @property
    def n_classes(self) -> int:
        """Number of classes of all rows."""
        return len(self.rows.classes)

    def X_of(self, rows: NDArray[np.bool_]) -> NDArray[np.float32]:  # noqa: N802  # X is a table's name
        """Return the features of the rows of a mask; of all of them without a copy."""
        return self.rows.X if rows.all() else self.rows.X[rows]


@dataclass(frozen=True)
class _Fitted:
    """A model of the classes `present` (numbers in the full list); None where only one was present."""

    model: Any
    scaler: Scaler | None
    present: NDArray[np.int64]


def fit_learner(
    name: str,
    table: TrainingTable,
    split: Split,
    features: Sequence[str],
    config: TrainingConfig,
    *,
    progress: Progress | None = None,
    pool: Executor | None = None,
) -> LearnerFit:
    """Fit one learner on the rows that are not held out, with out-of-fold probabilities over the split's folds.

    Folds run side by side in `pool` (by default a thread pool of `config.cores`); each fit uses one thread, so the
    result does not depend on the number of cores. `progress` gets a sentence and the share done, 0..1. Raises
    NothingToLearnFrom when the training rows hold fewer than two classes, InvalidTable for an unknown feature.
    """
    rows = _Training.of(table, split, features)
    with nullcontext(pool) if pool else pool_of(config.cores) as workers:
        return _fit_on(rows, name, config, workers, progress)


def _fit_on(
    training: _Training, name: str, config: TrainingConfig, workers: Executor, progress: Progress | None
) -> LearnerFit:
    """Fit one learner on rows that it may share with others."""
    started = time.perf_counter()
    job = _job(name, training, config)
    tell = progress or (lambda _message, _share: None)
    everything = np.ones(len(training.y), np.bool_)
    fit_rows = [training.folds != fold for fold in np.unique(training.folds)]
    rounds = _common_rounds(workers, job, fit_rows, tell)
    final_fit = workers.submit(_fit, job, everything, rounds)
    oof = np.zeros((len(training.y), job.n_classes), np.float32)
    for number, proba in _run(workers, job, fit_rows, rounds, tell):
        oof[~fit_rows[number]] = proba
    final = final_fit.result()
    tell(f"{name}: fitted", 1.0)
    return LearnerFit(
        name=name,
        features=training.features,
        classes=training.classes,
        variant=config.variant,
        params=job.params.model_dump(mode="json"),
        model=final.model,
        scaler=final.scaler,
        oof=oof,
        importance=job.learner.importance(final.model, len(training.features)),
        rounds=rounds,
        seconds=time.perf_counter() - started,
    )


def fit_learners(
    table: TrainingTable,
    split: Split,
    features: Sequence[str],
    config: TrainingConfig,
    *,
    progress: Progress | None = None,
) -> tuple[LearnerFit, ...]:
    """Fit the ensemble's learners on one shared pool of `config.cores` and one copy of the training rows.

    They come back in the order of the config; raises what `fit_learner` raises.
    """
    rows = _Training.of(table, split, features)
    names = config.ensemble.learners
    shares = dict.fromkeys(names, 0.0)

    def fit(name: str, pool: Executor) -> LearnerFit:
        def tell(message: str, share: float) -> None:
            shares[name] = share  # type: ignore[index]  # a name of the config
            if progress:
                progress(message, sum(shares.values()) / len(shares))

        return _fit_on(rows, name, config, pool, tell)

    with pool_of(config.cores) as pool, ThreadPoolExecutor(len(names)) as coordinators:
        return tuple(coordinators.map(lambda name: fit(name, pool), names))


@contextmanager
def pool_of(cores: int | None) -> Iterator[Executor]:
    """Open a pool of threads, one a core: all four libraries release the GIL while they fit."""
    with ThreadPoolExecutor(cores or len(os.sched_getaffinity(0))) as pool:
        yield pool


def _job(name: str, rows: _Training, config: TrainingConfig) -> _Job:
    """Return what the fits of a learner share."""
    learner = learner_named(name)
    params = learner.params(config)
    return _Job(learner, params, config, config.seed if params.seed is None else params.seed, rows)


def _common_rounds(workers: Executor, job: _Job, fit_rows: Sequence[NDArray[np.bool_]], tell: Progress) -> int:
    """Return the median over (three) folds of the rounds that serve an inner part of the fold's rows best.

    One number for all fits: out-of-fold probabilities then are those of the model that is kept, and one fold with an
    unlucky inner part does not stop early.
    """
    if not wants_early_stopping(job.params):
        return job.learner.max_rounds(job.params)
    found = list(workers.map(lambda rows: _find_rounds(job, rows), fit_rows[:MAX_SEARCHES]))
    rounds = int(np.median(found))
    tell(f"{job.learner.name}: {rounds} rounds", SHARE_OF_SEARCH)
    return rounds


def _run(
    workers: Executor, job: _Job, fit_rows: Sequence[NDArray[np.bool_]], rounds: int, tell: Progress
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield (number of the fold, probabilities of its rows) as folds finish."""
    waiting = {workers.submit(_fold, job, rows, rounds): number for number, rows in enumerate(fit_rows)}
    start = SHARE_OF_SEARCH if wants_early_stopping(job.params) else 0.0
    try:
        for done, future in enumerate(as_completed(waiting), start=1):
            yield waiting[future], future.result()
            share = start + (1 - start) * done / (len(fit_rows) + 1)
            tell(f"{job.learner.name}: fold {done} of {len(fit_rows)}", share)
    finally:
        for future in waiting:
            future.cancel()


def _fold(job: _Job, fit_rows: NDArray[np.bool_], rounds: int) -> NDArray[np.float32]:
    """Fit on some training rows and return the probabilities float32 [rows left out, k]."""
    n = int((~fit_rows).sum())
    if not fit_rows.any():  # a split of one fold: nothing to learn from, so nothing to say out of fold
        return np.full((n, job.n_classes), 1 / job.n_classes, np.float32)
    fitted = _fit(job, fit_rows, rounds)
    proba = np.zeros((n, job.n_classes), np.float32)
    if fitted.model is None:
        proba[:, fitted.present] = 1
    else:
        X = job.X_of(~fit_rows)
        scaled = X if fitted.scaler is None else fitted.scaler.transform(X)
        proba[:, fitted.present] = job.learner.proba(fitted.model, scaled)
    return proba


def _encode(job: _Job, fit_rows: NDArray[np.bool_]) -> tuple[Rows, Scaler | None, NDArray[np.int64]]:
    """Return the rows with classes numbered among those present, the scaler fitted on them, and these classes."""
    present, y = np.unique(job.rows.y[fit_rows], return_inverse=True)
    y, X = y.astype(np.int64), job.X_of(fit_rows)
    scaler = Scaler.fit(X) if job.config.variant == "Scaled" else None
    weight = class_weights(y, len(present), job.config.weights)
    return Rows(X if scaler is None else scaler.transform(X), y, weight, len(present)), scaler, present


def _fit(job: _Job, fit_rows: NDArray[np.bool_], rounds: int) -> _Fitted:
    """Fit exactly these rounds on these rows."""
    rows, scaler, present = _encode(job, fit_rows)
    if len(present) < MIN_CLASSES:
        return _Fitted(None, None, present)
    return _Fitted(job.learner.fit(rows, job.params, job.seed, rounds), scaler, present)


def _find_rounds(job: _Job, fit_rows: NDArray[np.bool_]) -> int:
    """Return the rounds that serve rows of groups a model has not seen; all of them where that cannot be told."""
    every = job.learner.max_rounds(job.params)
    if not fit_rows.any():
        return every
    rows, _, present = _encode(job, fit_rows)
    share = getattr(job.params, "inner_share")  # noqa: B009  # boosted trees have it
    stop = inner_part(rows.y, job.rows.groups[fit_rows], share, job.seed)
    if len(present) < MIN_CLASSES or stop.sum() < MIN_STOP_ROWS:
        return every
    known, unseen = rows.take(~stop), rows.take(stop)
    del rows  # it would be kept through the search
    return job.learner.best_rounds(known, unseen, job.params, job.seed)


def inner_part(y: NDArray[np.int64], groups: NDArray[np.str_], share: float, seed: int) -> NDArray[np.bool_]:
    """Return a mask [n] of whole groups, about `share` of the rows, that leaves every class in the rest.

    Groups are taken in a seeded order; one that would overshoot by half again, or take a class's last
    rows, is passed over.
    """
    names, of_row = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), int(y.max()) + 1), np.int64)
    np.add.at(counts, (of_row, y), 1)
    left, wanted, taken = counts.sum(axis=0), share * len(y), 0
    chosen = np.zeros(len(names), np.bool_)
    for group in np.random.default_rng(seed).permutation(len(names)):
        size = int(counts[group].sum())
        if taken + size > 1.5 * wanted or ((left - counts[group] < 1) & (counts[group] > 0)).any():
            continue
        chosen[group] = True
        left, taken = left - counts[group], taken + size
        if taken >= wanted:
            break
    return np.asarray(chosen[of_row], np.bool_)
