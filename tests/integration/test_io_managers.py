"""Tables and models between assets, on a folder and on a real S3 server."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

from resources.io_managers import GeoParquetIOManager, ModelBundleIOManager
from resources.object_store import FolderStore, S3Store
from resources.store_resource import ObjectStoreResource

if TYPE_CHECKING:
    from tests.integration.conftest import StoreCase

pytestmark = pytest.mark.integration


class Forest:
    """A model that is a folder of files."""

    def __init__(self, trees: int) -> None:
        self.trees = trees

    def save(self, folder: Path) -> None:
        (folder / "trees.json").write_text(json.dumps(self.trees))

    @classmethod
    def load(cls, folder: Path) -> "Forest":
        return cls(json.loads((folder / "trees.json").read_text()))


@dg.asset(io_manager_key="tables")
def samples() -> pd.DataFrame:
    frame = gpd.GeoDataFrame({"label": ["maize"]}, geometry=[Point(31, -18)], crs=4326)
    frame.attrs["recipe"] = "s2-season@1"
    return frame


@dg.asset(io_manager_key="bundles")
def forest(samples: pd.DataFrame) -> Forest:
    assert isinstance(samples, gpd.GeoDataFrame)
    assert samples.attrs == {"recipe": "s2-season@1"}
    return Forest(len(samples))


@dg.asset(io_manager_key="tables")
def report(forest: Forest) -> pd.DataFrame:
    return pd.DataFrame({"trees": [forest.trees]})


def resource_of(store: Any) -> ObjectStoreResource:  # noqa: ANN401
    if isinstance(store, FolderStore):
        return ObjectStoreResource(root=str(store.root))
    assert isinstance(store, S3Store)
    keys = store.gdal_options()
    return ObjectStoreResource(
        endpoint=store.endpoint,
        access_key=keys["AWS_ACCESS_KEY_ID"],
        secret_key=keys["AWS_SECRET_ACCESS_KEY"],
        secure=False,
    )


def test_a_graph_runs_on_either_store(case: "StoreCase") -> None:
    store = resource_of(case.store)
    resources = {
        "tables": GeoParquetIOManager(store=store, bucket=case.bucket),
        "bundles": ModelBundleIOManager(store=store, bucket=case.bucket),
    }
    result = dg.materialize([samples, forest, report], resources=resources)
    assert result.output_for_node("report")["trees"].tolist() == [1]
    [event] = result.asset_materializations_for_node("samples")
    assert event.metadata["uri"].value == case.store.uri(case.bucket, "samples.parquet")
    assert event.metadata["size_bytes"].value == case.store.stat(case.bucket, "samples.parquet").size
    assert case.store.exists(case.bucket, "forest/current.json")
