"""How good a model is, on places it has never seen: one report for a model or for a map held against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from training.accuracy import (
    FEW_BLOCKS,
    MIN_BLOCKS_FOR_INTERVAL,
    REPLICATES,
    Ints,
    Scores,
    block_proportions,
    confusion_by_block,
    f1_scores,
    independent_proportions,
    score,
    score_independent,
)
from training.errors import GeocropError
from training.held_out import HeldOut
from training.reliability import expected_calibration_error, reliability_curve
from training.report import EvaluationReport, confusion_frame

if TYPE_CHECKING:
    import pandas as pd

    from training.splits import Split
    from training.table import TrainingTable

__all__ = ["EvaluationReport", "HeldOut", "NothingToJudge", "OtherRecipe", "assess", "describe_grouping", "evaluate"]

DEFAULT_SEED = 42  # of the bootstrap


class OtherRecipe(GeocropError):
    """Measure the samples with the model's own recipe: a model never meets features of another one."""

    code: ClassVar[str] = "recipe-differs"


class NothingToJudge(GeocropError):
    """Give held-out samples with known truth: without them no accuracy can be stated."""

    code: ClassVar[str] = "nothing-to-judge"


class Predictor(Protocol):
    """What of a model bundle the evaluation needs."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, one for each column of probabilities."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of X."""

    @property
    def recipe(self) -> str:
        """Id of the recipe that the features are of."""

    def predict_proba(self, rows: npt.NDArray[np.float32], /) -> npt.NDArray[np.float32]:
        """Return probabilities [n, k] of rows of features [n, f]."""


def assess(
    labels: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    confidence: npt.ArrayLike | None = None,
    sample_ids: npt.ArrayLike | None = None,
    classes: Sequence[str] | None = None,
    method: str | None = None,
    seed: int = DEFAULT_SEED,
    replicates: int = REPLICATES,
) -> EvaluationReport:
    """Hold predictions against the truth: of a model, or of a crop map at labelled places.

    Args:
        labels: the truth, class names [n].
        predicted: class names [n].
        groups: blocks [n]; without them every sample counts as independent, and the report says so.
        confidence: probability 0..1 of each prediction [n], for the reliability curve.
        sample_ids: text [n]; numbered where absent.
        classes: what the model knows; without it, what the predictions hold. Classes of the truth that are not among
            them stay in the tables, and their samples count as errors.
        method: how the samples were held out, one clause; the rest of the text is added.
        seed: of the bootstrap.
        replicates: of the bootstrap.

    Raises:
        NothingToJudge: no samples.
        ValueError: arrays of unequal length.

    """
    held_out = _held_out(labels, predicted, groups, confidence, sample_ids)
    if len(held_out) == 0:
        raise NothingToJudge(
            "There are no held-out samples: give samples with known truth that no model was fitted on."
        )
    known = tuple(classes) if classes is not None else tuple(np.unique(held_out.predicted).tolist())
    names = sorted({*known, *np.unique(held_out.labels).tolist(), *np.unique(held_out.predicted).tolist()})
    # without blocks all samples are counted in one: the counts then do not grow with the number of samples
    blocks = held_out.groups if groups is not None else np.zeros(len(held_out), dtype=np.str_)
    by_block = confusion_by_block(held_out.labels, held_out.predicted, blocks, names)
    total = by_block.sum(axis=0)
    scores = (
        score(by_block, seed=seed, replicates=replicates)
        if groups is not None
        else score_independent(total, seed=seed, replicates=replicates)
    )
    with_confidence = held_out.take(~np.isnan(held_out.confidence))
    curve = reliability_curve(with_confidence.confidence, with_confidence.labels == with_confidence.predicted)
    return EvaluationReport(
        method=_method(method, scores.n_groups, grouped=groups is not None, replicates=replicates),
        warnings=tuple(_warnings(total, scores.n_groups, names, known, grouped=groups is not None)),
        scores=scores,
        per_class=_per_class(by_block, names, known, grouped=groups is not None),
        confusion=confusion_frame(total, names),
        reliability=curve,
        calibration_error=expected_calibration_error(curve),
        held_out=held_out,
    )


def evaluate(
    bundle: Predictor,
    table: TrainingTable,
    split: Split,
    *,
    cross_fitted: npt.NDArray[np.floating[Any]] | None = None,
    leaky: npt.NDArray[np.floating[Any]] | None = None,
    block_m: float | None = None,
    seed: int = DEFAULT_SEED,
    replicates: int = REPLICATES,
) -> EvaluationReport:
    """Evaluate a model on the held-out rows of its table.

    Args:
        bundle: the model.
        table: the samples of the dataset version, of the bundle's recipe.
        split: which rows were held out.
        cross_fitted: out-of-fold probabilities [n_train, k] of the training rows (k as `bundle.classes`), with the
            folds of `split`.
        leaky: the same from folds of random rows (`splits.random_rows`): reported as leaky, read by nothing.
        block_m: edge of the spatial blocks in metres, for the method text.
        seed: of the bootstrap.
        replicates: of the bootstrap.

    Raises:
        OtherRecipe: the table is of another recipe than the bundle.
        NothingToJudge: nothing is held out.
        ValueError: probabilities that do not fit the table.

    """
    if bundle.recipe != table.recipe:
        raise OtherRecipe(f"The model is of recipe {bundle.recipe}, the samples of {table.recipe}.")
    held = table.take(split.test)
    proba = bundle.predict_proba(held.columns(bundle.features))
    report = assess(
        held.labels,
        most_likely(proba, bundle.classes, len(held)),
        groups=held.groups,
        confidence=np.max(proba, axis=1, initial=0.0),
        sample_ids=held.sample_ids,
        classes=bundle.classes,
        method=f"Held out: {describe_grouping(table.grouping, block_m)}; {split.method}",
        seed=seed,
        replicates=replicates,
    )
    blocked, rows = (
        None if given is None else _score_training(given, bundle.classes, table.take(split.train), seed, spread=spread)
        for given, spread in ((cross_fitted, replicates), (leaky, 0))
    )
    return replace(report, warnings=(*split.warnings, *report.warnings), cross_validated=blocked, leaky=rows)


