"""Estimators of accuracy with 95 % intervals that respect blocks: samples of one block are not independent.

Overall figures get percentile intervals of a cluster bootstrap (whole blocks are drawn again), per-class proportions
a Wilson interval on the effective number of samples, which stays sensible at 0 and 1 and for few samples, where a
bootstrap collapses to a point. docs/evaluation.md tells why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CONFIDENCE_LEVEL = 0.95
UNDEFINED = "\N{EN DASH}"  # how a figure that is not defined is shown: never as 0
REPLICATES = 2000  # bootstrap draws: the 2.5 % quantile then rests on 50 of them
MIN_BLOCKS_FOR_INTERVAL = 2
FEW_BLOCKS = 20  # below, a cluster bootstrap is known to give too narrow intervals
DRAWS_AT_ONCE = 4_000_000  # blocks drawn in one step: bounds memory to some 64 MB


@dataclass(frozen=True)
class Estimate:
    """A figure in 0..1 with its 95 % interval; None where it is not defined or not estimable."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """Return value, low and high."""
        return {"value": self.value, "low": self.low, "high": self.high}

    def __str__(self) -> str:
        if self.value is None:
            return UNDEFINED
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Scores:
    """The three overall figures of one set of predictions.

    Macro F1 and balanced accuracy are plain means over the classes that the truth holds; a class the model does not
    know counts as 0 there, a class without truth does not count.
    """

    overall_accuracy: Estimate
    macro_f1: Estimate
    balanced_accuracy: Estimate
    n_samples: int
    n_groups: int

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-safe dict."""
        return {
            **{name: getattr(self, name).to_dict() for name in SCORE_NAMES},
            "n_samples": self.n_samples,
            "n_groups": self.n_groups,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Scores:
        """Read what `to_dict` wrote."""
        estimates = {name: Estimate(**raw[name]) for name in SCORE_NAMES}
        return cls(**estimates, n_samples=int(raw["n_samples"]), n_groups=int(raw["n_groups"]))


SCORE_NAMES = ("overall_accuracy", "macro_f1", "balanced_accuracy")


def confusion_by_block(
    labels: npt.NDArray[np.str_],
    predicted: npt.NDArray[np.str_],
    groups: npt.NDArray[np.str_],
    classes: Sequence[str],
) -> Ints:
    """Count truth against prediction in every block: int64 [block, truth, predicted], blocks in order of their keys.

    Raises ValueError when a label or prediction [n] is not one of `classes`.
    """
    known = np.asarray(classes, dtype=np.str_)
    truth_code, predicted_code = _codes(labels, known), _codes(predicted, known)
    blocks, block_code = np.unique(groups, return_inverse=True)
    k = known.size
    flat = (block_code.astype(np.int64) * k + truth_code) * k + predicted_code
    return np.bincount(flat, minlength=blocks.size * k * k).reshape(blocks.size, k, k).astype(np.int64)


def _codes(values: npt.NDArray[np.str_], known: npt.NDArray[np.str_]) -> Ints:
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known, values, sorter=order), known.size - 1)
    codes = order[place]
    unknown = np.unique(values[known[codes] != values])
    if unknown.size:
        raise ValueError(f"not among the classes: {', '.join(str(name) for name in unknown[:10])}")
    return np.asarray(codes, dtype=np.int64)


def _ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """Divide, NaN where the whole is 0."""
    result = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def overall_accuracy(confusion: npt.NDArray[Any]) -> Floats:
    """Share of samples that are right: [...] from confusion counts [..., truth, predicted]."""
    return _ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def producers_accuracy(confusion: npt.NDArray[Any]) -> Floats:
    """Recall, the share of a class's truth that is found: [..., k]; NaN without truth."""
    return _ratio(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-1))


def users_accuracy(confusion: npt.NDArray[Any]) -> Floats:
    """Precision, the share of a class's predictions that are right: [..., k]; NaN where it is never predicted."""
    return _ratio(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-2))


def f1_scores(confusion: npt.NDArray[Any]) -> Floats:
    """Harmonic mean of both, as 2 right / (truth + predicted): [..., k]; NaN without truth."""
    truth, predicted = confusion.sum(axis=-1), confusion.sum(axis=-2)
    scores = _ratio(2 * np.diagonal(confusion, axis1=-2, axis2=-1), truth + predicted)
    return np.where(truth > 0, scores, np.nan)


def _mean_of_defined(values: Floats) -> Floats:
    """Mean over the last axis without NaN; NaN where nothing is defined."""
    defined = ~np.isnan(values)
    return _ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1))


def macro_f1(confusion: npt.NDArray[Any]) -> Floats:
    """Mean F1 over the classes that the truth holds: [...]."""
    return _mean_of_defined(f1_scores(confusion))


def balanced_accuracy(confusion: npt.NDArray[Any]) -> Floats:
    """Mean recall over the classes that the truth holds: [...]."""
    return _mean_of_defined(producers_accuracy(confusion))


