"""Comparing a map with the simulated truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from demo import Landscape, score_map
from demo.score import agreement


def _write(path: Path, band: np.ndarray, like: rasterio.DatasetReader, transform: Affine | None = None) -> Path:
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "height": band.shape[0], "width": band.shape[1]}
    profile |= {"crs": like.crs, "transform": transform or like.transform, "nodata": 0}
    with rasterio.open(path, "w", **profile) as out:
        out.write(band, 1)
    return path


def test_the_truth_scores_one_against_itself(small: Landscape) -> None:
    score = score_map(small.truth, small.truth, small.aoi)
    assert score["overall_accuracy"] == 1.0
    assert score["macro_f1"] == 1.0
    assert score["mapped_share"] == 1.0
    assert score["simulated"] is True
    assert score["pixels"] < 128 * 128


def test_a_map_of_a_part_is_compared_pixel_by_pixel(small: Landscape, tmp_path: Path) -> None:
    with rasterio.open(small.truth) as source:
        truth = source.read(1)
        part = truth[30:90, 40:100].copy()
        part[:6] = 250
        part[6:12] = 0
        path = _write(tmp_path / "part.tif", part, source, Affine(10, 0, 295_400, 0, -10, 8_090_700))
    score = score_map(path, small.truth)
    assert score["mapped_share"] == pytest.approx(0.9)
    assert score["overall_accuracy"] == pytest.approx(48 / 54)


def test_a_map_without_a_pixel_in_common_is_refused(small: Landscape, tmp_path: Path) -> None:
    with rasterio.open(small.truth) as source:
        path = _write(tmp_path / "none.tif", np.zeros((128, 128), np.uint8), source)
    with pytest.raises(ValueError, match="no classified pixel"):
        score_map(path, small.truth)


def test_accuracies_by_class_follow_their_definitions() -> None:
    truth, drawn = np.asarray([1, 1, 1, 2, 2, 3], np.uint8), np.asarray([1, 1, 2, 2, 2, 4], np.uint8)
    result = agreement(truth, drawn)
    assert result["overall_accuracy"] == pytest.approx(4 / 6)
    assert result["classes"][1]["producers_accuracy"] == pytest.approx(2 / 3)
    assert result["classes"][2]["users_accuracy"] == pytest.approx(2 / 3)
    assert result["classes"][3]["users_accuracy"] is None
    assert result["macro_f1"] == pytest.approx((4 / 5 + 4 / 5 + 0) / 3)
