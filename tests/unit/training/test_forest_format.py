"""A forest as arrays predicts what scikit-learn's forest predicts, and cannot be made to walk astray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from training import forest_format
from training.array_files import InvalidModelFile, write_arrays
from training.config import ForestParams
from training.forest_format import FIRST_FORMAT, FORMAT, NODE_FIELDS, Forest
from training.learners.base import Rows
from training.learners.random_forest import RandomForest


def _fitted() -> tuple[RandomForestClassifier, np.ndarray]:
    random = np.random.default_rng(3)
    X = random.normal(size=(300, 5)).astype(np.float32)
    X[random.random(X.shape) < 0.1] = np.nan
    y = (np.nan_to_num(X[:, 0]) > 0).astype(int) + (np.nan_to_num(X[:, 1]) > 1)
    return RandomForestClassifier(15, random_state=0).fit(X, y), X


def test_the_arrays_predict_as_scikit_learn_does_also_from_a_file(tmp_path: Path) -> None:
    model, X = _fitted()
    forest = Forest.from_trees([tree.tree_ for tree in model.estimators_])
    expected = model.predict_proba(X).astype(np.float32)
    assert np.array_equal(forest.predict_proba(X), expected)
    forest.save(tmp_path / "forest.safetensors")
    again = Forest.load(tmp_path / "forest.safetensors")
    assert np.array_equal(again.predict_proba(X), expected)
    assert np.array_equal(again.predict_proba(X, threads=3), expected)
    assert (again.n_classes, again.n_features) == (3, 5)


def test_a_forest_too_large_to_be_kept_compiled_predicts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, X = _fitted()
    monkeypatch.setattr(forest_format, "KEPT_NODES", 10)
    forest = Forest.from_trees(tree.tree_ for tree in model.estimators_)
    assert forest._kept is None
    assert np.array_equal(forest.predict_proba(X, threads=2), model.predict_proba(X).astype(np.float32))


def test_a_file_of_the_first_format_is_read(tmp_path: Path) -> None:
    model, X = _fitted()
    trees = [tree.tree_ for tree in model.estimators_]
    states = [tree.__getstate__() for tree in trees]
    old = {
        name: np.concatenate([state["nodes"][of] for state in states]).astype(dtype)
        for name, (of, dtype) in NODE_FIELDS.items()
    }
    old["offsets"] = np.cumsum([0, *(tree.node_count for tree in trees)]).astype(np.int64)
    old["value"] = np.concatenate([state["values"][:, 0, :] for state in states])
    now = Forest.from_trees(trees)
    write_arrays(tmp_path / "forest.safetensors", old | {"importance": now.arrays["importance"]}, FIRST_FORMAT)
    read = Forest.load(tmp_path / "forest.safetensors")
    assert np.array_equal(read.predict_proba(X), model.predict_proba(X).astype(np.float32))
    assert all(np.array_equal(read.arrays[name], array) for name, array in now.arrays.items())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("left", 10**6),
        ("right", -7),
        ("left", 0),
        ("feature", 5),
        ("feature", -1),
        ("offsets", 3),
        ("row", -1),
        ("row", 10**6),
    ],
)
def test_a_node_that_points_outside_its_tree_is_refused(name: str, value: int, tmp_path: Path) -> None:
    arrays = Forest.from_trees([tree.tree_ for tree in _fitted()[0].estimators_]).arrays
    arrays[name] = arrays[name].copy()
    arrays[name][0] = value
    write_arrays(tmp_path / "forest.safetensors", arrays, FORMAT)
    with pytest.raises(InvalidModelFile):
        Forest.load(tmp_path / "forest.safetensors")


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    write_arrays(tmp_path / "forest.safetensors", {"a": np.zeros(2)}, "something-else")
    with pytest.raises(InvalidModelFile, match="something-else"):
        Forest.load(tmp_path / "forest.safetensors")


def test_our_forest_grows_the_trees_of_scikit_learns_forest() -> None:
    model, X = _fitted()
    y = model.predict(X)
    rows = Rows(X, y.astype(np.int64), np.ones(len(y)), 3)
    for changed in ({}, {"criterion": "entropy", "max_features": None, "max_samples": 0.5}, {"bootstrap": False}):
        ours = RandomForest().fit(rows, ForestParams.model_validate(changed), seed=5, rounds=7)
        theirs = RandomForestClassifier(7, random_state=5, **changed).fit(X, y)
        assert np.array_equal(ours.predict_proba(X), theirs.predict_proba(X).astype(np.float32))
        np.testing.assert_allclose(ours.arrays["importance"], theirs.feature_importances_, atol=0.02)
