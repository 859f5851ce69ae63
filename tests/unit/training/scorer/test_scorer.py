"""The scorer gives the probabilities of the libraries, whatever the pixels, the classes and the threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from training.array_files import InvalidModelFile, read_arrays, write_arrays
from training.bundle import ModelBundle
from training.scorer import FORMAT, Scorer, ScorerMismatch, convert
from training.scorer import scorer as scorer_module
from training.scorer.parts import LargePart, SmallPart

MakeBundle = Callable[..., ModelBundle]
Pixels = Callable[..., np.ndarray]

LARGEST = 1e30  # XGBoost refuses what becomes infinite when it is scaled
CLOSE = 1e-6  # a tenth of what the map engine promises
SAME = 0.9999  # share of pixels whose class it promises to be the same, ties and all


@pytest.fixture(scope="module")
def of() -> Iterator[Callable[[ModelBundle], Scorer]]:
    """Return a converter that converts each bundle once."""
    known: dict[int, Scorer] = {}

    def get(bundle: ModelBundle) -> Scorer:
        if id(bundle) not in known:
            known[id(bundle)] = convert(bundle)
        return known[id(bundle)]

    yield get
    known.clear()


def beside_limits(scorer: Scorer, n: int) -> np.ndarray:
    """Return pixels whose values are limits and the floats just above and below them."""
    random = np.random.default_rng(5)
    X = np.zeros((n, len(scorer.bundle.features)), np.float32)
    for feature in range(X.shape[1]):
        limits = np.concatenate([scales.limits_of(feature) for scales in (scorer.scales, scorer.wide)])
        at = random.choice(limits if limits.size else np.zeros(1, np.float32), n)
        with np.errstate(over="ignore"):
            ways = [at, np.nextafter(at, np.float32(np.inf)), np.nextafter(at, np.float32(-np.inf))]
        X[:, feature] = np.choose(random.integers(0, 3, n), ways)
    X[np.abs(X) > LARGEST] = 0
    return X


def assert_same(scorer: Scorer, X: np.ndarray) -> None:
    for fit in scorer.bundle.learners:
        found, expected = scorer.learner_proba(fit.name, X), fit.predict_proba(X)
        np.testing.assert_allclose(found, expected, atol=CLOSE, rtol=0, err_msg=fit.name)
    found, expected = scorer.predict_proba(X), scorer.bundle.predict_proba(X)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(found, expected, atol=CLOSE, rtol=0)
    top = np.sort(expected, axis=1)
    clear = top[:, -1] - top[:, -2] > 2 * CLOSE  # where two classes tie, either is right
    assert np.array_equal(found[clear].argmax(axis=1), expected[clear].argmax(axis=1))


def agreement(found: np.ndarray, expected: np.ndarray) -> float:
    return float((found.argmax(axis=1) == expected.argmax(axis=1)).mean())


@pytest.mark.parametrize("variant", ["Raw", "Scaled"])
@pytest.mark.parametrize("classes", range(2, 21))
def test_every_learner_and_their_vote_are_those_of_the_libraries(
    classes: int, variant: str, make_bundle: MakeBundle, odd_pixels: Pixels, of: Callable[[ModelBundle], Scorer]
) -> None:
    scorer = of(make_bundle(classes, variant))
    assert scorer.plain == {}
    X = np.concatenate([odd_pixels(4000), beside_limits(scorer, 1000)])
    assert_same(scorer, X)
    assert agreement(scorer.predict_proba(X, 2), scorer.bundle.predict_proba(X)) >= SAME
    for fit in scorer.bundle.learners:
        assert agreement(scorer.learner_proba(fit.name, X), fit.predict_proba(X)) >= SAME, fit.name


@pytest.mark.parametrize("variant", ["Raw", "Scaled"])
@pytest.mark.parametrize("classes", [2, 3, 20])
def test_infinity_is_a_number_to_all_but_xgboost_whose_reading_refuses_it(
    classes: int, variant: str, make_bundle: MakeBundle, odd_pixels: Pixels, of: Callable[[ModelBundle], Scorer]
) -> None:
    scorer = of(make_bundle(classes, variant))
    X = odd_pixels(4000, infinite=True)
    for fit in scorer.bundle.learners:
        if fit.name != "xgboost":
            found, expected = scorer.learner_proba(fit.name, X), fit.predict_proba(X)
            np.testing.assert_allclose(found, expected, atol=CLOSE, rtol=0)
            assert agreement(found, expected) >= SAME, fit.name
    assert np.isfinite(scorer.predict_proba(X)).all()


def test_large_trees_are_walked_to_the_same_leaves(
    make_bundle: MakeBundle, odd_pixels: Pixels, of: Callable[[ModelBundle], Scorer]
) -> None:
    leafy = {"rounds": 3, "num_leaves": 700, "min_child_samples": 1, "max_bin": 255}
    deep = {"rounds": 3, "max_depth": 14, "min_child_weight": 0.0, "max_bin": 512}
    bundle = make_bundle(2, "Scaled", 3000, lightgbm=leafy, xgboost=deep)
    scorer = of(bundle)
    kinds = {name: type(part) for name, part in scorer.parts.items()}
    assert kinds["xgboost"] is LargePart
    assert kinds["random_forest"] is LargePart
    assert kinds["catboost"] is SmallPart
    assert_same(scorer, odd_pixels(900))


def test_more_limits_than_a_byte_counts_take_several_columns(make_bundle: MakeBundle, odd_pixels: Pixels) -> None:
    fine = {"rounds": 60, "max_bin": 1000, "num_leaves": 200, "min_child_samples": 1}
    bundle = make_bundle(3, "Raw", 3000, lightgbm=fine)
    scorer = convert(bundle)
    assert isinstance(scorer.parts["lightgbm"], SmallPart)
    assert len(scorer.scales.feature) > len(bundle.features)
    assert_same(scorer, odd_pixels(600))
    assert_same(scorer, beside_limits(scorer, 300))


def test_trees_of_a_single_leaf_add_it(
    make_bundle: MakeBundle, odd_pixels: Pixels, of: Callable[[ModelBundle], Scorer]
) -> None:
    stumps = {
        "xgboost": {"gamma": 1e6},
        "lightgbm": {"min_child_samples": 10**6},
        "forest": {"min_samples_split": 10**6},
    }
    assert_same(of(make_bundle(4, **stumps)), odd_pixels(300))


@pytest.mark.parametrize("n", [0, 1, 2, 255, 256, 257, 513])
def test_any_number_of_pixels_is_scored(
    n: int, make_bundle: MakeBundle, odd_pixels: Pixels, of: Callable[[ModelBundle], Scorer]
) -> None:
    scorer, X = of(make_bundle(3)), odd_pixels(513)
    found = scorer.predict_proba(X[:n])
    assert found.shape == (n, 3)
    assert np.array_equal(found, scorer.predict_proba(X)[:n])


def test_threads_and_the_length_of_chunks_change_no_bit(
    make_bundle: MakeBundle, odd_pixels: Pixels, of: Callable[[ModelBundle], Scorer], monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer, X = of(make_bundle(9, "Scaled")), odd_pixels(1000)
    expected = scorer.predict_proba(X)
    for chunk in (64, 300, 512):
        monkeypatch.setattr(scorer_module, "CHUNK", chunk)
        for threads in (1, 2, 5):
            assert np.array_equal(scorer.predict_proba(X, threads), expected)


def test_rows_that_do_not_lie_side_by_side_and_other_types_are_read(
    make_bundle: MakeBundle, odd_pixels: Pixels, of: Callable[[ModelBundle], Scorer]
) -> None:
    scorer, X = of(make_bundle(3)), odd_pixels(300)
    expected = scorer.predict_proba(X)
    assert np.array_equal(scorer.predict_proba(np.asfortranarray(X)), expected)
    assert np.array_equal(scorer.predict_proba(X.astype(np.float64)), expected)
    with pytest.raises(ValueError, match="must be"):
        scorer.predict_proba(X[:, :3])


@settings(max_examples=40, deadline=None)
@given(
    X=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.just(7)),
        elements=st.one_of(
            st.floats(-(2.0**99), 2.0**99, width=32),
            st.just(np.nan),
            st.floats(-8, 8, width=32),
            st.sampled_from([0.0, -0.0, 1.0]),
        ),
    )
)
def test_no_pixel_tells_the_scorer_from_the_libraries(
    X: np.ndarray, make_bundle: MakeBundle, of: Callable[[ModelBundle], Scorer]
) -> None:
    assert_same(of(make_bundle(3, "Scaled")), X)
    assert_same(of(make_bundle(3, "Raw")), X)


def test_a_saved_scorer_is_the_same_to_the_bit_and_to_the_byte(
    make_bundle: MakeBundle, odd_pixels: Pixels, of: Callable[[ModelBundle], Scorer], tmp_path: Path
) -> None:
    scorer, X = of(make_bundle(9)), odd_pixels(300)
    scorer.save(tmp_path / "one")
    loaded = Scorer.load(tmp_path / "one", scorer.bundle)
    assert np.array_equal(loaded.predict_proba(X), scorer.predict_proba(X))
    loaded.save(tmp_path / "two")
    convert(scorer.bundle).save(tmp_path / "three")
    contents = {(tmp_path / name).read_bytes() for name in ("one", "two", "three")}
    assert len(contents) == 1


def test_a_scorer_of_another_bundle_or_format_is_refused(
    make_bundle: MakeBundle, of: Callable[[ModelBundle], Scorer], tmp_path: Path
) -> None:
    path = tmp_path / "scorer"
    of(make_bundle(3)).save(path)
    with pytest.raises(ScorerMismatch, match="made from bundle"):
        Scorer.load(path, make_bundle(9))
    write_arrays(path, read_arrays(path, FORMAT), "geocrop-scorer-999")
    with pytest.raises(InvalidModelFile, match="geocrop-scorer-999"):
        Scorer.load(path, make_bundle(3))


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("small/xgboost/choices", (3, 0), 10**6),
        ("small/xgboost/choices", (3, 2), 200),
        ("small/xgboost/choices", (3, 5), 0),
        ("small/xgboost/choices", (3, 4), 250),
        ("small/xgboost/leaves", (0, 0, 0), -1),
        ("small/xgboost/starts", (1,), 10**6),
        ("small/xgboost/results", (0, 0), 99),
        ("small/xgboost/target", (0,), 3),
        ("large/lightgbm/nodes", (0,), 2**48),
        ("large/lightgbm/nodes", (9,), 1 << 32),
        ("large/lightgbm/nodes", (9,), 9 << 32),
        ("large/lightgbm/nodes", (0,), (1 << 32) + (999 << 16)),
        ("large/lightgbm/starts", (1,), 0),
        ("large/lightgbm/rows", (-1,), 10**6),
        ("large/lightgbm/row_starts", (1,), -4),
        ("scales/feature", (0,), 7),
        ("scales/starts", (1,), 10**6),
        ("scales/column", (0, 0), -2),
        ("wide/feature", (0,), 7),
        ("wide/starts", (1,), 10**6),
        ("wide/column", (0, 0), -2),
    ],
)
def test_arrays_that_would_lead_a_kernel_astray_are_refused(  # noqa: PLR0917  # pytest calls by name
    name: str,
    place: tuple[int, ...],
    value: int,
    make_bundle: MakeBundle,
    of: Callable[[ModelBundle], Scorer],
    tmp_path: Path,
) -> None:
    leafy = {"rounds": 3, "num_leaves": 700, "min_child_samples": 1, "max_bin": 255}
    bundle = make_bundle(3, "Raw", 3000, lightgbm=leafy)
    of(bundle).save(tmp_path / "scorer")
    arrays = read_arrays(tmp_path / "scorer", FORMAT)
    arrays[name] = arrays[name].copy()
    arrays[name][place] = value
    write_arrays(tmp_path / "scorer", arrays, FORMAT)
    with pytest.raises(InvalidModelFile):
        Scorer.load(tmp_path / "scorer", bundle)


def test_a_learner_that_is_not_known_is_left_to_its_library(make_bundle: MakeBundle, odd_pixels: Pixels) -> None:
    unknown = {
        "xgboost": {"extra": {"booster": "dart"}},
        "lightgbm": {"extra": {"zero_as_missing": True}},
        "catboost": {"extra": {"grow_policy": "Depthwise"}},
    }
    bundle, X = make_bundle(3, **unknown), odd_pixels(300)
    scorer = convert(bundle)
    assert set(scorer.parts) == {"random_forest"}
    assert set(scorer.plain) == {"xgboost", "lightgbm", "catboost"}
    np.testing.assert_allclose(scorer.predict_proba(X, 2), bundle.predict_proba(X), atol=CLOSE, rtol=0)


def test_a_learner_that_comes_out_differently_is_left_to_its_library(
    make_bundle: MakeBundle, odd_pixels: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = scorer_module.read_learner

    def misread(fit):  # noqa: ANN001, ANN202
        model = read(fit)
        return replace(model, base=model.base + 0.1 * np.arange(len(model.base))) if fit.name == "xgboost" else model

    monkeypatch.setattr(scorer_module, "read_learner", misread)
    bundle, X = make_bundle(3), odd_pixels(200)
    scorer = convert(bundle)
    assert "differ" in scorer.plain["xgboost"]
    np.testing.assert_allclose(scorer.predict_proba(X), bundle.predict_proba(X), atol=CLOSE, rtol=0)
