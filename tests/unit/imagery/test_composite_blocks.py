"""Composites by blocks: equal to the bit to a plain one, in order, within memory, cancellable, whatever the scenes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from imagery.budget import Budget
from imagery.composite import Composite, TooManyFailedScenesError, composite_block, composite_blocks
from imagery.grid import blocks as cut_plainly
from imagery.making import bounds_of, mask_asset
from imagery.masking import clear_pixels, margin
from imagery.reading import Grid, gdal_env, read_onto
from imagery.recipe import Recipe, load_recipe
from imagery.reduce import reduce_stack
from imagery.scenes import scenes_of
from imagery.search import find_scenes
from imagery.season import Season

Archive = Any  # conftest's: pytest does not let tests import it
Write = Callable[..., Path]

EAST, NORTH = 240_000.0, 8_022_000.0
SIDE = 20
SEASON = "2023-2024"
FIELD = shapely.box(30.5464, -17.8762, 30.5481, -17.8745)
WHOLE = GeoBox((SIDE, SIDE), Affine(10, 0, EAST, 0, -10, NORTH), "EPSG:32736")

THREE_BANDS = """
name: three-bands
version: 1
collection: s2_l2a
assets:
  red: {{asset: B04, dtype: {dtype}, nodata: {nodata}, scale: 0.0001}}
  nir: {{asset: B08, dtype: {dtype}, nodata: {nodata}, scale: 0.0001}}
  swir: {{asset: B11, dtype: {dtype}, nodata: {nodata}, scale: 0.0001}}
harmonise: {{baseline: ["s2:processing_baseline"], add: -1000}}
mask: {{asset: SCL, drop: [0, 3, 8, 9], grow: [8, 9], dilation_m: 25}}
windows:
  - {{name: spring, start: Y0-09-01, end: Y0-11-30}}
  - {{name: late, start: Y0-11-01, end: Y1-01-31}}
