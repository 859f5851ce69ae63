"""The store's resource: which store it gives, and that it keeps its secret."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from pydantic import ValidationError

from resources.object_store import FolderStore, S3Store
from resources.store_resource import ObjectStoreResource


def test_without_an_endpoint_the_store_is_a_folder(tmp_path: Path) -> None:
    resource = ObjectStoreResource(root=str(tmp_path))
    assert isinstance(resource.store, FolderStore)
    assert resource.store.root == tmp_path
    assert resource.store is resource.store


def test_with_an_endpoint_the_store_is_s3() -> None:
    resource = ObjectStoreResource(endpoint="127.0.0.1:9000", access_key="k", secret_key="s", secure=False)
    assert isinstance(resource.store, S3Store)
    assert resource.store.endpoint == "127.0.0.1:9000"


def test_a_store_that_is_nowhere_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"root .* or an endpoint"):
        ObjectStoreResource()


def test_an_endpoint_without_keys_is_refused() -> None:
    with pytest.raises(ValidationError, match="AWS_SECRET_ACCESS_KEY"):
        ObjectStoreResource(endpoint="127.0.0.1:9000", access_key="k")


def test_a_secret_given_by_its_name_is_read_in_and_outside_of_runs_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_SECRET", "not to be seen")
    resource = ObjectStoreResource(
        endpoint="127.0.0.1:9000", access_key="k", secret_key=dg.EnvVar("MY_SECRET"), secure=False
    )
    assert resource.store.gdal_options()["AWS_SECRET_ACCESS_KEY"] == "not to be seen"

    @dg.asset
    def one(store: ObjectStoreResource) -> str:
        return store.store.gdal_options()["AWS_SECRET_ACCESS_KEY"]

    result = dg.materialize([one], resources={"store": resource})
    assert result.output_for_node("one") == "not to be seen"
    definitions = dg.Definitions(assets=[one], resources={"store": resource})
    shown = definitions.get_repository_def().get_top_level_resources()["store"].config_schema
    assert "not to be seen" not in str(shown.default_value)
    assert "MY_SECRET" in str(shown.default_value)


def test_a_secret_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_SECRET", raising=False)
    resource = ObjectStoreResource(endpoint="h:1", access_key="k", secret_key=dg.EnvVar("MY_SECRET"))
    with pytest.raises(ValueError, match="MY_SECRET is not set"):
        _ = resource.store
