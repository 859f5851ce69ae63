"""Features: the recipe's features for every sample."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

import dagster as dg
import numpy as np
import pandas as pd

from geocrop_assets import checks, partitions
from geocrop_assets.common import OWNERS, counts_table
from resources.archive import SceneArchive
from resources.progress import Progress
from resources.rules import DatasetRules
from sensors import tags
from training.errors import GeocropError

if TYPE_CHECKING:
    from imagery.recipe import Recipe

KEPT = ("sample_id", "batch", "kind", "lon", "lat", "season", "label", "group", "grouping")


class NothingMeasured(GeocropError):
    """Check the catalogue, the seasons and the places: not one sample could be measured (the message counts why)."""

    code: ClassVar[str] = "nothing-measured"


def measure_frame(
    samples: pd.DataFrame,
    recipe: "Recipe",
    archive: SceneArchive,
    *,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the samples with the recipe's features, and counts of why others could not be measured.

    Rows of kind `features` bring theirs and are taken as they are; rows of kind `places` are measured in imagery by
    the code that makes maps. Features are float32, NaN where nothing was observed.

    Raises:
        NothingMeasured: when no sample has features.

    """
    from imagery.measure import measure_samples

    names = list(recipe.feature_names)
    places = (samples["kind"] == "places").to_numpy()
    frame = pd.DataFrame(samples[list(KEPT)]).reset_index(drop=True)
    given = samples.reindex(columns=names).to_numpy(dtype=np.float32)
    problems: dict[str, int] = {}
    if places.any():
        asked = frame.loc[places]
        measured = measure_samples(
            asked["lon"].to_numpy(),
            asked["lat"].to_numpy(),
            asked["season"].to_numpy(),
            recipe,
            archive.catalogue,
            gdal_options=archive.gdal_options,
            progress=progress,
            threads=threads,
        )
        given[places] = measured[names].to_numpy(dtype=np.float32)
        frame.loc[places, "problem"] = measured["problem"].to_numpy()
        problems = measured["problem"].dropna().value_counts().to_dict()
    features = pd.DataFrame(given, columns=names)
    frame = pd.concat([frame.drop(columns="problem", errors="ignore"), features], axis=1)
    empty = np.isnan(given).all(axis=1)
    if empty.all():
        raise NothingMeasured(f"none of {len(frame)} samples could be measured with {recipe.id}: {problems}")
    return frame[~empty].reset_index(drop=True), problems


def drop_torn_observations(frame: pd.DataFrame, features: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Keep each observation in one group only; return the frame and how many rows went.

    Two places a few metres apart can lie in one pixel and in two spatial blocks. The pixel would then be learned from
    and judged on, so it stays with the group that has it first.
    """
    values = frame[list(features)].to_numpy(dtype=np.float32) + np.float32(0)  # -0.0 is 0.0
    values[np.isnan(values)] = np.nan  # one bit pattern for all NaN
    rows = np.ascontiguousarray(values).view(np.dtype((np.void, values.dtype.itemsize * values.shape[1]))).ravel()
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    groups = frame["group"].to_numpy()
    kept = groups == groups[first][inverse]
    return frame[kept].reset_index(drop=True), int((~kept).sum())


@dg.asset(
    partitions_def=partitions.dataset_versions,
    io_manager_key="tables",
    group_name="features",
    kinds={"parquet", "numpy"},
    owners=OWNERS,
    code_version="1",
    check_specs=[checks.FEATURES_ARE_OBSERVED],
)
def training_features(  # noqa: ANN201  # with checks, Dagster takes a MaterializeResult here as one without a value
    context: dg.AssetExecutionContext,
    samples: pd.DataFrame,
    archive: SceneArchive,
    rules: dg.ResourceParam[DatasetRules],
    progress: Progress,
):
    """The recipe's features for every sample of a dataset version.

    One partition is one dataset version. A row is a sample with its class, its group and the recipe's features
    (float32, units as the recipe states, NaN where nothing was observed). Places are measured in the archive's scenes
    by the same code that makes maps; a batch that brings a recipe's columns is taken as it is.
    Stale when the samples or the recipe change.
    """
    recipe = rules.load_recipe(samples.attrs["recipe"])
    frame, problems = measure_frame(
        samples,
        recipe,
        archive,
        threads=rules.cores,
        progress=progress.reporter(context.log, "measuring samples"),
    )
    frame, torn = drop_torn_observations(frame, recipe.feature_names)
    frame.attrs.update(samples.attrs, recipe=recipe.id, features=list(recipe.feature_names))
    for problem, count in problems.items():
        context.log.warning(f"{count} samples could not be measured: {problem}")
    return dg.MaterializeResult(
        value=frame,
        check_results=[checks.features_are_observed(frame)],
        metadata={
            tags.DATASET_DIGEST: frame.attrs["dataset_digest"],
            "recipe": recipe.id,
            "recipe_fingerprint": recipe.fingerprint,
            "features": len(recipe.feature_names),
            "missing_values": missing_share(frame, recipe.feature_names),
            "not_measured": sum(problems.values()),
            "same_pixel_as_another_block": torn,
            "classes": counts_table(frame["label"].value_counts().to_dict()),
        },
    )


def missing_share(frame: pd.DataFrame, features: Sequence[str]) -> float:
    """Return the share of feature values that were not observed."""
    return float(frame[list(features)].isna().to_numpy().mean())
