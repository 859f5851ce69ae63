"""Drawing a map: right pixels, whatever the blocks; nothing left behind when it fails."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from shapely.geometry import mapping

from imagery.aoi import Aoi, LonLatBox
from imagery.grid import Block, blocks, map_grid, polygon_mask, projected
from imagery.legend import LegendEntry
from imagery.map_facts import MapFacts, pixel_area_ha
from imagery.maps import (
    Drawn,
    MapContractError,
    MapModel,
    MapSource,
    MemoryTooSmallError,
    NothingToMapError,
    Piece,
    draw_map,
    draw_piece,
)

LEGEND = (LegendEntry(1, "maize", "Maize", "#ffe119"), LegendEntry(33, "water", "Water", "#4060ff"))
CODES = np.array([33, 1], dtype=np.uint8)
CENTRE = Aoi.from_bbox(LonLatBox(31.0, -17.8, 31.02, -17.79)).geometry.centroid
AOI = Aoi.from_geojson(mapping(CENTRE.buffer(0.008, quad_segs=5)))


class Grid:
    crs = "utm"
    resolution: float | None = 10.0


class Land:
    """A composite in memory: 2 bands, 3 steps; it notes which windows were read."""

    def __init__(self, geobox: GeoBox, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.geobox = geobox
        self.values = rng.integers(0, 10_000, (2, 3, *geobox.shape)).astype("uint16")
        self.clear = rng.integers(0, 300, geobox.shape).astype("uint16")
        self.clear[::5, ::7] = 0
        self.asked: list[Block] = []

    def read(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append(block)
        rows, cols = block.window.toslices()
        return self.values[:, :, rows, cols], self.clear[rows, cols]

    def source(self) -> MapSource:
        return MapSource(self.geobox, self.read, features_at, bytes_per_pixel=14, n_features=2)


def features(values: np.ndarray) -> np.ndarray:
    """Return the bands' means over time, NaN where the first band is above 9,900."""
    means = values.astype("float32").mean(axis=1)
    means[:, values[0, 0] > 9_900] = np.nan
    return means


