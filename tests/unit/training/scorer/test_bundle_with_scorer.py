"""A bundle carries its scorer: made once, checked on loading, and no part of the bundle's hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from training.array_files import read_arrays, write_arrays
from training.bundle import SCORER_FILE, SCORER_FORMAT, ModelBundle
from training.bundle_files import MANIFEST, BundleRefused
from training.scorer import ScorerMismatch, conversion, convert, kernels

MakeBundle = Callable[..., ModelBundle]
Pixels = Callable[..., np.ndarray]


@pytest.fixture
def folder(make_bundle: MakeBundle, tmp_path: Path) -> Path:
    make_bundle(3).save(tmp_path / "scored", scored=True)
    return tmp_path / "scored"


def test_a_scored_bundle_has_the_hash_of_the_plain_one_and_its_probabilities(
    folder: Path, make_bundle: MakeBundle, odd_pixels: Pixels, tmp_path: Path
) -> None:
    bundle, X = make_bundle(3), odd_pixels(200)
    loaded = ModelBundle.load(folder)
    assert loaded.hash == bundle.hash == bundle.save(tmp_path / "plain")
    assert loaded.scorer is not None
    assert loaded.scorer.plain == {}
    np.testing.assert_allclose(loaded.score(X, 2), bundle.predict_proba(X), atol=1e-6, rtol=0)
    assert np.array_equal(loaded.predict_proba(X), bundle.predict_proba(X))


def test_a_bundle_without_a_scorer_loads_and_scores_with_the_libraries(
    make_bundle: MakeBundle, odd_pixels: Pixels, tmp_path: Path
) -> None:
    bundle, X = make_bundle(3), odd_pixels(50)
    bundle.save(tmp_path / "plain")
    loaded = ModelBundle.load(tmp_path / "plain")
    assert loaded.scorer is None
    assert np.array_equal(loaded.score(X), bundle.predict_proba(X))


def test_a_scorer_of_a_format_of_another_day_is_left_out_and_the_libraries_predict(
    folder: Path, make_bundle: MakeBundle, odd_pixels: Pixels, caplog: pytest.LogCaptureFixture
) -> None:
    write_arrays(folder / SCORER_FILE, read_arrays(folder / SCORER_FILE, SCORER_FORMAT), "geocrop-scorer-999")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["derived"][SCORER_FILE] = hashlib.sha256((folder / SCORER_FILE).read_bytes()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))
    bundle, X = make_bundle(3), odd_pixels(50)
    loaded = ModelBundle.load(folder)
    assert loaded.scorer is None
    assert loaded.hash == bundle.hash
    assert np.array_equal(loaded.score(X), bundle.predict_proba(X))
    assert "geocrop-scorer-999" in caplog.text


def test_the_manifest_says_what_is_converted_and_what_it_cost(folder: Path) -> None:
    facts = json.loads((folder / MANIFEST).read_text())["scorer"]
    assert facts["converted"] == ["random_forest", "xgboost", "lightgbm", "catboost"]
    assert facts["plain"] == {}
    assert facts["seconds"] > 0
    assert facts["bytes"] == (folder / SCORER_FILE).stat().st_size


def test_a_conversion_that_fails_leaves_a_whole_bundle_to_the_libraries(
    make_bundle: MakeBundle,
    odd_pixels: Pixels,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(_bundle: ModelBundle) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(conversion, "convert", fails)
    bundle, X = make_bundle(3), odd_pixels(50)
    assert bundle.save(tmp_path / "scored", scored=True) == bundle.hash
    loaded = ModelBundle.load(tmp_path / "scored")
    assert loaded.scorer is None
    assert np.array_equal(loaded.score(X), bundle.predict_proba(X))
    facts = json.loads((tmp_path / "scored" / MANIFEST).read_text())["scorer"]
    assert facts["converted"] == []
    assert set(facts["plain"]) == {fit.name for fit in bundle.learners}
    assert "MemoryError: no room" in facts["plain"]["xgboost"]
    assert "without a scorer" in caplog.text


def test_a_learner_whose_file_cannot_be_read_is_left_to_its_library_and_named(
    make_bundle: MakeBundle, odd_pixels: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, X = make_bundle(3), odd_pixels(100)
    lightgbm = next(fit for fit in bundle.learners if fit.name == "lightgbm")
    text = lightgbm.model.model_to_string()
    monkeypatch.setattr(lightgbm.model, "model_to_string", lambda: text.replace("leaf_value=", "leaf_worth="))
    scorer = convert(bundle)
    assert set(scorer.plain) == {"lightgbm"}
    assert "could not be read" in scorer.plain["lightgbm"]
    np.testing.assert_allclose(scorer.predict_proba(X), bundle.predict_proba(X), atol=1e-6, rtol=0)


def test_once_a_pixel_is_scored_nothing_is_compiled_any_more(folder: Path, odd_pixels: Pixels) -> None:
    bundle, X = ModelBundle.load(folder), odd_pixels(600)
    used = (kernels.rank_rows, kernels.search_rows, kernels.add_small_trees, kernels.add_large_trees)
    bundle.score(X[:1])
    known = [len(kernel.signatures) for kernel in used]
    read_only = X.copy()
    read_only.flags.writeable = False
    for given in (X, X[::2], X.astype(np.float64), np.asfortranarray(X), read_only):
        assert np.array_equal(bundle.score(given, 2), bundle.score(given.copy()))
    assert [len(kernel.signatures) for kernel in used] == known


def test_a_changed_or_missing_scorer_is_refused(folder: Path) -> None:
    arrays = read_arrays(folder / SCORER_FILE, SCORER_FORMAT)
    write_arrays(folder / SCORER_FILE, arrays | {"scales/limits": arrays["scales/limits"] + 1}, SCORER_FORMAT)
    with pytest.raises(BundleRefused, match="checksum"):
        ModelBundle.load(folder)
    (folder / SCORER_FILE).unlink()
    with pytest.raises(BundleRefused, match="lacks scorer"):
        ModelBundle.load(folder)


def test_the_scorer_of_another_bundle_is_refused(folder: Path, make_bundle: MakeBundle, tmp_path: Path) -> None:
    make_bundle(9).save(tmp_path / "other", scored=True)
    (folder / SCORER_FILE).write_bytes((tmp_path / "other" / SCORER_FILE).read_bytes())
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["derived"] = json.loads((tmp_path / "other" / MANIFEST).read_text())["derived"]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ScorerMismatch):
        _ = ModelBundle.load(folder).scorer


def test_a_derived_file_never_stands_for_a_file_of_the_model(folder: Path) -> None:
    file = next(folder.rglob("model.txt"))
    file.write_text(file.read_text().replace("leaf_value=", "leaf_value=1", 1))
    manifest = json.loads((folder / MANIFEST).read_text())
    changed = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest["derived"][file.relative_to(folder).as_posix()] = changed
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleRefused, match="checksum"):
        ModelBundle.load(folder)
