"""Names that sensors, jobs and the command line agree on."""

from __future__ import annotations

# Run tags
DATASET_VERSION_TAG = "geocrop/dataset_version"
DATASET_DIGEST_TAG = "geocrop/dataset_digest"
VARIANT_TAG = "geocrop/model_variant"
MODEL_VERSION_TAG = "geocrop/model_version"
LANE_TAG = "geocrop/lane"
INTERACTIVE, BATCH = "interactive", "batch"
POD_TAG = "geocrop/pod"  # what its pod is sized for; Dagster's queue limits trainings by it
JOB_TAG = "geocrop/job"  # id of the API's job: by it a run is found again
STAGE_TAG = "geocrop/stage"  # which of its runs, from 0, where a job takes several
REQUESTED_BY_TAG = "geocrop/requested_by"
MODEL_LABEL_TAG = "geocrop/model_label"  # a person's name for the version to be trained

# Dynamic partitions
AOI_SEASON = "aoi_season"

# Jobs
PREPARE_JOB = "prepare_dataset"
TRAIN_JOB = "train_models"
PROMOTE_JOB = "promote_champion"
BASELINE_JOB = "ingest_baseline"
MAP_JOB = "draw_crop_map"
HOUSEKEEPING_JOB = "housekeeping"

# Dimensions of partition keys
DATASET_VERSION = "dataset_version"
MODEL_VARIANT = "model_variant"

# Assets whose events sensors read
FEATURE_SELECTION = "feature_selection"
BASELINE = "baseline"
EVALUATION = "evaluation"
CHAMPION_MODEL = "champion_model"

# The check whose failure is a verdict, not a fault
GATE_CHECK = "beats_champion"

# Metadata of these events
DATASET_DIGEST = "dataset_digest"
UPLOAD_DIGEST = "upload_digest"
MODEL_VERSION = "model_version"
MACRO_F1 = "macro_f1"
