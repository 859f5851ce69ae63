"""Masks and their dilation."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from imagery.masking import clear_pixels, clear_source, margin
from imagery.reading import Source
from imagery.recipe_model import Mask


def grid(height: int, width: int, step: float = 10.0, crs: str = "EPSG:32736") -> GeoBox:
    return GeoBox((height, width), Affine(step, 0, 240_000, 0, -step, 8_000_000), crs)


MASK = Mask(asset=("SCL",), drop=(0, 3, 8, 9), grow=(8, 9), dilation_m=20)


def test_a_cloud_is_widened_by_a_disc_of_so_many_metres() -> None:
    classes = np.full((13, 13), 4, np.uint8)
    classes[6, 6] = 9
    clear = clear_pixels(classes, np.ones_like(classes, bool), MASK, grid(9, 9))
    rows, columns = np.nonzero(~clear)
    assert {(int(r) - 4, int(c) - 4) for r, c in zip(rows, columns, strict=True)} == {
        (y, x) for y in range(-2, 3) for x in range(-2, 3) if y * y + x * x <= 4
    }


def test_a_cloud_in_the_margin_reaches_into_the_block() -> None:
    classes = np.full((9, 9), 4, np.uint8)
    classes[0, 4] = 8
    clear = clear_pixels(classes, np.ones_like(classes, bool), MASK, grid(5, 5))
    assert not clear[0, 2]
    assert clear.sum() == 24


def test_shadow_is_dropped_and_not_widened_and_outside_the_scene_nothing_is_clear() -> None:
    classes = np.full((9, 9), 4, np.uint8)
    classes[4, 4] = 3
    seen = np.ones_like(classes, bool)
    seen[:, 5:] = False
    clear = clear_pixels(classes, seen, MASK, grid(5, 5))
    assert not clear[2, 2]
    assert clear[:, :3].sum() == 14
    assert not clear[:, 3:].any()


@pytest.mark.parametrize(
    ("step", "crs", "pixels"), [(10.0, "EPSG:32736", 2), (64.0, "EPSG:32736", 0), (1e-4, "EPSG:4326", 1)]
)
def test_metres_become_pixels_of_the_grid(step: float, crs: str, pixels: int) -> None:
    assert margin(MASK, GeoBox((5, 5), Affine(step, 0, 30, 0, -step, -17), crs)) == (pixels, pixels)


def test_without_dilation_there_is_no_margin() -> None:
    mask = Mask(asset=("SCL",), drop=(9,))
    assert margin(mask, grid(5, 5)) == (0, 0)
    assert clear_pixels(np.array([[9, 4]], np.uint8), np.ones((1, 2), bool), mask, grid(1, 2)).tolist() == [
        [False, True]
    ]


@pytest.mark.parametrize(
    ("across", "down", "metres"), [(10.0, 10.0, 45), (10.0, 30.0, 25), (40.0, 10.0, 35), (10.0, 10.0, 0)]
)
def test_compiled_masks_are_the_plain_ones_for_sources_on_other_pixels(
    across: float, down: float, metres: float
) -> None:
    rng = np.random.default_rng(int(across + metres))
    rule = Mask(asset=("SCL",), drop=(0, 3, 8, 9), grow=(8, 9), dilation_m=metres)
    geobox = GeoBox((40, 33), Affine(across, 0, 0, 0, -down, 0), "EPSG:32736")
    columns, rows = margin(rule, geobox)
    tall, wide = 40 + 2 * rows, 33 + 2 * columns
    for cloudy, placed in ((0.02, True), (0.0, True), (1.0, True), (0.02, False)):
        numbers = rng.choice(np.array([4, 3, 0, 8, 7], np.uint8), (30, 30), p=[0.9, 0.03, 0.02, 0.03, 0.02])
        numbers[rng.random(numbers.shape) < cloudy] = 9
        at_row = np.clip(np.arange(tall) // 2 - 1, -1, 29).astype(np.int32)
        at_column = np.clip(np.arange(wide) - 3, -1, 29).astype(np.int32)
        at_column[at_column == 29] = np.where(np.cumsum(at_column == 29)[at_column == 29] == 1, 29, -1)
        seen = None if placed else rng.random((tall, wide)) < 0.9
        if not placed:
            numbers = rng.choice(numbers.ravel(), (tall, wide))
            at_row, at_column = np.arange(tall, dtype=np.int32), np.arange(wide, dtype=np.int32)
        source = Source(numbers, at_row, at_column, seen, (7.0,))
        clear = np.full((40, 33), 7, np.uint8)
        anywhere = clear_source(source, rule, geobox, clear)
        expected = clear_pixels(*source.onto(), rule, geobox)
        assert np.array_equal(clear, expected)
        assert anywhere == expected.any()


def test_a_scene_that_is_not_there_is_nowhere_clear() -> None:
    clear = np.ones((5, 5), np.uint8)
    assert not clear_source(None, MASK, grid(5, 5), clear)
    assert not clear.any()
