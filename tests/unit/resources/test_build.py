"""Resources from settings: a folder or S3, and no secret in what Dagster's UI shows."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from resources.archive import SceneArchive
from resources.build import build_resources, rules_of, store_of, store_resource_of
from resources.layout import BUCKETS
from resources.object_store import S3Store
from resources.settings import Settings


def test_the_embedded_store_has_every_bucket(tmp_path: Path) -> None:
    store = store_of(Settings(home=tmp_path))
    for bucket in BUCKETS:
        assert list(store.list(bucket)) == []


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


def test_rules_read_the_installations_own_recipes_classes_and_extent(tmp_path: Path) -> None:
    classes = tmp_path / "classes.yaml"
    classes.write_text((Path(__file__).parents[3] / "training" / "data" / "classes.yaml").read_text())
    own = tmp_path / "recipes"
    rules = rules_of(Settings(home=tmp_path, recipes_dir=own, classes=classes, extent=None, max_aoi_ha=5.0))
    assert rules.recipe_dirs == (own,)
    assert rules.load_classes().by_name("maize").code == 1
    assert rules.aoi_limits().extent is None
    assert rules.aoi_limits().max_area_ha == 5.0
    assert {"s2-season@1", "ndvi-season@1"} <= set(rules.recipe_columns())
    assert rules.load_recipe().id == "s2-season@1"


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