def features_at(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the features of some pixels of a block, [n, feature]."""
    return np.ascontiguousarray(features(values.reshape(2, 3, -1)[:, :, at]).T)


def predict(table: np.ndarray, threads: int = 1) -> np.ndarray:
    """Return probabilities of (water, maize) that grow with the first feature."""
    maize = table[:, 0] / 10_000
    return np.stack([1 - maize, maize], axis=1).astype("float32")


MODEL = MapModel(predict, CODES, LEGEND)


@pytest.fixture
def land() -> Land:
    return Land(map_grid(AOI, Grid()))


def test_every_pixel_has_the_class_and_confidence_of_its_features(land: Land, tmp_path: Path) -> None:
    facts, report = draw_map(land.source(), MODEL, AOI, tmp_path / "map.tif", tags={"season": "2023-2024"}, side=64)
    maize = np.nan_to_num(features(land.values.reshape(2, 3, -1))[0].reshape(land.clear.shape)) / 10_000
    inside = polygon_mask(projected(AOI.geometry, land.geobox.crs), land.geobox)
    mapped = inside & (land.clear > 0) & (land.values[0, 0] <= 9_900)
    with rasterio.open(tmp_path / "map.tif") as drawn:
        classes, confidence, clear = drawn.read()
        assert drawn.tags()["season"] == "2023-2024"
        assert drawn.crs.to_epsg() == 32736
    np.testing.assert_array_equal(classes, np.where(mapped, np.where(maize > 0.5, 1, 33), 0))
    expected = np.clip(np.rint(np.maximum(maize, 1 - maize).astype("float32") * 100), 1, 100)
    assert np.abs(confidence.astype(int) - np.where(mapped, expected, 0)).max() <= 1
    np.testing.assert_array_equal(clear, np.where(mapped, np.minimum(land.clear, 255), 0))
    assert report.valid
    assert (facts.pixels_inside, facts.pixels_mapped) == (inside.sum(), mapped.sum())


def test_the_map_depends_neither_on_the_blocks_nor_on_the_threads(land: Land, tmp_path: Path) -> None:
    results = []
    for size, threads in ((37, 1), (64, 3), (1024, 1), (None, 2)):
        facts, _ = draw_map(land.source(), MODEL, AOI, tmp_path / f"{size}.tif", side=size, threads=threads)
        with rasterio.open(tmp_path / f"{size}.tif") as drawn:
            results.append((facts, drawn.read()))
    for facts, pixels in results[1:]:
        assert facts == results[0][0]
        np.testing.assert_array_equal(pixels, results[0][1])


def test_only_blocks_that_touch_the_aoi_are_read_and_never_more_than_a_block(land: Land, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    draw_map(land.source(), MODEL, AOI, tmp_path / "map.tif", side=20, progress=lambda *at: seen.append(at))
    assert max(max(block.geobox.shape) for block in land.asked) <= 20
    assert len(land.asked) < len(list(blocks(land.geobox, 20)))  # the corners of a circle's box are empty
    assert len(seen) == len(land.asked) + 1
    assert seen == sorted(set(seen))
    assert seen[-1] == (land.clear.size, land.clear.size)


def test_who_draws_instead_is_given_the_blocks_with_a_pixel_and_which(land: Land, tmp_path: Path) -> None:
    inside, given = polygon_mask(projected(AOI.geometry, land.geobox.crs), land.geobox), []

    def drawer(pieces: Iterator[Piece]) -> Generator[tuple[Piece, Drawn], None, None]:
        for block, mask in pieces:
            given.append(mask)
            np.testing.assert_array_equal(mask, inside[block.window.toslices()])
            yield (block, mask), draw_piece(land.source(), MODEL, 1, (block, mask))

    draw_map(land.source(), MODEL, AOI, tmp_path / "there.tif", side=20, drawer=drawer)
    draw_map(land.source(), MODEL, AOI, tmp_path / "here.tif", side=20)
    assert all(mask.any() for mask in given)
    assert sum(int(mask.sum()) for mask in given) == inside.sum()
    with rasterio.open(tmp_path / "there.tif") as one, rasterio.open(tmp_path / "here.tif") as other:
        np.testing.assert_array_equal(one.read(), other.read())


def test_memory_is_bounded_by_the_block(tmp_path: Path) -> None:
    def peak(size: float) -> int:
        aoi = Aoi.from_bbox(LonLatBox(31.0, -17.8, 31.0 + size, -17.8 + size))

        def read(block: Block) -> tuple[np.ndarray, np.ndarray]:
            shape = block.geobox.shape
            return np.full((2, 3, *shape), 7_000, dtype="uint16"), np.ones(shape, dtype="uint16")

        tracemalloc.start()
        draw_map(MapSource(map_grid(aoi, Grid()), read, features_at, 14, 2), MODEL, aoi, tmp_path / "map.tif", side=128)
        _, high = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return high

    peak(0.02)  # imports
    assert peak(0.16) < 1.5 * peak(0.04)  # sixteen times the pixels


def test_facts_are_counted_over_the_mapped_pixels(land: Land, tmp_path: Path) -> None:
    model = replace(MODEL, applicable=lambda table: table[:, 0] > 5_000)
    facts, _ = draw_map(land.source(), model, AOI, tmp_path / "map.tif", side=50)
    with rasterio.open(tmp_path / "map.tif") as drawn:
        classes, confidence, clear = drawn.read()
    assert facts.pixels_by_class == {code: int((classes == code).sum()) for code in (1, 33)}
    assert facts.confidence_by_class[33] == pytest.approx(confidence[classes == 33].mean())
    assert facts.mean_confidence == pytest.approx(confidence[classes > 0].mean())
    assert facts.clear_median == np.median(clear[classes > 0])
    assert (facts.clear_min, facts.clear_max) == (1, 255)
    assert facts.share_applicable == pytest.approx((classes == 1).sum() / (classes > 0).sum())
    assert 0.9 < facts.share_mapped < 1
    assert json.loads(json.dumps(facts.to_dict()))["pixels_by_class"]["1"] == facts.pixels_by_class[1]


def test_a_map_of_part_of_a_composite_has_the_pixels_of_that_part(land: Land, tmp_path: Path) -> None:
    wide = land.geobox.pad(70, 30)
    around = Land(wide)
    around.values[:, :, 30:-30, 70:-70], around.clear[30:-30, 70:-70] = land.values, land.clear
    tight, _ = draw_map(land.source(), MODEL, AOI, tmp_path / "tight.tif", side=64)
    drawn, _ = draw_map(around.source(), MODEL, AOI, tmp_path / "drawn.tif", side=64, threads=2)
    assert drawn == tight
    with rasterio.open(tmp_path / "tight.tif") as one, rasterio.open(tmp_path / "drawn.tif") as other:
        assert (one.transform, one.shape) == (other.transform, other.shape)
        np.testing.assert_array_equal(one.read(), other.read())
    assert all(block.row0 % 64 == 0 or block.row0 == 30 for block in around.asked)


def test_blocks_shrink_with_the_memory_and_too_little_is_said(land: Land, tmp_path: Path) -> None:
    source = replace(land.source(), bytes_per_pixel=2_000, n_features=100)
    fixed = 192 << 20
    draw_map(source, MODEL, AOI, tmp_path / "map.tif", memory=fixed + (80 << 20))
    assert max(max(block.geobox.shape) for block in land.asked) == 128
    with pytest.raises(MemoryTooSmallError, match=r"give 2\d\d MiB or more, or fewer threads"):
        draw_map(source, MODEL, AOI, tmp_path / "map.tif", memory=fixed + (10 << 20), threads=4)


def test_an_aoi_without_one_clear_observation_is_said_and_leaves_nothing(land: Land, tmp_path: Path) -> None:
    land.clear[:] = 0
    with pytest.raises(NothingToMapError, match="clear observation"):
        draw_map(land.source(), MODEL, AOI, tmp_path / "map.tif")
    assert list(tmp_path.iterdir()) == []


def test_an_aoi_between_two_pixel_centres_is_said(land: Land, tmp_path: Path) -> None:
    bounds = land.geobox.boundingbox
    west, north = bounds.left + 41, bounds.top - 41  # a square of 3 m off the centre of a pixel of 10 m
    ring = [(west, north), (west + 3, north), (west + 3, north - 3), (west, north - 3), (west, north)]
    sliver = replace(AOI, geometry=to_degrees(ring))
    with pytest.raises(NothingToMapError, match="no pixel"):
        draw_map(land.source(), MODEL, sliver, tmp_path / "map.tif")


def to_degrees(ring: list[tuple[float, float]]) -> object:
    from pyproj import Transformer
    from shapely.geometry import Polygon

    back = Transformer.from_crs("EPSG:32736", "EPSG:4326", always_xy=True)
    return Polygon([back.transform(*point) for point in ring])


def stop(done: int, total: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda model: replace(model, class_codes=np.array([33, 2])), MapContractError),
        (lambda model: replace(model, class_codes=np.array([0, 1])), MapContractError),
        (lambda model: replace(model, predict=lambda table, threads: predict(table)[:, :1]), MapContractError),
        (lambda model: replace(model, predict=lambda table, threads: predict(table) * np.nan), MapContractError),
    ],
    ids=["unnamed class", "nodata as class", "one probability short", "not a number"],
)
def test_a_model_that_does_not_fit_leaves_nothing(
    land: Land, tmp_path: Path, change: Callable[[MapModel], MapModel], error: type[Exception]
) -> None:
    with pytest.raises(error):
        draw_map(land.source(), change(MODEL), AOI, tmp_path / "map.tif", side=64)
    assert list(tmp_path.iterdir()) == []


def test_cancelling_leaves_the_old_map(land: Land, tmp_path: Path) -> None:
    draw_map(land.source(), MODEL, AOI, tmp_path / "map.tif")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        draw_map(Land(land.geobox, seed=9).source(), MODEL, AOI, tmp_path / "map.tif", side=64, progress=stop)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_block_of_the_wrong_shape_is_refused(land: Land, tmp_path: Path) -> None:
    source = replace(land.source(), read=lambda block: (land.values, land.clear))
    with pytest.raises(MapContractError, match="a block of"):
        draw_map(source, MODEL, AOI, tmp_path / "map.tif", side=64)


def test_a_pixel_has_its_area_on_the_ellipsoid() -> None:
    west = map_grid(Aoi.from_bbox(LonLatBox(30.01, -17.8, 30.05, -17.77)), Grid())
    middle = map_grid(Aoi.from_bbox(LonLatBox(32.98, -17.8, 33.02, -17.77)), Grid())
    assert pixel_area_ha(middle) == pytest.approx(0.01 / 0.9996**2, rel=1e-5)
    assert pixel_area_ha(west) < 0.01 < pixel_area_ha(middle)


def test_no_facts_are_facts_too() -> None:
    facts = MapFacts({}, {}, 0, 0, 0.01, 0.0, 0, 0, None)
    assert (facts.share_mapped, facts.mean_confidence) == (0.0, 0.0)
