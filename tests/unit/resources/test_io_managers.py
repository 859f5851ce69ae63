"""I/O managers in real runs of small assets, on a folder; with S3 in the integration tests.

Dagster reads the annotations of assets, so they are not postponed here.
"""

import json
from pathlib import Path

import dagster as dg
import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

from resources.asset_keys import NotMaterialized
from resources.io_managers import GeoParquetIOManager, ModelBundleIOManager
from resources.store_resource import ObjectStoreResource

versions = dg.DynamicPartitionsDefinition(name="dataset_version")
models = dg.MultiPartitionsDefinition(
    {"dataset_version": versions, "model_variant": dg.StaticPartitionsDefinition(["Raw", "Scaled"])}
)


class Forest:
    """A model with a folder of files, as bundles are."""

    def __init__(self, trees: list[int]) -> None:
        self.trees = trees

    def save(self, folder: Path) -> None:
        (folder / "manifest.json").write_text(json.dumps(len(self.trees)))
        (folder / "native").mkdir()
        (folder / "native" / "trees.json").write_text(json.dumps(self.trees))

    @classmethod
    def load(cls, folder: Path) -> "Forest":
        return cls(json.loads((folder / "native" / "trees.json").read_text()))


@dg.asset(partitions_def=versions, io_manager_key="tables")
def samples(context: dg.AssetExecutionContext) -> pd.DataFrame:
    frame = gpd.GeoDataFrame({"label": ["maize", "water"]}, geometry=[Point(31, -18), Point(30, -19)], crs=4326)
    frame.attrs["dataset_version"] = context.partition_key
    return frame


@dg.asset(partitions_def=models, io_manager_key="bundles")
def forest(context: dg.AssetExecutionContext, samples: pd.DataFrame) -> Forest:
    assert samples.attrs["dataset_version"] == context.partition_key.keys_by_dimension["dataset_version"]
    return Forest(list(range(len(samples))))


@dg.asset(partitions_def=models, io_manager_key="tables")
def report(forest: Forest) -> pd.DataFrame:
    return pd.DataFrame({"trees": forest.trees})


@dg.asset(partitions_def=versions, io_manager_key="tables")
def variants(forest: dict[str, Forest]) -> pd.DataFrame:
    return pd.DataFrame({"variant": list(forest), "trees": [len(one.trees) for one in forest.values()]})


@dg.asset(io_manager_key="tables")
def everything(samples: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame({"version": list(samples), "rows": [len(frame) for frame in samples.values()]})


@dg.asset(io_manager_key="tables")
def summary(everything: pd.DataFrame) -> pd.DataFrame:
    return everything.assign(twice=2 * everything["rows"])


ASSETS = [samples, forest, report, variants, everything, summary]


class Graph:
    """The assets above on a store of their own."""

    def __init__(self, folder: Path) -> None:
        store = ObjectStoreResource(root=str(folder))
        self.store = store.store
        self.store.ensure_buckets(["geocrop-features", "geocrop-models"])
        self.instance = dg.DagsterInstance.ephemeral()
        self.instance.add_dynamic_partitions("dataset_version", ["v1", "v2"])
        self.resources = {
            "tables": GeoParquetIOManager(store=store, bucket="geocrop-features"),
            "bundles": ModelBundleIOManager(store=store, bucket="geocrop-models"),
        }

    def run(
        self, asset: dg.AssetsDefinition, partition: str | None = None, **extra: object
    ) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            extra.get("assets", ASSETS),
            selection=[asset],
            partition_key=partition,
            instance=self.instance,
            resources=self.resources,
        )

    def keys(self, bucket: str) -> list[str]:
        return [found.key for found in self.store.list(bucket)]


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return Graph(tmp_path)


def model_key(version: str, variant: str) -> dg.MultiPartitionKey:
    return dg.MultiPartitionKey({"dataset_version": version, "model_variant": variant})


def test_a_table_lies_under_its_asset_and_partition_and_tells_what_it_is(graph: Graph) -> None:
    result = graph.run(samples, "v1")
    assert graph.keys("geocrop-features") == ["samples/v1.parquet"]
    [event] = result.asset_materializations_for_node("samples")
    told = event.metadata
    assert told["dagster/row_count"].value == 2
    assert [column.name for column in told["dagster/column_schema"].value.columns] == ["label", "geometry"]
    size = graph.store.stat("geocrop-features", "samples/v1.parquet").size
    assert told["size_bytes"].value == size > 0
    assert told["uri"].value == (graph.store.root / "geocrop-features/samples/v1.parquet").as_uri()


