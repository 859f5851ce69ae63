"""The training of the asset graph without Dagster, for a Kubernetes Job or a notebook: `python -m training.train`.

The environment says what to do:

    DATASET_PATH      s3:// or local: the Parquet of `training_features`, or a CSV or Parquet of labels and features
    OUTPUT_PATH       s3:// or local folder: bundles/<hash>/, evaluation.json, evaluation.md, plots/
    MODEL_VARIANT     Raw (default) or Scaled
    HYPERPARAMETERS   optional, JSON: fields of TrainingConfig, such as {"lightgbm": {"rounds": 400}}
    RECIPE            optional, for a plain table: the id of the recipe its columns belong to
    MINIO_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY   for s3:// addresses

Exit codes: 0 done; 2 the settings or the dataset must be mended (one line says how); 1 anything else, with a traceback.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from pydantic import ValidationError

from training.config import TrainingConfig
from training.errors import GeocropError

if TYPE_CHECKING:
    from training.bundle import ModelBundle
    from training.learners import LearnerFit
    from training.report import EvaluationReport
    from training.scout import FeatureSelection
    from training.splits import Split
    from training.table import TrainingTable

LOG = logging.getLogger("training.train")
MENDABLE, DONE = 2, 0  # exit codes

Progress = Callable[[str, float], None]


class InvalidSettings(GeocropError):
    """Correct the environment variable that the message names."""

    code: ClassVar[str] = "invalid-training-settings"


@dataclass(frozen=True)
class Settings:
    """What the environment asks for."""

    dataset: str
    output: str
    config: TrainingConfig
    recipe: str | None


@dataclass(frozen=True)
class Training:
    """All that a training makes."""

    split: Split
    selection: FeatureSelection
    fits: tuple[LearnerFit, ...]
    bundle: ModelBundle
    report: EvaluationReport


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read and check the environment; raises InvalidSettings."""
    for name in ("DATASET_PATH", "OUTPUT_PATH"):
        if not environment.get(name):
            raise InvalidSettings(f"{name} is not set")
    try:
        given = json.loads(environment.get("HYPERPARAMETERS") or "{}")
    except ValueError as error:
        raise InvalidSettings(f"HYPERPARAMETERS is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise InvalidSettings("HYPERPARAMETERS is not a JSON object")
    if variant := environment.get("MODEL_VARIANT"):
        given["variant"] = variant
    try:
        config = TrainingConfig.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        variable = "MODEL_VARIANT" if where == "variant" else f"HYPERPARAMETERS ({where})"
        raise InvalidSettings(f"{variable}: {first['msg']}") from error
    return Settings(environment["DATASET_PATH"], environment["OUTPUT_PATH"], config, environment.get("RECIPE"))


def train(table: TrainingTable, config: TrainingConfig, progress: Progress | None = None) -> Training:
    """Split, select features, fit the learners, combine them and evaluate the model on the held-out groups."""
    from training.ensemble import cross_fitted_proba, fit_ensemble
    from training.evaluation import evaluate
    from training.learners import fit_learners
    from training.scout import select_features
    from training.splits import split_blocks

    split = split_blocks(table.labels, table.groups, test_size=config.test_size, seed=config.seed, folds=config.folds)
    selection = select_features(table, split, config, progress)
    fits = fit_learners(table, split, selection.features, config, progress=progress)
    bundle = fit_ensemble(fits, table, split, config)
    report = evaluate(
        bundle, table, split, cross_fitted=cross_fitted_proba(fits, table, split, config), seed=config.seed
    )
    return Training(split, selection, fits, bundle, report)


def write_results(training: Training, folder: Path) -> None:
    """Write evaluation.json, evaluation.md, plots/ and bundles/<hash>/ into a folder."""
    from training import plots

    bundle, report = training.bundle, training.report
    drawn = {
        "confusion": plots.confusion_png(report),
        "reliability": plots.reliability_png(report),
        "class_accuracy": plots.class_accuracy_png(report),
        "importance": plots.importance_png(training.selection),
    }
    (folder / "plots").mkdir(parents=True)
    for name, png in drawn.items():
        (folder / "plots" / f"{name}.png").write_bytes(png)
    place = PurePosixPath("bundles", bundle.hash)
    bundle.save(folder / place, scored=True)
    facts = {"bundle": place.as_posix(), "bundle_hash": bundle.hash, "weights": bundle.weights}
    facts |= {"rounds": {fit.name: fit.rounds for fit in training.fits}, "features": list(bundle.features)}
    text = json.dumps(facts | {"evaluation": report.to_dict()}, indent=1)
    (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    (folder / "evaluation.md").write_text(report.to_markdown(), encoding="utf-8")


def run(settings: Settings) -> Training:
    """Fetch the dataset, train, and publish the results."""
    from training.storage_client import fetch, publish
    from training.train_inputs import read_training_table

    name = PurePosixPath(settings.dataset.rstrip("/")).name
    with tempfile.TemporaryDirectory(prefix="geocrop-train-") as scratch:
        local = Path(scratch) / "dataset" / name
        local.parent.mkdir()
        fetch(settings.dataset, local)
        table, warnings = read_training_table(local, version=name, recipe=settings.recipe)
        for warning in warnings:
            LOG.warning("%s", warning)
        LOG.info("%d samples, %d features, classes %s", len(table), len(table.features), ", ".join(table.classes))
        training = train(table, settings.config, lambda message, share: LOG.info("%3.0f %% %s", 100 * share, message))
        results = Path(scratch) / "results"
        results.mkdir()
        write_results(training, results)
        publish(results, settings.output)
    return training


def main() -> int:
    """Run what the environment asks for and return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        settings = read_settings(os.environ)
        _tell(run(settings), settings.output)
    except GeocropError as error:
        LOG.error("%s: %s (%s)", error.code, error, error.hint())  # noqa: TRY400  # a person mends it, not a traceback
        return MENDABLE
    return DONE


def _tell(training: Training, output: str) -> None:
    """Log the summary."""
    report, bundle = training.report, training.bundle
    for warning in report.warnings:
        LOG.warning("%s", warning)
    LOG.info("held out: %s", report.method)
    for name in ("overall_accuracy", "macro_f1", "balanced_accuracy"):
        found = getattr(report, name)
        LOG.info("%s %s", name.replace("_", " "), found)
    LOG.info("weights %s", ", ".join(f"{name} {weight:.2f}" for name, weight in bundle.weights.items()))
    LOG.info("bundle %s in %s", bundle.hash, output)


if __name__ == "__main__":
    sys.exit(main())
