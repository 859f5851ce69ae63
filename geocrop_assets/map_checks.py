"""Claims about maps and baselines."""

import tempfile
from pathlib import Path
from typing import Any

import dagster as dg

from geocrop_assets.assets.ingest import BASELINE_NAME
from geocrop_assets.assets.maps import MAP_NAME
from resources.layout import BASELINES, RESULTS, baseline_prefix, map_prefix
from resources.object_store import ObjectStore
from resources.publish import read_pointer
from resources.store_resource import ObjectStoreResource

#: Below this many clear observations (median over the AOI) a season's course is mostly interpolated.
MIN_CLEAR_OBSERVATIONS = 12
#: Share of the AOI that must lie where the training data lets the model be applied.
MIN_APPLICABLE_SHARE = 0.8


def check_cog(store: ObjectStore, bucket: str, prefix: str, name: str) -> dg.AssetCheckResult:
    """Validate the COG that a partition's pointer names, with its sidecar beside it."""
    from imagery.cog import validate_cog

    pointer = read_pointer(store, bucket, prefix)
    if pointer is None:
        return dg.AssetCheckResult(passed=False, description=f"nothing is published under {bucket}/{prefix}")
    with tempfile.TemporaryDirectory(prefix="geocrop-check-") as folder:
        for file_name in (name, f"{name}.aux.xml"):
            if file_name in pointer["files"]:
                store.download(bucket, pointer["files"][file_name], Path(folder) / file_name)
        report = validate_cog(Path(folder) / name)
    return dg.AssetCheckResult(
        passed=not report.errors,
        metadata={
            "errors": "\n".join(report.errors) or "none",
            "warnings": "\n".join(report.warnings) or "none",
            "facts": dg.MetadataValue.json(dict(report.facts)),
        },
    )


def _facts_of(store: ObjectStore, partition: str) -> dict[str, Any]:
    pointer = read_pointer(store, RESULTS, map_prefix(partition))
    return {} if pointer is None else pointer["facts"]


@dg.asset_check(asset="crop_map", name="is_valid_cog", description="The map is a valid COG with colours and names.")
def map_is_valid_cog(context: dg.AssetCheckExecutionContext, store: ObjectStoreResource) -> dg.AssetCheckResult:
    """Claim that the map is a valid COG and keeps the platform's contract."""
    return check_cog(store.store, RESULTS, map_prefix(context.partition_key), MAP_NAME)


@dg.asset_check(asset="baseline", name="is_valid_cog", description="The baseline is a valid COG with colours.")
def baseline_is_valid_cog(context: dg.AssetCheckExecutionContext, store: ObjectStoreResource) -> dg.AssetCheckResult:
    """Claim that the baseline is a valid COG and keeps the platform's contract."""
    return check_cog(store.store, BASELINES, baseline_prefix(context.partition_key), BASELINE_NAME)


@dg.asset_check(
    asset="crop_map", description=f"The median pixel was seen clearly at least {MIN_CLEAR_OBSERVATIONS} times."
)
def enough_clear_observations(
    context: dg.AssetCheckExecutionContext, store: ObjectStoreResource
) -> dg.AssetCheckResult:
    """Claim that the map rests on observations more than on interpolation."""
    facts = _facts_of(store.store, context.partition_key)
    median = float(facts.get("clear_median", 0))
    return dg.AssetCheckResult(
        passed=median >= MIN_CLEAR_OBSERVATIONS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"median": median, "min": facts.get("clear_min", 0), "share_mapped": facts.get("share_mapped", 0.0)},
    )


@dg.asset_check(
    asset="crop_map",
    description=f"At least {MIN_APPLICABLE_SHARE:.0%} of the map is land like the training data.",
)
def inside_area_of_applicability(
    context: dg.AssetCheckExecutionContext, store: ObjectStoreResource
) -> dg.AssetCheckResult:
    """Claim that the model was not asked about land unlike what it learned from."""
    share = _facts_of(store.store, context.partition_key).get("share_applicable")
    return dg.AssetCheckResult(
        passed=share is not None and share >= MIN_APPLICABLE_SHARE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"share_inside": share if share is not None else "not known"},
    )
