"""The bundle: predicts as in training, runs no code on loading, hashes the same, and refuses what was tampered with."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import joblib
import numpy as np
import pytest

from training.applicability import warm
from training.bundle import ModelBundle
from training.bundle_files import MANIFEST, BundleRefused, content_hash
from training.classes import ClassTable
from training.ensemble import fit_ensemble
from training.learners import fit_learners
from training.splits import split_blocks
from training.table import TrainingTable

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def table(make_table: Make) -> TrainingTable:
    made: TrainingTable = make_table(160, 4)
    return made


def _bundle(table: TrainingTable, quick_config: Make, **changed: object) -> ModelBundle:
    config = quick_config(**changed)
    split = split_blocks(table.labels, table.groups, folds=config.folds, seed=config.seed)
    fits = fit_learners(table, split, table.features, config)
    return fit_ensemble(fits, table, split, config)


@pytest.fixture(scope="module", params=["Raw", "Scaled"])
def bundle(request: pytest.FixtureRequest, table: TrainingTable, quick_config: Make) -> ModelBundle:
    return _bundle(table, quick_config, variant=request.param)


@pytest.fixture
def folder(bundle: ModelBundle, tmp_path: Path) -> Path:
    bundle.save(tmp_path / "bundle")
    return tmp_path / "bundle"


def test_a_loaded_bundle_predicts_as_in_training_without_unpickling(
    bundle: ModelBundle, table: TrainingTable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a bundle must never be unpickled")

    import cloudpickle

    warm()  # numba keeps its own compiled code pickled
    for module in (pickle, joblib, cloudpickle):
        monkeypatch.setattr(module, "load", refuse)
    for module in (pickle, cloudpickle):
        monkeypatch.setattr(module, "loads", refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    loaded = ModelBundle.load(folder)
    expected = bundle.predict_proba(table.X)
    assert expected.dtype == np.float32
    assert np.array_equal(loaded.predict_proba(table.X), expected)
    assert np.array_equal(loaded.predict_proba(table.X, threads=2), expected)
    assert loaded.predict(table.X).dtype == np.uint8
    names = ClassTable.load()
    right = [names.by_code(code).name for code in loaded.predict(table.X)] == table.labels
    assert right.mean() > 0.8
    assert np.array_equal(loaded.applicability.inside(table.X), bundle.applicability.inside(table.X))


def test_a_loaded_bundle_knows_where_it_comes_from(bundle: ModelBundle, folder: Path) -> None:
    loaded = ModelBundle.load(folder)
    for name in ("classes", "codes", "features", "recipe", "dataset_version", "dataset_digest", "config", "weights"):
        assert getattr(loaded, name) == getattr(bundle, name)
    assert loaded.hash == bundle.hash
    assert len(loaded.hash) == 64
    assert loaded.libraries["xgboost"]


def test_no_pixel_gives_no_probability(bundle: ModelBundle) -> None:
    assert bundle.predict_proba(np.zeros((0, len(bundle.features)), np.float32)).shape == (0, len(bundle.classes))


def test_features_of_another_number_are_refused(bundle: ModelBundle) -> None:
    with pytest.raises(ValueError, match="must be"):
        bundle.predict_proba(np.zeros((3, 2), np.float32))


_AGAIN = """
import pickle, sys
from training.ensemble import fit_ensemble
from training.learners import fit_learners
from training.splits import split_blocks
table, config = pickle.load(sys.stdin.buffer)
split = split_blocks(table.labels, table.groups, folds=config.folds, seed=config.seed)
sys.stdout.write(fit_ensemble(fit_learners(table, split, table.features, config), table, split, config).hash)
"""


def test_two_processes_with_other_cores_make_the_same_hash(table: TrainingTable, quick_config: Make) -> None:
    here = _bundle(table, quick_config, cores=1).hash
    given = pickle.dumps((table, quick_config(cores=3)))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONHASHSEED": "7"}
    run = subprocess.run([sys.executable, "-c", _AGAIN], input=given, capture_output=True, env=environment, check=True)
    assert run.stdout.decode() == here


def test_another_seed_or_dataset_makes_another_hash(table: TrainingTable, quick_config: Make) -> None:
    one = _bundle(table, quick_config)
    assert _bundle(table, quick_config, seed=43).hash != one.hash
    other = TrainingTable(**(table.__dict__ | {"dataset_digest": "e" * 64}))
    assert _bundle(other, quick_config).hash != one.hash


def _edit(folder: Path, change: Callable[[dict[str, Any]], object], *, rehash: bool = True) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    if rehash:
        manifest["hash"] = content_hash(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_a_changed_model_file_is_refused(folder: Path) -> None:
    file = next(folder.rglob("model.txt"))
    file.write_text(file.read_text().replace("leaf_value=", "leaf_value=1", 1))
    with pytest.raises(BundleRefused, match="checksum"):
        ModelBundle.load(folder)


def test_a_changed_manifest_is_refused(folder: Path) -> None:
    _edit(folder, lambda manifest: manifest.update(recipe="other@1"), rehash=False)
    with pytest.raises(BundleRefused, match="changed"):
        ModelBundle.load(folder)


def test_an_unknown_file_is_refused(folder: Path) -> None:
    (folder / "extra.pkl").write_bytes(pickle.dumps(1))
    with pytest.raises(BundleRefused, match=r"extra\.pkl"):
        ModelBundle.load(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    next(folder.rglob("model.ubj")).unlink()
    with pytest.raises(BundleRefused, match=r"model\.ubj"):
        ModelBundle.load(folder)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "learners/../../outside", "a\\..\\b"])
def test_a_path_outside_the_bundle_is_refused(folder: Path, name: str) -> None:
    _edit(folder, lambda manifest: manifest["files"].update({name: "0" * 64}))
    with pytest.raises(BundleRefused, match="outside"):
        ModelBundle.load(folder)


def test_a_learner_outside_the_bundle_is_refused(folder: Path) -> None:
    _edit(folder, lambda manifest: manifest["learners"].append("../../elsewhere"))
    with pytest.raises(BundleRefused, match="learners that do not exist"):
        ModelBundle.load(folder)


def test_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    file = next(folder.rglob("model.cbm"))
    shutil.move(file, tmp_path / "elsewhere.cbm")
    file.symlink_to(tmp_path / "elsewhere.cbm")
    with pytest.raises(BundleRefused, match="link"):
        ModelBundle.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.pop("combiner"),
        lambda manifest: manifest["classes"].append("cotton"),
        lambda manifest: manifest.update(learners=[]),
        lambda manifest: manifest["features"].reverse(),
    ],
)
def test_a_manifest_whose_parts_do_not_fit_is_refused(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    _edit(folder, change)
    with pytest.raises(BundleRefused):
        ModelBundle.load(folder)


def test_another_schema_and_no_manifest_are_refused(folder: Path, tmp_path: Path) -> None:
    _edit(folder, lambda manifest: manifest.update(schema="geocrop-bundle-0"))
    with pytest.raises(BundleRefused, match="geocrop-bundle-0"):
        ModelBundle.load(folder)
    with pytest.raises(BundleRefused, match=MANIFEST):
        ModelBundle.load(tmp_path / "nowhere")


def test_a_bundle_is_not_written_over_other_files(bundle: ModelBundle, folder: Path) -> None:
    with pytest.raises(BundleRefused, match="not empty"):
        bundle.save(folder)
