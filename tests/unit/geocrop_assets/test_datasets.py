"""Dataset versions from what lies in the store: batches, sidecar, rejects, and a data version that follows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from geocrop_assets.assets.datasets import InvalidSidecar, NoBatches, Sidecar, read_content, samples
from geocrop_assets.partitions import DATASET_VERSION
from geocrop_assets.run_config import TrainingSettings
from resources.io_managers import GeoParquetIOManager
from resources.layout import BUCKETS, DATASETS, FEATURES, batch_key, complete_key, rejects_key, sidecar_key
from resources.object_store import FolderStore
from resources.rules import DatasetRules
from resources.store_resource import ObjectStoreResource
from resources.tables import read_table
from sensors import tags
from training.samples.errors import TooManyRejects

HEADER = "lon,lat,season,label\n"


def rows(*labels: str, first: int = 0) -> str:
    """Return a places batch, one place a label, some 1 km apart."""
    return HEADER + "".join(
        f"{31 + (first + number) / 100:.2f},-18.5,2023-2024,{label}\n" for number, label in enumerate(labels)
    )


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Return an empty store with the platform's buckets."""
    made = FolderStore(tmp_path / "store")
    made.ensure_buckets(BUCKETS)
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Yield an instance that knows v1."""
    with dg.DagsterInstance.ephemeral() as made:
        made.add_dynamic_partitions(DATASET_VERSION, ["v1"])
        yield made


def put(store: FolderStore, name: str, text: str, version: str = "v1") -> None:
    store.put(DATASETS, batch_key(version, name), text.encode())


def make(store: FolderStore, instance: dg.DagsterInstance, **rules: object) -> dg.ExecuteInProcessResult:
    """Materialize the samples of v1."""
    resource = ObjectStoreResource(root=str(store.root))
    return dg.materialize(
        [samples],
        partition_key="v1",
        instance=instance,
        raise_on_error=False,
        resources={
            "store": resource,
            "tables": GeoParquetIOManager(store=resource, bucket=FEATURES),
            "rules": DatasetRules(block_size_m=1000.0, **rules),
            "training": TrainingSettings(),
        },
    )


def failure(result: dg.ExecuteInProcessResult) -> str:
    """Return the class name of what made a step fail."""
    [event] = [one for one in result.all_events if one.is_step_failure]
    error = event.step_failure_data.error
    assert error is not None
    assert error.cause is not None
    return str(error.cause.cls_name)


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    [event] = result.asset_materializations_for_node("samples")
    return {name: value.value for name, value in event.metadata.items()}


def rejects(store: FolderStore, tmp_path: Path) -> pd.DataFrame:
    store.download(FEATURES, rejects_key("v1"), tmp_path / "rejects.parquet")
    return pd.read_parquet(tmp_path / "rejects.parquet")


def test_the_content_of_a_version_is_its_batches_and_sidecar(store: FolderStore) -> None:
    put(store, "b.csv", rows("maize"))
    put(store, "A.CSV", rows("water"))
    put(store, "notes.txt", "not a batch")
    put(store, "c.csv", rows("cotton"), version="v10")
    store.put(DATASETS, sidecar_key("v1"), b"recipe: ndvi-season\nblock_size_m: 500\n")
    store.put(DATASETS, complete_key("v1"), b"")
    content = read_content(store, "v1")
    assert [one.key for one in content.batches] == ["v1/A.CSV", "v1/b.csv"]
    assert content.sidecar == Sidecar(recipe="ndvi-season", block_size_m=500.0)
    store.delete(DATASETS, complete_key("v1"))
    assert read_content(store, "v1").digest == content.digest, "the marker is no content"
    store.delete(DATASETS, sidecar_key("v1"))
    assert read_content(store, "v1").digest != content.digest


def test_a_version_without_a_batch_says_what_to_do(store: FolderStore) -> None:
    store.put(DATASETS, sidecar_key("v1"), b"recipe: ndvi-season\n")
    with pytest.raises(NoBatches, match="geocrop upload FILE --version v1"):
        read_content(store, "v1")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("recipie: ndvi-season", "recipie"),
        ("block_size_m: wide", "block_size_m"),
        ("recipe: [1", "dataset.yaml"),
        ("just words", "dataset.yaml"),
        ("block_size_m: -5", "block_size_m"),
        ("max_reject_share: 7", "max_reject_share"),
        (b"\xff\xfe\x00", "dataset.yaml"),
    ],
)
def test_a_sidecar_that_cannot_be_understood_is_refused_by_its_field(
    store: FolderStore, text: str | bytes, named: str
) -> None:
    put(store, "a.csv", rows("maize"))
    store.put(DATASETS, sidecar_key("v1"), text.encode() if isinstance(text, str) else text)
    with pytest.raises(InvalidSidecar, match=named):
        read_content(store, "v1")


def test_an_empty_sidecar_says_nothing(store: FolderStore) -> None:
    put(store, "a.csv", rows("maize"))
    store.put(DATASETS, sidecar_key("v1"), b"")
    assert read_content(store, "v1").sidecar == Sidecar()


def test_batches_become_samples_with_blocks_and_a_record_of_where_they_come_from(
    store: FolderStore, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    put(store, "a.csv", rows(*["maize", "water"] * 5))
    put(store, "b.csv", rows(*["cotton"] * 5, first=50))
    result = make(store, instance)
    assert result.success
    told = metadata(result)
    assert (told["batches"], told["rejected_rows"], told["dagster/row_count"]) == (2, 0, 15)
    store.download(FEATURES, "samples/v1.parquet", tmp_path / "samples.parquet")
    frame = read_table(tmp_path / "samples.parquet")
    assert frame["batch"].value_counts().to_dict() == {"a.csv": 10, "b.csv": 5}
    assert frame.attrs["dataset_version"] == "v1"
    assert frame.attrs["dataset_digest"] == told[tags.DATASET_DIGEST] == read_content(store, "v1").digest
    assert frame.attrs["recipe"] == "s2-season@1"
    assert frame["group"].nunique() > 5
    assert rejects(store, tmp_path).empty


def test_bad_rows_are_kept_apart_and_also_when_they_fail_the_dataset(
    store: FolderStore, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    put(store, "a.csv", rows(*["maize", "water"] * 10, "triffid"))
    assert make(store, instance, max_reject_share=0.1).success
    assert rejects(store, tmp_path)[["batch", "line"]].to_numpy().tolist() == [["a.csv", 22]]
    put(store, "a.csv", rows("maize", *["triffid"] * 9))
    result = make(store, instance, max_reject_share=0.1)
    assert failure(result) == TooManyRejects.__name__
    assert rejects(store, tmp_path)["line"].tolist() == list(range(3, 12))
    put(store, "a.csv", rows(*["maize", "water"] * 10))
    assert make(store, instance, max_reject_share=0.1).success
    assert rejects(store, tmp_path).empty, "the table is never of another upload"


def test_a_single_class_stops_the_run_after_its_samples_are_kept(
    store: FolderStore, instance: dg.DagsterInstance
) -> None:
    put(store, "a.csv", rows(*["maize"] * 20))
    result = make(store, instance)
    assert not result.success
    [check] = [one for one in result.get_asset_check_evaluations() if one.check_name == "classes_can_be_learned"]
    assert (check.passed, check.severity, check.blocking) == (False, dg.AssetCheckSeverity.ERROR, True)
    assert store.exists(FEATURES, "samples/v1.parquet")


def test_the_data_version_changes_when_a_batch_is_overwritten_and_comes_back_with_it(
    store: FolderStore, instance: dg.DagsterInstance
) -> None:
    def data_version() -> str | None:
        assert make(store, instance).success
        event = instance.get_latest_materialization_event(dg.AssetKey("samples"))
        assert event is not None
        assert event.asset_materialization is not None
        return (event.asset_materialization.tags or {}).get("dagster/data_version")

    put(store, "a.csv", rows(*["maize", "water"] * 5))
    first = data_version()
    assert first == read_content(store, "v1").digest
    assert data_version() == first
    put(store, "a.csv", rows(*["maize", "cotton"] * 5))
    second = data_version()
    assert second != first
    put(store, "a.csv", rows(*["maize", "water"] * 5))
    assert data_version() == first
