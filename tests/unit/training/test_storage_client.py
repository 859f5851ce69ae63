"""The notebooks' client on a folder; on S3 in the integration tests."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

from training.storage_client import MinIOStorageClient, fetch, publish, read_environment
from training.storage_files import NotInStorage, StorageFailed, StorageNotConfigured, StorageSettings

NAMES = ("MINIO_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GEOCROP_STORE", "GEOCROP_S3_REGION")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the environment names as the store, with two batches in it."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "store"
    monkeypatch.setenv("GEOCROP_STORE", str(root))
    version = root / "geocrop-datasets" / "v1"
    version.mkdir(parents=True)
    (version / "b.csv").write_text("lon,lat,label\n31,-18,maize\n")
    (version / "a.csv").write_text("lon,lat,label,note\n30,-19,water,x\n30.5,-19,maize,y\n")
    (version / "dataset.yaml").write_text("recipe: s2-season\n")
    (version / ".half.csv").write_text("lon")
    return root


def test_files_are_listed_by_prefix_in_order_and_hidden_ones_never() -> None:
    client = MinIOStorageClient()
    assert client.list_files() == ["v1/a.csv", "v1/b.csv", "v1/dataset.yaml"]
    assert client.list_files("v1/a") == ["v1/a.csv"]
    assert client.list_files("v2") == []
    assert client.list_files(bucket="geocrop-models") == []


def test_a_version_is_its_batches_one_below_the_other() -> None:
    frame = MinIOStorageClient().load_dataset("v1")
    assert frame["batch"].tolist() == ["a.csv", "a.csv", "b.csv"]
    assert frame["lon"].tolist() == [30.0, 30.5, 31.0]
    assert frame["note"].isna().tolist() == [False, False, True]


def test_one_table_is_loaded_by_its_key(root: Path) -> None:
    located = gpd.GeoDataFrame({"a": [1]}, geometry=[Point(31, -18)], crs=4326)
    located.to_parquet(root / "geocrop-datasets" / "g.parquet")
    pd.DataFrame({"a": [1, 2]}).to_parquet(root / "geocrop-datasets" / "p.parquet")
    client = MinIOStorageClient()
    assert isinstance(client.load_dataset("g.parquet"), gpd.GeoDataFrame)
    assert client.load_dataset("p.parquet")["a"].tolist() == [1, 2]
    assert len(client.load_dataset("v1/b.csv")) == 1


def test_a_version_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(NotInStorage, match="no CSV under v9/; versions there: v1"):
        MinIOStorageClient().load_dataset("v9")
    with pytest.raises(NotInStorage, match=r"v1/c\.csv"):
        MinIOStorageClient().load_dataset("v1/c.csv")


def test_a_file_is_uploaded_whole_under_its_name_or_another(tmp_path: Path, root: Path) -> None:
    (tmp_path / "new.csv").write_text("lon,lat\n")
    client = MinIOStorageClient()
    assert client.upload_file(tmp_path / "new.csv") == "new.csv"
    assert client.upload_file(str(tmp_path / "new.csv"), "v2/x.csv", bucket="other") == "v2/x.csv"
    assert (root / "geocrop-datasets" / "new.csv").read_text() == "lon,lat\n"
    assert [path.name for path in (root / "other" / "v2").iterdir()] == ["x.csv"]
    with pytest.raises(NotInStorage, match="no file"):
        client.upload_file(tmp_path / "nothing.csv")


@pytest.mark.parametrize("key", ["../../evil.csv", "v1/../../../evil.csv"])
def test_a_key_cannot_leave_the_store(tmp_path: Path, key: str) -> None:
    (tmp_path / "new.csv").write_text("x")
    with pytest.raises(NotInStorage, match="leaves the store"):
        MinIOStorageClient().upload_file(tmp_path / "new.csv", key)
    with pytest.raises(NotInStorage, match="leaves the store"):
        MinIOStorageClient().list_files("../")


def test_each_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEOCROP_STORE")
    with pytest.raises(StorageNotConfigured, match=r"MINIO_ENDPOINT .* or GEOCROP_STORE"):
        MinIOStorageClient()
    monkeypatch.setenv("MINIO_ENDPOINT", "127.0.0.1:9")
    with pytest.raises(StorageNotConfigured, match="AWS_ACCESS_KEY_ID is not"):
        MinIOStorageClient()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    with pytest.raises(StorageNotConfigured, match="AWS_SECRET_ACCESS_KEY is not"):
        MinIOStorageClient()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-secret")
    assert read_environment().endpoint == "127.0.0.1:9"
    assert "hidden-secret" not in repr(read_environment())


def test_a_server_that_is_down_is_told() -> None:
    settings = StorageSettings(endpoint="http://127.0.0.1:9", access_key="k", secret_key="s")
    with pytest.raises(StorageFailed, match=r"127.0.0.1:9 does not answer .*MINIO_ENDPOINT"):
        MinIOStorageClient(settings=settings).list_files()


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_local_files_and_folders_are_fetched_and_published(tmp_path: Path, root: Path, form: str) -> None:
    version = root / "geocrop-datasets" / "v1"
    fetch(form.format(version / "a.csv"), tmp_path / "deep" / "one.csv")
    assert (tmp_path / "deep" / "one.csv").read_text().startswith("lon,lat,label,note")
    fetch(form.format(version), tmp_path / "all")
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["a.csv", "b.csv", "dataset.yaml"]
    publish(tmp_path / "all", form.format(tmp_path / "out" / "model"))
    assert (tmp_path / "out" / "model" / "b.csv").is_file()
    publish(tmp_path / "all" / "b.csv", form.format(tmp_path / "out") + "/")
    assert (tmp_path / "out" / "b.csv").is_file()
    publish(tmp_path / "all" / "b.csv", form.format(tmp_path / "out" / "c.csv"))
    assert (tmp_path / "out" / "c.csv").is_file()


def test_s3_addresses_mean_the_store_of_the_environment(tmp_path: Path, root: Path) -> None:
    fetch("s3://geocrop-datasets/v1/", tmp_path / "v1")
    assert (tmp_path / "v1" / "b.csv").is_file()
    publish(tmp_path / "v1", "s3://geocrop-models/run 1")
    assert (root / "geocrop-models" / "run 1" / "a.csv").is_file()
    publish(tmp_path / "v1" / "a.csv", "s3://geocrop-models/")
    assert (root / "geocrop-models" / "a.csv").is_file()
    fetch("s3://geocrop-models/run 1/a.csv", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").is_file()


def test_relative_paths_are_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEOCROP_STORE")
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("x")
    fetch("in.csv", Path("data/in.csv"))
    publish(Path("data"), "out")
    assert Path("out/in.csv").read_text() == "x"


@pytest.mark.parametrize("uri", ["s3://geocrop-datasets/v9/", "s3://geocrop-datasets/v9.csv", "/no/such/file"])
def test_fetching_what_is_not_there_says_so(tmp_path: Path, uri: str) -> None:
    with pytest.raises(NotInStorage, match="there is no"):
        fetch(uri, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_other_addresses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageNotConfigured, match="neither s3"):
        fetch("https://example.org/x.csv", tmp_path / "x")
