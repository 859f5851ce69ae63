"""The plain objects from settings: a folder or S3, the installation's own rules, no Dagster."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.layout import BUCKETS
from resources.object_store import S3Store
from resources.platform import open_store, rules_of, store_of
from resources.settings import Settings


def test_the_embedded_store_has_every_bucket(tmp_path: Path) -> None:
    store = store_of(Settings(home=tmp_path))
    for bucket in BUCKETS:
        assert list(store.list(bucket)) == []


@pytest.mark.parametrize(
    ("endpoint", "secure"),
    [("https://s3.example/", True), ("http://127.0.0.1:9000", False), ("127.0.0.1:9000", False)],
)
def test_an_endpoint_makes_it_s3_with_its_secret_from_the_environment(
    endpoint: str, secure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    store = open_store(Settings(s3_endpoint=endpoint, s3_access_key="key", s3_region="af-south-1"))
    assert isinstance(store, S3Store)
    assert (store.secure, store.region) == (secure, "af-south-1")
    assert store.gdal_options()["AWS_SECRET_ACCESS_KEY"] == "hush"


@pytest.mark.parametrize(
    ("endpoint", "key", "secret"), [("", "key", "hush"), ("http://h:1", None, "hush"), ("http://h:1", "key", None)]
)
def test_an_endpoint_without_its_keys_is_refused_by_the_names_of_the_variables(
    endpoint: str, key: str | None, secret: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    if secret is not None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    with pytest.raises(ValueError, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        open_store(Settings(s3_endpoint=endpoint, s3_access_key=key))


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