def bootstrap_confusions(by_block: Ints, *, seed: int, replicates: int = REPLICATES) -> Iterator[Floats]:
    """Yield confusions of whole blocks drawn again with replacement, in pieces: float64 [some, ...] of `replicates`.

    `by_block` is [block, ...]; what is counted side by side in a block is drawn together, which makes a comparison of
    two models paired. Sums of whole numbers are exact in float64: the result is the same on every machine.
    """
    n_blocks = by_block.shape[0]
    flat = by_block.reshape(n_blocks, -1).astype(np.float64)
    rng = np.random.default_rng(seed)
    at_once = max(1, min(replicates, DRAWS_AT_ONCE // n_blocks))
    for start in range(0, replicates, at_once):
        some = min(at_once, replicates - start)
        drawn = rng.integers(0, n_blocks, size=(some, n_blocks)) + n_blocks * np.arange(some)[:, None]
        times = np.bincount(drawn.ravel(), minlength=some * n_blocks).reshape(some, n_blocks)
        yield (times.astype(np.float64) @ flat).reshape(some, *by_block.shape[1:])


def independent_confusions(total: Ints, *, seed: int, replicates: int = REPLICATES) -> Iterator[Floats]:
    """Yield confusions of single samples drawn again, float64 [replicates, truth, predicted], from their counts [k, k].

    The same as `bootstrap_confusions` with every sample a block of its own, at a cost that does not grow with samples.
    """
    n = int(total.sum())
    drawn = np.random.default_rng(seed).multinomial(n, total.ravel() / n, size=replicates)
    yield drawn.reshape(replicates, *total.shape).astype(np.float64)


def percentile_interval(draws: Floats) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval of bootstrap draws [r]; (None, None) where none is defined."""
    defined = draws[~np.isnan(draws)]
    if defined.size == 0:
        return None, None
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def score(by_block: Ints, *, seed: int, replicates: int = REPLICATES, intervals: bool = True) -> Scores:
    """Score counts [block, truth, predicted]; intervals are None below two blocks, or when not asked for."""
    draws: Iterable[Floats] = ()
    if intervals and by_block.shape[0] >= MIN_BLOCKS_FOR_INTERVAL:
        draws = bootstrap_confusions(by_block, seed=seed, replicates=replicates)
    return _score(by_block.sum(axis=0), draws, by_block.shape[0])


def score_independent(total: Ints, *, seed: int, replicates: int = REPLICATES) -> Scores:
    """Score counts [truth, predicted] of samples that do not belong to blocks; each counts as a group of its own."""
    n = int(total.sum())
    draws: Iterable[Floats] = ()
    if n >= MIN_BLOCKS_FOR_INTERVAL:
        draws = independent_confusions(total, seed=seed, replicates=replicates)
    return _score(total, draws, n)


def _score(total: Ints, draws: Iterable[Floats], n_groups: int) -> Scores:
    measures = (overall_accuracy, macro_f1, balanced_accuracy)
    drawn: list[list[Floats]] = [[] for _ in measures]
    for confusions in draws:
        for kept, measure in zip(drawn, measures, strict=True):
            kept.append(measure(confusions))
    overall, f1, balanced = (
        _estimate(float(measure(total)), kept) for kept, measure in zip(drawn, measures, strict=True)
    )
    return Scores(overall, f1, balanced, n_samples=int(total.sum()), n_groups=n_groups)


def _estimate(value: float, draws: list[Floats]) -> Estimate:
    if np.isnan(value):
        return Estimate(None)
    if not draws:
        return Estimate(value)
    return Estimate(value, *percentile_interval(np.concatenate(draws)))


def block_proportions(right: Ints, of: Ints) -> list[Estimate]:
    """Estimate k proportions right/of from counts by block (both int64 [block, k]) with adjusted Wilson intervals.

    The number of samples is divided by the design effect: how much more a proportion varies between blocks than
    independent samples would (never below 1), with a t quantile for few blocks. Where every sample is right, or none,
    that cannot be measured, and the one of all classes together is used; a class in one block counts as one sample.
    """
    shared = _design_effect(right.sum(axis=1), of.sum(axis=1))
    return [_proportion(right[:, c], of[:, c], shared) for c in range(of.shape[1])]


def independent_proportions(right: Ints, of: Ints) -> list[Estimate]:
    """Estimate k proportions right/of (both int64 [k]) of independent samples with plain Wilson intervals."""
    return [
        Estimate(int(hits) / int(n), *_wilson(int(hits) / int(n), float(n))) if n else Estimate(None)
        for hits, n in zip(right, of, strict=True)
    ]


def _proportion(right: Ints, of: Ints, shared_effect: float) -> Estimate:
    n, hits, blocks = int(of.sum()), int(right.sum()), int((of > 0).sum())
    if n == 0:
        return Estimate(None)
    if blocks < MIN_BLOCKS_FOR_INTERVAL:
        return Estimate(hits / n, *_wilson(hits / n, 1.0))
    effect = _design_effect(right, of) if 0 < hits < n else shared_effect
    return Estimate(hits / n, *_wilson(hits / n, max(1.0, n / effect / _few_blocks_penalty(blocks))))


def _few_blocks_penalty(blocks: int) -> float:
    """How many times more samples the t quantile of so few blocks costs than the normal one."""
    from scipy.stats import norm, t

    upper = 1 - (1 - CONFIDENCE_LEVEL) / 2
    return float((t.ppf(upper, blocks - 1) / norm.ppf(upper)) ** 2)


def _design_effect(right: Ints, of: Ints) -> float:
    """Variance of a ratio over blocks, divided by the variance of as many independent samples; at least 1."""
    here = of > 0
    n, hits, blocks = int(of.sum()), int(right.sum()), int(here.sum())
    if blocks < MIN_BLOCKS_FOR_INTERVAL or not 0 < hits < n:
        return 1.0
    share = hits / n
    residuals = right[here] - share * of[here]
    between = blocks / (blocks - 1) * float((residuals**2).sum()) / n**2
    return max(1.0, between / (share * (1 - share) / n))


def _wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's interval of a share of n (effective, so not whole) samples."""
    from scipy.stats import norm

    z2 = float(norm.ppf(1 - (1 - CONFIDENCE_LEVEL) / 2)) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (share * (1 - share) / n + z2 / (4 * n**2))) ** 0.5 / (1 + z2 / n)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
