"""Batches as enumerators bring them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.warp import transform

from demo import Landscape, simulate
from demo.grid import Grid
from training.classes import ClassTable
from training.samples import assemble_samples, read_batch


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Landscape:
    """One date of the full landscape: labels do not need more."""
    return simulate(tmp_path_factory.mktemp("full"), n_dates=1)


def _rows(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path)
    known = [ClassTable.load().resolve(label) for label in rows["label"]]
    rows["code"] = [0 if one is None else one.code for one in known]
    return rows


def test_two_batches_bring_some_1200_samples_with_unequal_classes(full: Landscape) -> None:
    batches = [_rows(path) for path in full.batches]
    assert [path.name for path in full.batches] == ["batch-a.csv", "batch-b.csv"]
    assert 1100 < sum(map(len, batches)) < 1300
    for rows in batches:
        assert list(rows.columns[:5]) == ["system:index", "lon", "lat", "season", "label"]
        assert set(rows["season"]) == {"2023-2024"}
        counts = rows["code"].value_counts().drop(0)
        assert len(counts) == 10
        assert counts.max() > 5 * counts.min()


def test_labels_are_right_but_for_a_few(full: Landscape) -> None:
    with rasterio.open(full.truth) as source:
        truth = source.read(1)
    for path in full.batches:
        rows = _rows(path)
        rows = rows[(rows["code"] > 0) & rows["lat"].between(-18, -17) & rows["lon"].between(30, 32)]
        east, north = map(np.asarray, transform("EPSG:4326", "EPSG:32736", rows["lon"].tolist(), rows["lat"].tolist()))
        lines, columns = Grid(1024).pixel_of(east, north)
        right = truth[lines, columns] == rows["code"].to_numpy()
        assert 0.93 < right.mean() < 1.0


def test_bad_rows_fill_the_rejects_table_well_below_5_percent(full: Landscape) -> None:
    classes = ClassTable.load()
    batches = [read_batch(path, name=path.stem, recipes={}, classes=classes) for path in full.batches]
    samples = assemble_samples(batches, classes=classes)
    total = sum(len(pd.read_csv(path)) for path in full.batches)
    assert 6 <= len(samples.rejects) < 0.05 * total
    assert samples.rejects["reason"].nunique() >= 3
    assert len(samples.table) > 1100


def test_the_batches_share_no_field_visit(full: Landscape) -> None:
    first, second = (set(map(tuple, pd.read_csv(path)[["lon", "lat"]].round(6).to_numpy())) for path in full.batches)
    assert not first & second
