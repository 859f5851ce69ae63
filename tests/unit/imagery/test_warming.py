"""Warming: after it, a composite compiles nothing more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox

from imagery.composite import composite_block
from imagery.recipe import load_recipe
from imagery.search import find_scenes
from imagery.warming import warm_composites

FIELD = shapely.box(30.5464, -17.8762, 30.5481, -17.8745)
EAST, NORTH = 240_000.0, 8_022_000.0


def test_after_warming_a_composite_compiles_nothing(archive: Any, write_recipe: Callable[..., Path]) -> None:  # noqa: ANN401
    from imagery import masking_kernels, reduce_kernels

    recipe = load_recipe(
        write_recipe(
            "name: warm\nversion: 1\ncollection: s2_l2a\nassets: {red: {asset: B04, dtype: uint16, nodata: 0}}\n"
            "mask: {asset: SCL, drop: [0, 9], grow: [9], dilation_m: 20}\nfeatures: {series: [red]}\n"
            "grid: {crs: utm, resolution: 10}\n"
        )
    )
    rng = np.random.default_rng(1)
    archive.add("2023-10-01T08:00:00", {"B04": rng.integers(1, 99, (20, 20)).astype(np.uint16), "SCL": 4})
    archive.add("2023-10-06T08:00:00", {"B04": 7, "SCL": 4}, crs="EPSG:32735", origin=(875_000, 8_023_000), size_m=4000)
    items = find_scenes(archive.save(), recipe, FIELD, "2023-2024").items
    warm_composites(recipe)
    kernels: list[Any] = [masking_kernels.clear_scene, reduce_kernels.reduce_scenes]
    before = [len(kernel.signatures) for kernel in kernels]
    block = GeoBox((20, 20), Affine(10, 0, EAST, 0, -10, NORTH), "EPSG:32736")
    made = composite_block(items, recipe, block, "2023-2024", picks=(np.array([1, 2]), np.array([3, 4])))
    assert made.clear.min() == 2
    composite_block(items, recipe, block, "2023-2024")
    assert [len(kernel.signatures) for kernel in kernels] == before


@pytest.mark.parametrize("name", ["ndvi-season", "geomad-semiannual"])
def test_recipes_without_a_mask_are_warmed_too(name: str) -> None:
    warm_composites(load_recipe(name))
