"""Resources from settings: a folder or S3, and no secret in what Dagster's UI shows."""

from pathlib import Path

import dagster as dg
import pytest

from resources.archive import SceneArchive
from resources.build import build_resources, store_resource_of
from resources.object_store import S3Store
from resources.platform import registry_of, rules_of
from resources.registry import ModelRegistry
from resources.rules import DatasetRules
from resources.settings import Settings


@pytest.mark.parametrize(("endpoint", "secure"), [("https://s3.example/", True), ("http://127.0.0.1:9000", False)])
def test_an_endpoint_makes_it_s3_with_its_secret_from_the_environment(
    endpoint: str, secure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    resource = store_resource_of(Settings(s3_endpoint=endpoint, s3_access_key="key"))
    assert resource.secure is secure
    assert isinstance(resource.secret_key, dg.EnvVar)
    assert "hush" not in repr(resource)
    assert isinstance(resource.store, S3Store)
    assert resource.store.gdal_options()["AWS_SECRET_ACCESS_KEY"] == "hush"


@pytest.mark.parametrize("extent", [None, (25.0, -22.0, 33.0, -15.0)])
def test_assets_are_given_the_same_registry_and_rules_as_the_command_line(
    tmp_path: Path, extent: tuple[float, float, float, float] | None
) -> None:
    settings = Settings(home=tmp_path, extent=extent, recipes_dir=tmp_path, threads=2, default_season="2023-2024")
    given: dict[str, object] = {}

    @dg.asset
    def one(registry: dg.ResourceParam[ModelRegistry], rules: dg.ResourceParam[DatasetRules]) -> None:
        given.update(registry=registry, rules=rules)

    resources = {name: made for name, made in build_resources(settings).items() if name in {"registry", "rules"}}
    assert dg.materialize([one], resources=resources).success
    assert given["rules"] == rules_of(settings)
    registry, plain = given["registry"], registry_of(settings)
    assert isinstance(registry, ModelRegistry)
    assert (registry.tracking_uri, registry.artifact_root) == (plain.tracking_uri, plain.artifact_root)
    assert registry.model_name == plain.model_name


@pytest.mark.parametrize(("tags", "cluster"), [({}, "ray://head:10001"), ({"dagster/backfill": "abcdefgh"}, None)])
def test_runs_of_a_backfill_are_given_no_cluster(tmp_path: Path, tags: dict[str, str], cluster: str | None) -> None:
    settings = Settings(home=tmp_path, ray_address="ray://head:10001")
    given: list[str | None] = []

    @dg.asset
    def one(rules: dg.ResourceParam[DatasetRules]) -> None:
        given.append(rules.ray_address)

    assert dg.materialize([one], resources={"rules": build_resources(settings)["rules"]}, tags=tags).success
    assert given == [cluster]


def test_progress_is_heard_by_who_waits(tmp_path: Path) -> None:
    heard: list[tuple[str, float]] = []
    resources = build_resources(Settings(home=tmp_path), lambda what, share: heard.append((what, share)))
    assert {"store", "tables", "bundles", "registry", "archive", "rules", "progress"} == set(resources)

    class Silent:
        def info(self, msg: str) -> None:
            """Say nothing."""

    resources["progress"].reporter(Silent(), "reading")(0.5)
    assert heard == [("reading", 0.5)]


def test_scenes_of_a_folder_are_read_plainly_and_of_an_api_in_ranges(tmp_path: Path) -> None:
    catalogue = tmp_path / "catalog.json"
    catalogue.write_text("{}")
    assert SceneArchive(catalogue=str(catalogue)).gdal_options == {}
    options = SceneArchive(catalogue="https://explorer.digitalearth.africa/stac").gdal_options
    assert options["AWS_NO_SIGN_REQUEST"] == "YES"
    assert options["GDAL_DISABLE_READDIR_ON_OPEN"] == "EMPTY_DIR"
