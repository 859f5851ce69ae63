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
from training.scorer import ScorerMismatch

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
