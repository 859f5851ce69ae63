"""Estimators of accuracy: equal to the textbook, honest about blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.accuracy import (
    Estimate,
    Scores,
    balanced_accuracy,
    block_proportions,
    bootstrap_confusions,
    confusion_by_block,
    f1_scores,
    independent_proportions,
    macro_f1,
    overall_accuracy,
    percentile_interval,
    producers_accuracy,
    score,
    score_independent,
    users_accuracy,
)

CLASSES = ("cotton", "maize", "tobacco")
names = st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1, max_size=60)


def counts(truth: list[str], predicted: list[str], groups: list[str] | None = None) -> np.ndarray:
    keys = np.array(groups if groups is not None else ["a"] * len(truth))
    return confusion_by_block(np.array(truth), np.array(predicted), keys, CLASSES)


@settings(max_examples=60, deadline=None)
@given(names)
def test_figures_equal_those_of_scikit_learn(rows: list[tuple[str, str]]) -> None:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    truth, predicted = [t for t, _ in rows], [p for _, p in rows]
    confusion = counts(truth, predicted).sum(axis=0)
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=list(CLASSES), zero_division=np.nan
    )
    present = support > 0
    assert overall_accuracy(confusion) == pytest.approx(accuracy_score(truth, predicted))
    np.testing.assert_allclose(producers_accuracy(confusion), recall)
    np.testing.assert_allclose(users_accuracy(confusion), precision)
    np.testing.assert_allclose(f1_scores(confusion)[present], f1[present])
    assert macro_f1(confusion) == pytest.approx(f1[present].mean())
    assert balanced_accuracy(confusion) == pytest.approx(recall[present].mean())


def test_a_class_without_truth_is_undefined_and_not_zero() -> None:
    confusion = counts(["maize", "maize"], ["maize", "cotton"]).sum(axis=0)
    assert np.isnan(producers_accuracy(confusion)[[0, 2]]).all()
    assert np.isnan(f1_scores(confusion)[[0, 2]]).all()
    assert users_accuracy(confusion)[0] == 0.0
    assert np.isnan(users_accuracy(confusion)[2])
    assert macro_f1(confusion) == pytest.approx(2 / 3)


def test_a_class_that_is_never_predicted_counts_as_zero_in_the_mean() -> None:
    confusion = counts(["maize", "tobacco"], ["maize", "maize"]).sum(axis=0)
    assert balanced_accuracy(confusion) == 0.5


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="not among the classes: soybean"):
        counts(["maize"], ["soybean"])


def test_counts_are_kept_apart_by_block_whatever_the_order_of_classes() -> None:
    keys = np.array(["b", "a", "b"])
    truth, predicted = np.array(["maize", "maize", "cotton"]), np.array(["maize", "tobacco", "maize"])
    by_block = confusion_by_block(truth, predicted, keys, ("tobacco", "maize", "cotton"))
    assert by_block.shape == (2, 3, 3)
    assert by_block[0, 1, 0] == 1  # block a: maize taken for tobacco
    assert by_block[1, 1, 1] == 1
    assert by_block[1, 2, 1] == 1
    assert by_block.sum() == 3


def simulated(n_blocks: int, per_block: int, likeness: float, seed: int) -> np.ndarray:
    """Blocks whose samples are right together: `likeness` 0 independent, 1 all alike."""
    rng = np.random.default_rng(seed)
    block_right = rng.random(n_blocks) < 0.8
    alike = rng.random((n_blocks, per_block)) < likeness
    right = np.where(alike, block_right[:, None], rng.random((n_blocks, per_block)) < 0.8)
    hits = right.sum(axis=1)
    by_block = np.zeros((n_blocks, 2, 2), dtype=np.int64)
    by_block[:, 0, 0], by_block[:, 0, 1] = hits, per_block - hits
    return by_block


@pytest.mark.parametrize("likeness", [0.0, 0.9])
def test_intervals_hold_the_truth_about_as_often_as_they_say(likeness: float) -> None:
    inside_boot, inside_wilson, tries = 0, 0, 200
    for seed in range(tries):
        by_block = simulated(40, 10, likeness, seed)
        overall = score(by_block, seed=1, replicates=300).overall_accuracy
        wilson = block_proportions(by_block[:, [0], [0]], by_block[:, 0, :].sum(axis=1, keepdims=True))[0]
        inside_boot += bool(overall.low <= 0.8 <= overall.high)
        inside_wilson += bool(wilson.low <= 0.8 <= wilson.high)
    assert inside_boot / tries >= 0.88
    assert inside_wilson / tries >= 0.92


def test_samples_that_are_alike_within_blocks_widen_the_interval() -> None:
    def width(likeness: float) -> tuple[float, float]:
        by_block = simulated(40, 20, likeness, 3)
        overall = score(by_block, seed=1).overall_accuracy
        wilson = block_proportions(by_block[:, [0], [0]], by_block[:, 0, :].sum(axis=1, keepdims=True))[0]
        return overall.high - overall.low, wilson.high - wilson.low

    alone, together = width(0.0), width(0.95)
    assert together[0] > 2 * alone[0]
    assert together[1] > 2 * alone[1]


def test_without_blocks_the_per_class_interval_is_wilsons() -> None:
    from scipy.stats import binomtest

    right = np.zeros((2000, 1), dtype=np.int64)
    right[:1700] = 1
    got = block_proportions(right, np.ones((2000, 1), dtype=np.int64))[0]
    want = binomtest(1700, 2000).proportion_ci(method="wilson")
    assert got.value == 0.85
    assert (got.low, got.high) == pytest.approx((want.low, want.high), abs=1e-3)


def test_samples_without_blocks_are_scored_as_blocks_of_one() -> None:
    rng = np.random.default_rng(1)
    truth, predicted = rng.choice(CLASSES, 800), rng.choice(CLASSES, 800, p=[0.6, 0.3, 0.1])
    by_sample = confusion_by_block(truth, predicted, np.arange(800).astype(str), CLASSES)
    blocks = score(by_sample, seed=1)
    alone = score_independent(by_sample.sum(axis=0), seed=1)
    for name in ("overall_accuracy", "macro_f1", "balanced_accuracy"):
        one, other = getattr(blocks, name), getattr(alone, name)
        assert one.value == other.value
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.004)
    assert alone.n_groups == 800
    assert score_independent(np.array([[1, 0], [0, 0]]), seed=1).overall_accuracy == Estimate(1.0)


def test_independent_proportions_have_wilsons_interval_and_none_without_samples() -> None:
    from scipy.stats import binomtest

    some, none = independent_proportions(np.array([7, 0]), np.array([9, 0]))
    want = binomtest(7, 9).proportion_ci(method="wilson")
    assert (some.low, some.high) == pytest.approx((want.low, want.high))
    assert none == Estimate(None)


def test_all_right_keeps_an_interval_below_one() -> None:
    ones = np.full((5, 1), 4, dtype=np.int64)
    few, many = block_proportions(ones, ones)[0], block_proportions(np.tile(ones, (20, 1)), np.tile(ones, (20, 1)))[0]
    assert few.value == many.value == few.high == 1.0
    assert few.low < many.low < 1.0


def test_a_class_in_one_block_counts_as_one_sample() -> None:
    one = np.array([[50], [0]], dtype=np.int64)
    got = block_proportions(one, one)[0]
    assert got.low == pytest.approx(0.2065, abs=1e-3)  # Wilson, 1 of 1
    assert block_proportions(np.zeros((2, 1), dtype=np.int64), np.zeros((2, 1), dtype=np.int64))[0] == Estimate(None)


def test_the_bootstrap_draws_whole_blocks_and_is_seeded() -> None:
    by_block = np.arange(6, dtype=np.int64).reshape(3, 2) * 100 + 1
    first, again = (np.concatenate(list(bootstrap_confusions(by_block, seed=7, replicates=50))) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (50, 2)
    assert len(np.unique(first[:, 0])) > 3
    other = np.concatenate(list(bootstrap_confusions(by_block, seed=8, replicates=50)))
    assert not np.array_equal(first, other)


def test_many_blocks_are_drawn_in_pieces_that_add_up() -> None:
    by_block = np.ones((50_000, 1), dtype=np.int64)
    pieces = list(bootstrap_confusions(by_block, seed=1, replicates=200))
    assert len(pieces) > 1
    assert (np.concatenate(pieces) == 50_000).all()
    assert sum(len(piece) for piece in pieces) == 200


def test_one_block_has_no_interval() -> None:
    scores = score(counts(["maize", "cotton"], ["maize", "maize"]), seed=1)
    assert scores.overall_accuracy == Estimate(0.5)
    assert scores.n_groups == 1


def test_scores_survive_a_dict() -> None:
    scores = score(simulated(10, 5, 0.5, 1), seed=1, replicates=50)
    assert Scores.from_dict(scores.to_dict()) == scores


def test_an_undefined_figure_is_shown_as_a_dash() -> None:
    assert str(Estimate(None)) == "\N{EN DASH}"
    assert str(Estimate(0.5)) == "0.500"
    assert str(Estimate(0.5, 0.4, 0.6)) == "0.500 (0.400 to 0.600)"
    assert percentile_interval(np.array([np.nan])) == (None, None)
    assert score(np.zeros((2, 2, 2), dtype=np.int64), seed=1, replicates=10).macro_f1 == Estimate(None)
