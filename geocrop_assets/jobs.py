"""The jobs that sensors and people launch; each is one run of a few assets of one partition."""

from __future__ import annotations

import dagster as dg

from geocrop_assets.assets.models import LEARNER_ASSETS
from sensors import tags

BATCH_LANE = {tags.LANE_TAG: "batch"}
#: Training of the national table; a pod's size on Kubernetes, ignored elsewhere.
TRAINING_POD = {
    "dagster-k8s/config": {
        "container_config": {
            "resources": {
                "requests": {"cpu": "2", "memory": "4Gi"},
                "limits": {"cpu": "4", "memory": "8Gi"},
            }
        },
        "job_spec_config": {"ttl_seconds_after_finished": 3600, "backoff_limit": 3},
    }
}

LEARNERS = tuple(asset for asset, _ in LEARNER_ASSETS.values())
#: A learner keeps both cores busy by its folds, so that steps follow each other in one process.
IN_PROCESS = dg.in_process_executor


def with_checks(*assets: str) -> dg.AssetSelection:
    """Select assets together with the claims about them."""
    chosen = dg.AssetSelection.assets(*assets)
    return chosen | dg.AssetSelection.checks_for_assets(*[dg.AssetKey(name) for name in assets])


def build_jobs() -> list[dg.UnresolvedAssetJobDefinition]:
    """Return the jobs, by the names that sensors use."""
    return [
        dg.define_asset_job(
            tags.PREPARE_JOB,
            selection=with_checks("samples", "training_features", tags.FEATURE_SELECTION),
            tags=BATCH_LANE,
            executor_def=IN_PROCESS,
            description="A dataset version from its CSV batches: samples, their features, and which features are used.",
        ),
        dg.define_asset_job(
            tags.TRAIN_JOB,
            selection=with_checks(*LEARNERS, "candidate_model", tags.EVALUATION),
            tags=BATCH_LANE | TRAINING_POD,
            executor_def=IN_PROCESS,
            description="The learners of one variant, their ensemble as a candidate, its evaluation and the gate.",
        ),
        dg.define_asset_job(
            tags.PROMOTE_JOB,
            selection=with_checks(tags.CHAMPION_MODEL),
            tags=BATCH_LANE,
            executor_def=IN_PROCESS,
            description="Promotes a model version, or rolls back to one.",
        ),
        dg.define_asset_job(
            tags.BASELINE_JOB,
            selection=with_checks("baseline"),
            tags=BATCH_LANE,
            executor_def=IN_PROCESS,
            description="One year's Dynamic World upload as a COG.",
        ),
        dg.define_asset_job(
            tags.MAP_JOB,
            selection=with_checks("season_composite", "crop_map"),
            tags=BATCH_LANE,
            executor_def=IN_PROCESS,
            description="The crop map of one AOI and season, from scenes to COG.",
        ),
    ]
