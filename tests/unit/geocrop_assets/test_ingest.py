"""Baselines from Dynamic World uploads: tiles merged, published whole, and checked."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from geocrop_assets.assets.ingest import BASELINE_NAME, NoBaselineUpload, baseline, uploads_of
from geocrop_assets.map_checks import baseline_is_valid_cog, check_cog
from resources.layout import BASELINES, BUCKETS, baseline_prefix, baseline_upload_prefix
from resources.object_store import FolderStore
from resources.publish import read_pointer
from resources.store_resource import ObjectStoreResource
from sensors import tags
from sensors.batches import content_digest

SIDE = 64
YEAR = "2021"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Return an empty store with the platform's buckets."""
    made = FolderStore(tmp_path / "store")
    made.ensure_buckets(BUCKETS)
    return made


def upload(store: FolderStore, folder: Path, name: str, classes: np.ndarray, column: int = 0) -> None:
    """Put a tile of Dynamic World classes, so many tiles to the east."""
    path = folder / name
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 1, "dtype": "uint8", "nodata": 255}
    corner = from_origin(300_000 + column * SIDE * 10, 8_100_000, 10, 10)
    with rasterio.open(path, "w", crs="EPSG:32736", transform=corner, **profile) as out:
        out.write(classes.astype(np.uint8), 1)
    store.put_file(BASELINES, baseline_upload_prefix(YEAR) + name, path)


def make(store: FolderStore) -> dg.ExecuteInProcessResult:
    """Materialize the baseline of the year with its check."""
    return dg.materialize(
        [baseline, baseline_is_valid_cog],
        partition_key=YEAR,
        resources={"store": ObjectStoreResource(root=str(store.root))},
        raise_on_error=False,
    )


def test_two_tiles_become_one_valid_cog_with_item_and_thumbnail(store: FolderStore, tmp_path: Path) -> None:
    crops = np.full((SIDE, SIDE), 4)
    crops[0, 0] = 255
    upload(store, tmp_path, "west.tif", crops)
    upload(store, tmp_path, "east.tif", np.zeros((SIDE, SIDE)), column=1)
    store.put(BASELINES, baseline_upload_prefix(YEAR) + "readme.txt", b"not a tile")
    result = make(store)
    assert result.success
    [check] = result.get_asset_check_evaluations()
    assert check.passed
    [event] = result.asset_materializations_for_node("baseline")
    told = {name: value.value for name, value in event.metadata.items()}
    assert told["uploads"] == 2
    assert told["size"] == f"{2 * SIDE} x {SIDE} pixels"
    assert told[tags.UPLOAD_DIGEST] == content_digest(uploads_of(store, YEAR))
    assert "| Crops | 4095 |" in told["classes"]
    assert len(told["thumbnail"]) < 30_000
    pointer = read_pointer(store, BASELINES, baseline_prefix(YEAR))
    assert pointer is not None
    assert set(pointer["files"]) == {BASELINE_NAME, f"{BASELINE_NAME}.aux.xml", "thumbnail.png", "item.json"}
    with rasterio.open(store.gdal_path(BASELINES, pointer["files"][BASELINE_NAME])) as cog:
        pixels = cog.read(1)
    assert (pixels[0, 0], pixels[1, 1], pixels[1, SIDE + 1]) == (255, 4, 0)
    item = json.loads(store.get(BASELINES, pointer["files"]["item.json"]))
    assert item["properties"]["start_datetime"].startswith(YEAR)


def test_a_year_without_an_upload_says_where_to_put_one(store: FolderStore) -> None:
    store.put(BASELINES, baseline_upload_prefix(YEAR) + "readme.txt", b"not a tile")
    with pytest.raises(NoBaselineUpload, match="uploads/2021/"):
        uploads_of(store, YEAR)


def test_an_upload_that_is_no_dynamic_world_leaves_the_old_baseline(store: FolderStore, tmp_path: Path) -> None:
    upload(store, tmp_path, "west.tif", np.full((SIDE, SIDE), 4))
    assert make(store).success
    old = read_pointer(store, BASELINES, baseline_prefix(YEAR))
    upload(store, tmp_path, "west.tif", np.full((SIDE, SIDE), 77))
    result = make(store)
    assert not result.success
    [failed] = [one for one in result.all_events if one.is_step_failure]
    assert failed.step_failure_data.error is not None
    assert failed.step_failure_data.error.cause is not None
    assert failed.step_failure_data.error.cause.cls_name == "InvalidBaselineError"
    assert read_pointer(store, BASELINES, baseline_prefix(YEAR)) == old


def test_what_is_published_and_broken_fails_the_check(store: FolderStore, tmp_path: Path) -> None:
    upload(store, tmp_path, "west.tif", np.full((SIDE, SIDE), 4))
    assert make(store).success
    pointer = read_pointer(store, BASELINES, baseline_prefix(YEAR))
    assert pointer is not None
    store.put_file(BASELINES, pointer["files"][BASELINE_NAME], tmp_path / "west.tif")  # a plain GeoTIFF
    assert not check_cog(store, BASELINES, baseline_prefix(YEAR), BASELINE_NAME).passed


def test_what_was_never_published_fails_the_check(store: FolderStore) -> None:
    result = check_cog(store, BASELINES, baseline_prefix(YEAR), BASELINE_NAME)
    assert not result.passed
    assert result.description == "nothing is published under geocrop-baselines/2021/"
