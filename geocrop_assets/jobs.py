"""The jobs that sensors and people launch; each is one run of a few assets of one partition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from geocrop_assets.assets.models import LEARNER_ASSETS
from sensors import tags

BATCH_LANE = {tags.LANE_TAG: "batch"}


def pod(name: str, requests: Mapping[str, str], limits: Mapping[str, str], **job_spec: int) -> dict[str, Any]:
    """Return tags that size a run's pod on Kubernetes; they are ignored elsewhere.

    A GPU is asked for at the launch, by the same tag with `nvidia.com/gpu` among its limits (deploy/README.md).
    """
    config: dict[str, Any] = {"container_config": {"resources": {"requests": requests, "limits": limits}}}
    if job_spec:
        config["job_spec_config"] = job_spec
    return {tags.POD_TAG: name, "dagster-k8s/config": config}


#: The learners keep all rows in memory, and each fold a copy. Nothing of a finished pod is worth keeping for long: the
#: run's log is in Dagster. A pod that a node refused or lost before its run began is made again, three times.
TRAINING_POD = pod(
    "training",
    {"cpu": "2", "memory": "4Gi"},
    {"cpu": "4", "memory": "8Gi"},
    ttl_seconds_after_finished=3600,
    backoff_limit=3,
)
#: Measuring samples in imagery holds one block at a time, and all samples' features.
PREPARING_POD = pod("preparing", {"cpu": "500m", "memory": "1536Mi"}, {"cpu": "2", "memory": "4Gi"})
#: A map is bounded by its blocks, whatever its AOI.
MAP_POD = pod("map", {"cpu": "500m", "memory": "1Gi"}, {"cpu": "2", "memory": "2Gi"})

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
            tags=BATCH_LANE | PREPARING_POD,
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
            tags=BATCH_LANE | MAP_POD,
            executor_def=IN_PROCESS,
            description="The crop map of one AOI and season, from scenes to COG.",
        ),
    ]