def test_a_multi_partition_key_nests_and_its_upstream_is_the_right_one(graph: Graph) -> None:
    graph.run(samples, "v1")
    graph.run(samples, "v2")
    graph.run(forest, model_key("v2", "Raw"))
    assert {key.rsplit("/", 2)[0] for key in graph.keys("geocrop-models")} >= {"forest/v2"}
    graph.run(report, model_key("v2", "Raw"))
    assert "report/v2/Raw.parquet" in graph.keys("geocrop-features")


def test_a_model_is_loaded_as_the_type_that_the_input_is_annotated_with(graph: Graph) -> None:
    graph.run(samples, "v1")
    result = graph.run(forest, model_key("v1", "Raw"))
    [event] = result.asset_materializations_for_node("forest")
    digest = event.metadata["sha256"].value
    assert event.metadata["files"].value == 2
    assert event.metadata["uri"].value.endswith(f"geocrop-models/forest/v1/Raw/{digest}")
    assert f"forest/v1/Raw/{digest}/native/trees.json" in graph.keys("geocrop-models")
    assert graph.run(report, model_key("v1", "Raw")).output_for_node("report")["trees"].tolist() == [0, 1]


def test_several_partitions_come_as_a_dict(graph: Graph) -> None:
    graph.run(samples, "v1")
    for variant in ("Raw", "Scaled"):
        graph.run(forest, model_key("v1", variant))
    table = graph.run(variants, "v1").output_for_node("variants")
    assert table["variant"].tolist() == ["v1|Raw", "v1|Scaled"]
    assert table["trees"].tolist() == [2, 2]


def test_an_input_annotated_as_a_dict_is_one_even_for_a_single_partition(graph: Graph) -> None:
    graph.instance.delete_dynamic_partition("dataset_version", "v2")
    graph.run(samples, "v1")
    assert graph.run(everything).output_for_node("everything")["version"].tolist() == ["v1"]


def test_an_asset_without_partitions_is_one_file(graph: Graph) -> None:
    graph.run(samples, "v1")
    graph.run(samples, "v2")
    graph.run(everything)
    assert graph.run(summary).output_for_node("summary")["twice"].tolist() == [4, 4]
    assert {"everything.parquet", "summary.parquet"} <= set(graph.keys("geocrop-features"))


@pytest.mark.parametrize(
    ("asset", "partition", "message"),
    [
        (forest, model_key("v1", "Raw"), "materialize samples for v1 first"),
        (report, model_key("v1", "Scaled"), r"materialize forest for v1\|Scaled first"),
        (everything, None, "materialize samples for v1 first"),
        (summary, None, "asset everything is not in the store .*: materialize everything first"),
    ],
)
def test_a_missing_upstream_names_what_to_materialize(
    graph: Graph, asset: dg.AssetsDefinition, partition: str | None, message: str
) -> None:
    with pytest.raises(NotMaterialized, match=message):
        graph.run(asset, partition)


def test_a_value_that_is_no_table_is_refused(graph: Graph) -> None:
    @dg.asset(io_manager_key="tables")
    def number() -> int:
        return 3

    with pytest.raises(TypeError, match="number must be a DataFrame, not int"):
        graph.run(number, assets=[number])


def test_a_value_that_cannot_save_itself_is_refused(graph: Graph) -> None:
    @dg.asset(io_manager_key="bundles")
    def number() -> int:
        return 3

    with pytest.raises(TypeError, match=r"number: int has no save\(folder\)"):
        graph.run(number, assets=[number])


def test_an_input_without_a_type_to_load_is_told_so(graph: Graph) -> None:
    graph.run(samples, "v1")
    graph.run(forest, model_key("v1", "Raw"))

    @dg.asset(partitions_def=models, io_manager_key="tables", ins={"forest": dg.AssetIn("forest")})
    def untyped(forest) -> pd.DataFrame:  # type: ignore[no-untyped-def]  # noqa: ANN001
        return pd.DataFrame()

    with pytest.raises(TypeError, match="annotate the input forest with the class to load"):
        graph.run(untyped, model_key("v1", "Raw"), assets=[samples, forest, untyped])
