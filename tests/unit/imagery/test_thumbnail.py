"""Thumbnails: small, in the classes' own colours, transparent where nothing was mapped."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image

from imagery.legend import LegendEntry
from imagery.thumbnail import Panel, side_by_side_png, thumbnail_png

LEGEND = (LegendEntry(1, "maize", "Maize", "#ffe119"), LegendEntry(33, "water", "Water", "#4060ff"))
OTHER = (LegendEntry(0, "water", "Water", "#419bdf"),)


def write(path: Path, classes: np.ndarray) -> Path:
    height, width = classes.shape
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "height": height, "width": width, "nodata": 0}
    with rasterio.open(path, "w", crs="EPSG:32736", transform=Affine(10, 0, 3e5, 0, -10, 8e6), **profile) as raster:
        raster.write(classes, 1)
    return path


def test_a_thumbnail_has_only_the_colours_of_the_classes_and_transparent_nodata(tmp_path: Path) -> None:
    classes = np.zeros((300, 600), dtype="uint8")
    classes[:, 200:400], classes[:, 400:] = 1, 33
    png = Image.open(io.BytesIO(thumbnail_png(write(tmp_path / "a.tif", classes), LEGEND, side=200)))
    assert png.size == (200, 100)
    colors = {color for _, color in png.convert("RGBA").getcolors()}
    assert {color[:3] for color in colors if color[3]} == {(0xFF, 0xE1, 0x19), (0x40, 0x60, 0xFF)}
    assert any(color[3] == 0 for color in colors)


def test_a_noisy_map_is_shrunk_until_it_fits(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).choice(np.array([1, 33], dtype="uint8"), (900, 900))
    path = write(tmp_path / "noise.tif", noise)
    assert len(thumbnail_png(path, LEGEND, side=900, max_bytes=30_000)) <= 30_000
    with pytest.raises(ValueError, match="fits into 100 bytes"):
        thumbnail_png(path, LEGEND, max_bytes=100)


def test_maps_stand_side_by_side_with_a_legend_of_what_occurs() -> None:
    left = Panel("Baseline", np.zeros((50, 50), dtype="uint8"), OTHER, nodata=255)
    right = Panel("Map", np.full((50, 50), 1, dtype="uint8"), LEGEND)
    picture = np.asarray(Image.open(io.BytesIO(side_by_side_png([left, right], "Simulated"))).convert("RGB"))
    half = picture.shape[1] // 2
    water, maize = (0x41, 0x9B, 0xDF), (0xFF, 0xE1, 0x19)
    assert (picture[:, :half] == water).all(axis=2).sum() > 10_000
    assert (picture[:, half:] == maize).all(axis=2).sum() > 10_000
    assert not (picture == (0x40, 0x60, 0xFF)).all(axis=2).any()  # water of the map does not occur
