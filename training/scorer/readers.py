"""Reading the learners' own models into one form of trees; what a reader does not know for sure it refuses."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.scorer.trees import LEAF, NotConvertible, SymmetricTrees, TreeModel, Trees, largest_left

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.learners.base import Scaler
    from training.learners.learner_fit import LearnerFit

ZERO_THRESHOLD = float(np.float32(1e-35))
"""LightGBM takes numbers up to this size as zero when it reads a dense row."""

TWO = 2  # classes: boosted trees then make one sum


def read_learner(fit: LearnerFit) -> TreeModel:
    """Return a learner's trees; raises NotConvertible for a learner or a kind of model that is not known here."""
    try:
        reader = _READERS[fit.name]
    except KeyError:
        raise NotConvertible(f"no reader knows {fit.name}") from None
    return reader(fit)


def _raw(scaler: Scaler | None, feature: NDArray[np.int32]) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return what the learner sees of raw values, one for each split's feature."""
    if scaler is None:
        return lambda x: x
    mean, scale = scaler.mean[feature], scaler.scale[feature]

    def scaled(x: NDArray[np.float32]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            return ((x.astype(np.float64) - mean) / scale).astype(np.float32)

    return scaled


def _at_inner(
    inner: NDArray[np.bool_],
    feature: NDArray[np.int32],
    threshold: NDArray[Any],
    goes_left: Callable[[NDArray[np.float32], NDArray[Any]], NDArray[np.bool_]],
    scaler: Scaler | None,
) -> NDArray[np.float32]:
    """Return limits float32 [node]: of each split by `goes_left(seen, threshold)`, 0 at leaves."""
    limit = np.zeros(len(feature), np.float32)
    seen, thresholds = _raw(scaler, feature[inner]), threshold[inner]
    limit[inner] = largest_left(lambda x: goes_left(seen(x), thresholds), int(inner.sum()))
    return limit


def _read_forest(fit: LearnerFit) -> TreeModel:
    """scikit-learn's trees: float64 thresholds, `<=`; leaves hold class shares, mostly the same few rows."""
    arrays = fit.model.arrays
    inner = arrays["left"] != LEAF
    feature = np.where(inner, arrays["feature"], 0).astype(np.int32)
    limit = _at_inner(
        inner, feature, arrays["threshold"], lambda x, t: np.asarray(x.astype(np.float64) <= t), fit.scaler
    )
    trees = Trees(
        starts=arrays["offsets"],
        left=arrays["left"],
        right=arrays["right"],
        feature=feature,
        limit=limit,
        nan_left=arrays["missing_left"].astype(np.bool_),
        row=arrays["row"].astype(np.int64),
        values=arrays["values"],
        target=np.zeros(len(arrays["offsets"]) - 1, np.int64),
    )
    return TreeModel(trees, np.zeros(fit.model.n_classes), "float64", "mean")


def _read_xgboost(fit: LearnerFit) -> TreeModel:
    """XGBoost's trees: float32 thresholds, `<`, sums in float32 from the base score on."""
    learner = json.loads(bytes(fit.model.save_raw("json")))["learner"]
    booster, objective, k = learner["gradient_booster"], learner["objective"]["name"], len(fit.classes)
    expected = "binary:logistic" if k == TWO else "multi:softprob"
    if booster["name"] != "gbtree" or objective != expected:
        raise NotConvertible(f"XGBoost's {booster['name']} for {objective}")
    found = booster["model"]["trees"]
    if any(any(tree["split_type"]) or tree["tree_param"]["size_leaf_vector"] not in ("0", "1") for tree in found):
        raise NotConvertible("XGBoost's categories or vector leaves")
    left = np.concatenate([tree["left_children"] for tree in found]).astype(np.int32)
    inner = left != LEAF
    feature = np.concatenate([tree["split_indices"] for tree in found]).astype(np.int32)
    conditions = np.concatenate([np.asarray(tree["split_conditions"], np.float32) for tree in found])
    trees = Trees(
        starts=_starts([len(tree["left_children"]) for tree in found]),
        left=left,
        right=np.concatenate([tree["right_children"] for tree in found]).astype(np.int32),
        feature=feature,
        limit=_at_inner(inner, feature, conditions, lambda x, t: np.asarray(x < t), fit.scaler),
        nan_left=np.concatenate([tree["default_left"] for tree in found]).astype(np.bool_),
        row=np.arange(len(left)),
        values=conditions.astype(np.float64)[:, None],
        target=np.asarray(booster["model"]["tree_info"], np.int64),
    )
    score = np.asarray(json.loads(learner["learner_model_param"]["base_score"]), np.float32).reshape(-1)
    base = _logit(score) if k == TWO else np.broadcast_to(score, (k,))
    return TreeModel(trees, base.astype(np.float64), "float32", "sigmoid" if k == TWO else "softmax")


def _logit(share: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the margin of a share as XGBoost computes it, in float32."""
    return np.asarray(-np.log(np.float32(1) / share - np.float32(1)), np.float32)


def _read_lightgbm(fit: LearnerFit) -> TreeModel:
    """LightGBM's trees: float64 thresholds, `<=`; tiny numbers count as zero, NaN too where training saw none."""
    text, k = fit.model.model_to_string(), len(fit.classes)
    header, _, rest = text.partition("\nTree=")
    facts = dict(line.split("=", 1) for line in header.splitlines() if "=" in line)
    objective = facts.get("objective", "").split()
    expected = ["binary", "sigmoid:1"] if k == TWO else ["multiclass", f"num_class:{k}"]
    if objective != expected or "average_output" in header.split():
        raise NotConvertible(f"LightGBM's {facts.get('objective')}")
    body = rest.partition("\nend of trees")[0]
    parts = [_lightgbm_tree(part) for part in body.split("\nTree=")] if rest else []
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    inner = joined["left"] != LEAF
    feature, seen_nan = joined["feature"], (joined["decision"] >> 2) & 3
    if (joined["decision"][inner] & 1).any() or (seen_nan[inner] == 1).any():
        raise NotConvertible("LightGBM's categories, or zeros that are missing")
    limit = _at_inner(inner, feature, joined["threshold"], _lightgbm_left, fit.scaler)
    trees = Trees(
        starts=_starts([len(part["left"]) for part in parts]),
        left=joined["left"],
        right=joined["right"],
        feature=feature,
        limit=limit,
        nan_left=np.where(seen_nan == TWO, (joined["decision"] & 2) > 0, joined["threshold"] >= 0),
        row=np.arange(len(inner)),
        values=joined["value"][:, None],
        target=np.arange(len(parts), dtype=np.int64) % (1 if k == TWO else k),
    )
    sums = 1 if k == TWO else k
    return TreeModel(trees, np.zeros(sums), "float64", "sigmoid" if k == TWO else "softmax")


def _lightgbm_left(x: NDArray[np.float32], threshold: NDArray[np.float64]) -> NDArray[np.bool_]:
    wide = x.astype(np.float64)
    return np.asarray(np.where(np.abs(wide) <= ZERO_THRESHOLD, 0.0, wide) <= threshold)


def _lightgbm_tree(text: str) -> dict[str, NDArray[Any]]:
    """Return a tree's nodes: splits first, then leaves (`~leaf` in the children of the text)."""
    facts = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if facts.get("is_linear", "0") != "0" or facts["num_cat"] != "0":
        raise NotConvertible("LightGBM's linear trees or categories")
    value = np.array(facts["leaf_value"].split(), np.float64)
    leaves, splits = len(value), len(value) - 1

    def of(name: str, dtype: type[Any], at_leaf: float) -> NDArray[Any]:
        found = facts.get(name, "").split()[:splits]
        return np.concatenate([np.array(found, dtype), np.full(leaves, at_leaf, dtype)])

    def children(name: str) -> NDArray[np.int32]:
        found = of(name, np.int32, LEAF)
        found[:splits] = np.where(found[:splits] < 0, splits + ~found[:splits], found[:splits])
        return found

    return {
        "left": children("left_child"),
        "right": children("right_child"),
        "feature": of("split_feature", np.int32, 0),
        "threshold": of("threshold", np.float64, 0),
        "decision": of("decision_type", np.int32, 0),
        "value": np.concatenate([np.zeros(splits), value]),
    }


def _read_catboost(fit: LearnerFit) -> TreeModel:
    """CatBoost's symmetric trees: float32 borders, `>` goes right; sums in float64, then a scale and a bias."""
    with tempfile.TemporaryDirectory(prefix="geocrop-scorer-") as folder:
        path = Path(folder) / "model.json"
        fit.model.save_model(str(path), format="json")
        facts = json.loads(path.read_text(encoding="utf-8"))
    k, found = len(fit.classes), facts.get("oblivious_trees")
    scale, bias = facts["scale_and_bias"]
    splits = [split for tree in found or () for split in tree["splits"] or ()]
    if not found or scale != 1 or any(split["split_type"] != "FloatFeature" for split in splits):
        raise NotConvertible("CatBoost's trees are not symmetric, or ask for other than numbers")
    infos = {info["feature_index"]: info for info in facts["features_info"]["float_features"]}
    asked = [infos[split["float_feature_index"]] for split in splits]
    feature = np.array([info["flat_feature_index"] for info in asked], np.int32)
    border = np.array([split["border"] for split in splits], np.float64).astype(np.float32)
    width = 1 if k == TWO else k
    values = [np.asarray(tree["leaf_values"], np.float64).reshape(-1, width) for tree in found]
    everywhere = np.ones(len(splits), np.bool_)
    trees = SymmetricTrees(
        starts=_starts([len(tree["splits"] or ()) for tree in found]),
        feature=feature,
        limit=_at_inner(everywhere, feature, border, lambda x, t: np.asarray(x <= t), fit.scaler),
        nan_left=np.array([info["nan_value_treatment"] != "AsTrue" for info in asked], np.bool_),
        leaf_starts=_starts([len(value) for value in values]),
        values=np.concatenate(values),
    )
    base = np.broadcast_to(np.asarray(bias, np.float64), (width,))
    return TreeModel(trees, base, "float64", "sigmoid" if k == TWO else "softmax")


def _starts(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


_READERS: dict[str, Callable[[LearnerFit], TreeModel]] = {
    "random_forest": _read_forest,
    "xgboost": _read_xgboost,
    "lightgbm": _read_lightgbm,
    "catboost": _read_catboost,
}
