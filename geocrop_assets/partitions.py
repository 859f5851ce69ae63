"""What the graph is cut by: dataset versions, model variants, AOIs and seasons, baseline years."""

from __future__ import annotations

import dagster as dg

from sensors.tags import DATASET_VERSION, MODEL_VARIANT

AOI_SEASON = "aoi_season"
VARIANTS = ("Raw", "Scaled")
#: Dynamic World begins with Sentinel-2, in 2015.
BASELINE_YEARS = tuple(str(year) for year in range(2015, 2026))

dataset_versions = dg.DynamicPartitionsDefinition(name=DATASET_VERSION)
model_variants = dg.StaticPartitionsDefinition(VARIANTS)
models = dg.MultiPartitionsDefinition({DATASET_VERSION: dataset_versions, MODEL_VARIANT: model_variants})
aoi_seasons = dg.DynamicPartitionsDefinition(name=AOI_SEASON)
baseline_years = dg.StaticPartitionsDefinition(BASELINE_YEARS)


def model_key(dataset_version: str, variant: str) -> dg.MultiPartitionKey:
    """Return the partition key of a model: one dataset version, one variant."""
    return dg.MultiPartitionKey({DATASET_VERSION: dataset_version, MODEL_VARIANT: variant})
