"""The evaluation report: what was held out, figures with intervals, nothing undefined shown as 0."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from training.evaluation import (
    EvaluationReport,
    NothingToJudge,
    OtherRecipe,
    assess,
    describe_grouping,
    evaluate,
)
from training.splits import random_rows, split_blocks
from training.table import TrainingTable

CLASSES = ("cotton", "maize", "tobacco")


@dataclass
class FakeBundle:
    """Believes the first feature, which is the class number, `right` of the time (the second feature)."""

    classes: tuple[str, ...] = CLASSES
    features: tuple[str, ...] = ("class", "luck")
    recipe: str = "s2-season@1"

    def predict_proba(self, rows: np.ndarray, /) -> np.ndarray:
        number = np.where(rows[:, 1] < 0.8, rows[:, 0], (rows[:, 0] + 1) % 3).astype(int) % len(self.classes)
        proba = np.full((len(rows), len(self.classes)), 0.1, dtype=np.float32)
        proba[np.arange(len(rows)), number] = 0.8
        return proba


def table(n_groups: int = 100, grouping: str = "spatial-block") -> TrainingTable:
    rng = np.random.default_rng(3)
    n = n_groups * 8
    number = rng.integers(0, 3, n)
    features = np.column_stack([rng.random(n), number, rng.random(n)]).astype(np.float32)
    return TrainingTable(
        X=features,
        labels=np.array(CLASSES)[number],
        groups=np.repeat([f"x{i}y0" for i in range(n_groups)], 8),
        grouping=grouping,
        features=("noise", "class", "luck"),
        recipe="s2-season@1",
        dataset_version="v1",
        dataset_digest="d",
        sample_ids=np.array([f"s{i}" for i in range(n)]),
    )


def report(**options: Any) -> EvaluationReport:  # noqa: ANN401 (passed through)
    samples = table()
    return evaluate(FakeBundle(), samples, split_blocks(samples.labels, samples.groups), replicates=200, **options)


def test_only_held_out_rows_are_judged_with_the_features_of_the_bundle() -> None:
    samples = table()
    split = split_blocks(samples.labels, samples.groups)
    got = evaluate(FakeBundle(), samples, split, replicates=200)
    assert got.held_out.sample_ids.tolist() == samples.sample_ids[split.test].tolist()
    assert got.scores.n_groups == np.unique(samples.groups[split.test]).size
    assert got.overall_accuracy.value == pytest.approx((samples.X[split.test, 2] < 0.8).mean())
    assert got.overall_accuracy.low < got.overall_accuracy.value < got.overall_accuracy.high
    assert got.calibration_error == pytest.approx(abs(0.8 - got.overall_accuracy.value), abs=1e-6)


def test_the_method_says_how_rows_were_grouped() -> None:
    got = report(block_m=10_240.0)
    assert "whole spatial blocks of 10.24 km" in got.method
    assert "hash of group key and seed 42" in got.method
    assert "no coordinates" in describe_grouping("row-run")
    both = describe_grouping("column:farm+spatial-block")
    assert both == "whole groups of the batch's column 'farm' and whole spatial blocks"


def test_the_blocked_and_the_leaky_score_stand_beside_the_held_out_one() -> None:
    samples = table()
    split = split_blocks(samples.labels, samples.groups)
    truth = samples.labels[split.train][:, None] == np.array(CLASSES)
    got = evaluate(
        FakeBundle(), samples, split, cross_fitted=np.roll(truth, 1, axis=1).astype(float), leaky=truth.astype(float)
    )
    assert got.cross_validated is not None
    assert got.leaky is not None
    assert got.cross_validated.overall_accuracy.value == 0.0
    assert got.cross_validated.n_samples == split.train.sum()
    assert got.leaky.macro_f1.value == 1.0
    assert got.leaky.macro_f1.low is None
    assert got.metrics()["leaky_rows_macro_f1"] == 1.0
    assert got.metrics()["blocked_cv_macro_f1"] == 0.0
    assert "leaky: optimistic, not used by the gate" in got.to_markdown()


def test_probabilities_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="probabilities"):
        report(cross_fitted=np.zeros((3, 3)))


def test_features_of_another_recipe_are_refused() -> None:
    samples = table()
    with pytest.raises(OtherRecipe, match="ndvi-season@2"):
        evaluate(FakeBundle(recipe="ndvi-season@2"), samples, split_blocks(samples.labels, samples.groups))


def test_a_class_the_model_does_not_know_counts_as_errors_and_is_named() -> None:
    samples = table()
    split = split_blocks(samples.labels, samples.groups)
    got = evaluate(FakeBundle(classes=CLASSES[:2]), samples, split, replicates=100)
    tobacco = got.per_class.set_index("label").loc["tobacco"]
    assert not tobacco["in_model"]
    assert tobacco["producers_accuracy"] == 0.0
    assert np.isnan(tobacco["users_accuracy"])
    assert any("does not know tobacco" in text for text in got.warnings)
    assert "tobacco (not in the model)" in got.to_markdown()


def test_a_class_absent_from_the_held_out_part_is_a_dash_and_not_zero() -> None:
    got = assess(["maize", "maize"], ["maize", "maize"], classes=("cotton", "maize"))
    cotton = got.per_class.set_index("label").loc["cotton"]
    assert cotton[["users_accuracy", "producers_accuracy", "f1"]].isna().all()
    row = next(line for line in got.to_markdown().splitlines() if line.startswith("| cotton"))
    assert row == "| cotton | 0 | \N{EN DASH} | \N{EN DASH} | \N{EN DASH} |"
    assert "cotton_f1" not in got.metrics()
    assert got.macro_f1.value == 1.0


@pytest.mark.parametrize("rows", [True, False])
def test_a_report_survives_json(rows: bool) -> None:
    got = report(cross_fitted=np.full((int(split_blocks(table().labels, table().groups).train.sum()), 3), 0.3))
    text = json.dumps(got.to_dict(rows=rows), allow_nan=False)
    back = EvaluationReport.from_dict(json.loads(text))
    assert json.dumps(back.to_dict(rows=rows), allow_nan=False) == text
    assert back.per_class.dtypes.tolist() == got.per_class.dtypes.tolist()
    assert back.to_markdown() == got.to_markdown()
    assert len(back.held_out) == (len(got.held_out) if rows else 0)


def test_a_report_without_confidence_survives_json() -> None:
    got = assess(["maize", "cotton"], ["maize", "maize"])
    back = EvaluationReport.from_dict(json.loads(json.dumps(got.to_dict(), allow_nan=False)))
    assert back.calibration_error is None
    assert len(back.reliability) == 0
    assert np.isnan(back.held_out.confidence).all()


def test_a_map_is_judged_without_model_or_blocks_and_says_so() -> None:
    rng = np.random.default_rng(1)
    truth = rng.choice(CLASSES, 500)
    drawn = np.where(rng.random(500) < 0.9, truth, "maize")
    got = assess(truth, drawn, method="Crop map against the simulated truth")
    assert got.method.startswith("Crop map against the simulated truth. Every sample counts as independent")
    assert got.warnings == ()
    assert got.confusion.loc["cotton", "maize"] > 0
    assert got.confusion.to_numpy().sum() == 500


def test_the_order_of_rows_does_not_change_the_figures() -> None:
    samples = table(40)
    order = np.random.default_rng(1).permutation(len(samples.labels))
    predicted = np.roll(samples.labels, 1)
    first = assess(samples.labels, predicted, groups=samples.groups)
    second = assess(samples.labels[order], predicted[order], groups=samples.groups[order])
    assert first.to_dict(rows=False) == second.to_dict(rows=False)


def test_few_blocks_are_warned_of() -> None:
    few = assess(["maize", "cotton"] * 5, ["maize"] * 10, groups=["a"] * 5 + ["b"] * 5)
    assert any("Only 2 groups" in text for text in few.warnings)
    one = assess(["maize", "cotton"], ["maize"] * 2, groups=["a"] * 2)
    assert any("no intervals" in text for text in one.warnings)
    assert one.overall_accuracy.low is None


def test_nothing_to_judge_is_refused() -> None:
    with pytest.raises(NothingToJudge, match="no held-out samples"):
        assess([], [])
    with pytest.raises(ValueError, match="unequal length"):
        assess(["maize"], ["maize", "maize"])


def test_folds_of_random_rows_keep_the_held_out_part_and_split_groups() -> None:
    samples = table()
    split = split_blocks(samples.labels, samples.groups)
    leaky = random_rows(split, samples.labels)
    assert np.array_equal(leaky.test, split.test)
    assert np.unique(leaky.folds[(samples.groups == "x0y0")]).size > 1 or split.test[0]
    for name in CLASSES:
        sizes = np.bincount(leaky.folds[leaky.train & (samples.labels == name)])
        assert sizes.max() - sizes.min() <= 1
    with pytest.raises(ValueError, match="2 labels"):
        random_rows(split, ["a", "b"])
