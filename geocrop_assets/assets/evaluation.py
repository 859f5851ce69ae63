"""Evaluation: how good a candidate is on places it has not seen, as tables and plots in Dagster and MLflow."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pandas as pd

from geocrop_assets import checks, partitions
from geocrop_assets.assets.models import CandidateRef, variant_of
from geocrop_assets.assets.promotion import GateRules
from geocrop_assets.common import OWNERS, png_metadata
from geocrop_assets.prepared import Prepared, prepare
from geocrop_assets.run_config import TrainingSettings
from resources.bundles import load_bundle
from resources.evidence import keep_evidence, keep_gate
from resources.layout import MODELS, REPORT_NAME, report_key
from resources.promotion import read_gate
from resources.registry import ModelRegistry
from resources.rules import DatasetRules
from resources.store_resource import ObjectStoreResource
from sensors import tags
from training.learners import LearnerFit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from resources.object_store import ObjectStore
    from training.config import TrainingConfig
    from training.evaluation import EvaluationReport

#: Learner that the optimistic figure is measured with: cheap enough to be shown always.
LEAKY_LEARNER = "random_forest"


class EvaluationConfig(dg.Config):
    """What is measured beside the held-out blocks."""

    random_rows: bool = True


def leaky_proba(prepared: Prepared, config: "TrainingConfig", features: Sequence[str]) -> "NDArray[np.float32]":
    """Return the forest's out-of-fold probabilities over random rows: the figure that leaks, to show by how much."""
    from training.learners import fit_learner
    from training.splits import random_rows

    split = random_rows(prepared.split, prepared.table.labels, seed=config.seed)
    return fit_learner(LEAKY_LEARNER, prepared.table, split, features, config).oof


def evaluate_candidate(
    frame: pd.DataFrame,
    ref: CandidateRef,
    fits: Sequence[LearnerFit],
    config: "TrainingConfig",
    store: "ObjectStore",
    *,
    random_rows: bool = True,
    block_m: float | None = None,
) -> "EvaluationReport":
    """Evaluate a candidate on its held-out blocks, with blocked cross-validation and random rows beside it."""
    from training.ensemble import cross_fitted_proba
    from training.evaluation import evaluate

    prepared = prepare(frame, config)
    table, split = prepared.table, prepared.split
    bundle = load_bundle(store, ref.bundle_hash)
    report = evaluate(
        bundle,
        table,
        split,
        cross_fitted=cross_fitted_proba(fits, table, split, config),
        leaky=leaky_proba(prepared, config, bundle.features) if random_rows else None,
        block_m=block_m,
    )
    if random_rows:
        report = replace(report, method=f"{report.method} Random rows were tried with the random forest alone.")
    keep_evidence(store, ref.bundle_hash, frame, split)
    return report


def draw_plots(report: "EvaluationReport") -> dict[str, bytes]:
    """Return the plots of a report as PNG, by name."""
    from training.plots import class_accuracy_png, confusion_png, reliability_png

    return {
        "confusion": confusion_png(report),
        "class_accuracy": class_accuracy_png(report),
        "reliability": reliability_png(report),
    }


def keep_report(
    store: "ObjectStore",
    registry: ModelRegistry,
    ref: CandidateRef,
    report: "EvaluationReport",
    plots: Mapping[str, bytes],
) -> None:
    """Keep a report beside the bundle and in the candidate's MLflow run: metrics, tables and plots."""
    with tempfile.TemporaryDirectory(prefix="geocrop-report-") as name:
        folder = Path(name)
        (folder / REPORT_NAME).write_text(json.dumps(report.to_dict(rows=False), indent=1), encoding="utf-8")
        (folder / "report.md").write_text(report.to_markdown(), encoding="utf-8")
        for plot, png in plots.items():
            (folder / f"{plot}.png").write_bytes(png)
        for path in sorted(folder.iterdir()):
            store.put_file(MODELS, report_key(ref.bundle_hash, path.name), path)
        run_id = registry.version(ref.version).mlflow_run_id
        registry.log_metrics(run_id, report.metrics())
        registry.log_folder(run_id, folder)


@dg.asset(
    partitions_def=partitions.models,
    group_name="models",
    kinds={"mlflow", "matplotlib"},
    owners=OWNERS,
    code_version="1",
    check_specs=[checks.BEATS_CHAMPION],
)
def evaluation(
    context: dg.AssetExecutionContext,
    config: EvaluationConfig,
    training_features: pd.DataFrame,
    candidate_model: CandidateRef,
    random_forest: LearnerFit,
    xgboost_model: LearnerFit,
    lightgbm_model: LearnerFit,
    catboost_model: LearnerFit,
    training: TrainingSettings,
    rules: dg.ResourceParam[DatasetRules],
    store: ObjectStoreResource,
    registry: dg.ResourceParam[ModelRegistry],
    gate: GateRules,
) -> dg.MaterializeResult:
    """The candidate's accuracy on held-out blocks, which no model of any dataset version has learned from.

    One partition is one dataset version in one variant. Overall accuracy, macro F1, user's and producer's accuracy
    of each class with 95 % intervals, confusion matrix and reliability, as tables and plots here and in MLflow. The
    blocked cross-validation stands beside it, and the figure of random rows, which leaks and is not used by the gate.
    Kappa is left out on purpose (docs/evaluation.md).
    """
    settings = training.config(variant_of(context), cores=rules.cores)
    fits = [random_forest, xgboost_model, lightgbm_model, catboost_model]
    report = evaluate_candidate(
        training_features,
        candidate_model,
        [fit for fit in fits if fit.name in settings.ensemble.learners],
        settings,
        store.store,
        random_rows=config.random_rows,
        block_m=training_features.attrs.get("block_size_m"),
    )
    plots = draw_plots(report)
    keep_report(store.store, registry, candidate_model, report, plots)
    for warning in report.warnings:
        context.log.warning(warning)
    decision = read_gate(store.store, registry, registry.version(candidate_model.version), gate.config())
    keep_gate(store.store, candidate_model.bundle_hash, decision)
    registry.tag_version(candidate_model.version, {"gate": "passed" if decision.passed else "refused"})
    return dg.MaterializeResult(
        check_results=[checks.beats_champion(decision)],
        metadata={
            tags.MODEL_VERSION: candidate_model.version,
            tags.DATASET_DIGEST: training_features.attrs["dataset_digest"],
            tags.MACRO_F1: round(report.macro_f1.value or 0.0, 4),
            "overall_accuracy": round(report.overall_accuracy.value or 0.0, 4),
            "report": dg.MetadataValue.md(report.to_markdown()),
            **{name: png_metadata(png, name) for name, png in plots.items()},
        },
    )
