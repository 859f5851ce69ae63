"""The compiled search says inside where the nearest reference, by distances in float64, is within the threshold."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.applicability import MISSING_LIMIT, Applicability, fit_applicability, warm

TOLERANCE = 1e-4  # of the threshold: rounding in float32 moves distances less


def samples(n: int, features: int, seed: int, spread: float = 1.0) -> np.ndarray:
    """Return correlated float32 rows around a few centres, as seasons of pixels are."""
    shape = np.random.default_rng(features)
    centres, mixing = shape.normal(size=(4, 5)) * 2, shape.normal(size=(5, features))
    random = np.random.default_rng(seed)
    hidden = centres[random.integers(0, 4, n)] + random.normal(size=(n, 5)) * spread
    return np.asarray(hidden @ mixing + random.normal(size=(n, features)) * 0.4, np.float32)


def learnt(n: int, features: int) -> Applicability:
    X = samples(n, features, seed=1)
    importance = np.random.default_rng(2).exponential(size=features)
    labels = np.random.default_rng(3).integers(0, 3, n)
    return fit_applicability(X, labels, (np.arange(n) % 5).astype(np.int8), importance, seed=4)


def agrees(area: Applicability, X: np.ndarray) -> np.ndarray:
    """Check `inside` against distances in float64; return which rows it can be checked on."""
    missing = np.isnan(X)
    with np.errstate(all="ignore"):
        points = (X - area.mean.astype(np.float64)) / area.scale * area.importance
    points = np.where(missing, 0.0, points)
    with np.errstate(all="ignore"):
        apart = np.stack([np.sqrt(((points - one) ** 2).sum(axis=1)) for one in area.reference.astype(np.float64)])
    nearest = apart.min(axis=0) / area.mean_distance
    lacking = (missing * area.importance.astype(np.float64)).sum(axis=1) / area.importance.sum(dtype=np.float64)
    clear = ~(np.abs(nearest - area.threshold) <= TOLERANCE * area.threshold) & (
        abs(lacking - MISSING_LIMIT) > TOLERANCE
    )
    expected = (nearest <= area.threshold) & (lacking <= MISSING_LIMIT)
    found = area.inside(X)
    assert found.dtype == np.bool_
    assert np.array_equal(found[clear], expected[clear])
    assert clear.mean() > 0.9
    return np.asarray(found)


@pytest.mark.parametrize("features", [1, 4, 15, 16, 17, 108])
@pytest.mark.parametrize("n", [3, 64, 65, 1200])
def test_inside_is_where_a_reference_is_near(n: int, features: int) -> None:
    area = learnt(n, features)
    like, unlike = samples(600, features, seed=5), samples(600, features, seed=6) + np.float32(40)
    assert agrees(area, like).any()
    assert not agrees(area, unlike).any()
    mixed = np.concatenate([like, unlike])[np.random.default_rng(7).permutation(1200)]
    agrees(area, mixed)
    agrees(area, np.repeat(mixed[:50], 20, axis=0))  # fields: the samples tried first are near
    border = samples(600, features, seed=8, spread=2.0)
    agrees(area, border)


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.01, 10), share=st.floats(0, 0.9))
@settings(max_examples=30, deadline=None)
def test_any_threshold_and_missing_values_agree(seed: int, scale: float, share: float) -> None:
    area = learnt(150, 20)
    area = replace(area, threshold=area.threshold * scale)
    X = samples(200, 20, seed, spread=1.5)
    X[np.random.default_rng(seed).random(X.shape) < share] = np.nan
    agrees(area, X)


def test_what_is_not_finite_is_outside_without_a_warning() -> None:
    area = learnt(200, 10)
    X = samples(5, 10, seed=5)
    X[0, 0], X[1, 1], X[2, 2], X[3] = np.inf, -np.inf, 3e38, np.nan
    assert not area.inside(X)[:4].any()


def test_the_rows_before_change_nothing() -> None:
    area = learnt(1200, 30)
    X = np.concatenate([samples(300, 30, seed=5), samples(300, 30, seed=6, spread=2.5)])
    order = np.random.default_rng(0).permutation(600)
    found = area.inside(X)
    assert 0 < found.sum() < 600
    assert np.array_equal(area.inside(X[order]), found[order])
    assert np.array_equal(np.concatenate([area.inside(X[[row]]) for row in range(600)]), found)


def test_several_threads_at_once_give_the_same() -> None:
    area, X = learnt(500, 30), samples(4000, 30, seed=5, spread=1.5)
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(area.inside, np.split(X, 8)))
    assert np.array_equal(np.concatenate(parts), area.inside(X))


def test_rows_in_another_memory_order_and_no_rows() -> None:
    area, X = learnt(100, 12), samples(50, 12, seed=5)
    assert np.array_equal(area.inside(np.asfortranarray(X)), area.inside(X))
    assert area.inside(X[:0]).shape == (0,)


def test_a_threshold_without_end_is_that_of_the_dissimilarity() -> None:
    area, X = replace(learnt(100, 6), threshold=float("inf")), samples(9, 6, seed=2)
    X[0] = np.nan
    assert np.array_equal(area.inside(X), area.dissimilarity(X) <= area.threshold)


def test_one_compilation_serves_all() -> None:
    from training.applicability_kernels import rows_inside

    warm()
    agrees(learnt(64, 7), samples(10, 7, seed=5))
    assert len(rows_inside.signatures) == 1  # type: ignore[attr-defined]
