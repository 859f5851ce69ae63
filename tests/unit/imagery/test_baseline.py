"""Baselines: every shape a Dynamic World export comes in, and a clear word where one cannot be used."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from imagery.baseline import make_baseline
from imagery.cog import validate_cog
from imagery.dynamic_world import DYNAMIC_WORLD
from imagery.label_tiles import InvalidBaselineError
from imagery.pam import read_categories

LABELS = np.arange(600 * 700).reshape(600, 700) // 20_000 % 9


def upload(path: Path, bands: np.ndarray, descriptions: tuple[str, ...] = (), **profile: Any) -> Path:  # noqa: ANN401
    """Write an upload of [rows, columns] or [band, rows, columns] at 10 m in UTM 36 south."""
    stack = bands[np.newaxis] if bands.ndim == 2 else bands
    settings: dict[str, Any] = {
        "driver": "GTiff",
        "count": len(stack),
        "dtype": stack.dtype.name,
        "height": stack.shape[1],
        "width": stack.shape[2],
        "crs": "EPSG:32736",
        "transform": Affine(10, 0, 300_000, 0, -10, 8_000_000),
    }
    with rasterio.open(path, "w", **{**settings, **profile}) as raster:
        raster.write(stack)
        if descriptions:
            raster.descriptions = descriptions
    return path


def labels_of(path: Path) -> np.ndarray:
    with rasterio.open(path) as raster:
        return raster.read(1)


def with_hole(dtype: str, hole: float) -> np.ndarray:
    values = LABELS.astype(dtype)
    values[:10, :30] = hole
    return values


@pytest.mark.parametrize(
    ("values", "nodata"),
    [
        (with_hole("uint8", 255), None),
        (with_hole("uint8", 255), 255),
        (with_hole("uint8", 99), 99),
        (with_hole("int16", -1), None),
        (with_hole("int16", -32768), -32768),
        (with_hole("float32", np.nan), None),
        (with_hole("float64", -9999), -9999),
        (with_hole("float64", np.inf), np.nan),
    ],
    ids=["byte", "byte 255", "byte 99", "int16 -1", "int16 stated", "float NaN", "double -9999", "infinite"],
)
def test_labels_of_any_dtype_and_nodata_become_one_cog(
    tmp_path: Path, values: np.ndarray, nodata: float | None
) -> None:
    facts = make_baseline([upload(tmp_path / "dw.tif", values, nodata=nodata)], 2021, tmp_path / "out.tif")
    expected = LABELS.astype("uint8")
    expected[:10, :30] = 255
    np.testing.assert_array_equal(labels_of(tmp_path / "out.tif"), expected)
    assert facts.pixels_nodata == 300
    assert facts.pixels_by_class == {code: int((expected == code).sum()) for code in range(9)}
    assert facts.warnings == ()


def test_a_baseline_is_a_valid_cog_with_its_own_palette_and_names(tmp_path: Path) -> None:
    make_baseline([upload(tmp_path / "dw.tif", LABELS.astype("uint8"))], 2021, tmp_path / "out.tif")
    assert validate_cog(tmp_path / "out.tif").valid
    assert read_categories(tmp_path / "out.tif") == {entry.code: entry.title for entry in DYNAMIC_WORLD}
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"), rasterio.open(tmp_path / "out.tif") as raster:
        assert raster.colormap(1)[4][:3] == (0xE4, 0x96, 0x35)  # in the TIFF itself, without the sidecar
        assert raster.nodata == 255
        assert raster.overviews(1) == [2]
        assert raster.tags()["year"] == "2021"
        assert json.loads(raster.tags(1)["CLASSES"])["0"]["name"] == "water"


def test_the_band_described_as_label_is_taken_out_of_an_export_with_probabilities(tmp_path: Path) -> None:
    stack = np.stack([np.full(LABELS.shape, 0.4), LABELS, np.full(LABELS.shape, 0.6)]).astype("float32")
    path = upload(tmp_path / "dw.tif", stack, ("water", "label", "trees"))
    make_baseline([path], 2020, tmp_path / "out.tif")
    np.testing.assert_array_equal(labels_of(tmp_path / "out.tif"), LABELS)


def test_tiles_are_joined_and_the_first_with_a_label_counts(tmp_path: Path) -> None:
    west, east = LABELS[:, :400].astype("uint8"), LABELS[100:, 350:].astype("uint8")
    west[:, 390:] = 255
    shifted = Affine(10, 0, 300_000 + 3_500, 0, -10, 8_000_000 - 1_000)
    paths = [upload(tmp_path / "w.tif", west, nodata=255), upload(tmp_path / "e.tif", east, transform=shifted)]
    facts = make_baseline(paths, 2022, tmp_path / "out.tif")
    expected = LABELS.copy()
    expected[:100, 390:] = 255
    np.testing.assert_array_equal(labels_of(tmp_path / "out.tif"), expected)
    assert (facts.height, facts.width, facts.sources) == (600, 700, ("w.tif", "e.tif"))


def test_a_stated_nodata_of_zero_is_water_and_warned_about(tmp_path: Path) -> None:
    facts = make_baseline([upload(tmp_path / "dw.tif", LABELS.astype("uint8"), nodata=0)], 2021, tmp_path / "out.tif")
    assert facts.pixels_by_class[0] == (LABELS == 0).sum()
    assert "dw.tif states nodata 0" in facts.warnings[0]
    assert json.loads(json.dumps(facts.to_dict()))["warnings"] == list(facts.warnings)


def test_wrong_values_are_refused_with_their_counts(tmp_path: Path) -> None:
    values = LABELS.astype("uint8")
    values[0, :7], values[1, :3] = 11, 60
    path = upload(tmp_path / "dw.tif", values)
    with pytest.raises(InvalidBaselineError, match=r"10 pixels have 2 values .* 11 \(7 times\), 60 \(3 times\)"):
        make_baseline([path], 2021, tmp_path / "out.tif")
    assert [one.name for one in tmp_path.iterdir()] == ["dw.tif"]


def test_a_mean_of_labels_is_refused_early(tmp_path: Path) -> None:
    means = np.random.default_rng(0).random((300, 300)).astype("float32")
    with pytest.raises(InvalidBaselineError, match="by mode, not by mean"):
        make_baseline([upload(tmp_path / "dw.tif", means)], 2021, tmp_path / "out.tif")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"crs": None}, "no projection.*gdal_translate -a_srs"),
        ({"transform": Affine(10, 2, 3e5, 2, -10, 8e6)}, "rotated"),
    ],
)
def test_a_file_that_cannot_be_placed_says_what_to_do(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = upload(tmp_path / "dw.tif", LABELS.astype("uint8"), **change)
    with pytest.raises(InvalidBaselineError, match=said):
        make_baseline([path], 2021, tmp_path / "out.tif")


def test_probabilities_without_labels_are_refused(tmp_path: Path) -> None:
    path = upload(tmp_path / "dw.tif", np.zeros((2, 20, 20), dtype="float32"), ("water", "trees"))
    with pytest.raises(InvalidBaselineError, match=r"none is described as `label` \(they are: \['water', 'trees'\]\)"):
        make_baseline([path], 2021, tmp_path / "out.tif")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"crs": "EPSG:32735"}, "different grids"),
        ({"transform": Affine(20, 0, 3e5, 0, -20, 8e6)}, "different grids"),
        ({"transform": Affine(10, 0, 3e5 + 4, 0, -10, 8e6)}, "do not meet"),
    ],
)
def test_tiles_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    one = upload(tmp_path / "one.tif", LABELS.astype("uint8"))
    two = upload(tmp_path / "two.tif", LABELS.astype("uint8"), **change)
    with pytest.raises(InvalidBaselineError, match=said):
        make_baseline([one, two], 2021, tmp_path / "out.tif")


def test_years_files_and_labels_must_exist(tmp_path: Path) -> None:
    empty = upload(tmp_path / "empty.tif", np.full((20, 20), 255, dtype="uint8"))
    (tmp_path / "text.tif").write_text("no raster")
    for paths, year, said in (
        ([empty], 2014, "2015 to 2025"),
        ([], 2021, "no file"),
        ([tmp_path / "text.tif"], 2021, "cannot be opened"),
        ([empty], 2021, "not one label"),
    ):
        with pytest.raises(InvalidBaselineError, match=said):
            make_baseline(paths, year, tmp_path / "out.tif")
    assert not (tmp_path / "out.tif").exists()


def test_memory_is_bounded_by_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagery.baseline.WINDOW_PIXELS", 256)

    def peak(side: int) -> int:
        path = upload(tmp_path / "dw.tif", np.ones((side, side), dtype="uint8"), tiled=True)
        tracemalloc.start()
        make_baseline([path], 2021, tmp_path / "out.tif")
        _, high = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return high

    peak(256)  # imports
    assert peak(2_048) < 1.5 * peak(512)  # sixteen times the pixels
