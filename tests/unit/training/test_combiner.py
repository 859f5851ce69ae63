"""The vote: weights, temperatures and the head start of rare classes."""

from __future__ import annotations

import numpy as np
import pytest

from training.combiner import Combiner, fit_combiner, fit_weights, macro_f1
from training.config import EnsembleParams


def _softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _learners(
    n: int = 3000, priors: tuple[float, ...] = (0.5, 0.3, 0.2), seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Two honest learners of different skill, one of noise; the first is four times too sure of itself."""
    random = np.random.default_rng(seed)
    k = len(priors)
    y = random.choice(k, n, p=priors)
    truth = np.eye(k)[y]
    good = _softmax(4 * (1.5 * truth + random.normal(size=(n, k))))
    fair = _softmax(0.7 * truth + random.normal(size=(n, k)))
    noise = _softmax(2 * random.normal(size=(n, k)))
    return np.stack([good, fair, noise]).astype(np.float32), y.astype(np.int64)


def _fit(stack: np.ndarray, y: np.ndarray, **changed: object) -> Combiner:
    return fit_combiner(stack, y, EnsembleParams.model_validate(changed))


def test_weights_are_not_negative_sum_to_one_and_noise_gets_none() -> None:
    stack, y = _learners()
    combiner = _fit(stack, y, prior_samples=0)
    assert (combiner.weights >= 0).all()
    assert combiner.weights.sum() == pytest.approx(1)
    assert combiner.weights[0] > combiner.weights[1] > 0
    assert combiner.weights[2] == 0


def test_few_samples_leave_the_weights_near_equal() -> None:
    stack, y = _learners(n=6)
    weights = fit_weights(stack.astype(np.float64), y, prior_samples=50)
    assert np.abs(weights - 1 / 3).max() < 0.05


def test_the_vote_is_better_than_its_best_learner() -> None:
    stack, y = _learners()
    fit, judge = slice(0, 1500), slice(1500, None)
    proba = _fit(stack[:, fit], y[fit], decision="argmax").mix(stack[:, judge])
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    truth = y[judge]
    rows = np.arange(len(truth))
    best = min(-np.log(each[judge][rows, truth]).mean() for each in stack)
    assert -np.log(proba[rows, truth]).mean() < best
    assert (proba.argmax(axis=1) == truth).mean() > max((s[judge].argmax(axis=1) == truth).mean() for s in stack)


@pytest.mark.parametrize("decision", ["argmax", "balanced"])
def test_confidence_is_the_share_of_right_decisions(decision: str) -> None:
    stack, y = _learners(n=8000, priors=(0.8, 0.16, 0.04))
    fit, judge = slice(0, 4000), slice(4000, None)
    proba = _fit(stack[:, fit], y[fit], decision=decision).mix(stack[:, judge])
    right, confidence = proba.argmax(axis=1) == y[judge], proba.max(axis=1)
    for low in (0.4, 0.6, 0.8):
        here = (confidence >= low) & (confidence < low + 0.2)
        assert here.sum() > 100
        assert abs(right[here].mean() - confidence[here].mean()) < 0.06


def test_the_head_start_of_rare_classes_raises_macro_f1_on_new_samples() -> None:
    stack, y = _learners(n=6000, priors=(0.94, 0.04, 0.02))
    stack = (stack * np.array([0.94, 0.04, 0.02], np.float32)) ** 0.7
    stack /= stack.sum(axis=2, keepdims=True)
    fit, judge = slice(0, 3000), slice(3000, None)
    score = {
        decision: macro_f1(y[judge], _fit(stack[:, fit], y[fit], decision=decision).mix(stack[:, judge]).argmax(1), 3)
        for decision in ("argmax", "balanced")
    }
    assert score["balanced"] > score["argmax"] + 0.03


def test_no_rows_to_judge_by_give_an_equal_uncalibrated_vote() -> None:
    combiner = _fit(np.zeros((2, 0, 3), np.float32), np.zeros(0, np.int64))
    assert combiner.weights.tolist() == [0.5, 0.5]
    assert combiner.slope == 1
    assert not combiner.bias.any()


def test_without_calibration_the_vote_is_the_weighted_mean() -> None:
    stack, y = _learners()
    combiner = _fit(stack, y, calibration="none", decision="argmax")
    mean = np.tensordot(combiner.weights, stack.astype(np.float64), axes=1)
    np.testing.assert_allclose(combiner.mix(stack), np.maximum(mean, 1e-5), atol=1e-4)


def test_a_combiner_survives_json_to_the_bit() -> None:
    stack, y = _learners()
    combiner = _fit(stack, y)
    assert np.array_equal(Combiner.from_dict(combiner.to_dict()).mix(stack), combiner.mix(stack))


def test_macro_f1_counts_each_class_of_the_truth_once() -> None:
    y, said = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert macro_f1(y, said, 3) == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_a_head_start_that_gains_nothing_for_certain_is_not_given() -> None:
    priors = (0.9, 0.07, 0.03)
    given = []
    for seed in range(10):
        stack, y = _learners(n=300, priors=priors, seed=seed)
        stack = stack * np.array(priors, np.float32) ** 0.4  # they half know how rare a class is: little is to gain
        given.append(_fit(stack / stack.sum(axis=2, keepdims=True), y).bias.any())
    assert sum(given) == 0  # the best of the curve, whatever its error, gave four
