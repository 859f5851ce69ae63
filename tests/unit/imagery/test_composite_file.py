"""Composites on disk: written block by block, read by window, refused for another recipe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from imagery.composite import Composite
from imagery.composite_file import (
    CompositeReader,
    NotACompositeError,
    packed,
    read_composite,
    unpacked,
    write_composite,
)
from imagery.recipe import Recipe, load_recipe

WHOLE = GeoBox((700, 600), Affine(10, 0, 240_000, 0, -10, 8_022_000), "EPSG:32736")


def block(recipe: Recipe, geobox: GeoBox, seed: int) -> Composite:
    rng = np.random.default_rng(seed)
    shape = (len(recipe.bands), len(recipe.steps), *geobox.shape)
    values = rng.integers(0, 3000, shape).astype(recipe.dtype)
    clear = rng.integers(0, 70, geobox.shape).astype(np.uint16)
    return Composite(values, clear, geobox, ("one", f"two-{seed}"), (("bad", "cut short"),), (("half", "nir"),))


@pytest.mark.parametrize("name", ["ndvi-season", "geomad-semiannual"])
def test_blocks_written_in_any_order_are_read_again_by_window(tmp_path: Path, name: str) -> None:
    recipe = load_recipe(name)
    upper, lower = block(recipe, WHOLE[:512, :], 1), block(recipe, WHOLE[512:, :], 2)
    path = tmp_path / "composite.tif"
    write_composite(path, iter([lower, upper]), recipe, "2023-2024", WHOLE)
    whole = read_composite(path)
    assert whole.values.dtype == recipe.dtype
    assert np.array_equal(whole.values, np.concatenate([upper.values, lower.values], axis=2))
    assert np.array_equal(whole.clear, np.concatenate([upper.clear, lower.clear]))
    assert whole.geobox == WHOLE
    part = read_composite(path, Window(100, 500, 40, 30))
    assert np.array_equal(part.values, whole.values[..., 500:530, 100:140])
    assert part.geobox == WHOLE[500:530, 100:140]


def test_a_file_says_what_it_is_made_of(tmp_path: Path) -> None:
    recipe = load_recipe("ndvi-season")
    path = tmp_path / "composite.tif"
    write_composite(path, [block(recipe, WHOLE[:, :], 1)], recipe, "2023-2024", WHOLE)
    with CompositeReader(path, recipe) as reader:
        assert (reader.recipe_id, reader.fingerprint) == ("ndvi-season@1", recipe.fingerprint)
        assert str(reader.season) == "2023-2024"
        assert (reader.bands, reader.steps) == (recipe.bands, recipe.steps)
        assert reader.scenes_used == ("one", "two-1")
        assert reader.scenes_failed == (("bad", "cut short"),)
        assert reader.scenes_partial == (("half", "nir"),)
    with rasterio.open(path) as file:
        assert set(file.block_shapes) == {(512, 512)}
        assert file.nodata == -32768
        assert file.descriptions[1] == "ndvi oct"


@pytest.mark.parametrize("name", ["ndvi-season", "geomad-semiannual"])
def test_a_packed_block_is_smaller_and_comes_out_as_it_went_in(name: str) -> None:
    recipe = load_recipe(name)
    sent = block(recipe, WHOLE[100:555, 100:333], 4)
    data = packed(sent, recipe, "2023-2024")
    assert len(data) < sent.values.nbytes + sent.clear.nbytes
    came = unpacked(data)
    assert came.values.dtype == sent.values.dtype
    assert np.array_equal(came.values, sent.values)
    assert np.array_equal(came.clear, sent.clear)
    assert came.geobox == sent.geobox
    assert (came.scenes_used, came.scenes_failed) == (sent.scenes_used, sent.scenes_failed)
    assert came.scenes_partial == sent.scenes_partial


def test_several_threads_read_one_open_file(tmp_path: Path) -> None:
    recipe = load_recipe("ndvi-season")
    path = tmp_path / "composite.tif"
    whole = block(recipe, WHOLE[:, :], 3)
    write_composite(path, [whole], recipe, "2023-2024", WHOLE)
    windows = [Window(left, top, 90, 80) for left in range(0, 500, 90) for top in range(0, 600, 80)]
    with CompositeReader(path, recipe) as reader, ThreadPoolExecutor(4) as pool:
        for window, part in zip(windows, pool.map(reader.read, windows), strict=True):
            rows, columns = window.toslices()
            assert np.array_equal(part.values, whole.values[..., rows, columns])
            assert np.array_equal(part.clear, whole.clear[rows, columns])


def test_a_small_file_has_small_tiles(tmp_path: Path) -> None:
    recipe = load_recipe("ndvi-season")
    path = tmp_path / "composite.tif"
    small = WHOLE[:10, :33]
    write_composite(path, [block(recipe, small, 1)], recipe, "2023-2024", small)
    with rasterio.open(path) as file:
        assert set(file.block_shapes) == {(16, 48)}
    assert np.array_equal(read_composite(path).values, block(recipe, small, 1).values)


def test_where_no_block_came_there_is_nodata(tmp_path: Path) -> None:
    recipe = load_recipe("ndvi-season")
    path = tmp_path / "composite.tif"
    write_composite(path, [block(recipe, WHOLE[:512, :512], 1)], recipe, "2023-2024", WHOLE)
    rest = read_composite(path, Window(512, 512, 88, 188))
    assert (rest.values == -32768).all()
    assert (rest.clear == 0).all()


def test_a_composite_of_another_recipe_or_no_composite_is_refused(tmp_path: Path) -> None:
    recipe = load_recipe("ndvi-season")
    path = tmp_path / "composite.tif"
    write_composite(path, [], recipe, "2023-2024", WHOLE)
    with pytest.raises(NotACompositeError, match="s2-season@1"), CompositeReader(path, load_recipe("s2-season")):
        pass
    plain = tmp_path / "plain.tif"
    with rasterio.open(
        plain, "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8", crs="EPSG:32736", transform=WHOLE.affine
    ):
        pass
    with pytest.raises(NotACompositeError, match="says no recipe"):
        read_composite(plain)


def test_a_block_outside_the_whole_is_refused(tmp_path: Path) -> None:
    recipe = load_recipe("ndvi-season")
    outside = GeoBox((5, 5), Affine(10, 0, 0, 0, -10, 8_022_000), "EPSG:32736")
    with pytest.raises(ValueError, match="outside"):
        write_composite(tmp_path / "c.tif", [block(recipe, outside, 1)], recipe, "2023-2024", WHOLE)