statistic: {statistic}
features: {{series: [red]}}
grid: {{crs: utm, resolution: 10}}
"""


def plain(items: Any, recipe: Recipe, geobox: GeoBox) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401
    """Make a composite the plain way, in numpy, scene by scene: values and clear counts."""
    scenes, _ = scenes_of(items, recipe, geobox, Season.parse(SEASON))
    grid = Grid(geobox)
    values = np.full((len(recipe.bands), len(recipe.steps), *geobox.shape), recipe.nodata, dtype=recipe.dtype)
    clear = np.zeros(geobox.shape, dtype=np.uint16)
    for step in range(len(recipe.steps)):
        for number, name in enumerate(recipe.bands):
            asset = recipe.assets[name]
            own = [scene for scene in scenes if step in scene.steps and name in scene.hrefs]
            days = list(dict.fromkeys(scene.day for scene in own))
            stack = np.zeros((len(days), *geobox.shape), dtype=recipe.dtype)
            valid = np.zeros(stack.shape, dtype=bool)
            for scene in own:
                numbers, seen = read_onto(scene.hrefs[name], grid, asset)
                if recipe.mask is not None and scene.mask_href is not None:
                    padded = Grid(geobox.pad(*margin(recipe.mask, geobox)))
                    classes = read_onto(scene.mask_href, padded, mask_asset(recipe.mask))
                    seen = seen & clear_pixels(*classes, recipe.mask, geobox)
                if scene.add.get(name, 0):
                    numbers = np.clip(numbers.astype(np.int32) + scene.add[name], *bounds_of(asset))
                layer = days.index(scene.day)
                new = seen & ~valid[layer]
                np.copyto(stack[layer], numbers, where=new, casting="unsafe")
                valid[layer] |= new
            if number == 0:
                clear += valid.sum(axis=0).astype(np.uint16)
            values[number, step] = reduce_stack(stack, valid, asset.statistic or recipe.statistic, recipe.nodata)
    return values, clear


def random_archive(archive: Archive, seed: int, dtype: str = "uint16", nodata: float = 0) -> None:
    """Add scenes as they come: two tiles a day, other zones, resolutions, origins, clouds, gaps, offsets, no band."""
    rng = np.random.default_rng(seed)
    to_next = Transformer.from_crs("EPSG:32736", "EPSG:32735", always_xy=True)
    x, y = (round(place / 10) * 10.0 for place in to_next.transform(EAST, NORTH))
    for day in range(12):
        for tile in range(int(rng.integers(1, 3))):
            shift = float(rng.integers(-12, 12)) * 10 + (3.0 if day % 5 == 4 else 0.0)
            foreign = rng.random() < 0.15
            pixels: dict[str, Any] = {}
            for band, side in (("B04", 40), ("B08", 40), ("B11", 20)):
                array = rng.integers(1, 3000, (side, side)).astype(dtype)
                array[rng.random(array.shape) < 0.1] = nodata
                pixels[band] = array
            if rng.random() < 0.15:
                pixels.pop("B11")
            pixels["SCL"] = rng.choice(np.array([4, 5, 8, 9, 3], np.uint8), (20, 20), p=[0.6, 0.35, 0.02, 0.01, 0.02])
            baseline = "05.09" if rng.random() < 0.3 and dtype != "float32" else "03.00"
            archive.add(
                f"2023-{9 + day // 4:02d}-{1 + 7 * (day % 4):02d}T08:00:{10 * tile:02d}",
                pixels,
                name=f"{'b' if rng.random() < 0.5 else 'a'}-{day}-{tile}",
                origin=(x - 100 + shift, y + 100) if foreign else (EAST - 100 + shift, NORTH + 100 - shift),
                crs="EPSG:32735" if foreign else "EPSG:32736",
                resolution={"B04": 10.0, "B08": 10.0, "B11": 20.0, "SCL": 20.0},
                size_m=400.0,
                nodata=dict.fromkeys(pixels, nodata) | {"SCL": 0},
                properties={"s2:processing_baseline": baseline},
            )


def recipe_of(write_recipe: Write, dtype: str = "uint16", nodata: str = "0", statistic: str = "median") -> Recipe:
    return load_recipe(write_recipe(THREE_BANDS.format(dtype=dtype, nodata=nodata, statistic=statistic)))


def items_of(archive: Archive, recipe: Recipe) -> Any:  # noqa: ANN401
    return find_scenes(archive.save(), recipe, FIELD, SEASON).items


@pytest.mark.parametrize(
    ("dtype", "nodata", "statistic"),
    [
        ("uint16", 0, "median"),
        ("uint16", 0, "p75"),
        ("uint16", 0, "mean"),
        ("uint16", 0, "only"),
        ("int16", -32768, "median"),
        ("float32", -9999, "sum"),
        ("float32", -9999, "p10"),
    ],
)
def test_any_scenes_give_the_plain_composite_to_the_bit(
    archive: Archive, write_recipe: Write, dtype: str, nodata: float, statistic: str
) -> None:
    random_archive(archive, 1, dtype, nodata)
    recipe = recipe_of(write_recipe, dtype, str(nodata), statistic)
    items = items_of(archive, recipe)
    with gdal_env(None):
        values, clear = plain(items, recipe, WHOLE)
    made = composite_block(items, recipe, WHOLE, SEASON)
    assert made.values.dtype == values.dtype
    assert np.array_equal(made.values, values, equal_nan=dtype == "float32")
    assert np.array_equal(made.clear, clear)
    assert 0 < clear.min() < clear.max()
    blocks = list(cut_plainly(WHOLE, 7))
    for block, part in zip(blocks, composite_blocks(items, recipe, blocks, SEASON, threads=3), strict=True):
        rows, columns = block.window.toslices()
        assert part.geobox == block.geobox
        assert np.array_equal(part.values, values[..., rows, columns], equal_nan=dtype == "float32")
        assert np.array_equal(part.clear, clear[rows, columns])


@pytest.fixture
def season(archive: Archive, write_recipe: Write) -> tuple[Any, Recipe]:
    random_archive(archive, 2)
    recipe = recipe_of(write_recipe)
    return items_of(archive, recipe), recipe


def own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("composite")]


def test_progress_is_in_pixels_and_ends_with_all_of_them(season: tuple[Any, Recipe]) -> None:
    told: list[tuple[int, int]] = []
    blocks = list(cut_plainly(WHOLE, 8))
    list(composite_blocks(*season, blocks, SEASON, progress=lambda done, of: told.append((done, of))))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {of for _, of in told} == {SIDE * SIDE}
    assert told[-1][0] == SIDE * SIDE
    assert len(told) == len(blocks) * len(season[1].bands) * len(season[1].steps)


def test_closing_or_failing_leaves_no_thread_behind(season: tuple[Any, Recipe]) -> None:
    blocks = list(cut_plainly(WHOLE, 4))
    begun = composite_blocks(*season, blocks, SEASON, threads=3)
    next(begun)
    begun.close()
    assert own_threads() == []

    def cancel(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(composite_blocks(*season, blocks, SEASON, progress=cancel))
    assert own_threads() == []


def test_the_next_block_is_made_while_this_one_is_used(season: tuple[Any, Recipe]) -> None:
    budget = Budget(2**30)
    begun = composite_blocks(*season, list(cut_plainly(WHOLE, 10)), SEASON, budget=budget)
    one = next(begun).values.nbytes
    assert budget.used > 2 * one
    begun.close()


def test_memory_is_bounded_however_many_blocks_there_are(season: tuple[Any, Recipe]) -> None:
    peaks = []
    for area in (WHOLE[:10, :], WHOLE):
        budget = Budget(11_000)
        list(_used(composite_blocks(*season, list(cut_plainly(area, 10)), SEASON, threads=4, budget=budget)))
        assert budget.used == 0
        assert budget.peak <= budget.limit
        peaks.append(budget.peak)
    roomy = Budget(2**30)
    list(_used(composite_blocks(*season, list(cut_plainly(WHOLE, 10)), SEASON, threads=4, budget=roomy)))
    assert roomy.peak > max(peaks)


def _used(blocks: Iterator[Composite]) -> Iterator[int]:
    """Take blocks one by one, as who writes them does."""
    for block in blocks:
        yield block.clear.size


def test_a_budget_too_small_for_one_block_still_makes_it(season: tuple[Any, Recipe]) -> None:
    (made,) = composite_blocks(*season, list(cut_plainly(WHOLE, SIDE)), SEASON, memory=1)
    assert np.array_equal(made.values, composite_block(*season, WHOLE, SEASON).values)


def test_a_scene_that_fails_late_is_left_out_of_the_whole_block(archive: Archive, write_recipe: Write) -> None:
    """Its last band is cut short: other bands and steps have been made with it already."""
    random_archive(archive, 3)
    recipe = recipe_of(write_recipe)
    items = items_of(archive, recipe)
    scenes, _ = scenes_of(items, recipe, WHOLE, Season.parse(SEASON))
    broken = next(scene for scene in scenes if len(scene.steps) == 2 and len(scene.hrefs) == 3)
    path = Path(broken.hrefs["swir"])
    with rasterio.open(path) as file:
        start = int(file.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", 1))
    content = bytearray(path.read_bytes())
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)
    made = composite_block(items, recipe, WHOLE, SEASON)
    assert [name for name, _ in made.scenes_failed] == [broken.id]
    assert "B11.tif" in made.scenes_failed[0][1]
    with gdal_env(None):
        values, clear = plain([item for item in items if item.id != broken.id], recipe, WHOLE)
    assert np.array_equal(made.values, values)
    assert np.array_equal(made.clear, clear)


def test_blocks_of_which_most_scenes_fail_are_refused(season: tuple[Any, Recipe]) -> None:
    items, recipe = season
    for item in items:
        Path(item.assets["B04"].href).unlink()
    with pytest.raises(TooManyFailedScenesError, match=r"B04\.tif"):
        list(composite_blocks(items, recipe, list(cut_plainly(WHOLE, 10)), SEASON))
    assert own_threads() == []


def test_no_blocks_are_no_work(season: tuple[Any, Recipe]) -> None:
    assert list(composite_blocks(*season, [], SEASON)) == []