def most_likely(proba: npt.NDArray[Any], classes: Sequence[str], n: int) -> npt.NDArray[np.str_]:
    """Return the class name [n] of the highest probability [n, k]; ValueError when the shape is another."""
    if proba.shape != (n, len(classes)):
        raise ValueError(f"probabilities {list(proba.shape)} for {n} samples and {len(classes)} classes")
    if n == 0:
        return np.empty(0, dtype=np.str_)
    named: npt.NDArray[np.str_] = np.take(np.asarray(classes, dtype=np.str_), np.argmax(proba, axis=1))
    return named


def describe_grouping(grouping: str, block_m: float | None = None) -> str:
    """Say in words how groups came about, from `TrainingTable.grouping` (parts joined by "+")."""
    size = "" if block_m is None else f" of {block_m / 1000:g} km"
    words = {
        "spatial-block": f"whole spatial blocks{size}",
        "row-run": "whole runs of consecutive rows (the batch gives no coordinates; rows of one place stand together)",
    }
    parts = [
        words.get(part, f"whole groups of the batch's column '{part.removeprefix('column:')}'")
        for part in grouping.split("+")
    ]
    return " and ".join(parts)


def _held_out(
    labels: npt.ArrayLike,
    predicted: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    confidence: npt.ArrayLike | None,
    sample_ids: npt.ArrayLike | None,
) -> HeldOut:
    """Bring everything to arrays of one length; every sample is its own group where none are given."""
    truth = np.asarray(labels, dtype=np.str_)
    numbers = np.arange(truth.size).astype(np.str_)
    return HeldOut(
        sample_ids=numbers if sample_ids is None else np.asarray(sample_ids, dtype=np.str_),
        groups=numbers if groups is None else np.asarray(groups, dtype=np.str_),
        labels=truth,
        predicted=np.asarray(predicted, dtype=np.str_),
        confidence=np.full(truth.size, np.nan, dtype=np.float32)
        if confidence is None
        else np.asarray(confidence, dtype=np.float32),
    )


def _score_training(
    proba: npt.NDArray[Any], classes: tuple[str, ...], training: TrainingTable, seed: int, *, spread: int
) -> Scores:
    """Score out-of-fold probabilities [n_train, k] of the training rows; no intervals where spread is 0."""
    predicted = most_likely(proba, classes, len(training))
    names = sorted({*classes, *training.classes})
    by_block = confusion_by_block(training.labels, predicted, training.groups, names)
    return score(by_block, seed=seed, replicates=spread, intervals=spread > 0)


def _method(given: str | None, n_blocks: int, *, grouped: bool, replicates: int) -> str:
    start = f"{given}. " if given else ""
    if not grouped:
        return (
            f"{start}Every sample counts as independent (no blocks are given): 95 % intervals by a bootstrap over "
            f"{n_blocks} samples ({replicates} draws), by class Wilson's."
        )
    return (
        f"{start}95 % intervals: overall figures by a bootstrap over the {n_blocks} held-out groups ({replicates} "
        "draws), by class Wilson's with the samples discounted for their likeness within a group."
    )


def _warnings(total: Ints, n_blocks: int, names: Sequence[str], known: Sequence[str], *, grouped: bool) -> list[str]:
    found = []
    if n_blocks < MIN_BLOCKS_FOR_INTERVAL:
        found.append("There is one group only: the overall figures have no intervals.")
    elif grouped and n_blocks < FEW_BLOCKS:
        found.append(f"Only {n_blocks} groups are held out: the overall intervals are rather too narrow.")
    support = total.sum(axis=1)
    unknown = [name for name, n in zip(names, support, strict=True) if n > 0 and name not in known]
    if unknown:
        found.append(f"The model does not know {', '.join(unknown)}: these samples count as errors.")
    return found


def _per_class(by_block: Ints, names: Sequence[str], known: Sequence[str], *, grouped: bool) -> pd.DataFrame:
    """Return the per-class table of counts [block, truth, predicted]."""
    import pandas as pd

    right = np.diagonal(by_block, axis1=1, axis2=2)
    truth, predicted = by_block.sum(axis=2), by_block.sum(axis=1)
    columns: dict[str, Any] = {
        "label": list(names),
        "support": truth.sum(axis=0),
        "predicted": predicted.sum(axis=0),
    }
    for who, whole in (("users", predicted), ("producers", truth)):
        estimates = (
            block_proportions(right, whole)
            if grouped
            else independent_proportions(right.sum(axis=0), whole.sum(axis=0))
        )
        columns[f"{who}_accuracy"] = np.array([e.value for e in estimates], dtype=np.float64)
        columns[f"{who}_low"] = np.array([e.low for e in estimates], dtype=np.float64)
        columns[f"{who}_high"] = np.array([e.high for e in estimates], dtype=np.float64)
    columns["f1"] = f1_scores(by_block.sum(axis=0))
    columns["in_model"] = [name in known for name in names]
    return pd.DataFrame(columns)
