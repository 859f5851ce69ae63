"""The contract of samples on Digital Earth Africa's South-East tables: what passes, what is refused, and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.classes import ClassTable
from training.samples import Batch, Region, TooManyRejects, UnknownBatchKind, assemble_samples, read_batch, read_header

pytestmark = pytest.mark.real

RECIPE = "geomad-semiannual@1"
# Zambia and Tanzania to South Africa: where the South-East region of the cropland mask lies.
SOUTH_EAST = Region("South-East Africa", west=20, south=-36, east=42, north=0)
SEASON = "2018-2019"  # the tables have none; labels are of 2019


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    return real_data / "deafrica_south_east"


@pytest.fixture(scope="module")
def recipes(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the features of the recipe, from a batch's own header: all but row_id and Class."""
    header = read_header(folder / "batches" / "southeast_batch_20220124.csv", "header")
    return {RECIPE: header[2:]}


@pytest.fixture(scope="module")
def batches(folder: Path, recipes: dict[str, tuple[str, ...]]) -> list[Batch]:
    paths = sorted((folder / "batches").glob("*.csv"))
    return [read_batch(path, name=path.name, recipes=recipes, classes=ClassTable.load()) for path in paths]


def _places(folder: Path, name: str, region: Region | None = None) -> Batch:
    options = {} if region is None else {"region": region}
    return read_batch(folder / name, name=name, recipes={}, classes=ClassTable.load(), default_season=SEASON, **options)


def _row_ids(folder: Path, table: pd.DataFrame) -> np.ndarray:
    """Return the published row of every sample: junk to a learner, but its batch and line lead back to it."""
    ids = {path.name: pd.read_csv(path)["row_id"].to_numpy() for path in (folder / "batches").glob("*.csv")}
    return np.array([ids[batch][line - 2] for batch, line in zip(table["batch"], table["line"], strict=True)])


def test_six_features_batches_make_the_published_table(folder: Path, batches: list[Batch]) -> None:
    samples = assemble_samples(reversed(batches), classes=ClassTable.load())
    features = list(batches[0].header.features)
    assert len(features) == 33
    assert samples.report.recipe == RECIPE
    assert samples.report.rows_read == samples.report.rows_kept == 4_177
    assert samples.report.class_counts == {"crop": 1_845, "non-crop": 2_332}
    published = pd.read_csv(folder / "southeast_training_20220222.csv").set_index("row_id")
    published = published.loc[_row_ids(folder, samples.table)]
    assert published.index.is_unique
    np.testing.assert_array_equal(samples.table[features].to_numpy(), published[features].to_numpy(dtype=np.float32))
    assert (samples.table["label"] == "crop").tolist() == (published["Class"] == 1).tolist()


def test_ids_are_dropped_and_rows_are_grouped_by_runs(batches: list[Batch]) -> None:
    assert {batch.report.junk_columns for batch in batches} == {("row_id",)}
    samples = assemble_samples(batches, classes=ClassTable.load())
    assert samples.report.groupings == {"row-run": 4_177}
    assert samples.table.groupby("group").size().max() == 60
    assert any("southeast_batch_20220124.csv and 5 more" in warning for warning in samples.report.warnings)


def test_batches_of_one_class_neither_crash_nor_pass_unnoticed(batches: list[Batch]) -> None:
    warned = {batch.name: batch.report.warnings for batch in batches if batch.report.warnings}
    assert warned == {
        "southeast_batch_20220214.csv": ("one class only: non-crop",),
        "southeast_batch_20220222.csv": ("one class only: crop",),
    }
    alone = assemble_samples([batches[1]], classes=ClassTable.load())
    assert any("nothing can be learned" in warning for warning in alone.report.warnings)
    nearly = next(batch for batch in batches if batch.name == "southeast_batch_20220217.csv")
    assert nearly.report.classes == {"crop": 282, "non-crop": 5}
    few = assemble_samples([nearly], classes=ClassTable.load(), folds=7)
    assert "non-crop has 5 samples, fewer than the 7 folds" in few.report.warnings


def test_places_of_the_wider_region_are_refused_for_zimbabwe_and_say_where_they_are(folder: Path) -> None:
    name = "southeast_training_polygon_centroids_4302.csv"
    batch = _places(folder, name)
    assert set(batch.report.reasons) == {"outside-region"}
    with pytest.raises(TooManyRejects, match="outside-region"):
        assemble_samples([batch], classes=ClassTable.load())
    inside = np.flatnonzero(pd.read_csv(folder / name)["in_zimbabwe"]) + 2  # lines
    assert set(inside) <= set(batch.rows["line"])


def test_places_of_the_wider_region_pass_with_its_region(folder: Path) -> None:
    batches = [
        _places(folder, "southeast_training_polygon_centroids_4302.csv", SOUTH_EAST),
        _places(folder, "southeast_validation_points_134.csv", SOUTH_EAST),
    ]
    samples = assemble_samples(batches, classes=ClassTable.load())
    assert samples.report.rows_kept == 4_436
    assert samples.report.class_counts == {"crop": 1_940, "non-crop": 2_496}
    assert samples.report.groupings == {"spatial-block": 4_436}
    assert samples.report.groups > 2_000
    assert batches[1].report.junk_columns == ("ID",)
    assert "COUNTRY" in batches[1].report.ignored_columns


def test_a_places_table_without_seasons_asks_for_one(folder: Path) -> None:
    path = folder / "southeast_validation_points_134.csv"
    with pytest.raises(UnknownBatchKind, match="default_season"):
        read_batch(path, name=path.name, recipes={}, classes=ClassTable.load())


def test_a_place_that_its_makers_labelled_both_ways_is_found(folder: Path) -> None:
    batch = _places(folder, "gfsad2015_prelim_points_zimbabwe.csv")
    assert batch.rejects.empty
    with pytest.raises(TooManyRejects, match=r"2 of 26 rows .* conflicting-label"):
        assemble_samples([batch], classes=ClassTable.load())
    samples = assemble_samples([batch], classes=ClassTable.load(), max_reject_share=0.1)
    assert samples.report.reasons == {"conflicting-label": 2, "duplicate-within": 2}
    assert samples.report.conflicts == 1
    assert len(samples.table) == 22
