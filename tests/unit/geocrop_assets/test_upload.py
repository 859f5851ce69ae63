"""`geocrop upload`: all headers are looked at first, and the marker of completeness comes last."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from geocrop_assets.cli.datasets import InvalidVersionName, upload_batches
from resources.layout import DATASETS
from resources.platform import store_of
from resources.settings import Settings
from training.samples import UnknownBatchKind

GOOD = "lon,lat,season,label\n31.0,-17.3,2023-2024,maize\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def write(folder: Path, name: str, text: str = GOOD) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def keys(settings: Settings) -> list[str]:
    return [one.key for one in store_of(settings).list(DATASETS)]


def test_batches_lie_under_their_version_with_what_was_said_of_them(settings: Settings, tmp_path: Path) -> None:
    upload_batches(settings, [write(tmp_path, "a.csv")], "v1", recipe="s2-season", season="2023-2024")
    assert keys(settings) == ["v1/a.csv", "v1/dataset.yaml"]
    sidecar = yaml.safe_load(store_of(settings).get(DATASETS, "v1/dataset.yaml"))
    assert sidecar == {"recipe": "s2-season", "season": "2023-2024"}


def test_one_bad_header_keeps_all_batches_back(settings: Settings, tmp_path: Path) -> None:
    files = [write(tmp_path, "a.csv"), write(tmp_path, "b.csv", "name,value\nx,1\n")]
    with pytest.raises(UnknownBatchKind, match=r"b\.csv"):
        upload_batches(settings, files, "v1")
    assert keys(settings) == []


def test_a_season_given_with_the_upload_stands_in_for_the_column(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "lon,lat,label\n31.0,-17.3,maize\n")
    with pytest.raises(UnknownBatchKind, match="season"):
        upload_batches(settings, [path], "v1")
    upload_batches(settings, [path], "v1", season="2023-2024")
    assert "v1/a.csv" in keys(settings)


def test_a_later_upload_to_a_complete_version_is_not_complete_before_its_end(
    settings: Settings, tmp_path: Path
) -> None:
    upload_batches(settings, [write(tmp_path, "a.csv")], "v1", complete=True)
    assert "v1/_COMPLETE" in keys(settings)
    upload_batches(settings, [write(tmp_path, "b.csv")], "v1")
    assert keys(settings) == ["v1/a.csv", "v1/b.csv"]


@pytest.mark.parametrize("name", ["V1", "../up", "a/b", "", "-x", "x" * 64])
def test_a_version_that_is_no_name_is_refused(settings: Settings, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidVersionName):
        upload_batches(settings, [write(tmp_path, "a.csv")], name)
