"""Passes, painted scenes and their files."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio

from demo.ground import Ground
from demo.mixing import Growth, grow
from demo.scenes import Painter, passes
from demo.tables import class_codes

START, END = date(2023, 9, 1), date(2024, 8, 31)


def _painter(ground: Ground, days: list[int], clearest_of: int = 40) -> Painter:
    rng = np.random.default_rng(1)
    sand = np.full(len(ground.units), 0.3, np.float32)
    growth: Growth = grow(ground.units, sand, np.asarray(days, np.float32), START, rng)
    return Painter(ground, growth, START, seed=1, clearest_of=clearest_of)


def test_passes_are_in_order_and_of_both_satellites() -> None:
    chosen = passes(START, END, 36, np.random.default_rng(3))
    days = [one.day for one in chosen]
    assert days == sorted(set(days))
    assert days[0] >= START
    assert days[-1] <= END
    assert {one.platform for one in chosen} == {"sentinel-2a", "sentinel-2b"}
    gaps = {(later - earlier).days for earlier, later in itertools.pairwise(days)}
    assert gaps <= {5, 10, 15, 20}


def test_more_passes_than_the_season_has_are_refused() -> None:
    with pytest.raises(ValueError, match="passes"):
        passes(START, END, 100, np.random.default_rng(3))


def test_files_are_valid_cogs_of_the_real_products_types(scene_folder: Path) -> None:
    from rio_cogeo.cogeo import cog_validate

    for path in sorted(scene_folder.glob("*.tif")):
        valid, errors, _ = cog_validate(path, quiet=True)
        assert valid, errors
        with rasterio.open(path) as source:
            assert source.dtypes == (("uint8",) if path.stem == "SCL" else ("uint16",))


def test_irrigated_wheat_is_green_in_winter_when_maize_fields_are_not(ground: Ground) -> None:
    day = date(2024, 7, 20)
    painter = _painter(ground, [(day - START).days])
    assets, sky = painter.paint(passes(day, date(2024, 7, 30), 1, np.random.default_rng(1))[0])
    red, near = assets["B04"].astype(float), assets["B08"].astype(float)
    clear = np.kron(sky.cloud + sky.shade < 0.02, np.ones((2, 2), bool)) & (red > 0)
    ndvi = (near - red) / np.maximum(near + red, 1.0)
    codes = class_codes()
    wheat, maize = (np.median(ndvi[clear & (ground.truth == codes[name])]) for name in ("winter wheat", "maize"))
    assert wheat > 0.55
    assert maize < 0.4


def test_a_scene_depends_on_its_own_seed_alone(ground: Ground) -> None:
    painter = _painter(ground, [100, 200])
    first, second = passes(START, END, 2, np.random.default_rng(1))
    before = painter.paint(second)[0]["B08"]
    painter.paint(first)
    assert np.array_equal(before, painter.paint(second)[0]["B08"])


def test_clouds_are_brighter_than_the_ground_in_every_band(ground: Ground) -> None:
    painter = _painter(ground, [130], clearest_of=1)
    for seed in range(12):
        painter.seed = seed
        assets, sky = painter.paint(passes(date(2024, 1, 8), date(2024, 1, 18), 1, np.random.default_rng(1))[0])
        cloudy, clear = sky.cloud > 0.8, (sky.cloud == 0) & (sky.shade < 0.1)
        if cloudy.sum() > 200 and clear.sum() > 200:
            for key in ("B05", "B11"):
                seen = assets[key] > 0
                assert assets[key][cloudy & seen].mean() > 1.3 * assets[key][clear & seen].mean()
            return
    pytest.fail("no scene with both cloud and clear land in twelve draws of January")
