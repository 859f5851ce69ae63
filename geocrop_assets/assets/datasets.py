"""Datasets: the samples of a dataset version, from every CSV batch under it."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import dagster as dg
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geocrop_assets import checks, partitions
from geocrop_assets.common import OWNERS, counts_table
from geocrop_assets.run_config import TrainingSettings
from resources.layout import BATCH_SUFFIX, DATASETS, FEATURES, SIDECAR_NAME, rejects_key
from resources.object_store import ObjectStat, ObjectStore
from resources.rules import DatasetRules
from resources.store_resource import ObjectStoreResource
from sensors import tags
from sensors.batches import content_digest, content_of, group_versions
from training.errors import GeocropError
from training.samples.errors import TooManyRejects

if TYPE_CHECKING:
    import geopandas as gpd

    from training.samples import Samples


class NoBatches(GeocropError):
    """Upload a CSV batch of this dataset version first: `geocrop upload FILE --version VERSION`."""

    code: ClassVar[str] = "no-batches"


class InvalidSidecar(GeocropError):
    """Mend the dataset's dataset.yaml: the message names the field (docs/samples.md lists them)."""

    code: ClassVar[str] = "invalid-sidecar"


class Sidecar(BaseModel):
    """What `dataset.yaml` says of a dataset version, over the installation's settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str | None = None
    season: str | None = None
    block_size_m: float | None = Field(None, gt=0)
    max_reject_share: float | None = Field(None, ge=0, le=1)


@dataclass(frozen=True)
class DatasetContent:
    """What lies under a dataset version now."""

    batches: tuple[ObjectStat, ...]
    sidecar: Sidecar
    digest: str


def read_content(store: ObjectStore, version: str) -> DatasetContent:
    """List a dataset version and read its sidecar.

    Raises:
        NoBatches: when no CSV lies under the version.
        InvalidSidecar: when dataset.yaml cannot be understood.

    """
    versions, _ = group_versions(store.list(DATASETS, f"{version}/"))
    content = content_of(versions.get(version, []))
    batches = tuple(one for one in content if one.key.lower().endswith(BATCH_SUFFIX))
    if not batches:
        raise NoBatches(f"no CSV batch lies under {DATASETS}/{version}/: `geocrop upload FILE --version {version}`")
    sidecar = next((one for one in content if one.key.endswith(f"/{SIDECAR_NAME}")), None)
    return DatasetContent(batches, _read_sidecar(store, sidecar), content_digest(content))


def _read_sidecar(store: ObjectStore, found: ObjectStat | None) -> Sidecar:
    if found is None:
        return Sidecar()
    try:
        return Sidecar.model_validate(yaml.safe_load(store.get(DATASETS, found.key)) or {})
    except (yaml.YAMLError, ValidationError) as error:
        raise InvalidSidecar(f"{DATASETS}/{found.key}: {error}") from error


def assemble_version(store: ObjectStore, content: DatasetContent, rules: DatasetRules) -> "Samples":
    """Read every batch of a dataset version and assemble its samples.

    Raises:
        GeocropError: when a batch cannot be read, or too many rows are bad.

    """
    from training.samples import assemble_samples, read_batch

    recipes, classes, region = rules.recipe_columns(), rules.load_classes(), rules.region()
    sidecar = content.sidecar
    batches = []
    with tempfile.TemporaryDirectory(prefix="geocrop-batches-") as folder:
        for stat in content.batches:
            local = Path(folder) / "batch.csv"
            store.download(DATASETS, stat.key, local)
            batches.append(
                read_batch(
                    local,
                    name=stat.key.rpartition("/")[2],
                    recipes=recipes,
                    classes=classes,
                    region=region,
                    default_season=sidecar.season or rules.default_season,
                )
            )
    return assemble_samples(
        batches,
        classes=classes,
        block_size_m=sidecar.block_size_m or rules.block_size_m,
        max_reject_share=rules.max_reject_share if sidecar.max_reject_share is None else sidecar.max_reject_share,
    )


@dg.asset(
    partitions_def=partitions.dataset_versions,
    io_manager_key="tables",
    group_name="datasets",
    kinds={"geoparquet", "geopandas"},
    owners=OWNERS,
    code_version="1",
    check_specs=[checks.LABELS_ARE_KNOWN, checks.CLASSES_CAN_BE_LEARNED],
)
def samples(  # noqa: ANN201  # with checks, Dagster takes a MaterializeResult here as one without a value
    context: dg.AssetExecutionContext,
    store: ObjectStoreResource,
    rules: dg.ResourceParam[DatasetRules],
    training: TrainingSettings,
):
    """Every labelled place and season of a dataset version, validated, typed and without duplicates.

    One partition is one dataset version: all CSV batches under `geocrop-datasets/<version>/`. A row is a sample:
    place (EPSG:4326, degrees), season, class, and the spatial block it is held out with. Bad rows are kept apart with
    line and reason in `geocrop-features/rejects/<version>.parquet`; too many of them fail the dataset.
    Stale when a batch is added, removed or overwritten.
    """
    content = read_content(store.store, context.partition_key)
    try:
        assembled = assemble_version(store.store, content, rules)
    except TooManyRejects as error:
        keep_rejects(store.store, context.partition_key, error.rejects)  # so that a person can see which rows
        raise
    frame: gpd.GeoDataFrame = assembled.table
    recipe = assembled.report.recipe or rules.load_recipe(content.sidecar.recipe).id
    frame.attrs.update(
        dataset_version=context.partition_key,
        dataset_digest=content.digest,
        recipe=recipe,
        block_size_m=assembled.report.block_size_m,
    )
    keep_rejects(store.store, context.partition_key, assembled.rejects)
    for warning in assembled.report.warnings:
        context.log.warning(warning)
    return dg.MaterializeResult(
        value=frame,
        data_version=dg.DataVersion(content.digest),
        check_results=[
            checks.labels_are_known(frame, rules.load_classes()),
            checks.classes_can_be_learned(frame, training.config().folds),
        ],
        metadata={
            tags.DATASET_DIGEST: content.digest,
            "recipe": recipe,
            "batches": len(content.batches),
            "rejected_rows": len(assembled.rejects),
            "classes": counts_table(frame["label"].value_counts().to_dict()),
            "report": dg.MetadataValue.json(assembled.report.to_dict()),
        },
    )


def keep_rejects(store: ObjectStore, version: str, rejects: pd.DataFrame) -> None:
    """Keep a dataset version's rejected rows, also when there are none: the table is never of another upload."""
    with tempfile.TemporaryDirectory(prefix="geocrop-rejects-") as folder:
        path = Path(folder) / "rejects.parquet"
        rejects.to_parquet(path, index=False)
        store.put_file(FEATURES, rejects_key(version), path, content_type="application/vnd.apache.parquet")
