"""The area of applicability: what resembles the training samples is inside, what does not is outside."""

from __future__ import annotations

import numpy as np

from training.applicability import MAX_REFERENCE, Applicability, fit_applicability


def _known(n: int = 1500) -> tuple[np.ndarray, Applicability]:
    random = np.random.default_rng(0)
    X = random.normal(size=(n, 6)).astype(np.float32)
    X[:, 5] = np.nan
    X[random.random(X.shape) < 0.02] = np.nan
    y = random.integers(0, 3, n)
    folds = (np.arange(n) % 5).astype(np.int8)
    return X, fit_applicability(X, y, folds, np.array([5, 1, 1, 1, 0.0, 0]), seed=1)


def test_the_like_is_inside_and_the_unlike_outside() -> None:
    _, area = _known()
    like = np.random.default_rng(9).normal(size=(500, 6)).astype(np.float32)
    assert area.share_inside(like) > 0.9
    unlike = like.copy()
    unlike[:, 0] += 8
    assert area.share_inside(unlike) == 0
    assert len(area.reference) == MAX_REFERENCE


def test_a_feature_without_importance_changes_nothing() -> None:
    X, area = _known()
    moved = X.copy()
    moved[:, 4] += 100
    assert np.array_equal(area.inside(moved), area.inside(X))


def test_too_much_missing_is_outside() -> None:
    X, area = _known()
    blind = X.copy()
    blind[:, 0] = np.nan  # more than half of the importance
    assert not area.inside(blind).any()


def test_no_pixel_has_no_share() -> None:
    X, area = _known()
    assert np.isnan(area.share_inside(X[:0]))


def test_it_survives_its_arrays() -> None:
    X, area = _known()
    again = Applicability.from_arrays(area.arrays())
    assert np.array_equal(again.dissimilarity(X), area.dissimilarity(X))
    assert again.threshold == area.threshold


def test_ranges_are_those_of_the_training_rows() -> None:
    X, area = _known()
    np.testing.assert_array_equal(area.minimum[:5], np.nanmin(X[:, :5], axis=0))
    np.testing.assert_array_equal(area.maximum[:5], np.nanmax(X[:, :5], axis=0))
