"""Models: which features are used, the four learners, and their ensemble as a candidate."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from geocrop_assets import checks, partitions
from geocrop_assets.common import OWNERS, code_version, png_metadata
from geocrop_assets.prepared import prepare
from geocrop_assets.run_config import TrainingSettings
from resources.bundles import publish_bundle, scorer_facts
from resources.progress import Progress
from resources.registry import ModelRegistry
from resources.rules import DatasetRules
from resources.store_resource import ObjectStoreResource
from sensors import tags
from training.learners import LearnerFit
from training.scout import FeatureSelection

if TYPE_CHECKING:
    from training.bundle import ModelBundle
    from training.config import LearnerName

REF_NAME = "candidate.json"

#: Asset name and kind of each learner.
LEARNER_ASSETS: "Mapping[LearnerName, tuple[str, str]]" = {
    "random_forest": ("random_forest", "scikitlearn"),
    "xgboost": ("xgboost_model", "xgboost"),
    "lightgbm": ("lightgbm_model", "lightgbm"),
    "catboost": ("catboost_model", "catboost"),
}
LEARNER_TITLES: "Mapping[LearnerName, str]" = {
    "random_forest": "A random forest (scikit-learn)",
    "xgboost": "XGBoost's boosted trees (histogram method)",
    "lightgbm": "LightGBM's boosted trees",
    "catboost": "CatBoost's boosted symmetric trees",
}


@dg.asset(
    partitions_def=partitions.dataset_versions,
    io_manager_key="bundles",
    group_name="models",
    kinds={"lightgbm"},
    owners=OWNERS,
    code_version="1",
    check_specs=[checks.NO_LEAKAGE_BETWEEN_FOLDS],
)
def feature_selection(  # noqa: ANN201  # with checks, Dagster takes a MaterializeResult here as one without a value
    context: dg.AssetExecutionContext,
    training_features: pd.DataFrame,
    training: TrainingSettings,
    rules: dg.ResourceParam[DatasetRules],
):
    """Scout: which of the recipe's features help on places not seen, by LightGBM over spatial folds.

    One partition is one dataset version. Held-out blocks take no part. The selection is the same for all variants.
    Stale when the features or the settings of training change.
    """
    from training.plots import importance_png
    from training.scout import select_features

    config = training.config(cores=rules.cores)
    prepared = prepare(training_features, config)
    selection = select_features(prepared.table, prepared.split, config)
    for warning in prepared.split.warnings:
        context.log.warning(warning)
    return dg.MaterializeResult(
        value=selection,
        check_results=[checks.no_leakage_between_folds(training_features, prepared)],
        metadata={
            tags.DATASET_DIGEST: prepared.table.dataset_digest,
            "kept": len(selection.features),
            "offered": len(prepared.table.features),
            "split": prepared.split.method,
            "importance": png_metadata(importance_png(selection), "importance"),
        },
    )


def _learner_asset(name: "LearnerName") -> dg.AssetsDefinition:
    asset_name, kind = LEARNER_ASSETS[name]

    @dg.asset(
        name=asset_name,
        partitions_def=partitions.models,
        io_manager_key="bundles",
        group_name="models",
        kinds={kind},
        owners=OWNERS,
        code_version="1",
        description=f"{LEARNER_TITLES[name]}, fitted on the training blocks of a dataset version.\n\n"
        "One partition is one dataset version in one variant (`Scaled`: standardised features, `Raw`: as measured). "
        "It holds the native model and its out-of-fold probabilities over spatial folds, which the ensemble is fitted "
        "on. Stale when the features, their selection or the hyperparameters change.",
    )
    def learner(
        context: dg.AssetExecutionContext,
        training_features: pd.DataFrame,
        feature_selection: FeatureSelection,
        training: TrainingSettings,
        rules: dg.ResourceParam[DatasetRules],
        progress: Progress,
    ) -> dg.MaterializeResult[LearnerFit]:
        from training.learners import fit_learner

        config = training.config(variant_of(context), cores=rules.cores)
        prepared = prepare(training_features, config)
        report = progress.reporter(context.log, f"fitting {name}")
        fit = fit_learner(
            name,
            prepared.table,
            prepared.split,
            feature_selection.features,
            config,
            progress=lambda _what, share: report(share),
        )
        return dg.MaterializeResult(
            value=fit,
            metadata={
                "classes": ", ".join(fit.classes),
                "features": len(fit.features),
                "rounds": fit.rounds,
                "seconds": round(fit.seconds, 1),
                "parameters": dg.MetadataValue.json(dict(fit.params)),
            },
        )

    return learner


random_forest = _learner_asset("random_forest")
xgboost_model = _learner_asset("xgboost")
lightgbm_model = _learner_asset("lightgbm")
catboost_model = _learner_asset("catboost")


@dataclass(frozen=True)
class CandidateRef:
    """Where a candidate is: its bundle's hash and its number in the registry."""

    bundle_hash: str
    version: int

    def save(self, folder: Path) -> None:
        """Write the reference as JSON."""
        (folder / REF_NAME).write_text(json.dumps(self.__dict__), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "CandidateRef":
        """Read what `save` wrote."""
        return cls(**json.loads((folder / REF_NAME).read_text(encoding="utf-8")))


@dg.asset(
    partitions_def=partitions.models,
    io_manager_key="bundles",
    group_name="models",
    kinds={"mlflow", "s3"},
    owners=OWNERS,
    code_version="1",
)
def candidate_model(
    context: dg.AssetExecutionContext,
    training_features: pd.DataFrame,
    random_forest: LearnerFit,
    xgboost_model: LearnerFit,
    lightgbm_model: LearnerFit,
    catboost_model: LearnerFit,
    training: TrainingSettings,
    rules: dg.ResourceParam[DatasetRules],
    store: ObjectStoreResource,
    registry: dg.ResourceParam[ModelRegistry],
) -> dg.MaterializeResult[CandidateRef]:
    """The soft vote of the learners, weighted and calibrated out of fold, registered in MLflow as a candidate.

    One partition is one dataset version in one variant. The bundle (native model files and a JSON manifest; loading
    it runs no code) lies under its own hash in `geocrop-models/bundles/`; the same dataset, settings and seed give
    the same hash and are registered once. Stale when a learner changes.
    """
    from training.ensemble import fit_ensemble

    config = training.config(variant_of(context), cores=rules.cores)
    prepared = prepare(training_features, config)
    fits = [random_forest, xgboost_model, lightgbm_model, catboost_model]
    wanted = [fit for fit in fits if fit.name in config.ensemble.learners]
    bundle = fit_ensemble(wanted, prepared.table, prepared.split, config)
    uri = publish_bundle(store.store, bundle)
    version = register_bundle(registry, uri, bundle, context.run.run_id)
    scorer = scorer_facts(store.store, bundle.hash)
    for name, why in scorer.get("plain", {}).items():
        context.log.warning(f"maps take longer: {name} is predicted by its library: {why}")
    return dg.MaterializeResult(
        value=CandidateRef(bundle.hash, version),
        metadata={
            tags.MODEL_VERSION: version,
            "bundle": uri,
            "weights": dg.MetadataValue.json({name: round(weight, 4) for name, weight in bundle.weights.items()}),
            "classes": ", ".join(bundle.classes),
            "recipe": bundle.recipe,
            "scorer": dg.MetadataValue.json(scorer),
        },
    )


def register_bundle(registry: ModelRegistry, uri: str, bundle: "ModelBundle", dagster_run_id: str) -> int:
    """Log a bundle in MLflow and register it as a candidate; a bundle registered already keeps its version."""
    known = registry.find_bundle(bundle.hash)
    if known is not None:
        registry.set_candidate(known.version)
        return known.version
    facts = {
        "bundle_hash": bundle.hash,
        "dataset_version": bundle.dataset_version,
        "dataset_digest": bundle.dataset_digest,
        "variant": bundle.variant,
        "recipe": bundle.recipe,
    }
    run_tags = facts | {"dagster_run_id": dagster_run_id, "code_version": code_version()}
    with registry.run(f"{bundle.dataset_version} {bundle.variant}", run_tags) as mlflow_run:
        registry.log_params(mlflow_run, flatten(bundle.config))
        registry.log_metrics(mlflow_run, {f"weight_{name}": weight for name, weight in bundle.weights.items()})
        return registry.register(mlflow_run, uri, facts)


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Return nested settings as flat names: `forest.n_estimators`."""
    flat: dict[str, object] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def variant_of(context: dg.AssetExecutionContext) -> str:
    """Return the model variant of a run's partition."""
    key = context.partition_key
    assert isinstance(key, dg.MultiPartitionKey)  # noqa: S101  # by the partitions definition
    return key.keys_by_dimension[partitions.MODEL_VARIANT]
