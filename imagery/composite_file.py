"""Composites on disk: one tiled GeoTIFF, written block by block and read window by window.

Bands of the file: band by band of the recipe and within each step by step, then the number of clear observations.
Its tags say which recipe, season and scenes it is made of, so that a map can be drawn again from it alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from imagery.composite import Composite
from imagery.cutting import TILE
from imagery.reading import gdal_env, wkt_of
from imagery.season import Season
from training.errors import GeocropError

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from rasterio.windows import Window

    from imagery.recipe_model import Recipe

TILE_STEP = 16  # pixels: sides of the tiles of a TIFF are multiples of it
ZSTD_LEVEL = 1
"""Of 240 MiB of monthly medians: level 1 takes 0.5 s and leaves 91 MiB, 3 1.2 s and 89, GDAL's own 9 3.7 s and 84."""

TAGS = ("GEOCROP_RECIPE", "GEOCROP_FINGERPRINT", "GEOCROP_SEASON", "GEOCROP_BANDS", "GEOCROP_STEPS")
SCENE_TAGS = ("GEOCROP_SCENES_USED", "GEOCROP_SCENES_FAILED", "GEOCROP_SCENES_PARTIAL")


class NotACompositeError(GeocropError):
    """Make the composite again: this file is not one, or it is of another recipe."""

    code: ClassVar[str] = "not-a-composite"


def tile_side(pixels: int) -> int:
    """Return the side of internal tiles along a side of the file: 512 pixels, less where the file is smaller."""
    return min(TILE, -(-pixels // TILE_STEP) * TILE_STEP)


def write_composite(
    path: Path, blocks: Iterable[Composite], recipe: Recipe, season: Season | str, geobox: GeoBox
) -> None:
    """Write a composite as its blocks come; the file is complete when the function returns.

    Args:
        path: the GeoTIFF to write; it is published only after this, by the caller.
        blocks: composites of windows of `geobox`, in any order; where none comes, the file holds nodata.
        recipe: the recipe they are made by.
        season: the season they are of.
        geobox: the whole.

    """
    import rasterio

    height, width = geobox.shape
    count = len(recipe.bands) * len(recipe.steps)
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": count + 1,
        "dtype": recipe.dtype,
        "nodata": recipe.nodata,
        "crs": wkt_of(geobox),
        "transform": geobox.affine,
        "tiled": True,
        "blockxsize": tile_side(width),
        "blockysize": tile_side(height),
        "compress": "zstd",
        "zstd_level": ZSTD_LEVEL,
        "num_threads": 2,  # that compress: the next block is being made meanwhile, and its memory grows
        "predictor": 3 if recipe.dtype == "float32" else 2,
        "interleave": "band",
        "bigtiff": "if_safer",
        "sparse_ok": True,
    }
    scenes: tuple[dict[Any, None], ...] = ({}, {}, {})
    with gdal_env(None), rasterio.open(path, "w", **profile) as file:
        for i, band in enumerate(recipe.bands):
            for j, step in enumerate(recipe.steps):
                file.set_band_description(i * len(recipe.steps) + j + 1, f"{band} {step}")
        file.set_band_description(count + 1, "clear observations")
        for block in blocks:
            window = _window_in(geobox, block.geobox)
            file.write(block.values.reshape(count, *block.geobox.shape), list(range(1, count + 1)), window=window)
            file.write(_clear_as(block, recipe), count + 1, window=window)
            for told, more in zip(scenes, (block.scenes_used, block.scenes_failed, block.scenes_partial), strict=True):
                told.update(dict.fromkeys(more))
            del block  # before the next is asked for: two are held else
        values = (recipe.id, recipe.fingerprint, str(season), json.dumps(recipe.bands), json.dumps(recipe.steps))
        file.update_tags(**dict(zip(TAGS, values, strict=True)))
        file.update_tags(**{tag: json.dumps(list(told)) for tag, told in zip(SCENE_TAGS, scenes, strict=True)})


def read_composite(
    path: str | Path, window: Window | None = None, gdal_options: Mapping[str, str] | None = None
) -> Composite:
    """Read a composite, or a window of it (rasterio's, rows and columns of the file)."""
    with CompositeReader(path, gdal_options=gdal_options) as reader:
        return reader.read(window)


def packed(composite: Composite, recipe: Recipe, season: Season | str) -> bytes:
    """Return a composite as the bytes of a file, for its way to another process: some 40 % of what it takes in memory.

    Clear observations are held at the highest value of the recipe's dtype, as `write_composite` does.
    """
    with TemporaryDirectory(prefix="geocrop-block-") as folder:
        path = Path(folder) / "block.tif"
        write_composite(path, [composite], recipe, season, composite.geobox)
        return path.read_bytes()


def unpacked(data: bytes) -> Composite:
    """Return the composite that `packed` made bytes of."""
    from rasterio.io import MemoryFile

    with MemoryFile(data) as file, CompositeReader(file.name, gdal_options={"GDAL_NUM_THREADS": "2"}) as reader:
        return reader.read()


class CompositeReader:
    """An open composite file, to be used with `with`; `read` may be called many times, from several threads."""

    def __init__(
        self, path: str | Path, recipe: Recipe | None = None, gdal_options: Mapping[str, str] | None = None
    ) -> None:
        """Remember what to open.

        Args:
            path: a path, or what GDAL opens (/vsis3/...).
            recipe: when given, the file must be made by this recipe, by fingerprint.
            gdal_options: GDAL options of the reads.

        """
        self._path, self._recipe, self._options = str(path), recipe, gdal_options
        self._idle: SimpleQueue[Any] = SimpleQueue()

    def __enter__(self) -> Self:
        with self._dataset() as file:
            self._understand(file, file.tags())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().close()

    @contextmanager
    def _dataset(self) -> Iterator[Any]:
        """Give the open file to one thread: GDAL's datasets are not for two. There are as many as read at a time."""
        import rasterio

        with gdal_env(self._options):
            try:
                file = self._idle.get_nowait()
            except Empty:
                file = rasterio.open(self._path, sharing=False)
            try:
                yield file
            except BaseException:
                file.close()
                raise
            self._idle.put(file)

    def _understand(self, file: Any, tags: Mapping[str, str]) -> None:  # noqa: ANN401 (rasterio has no types)
        from odc.geo.geobox import GeoBox

        if not set(TAGS) <= set(tags):
            raise NotACompositeError(f"{self._path} is not a composite of GeoCrop: it says no recipe")
        self.recipe_id, self.fingerprint, season, bands, steps = (tags[tag] for tag in TAGS)
        if self._recipe is not None and self._recipe.fingerprint != self.fingerprint:
            raise NotACompositeError(f"{self._path} is of recipe {self.recipe_id}, not of {self._recipe.id} as it is")
        self.season = Season.parse(season)
        self.bands: tuple[str, ...] = tuple(json.loads(bands))
        self.steps: tuple[str, ...] = tuple(json.loads(steps))
        used, failed, partial = (json.loads(tags.get(tag, "[]")) for tag in SCENE_TAGS)
        self.scenes_used: tuple[str, ...] = tuple(used)
        self.scenes_failed = tuple((name, why) for name, why in failed)
        self.scenes_partial = tuple((name, why) for name, why in partial)
        self.geobox: GeoBox = GeoBox(file.shape, file.transform, file.crs.to_wkt())

    def read(self, window: Window | None = None) -> Composite:
        """Read a window (None: all of it) as [band, step, y, x] and its clear counts."""
        with self._dataset() as file:
            numbers = file.read(window=window)
        shape = (len(self.bands), len(self.steps), *numbers.shape[1:])
        clear = np.where(np.isfinite(numbers[-1]), numbers[-1], 0) if numbers.dtype.kind == "f" else numbers[-1]
        geobox = self.geobox
        if window is not None:
            (top, bottom), (left, right) = window.toranges()
            geobox = geobox[top:bottom, left:right]
        return Composite(
            numbers[:-1].reshape(shape),
            np.maximum(clear, 0).astype(np.uint16),
            geobox,
            self.scenes_used,
            self.scenes_failed,
            self.scenes_partial,
        )


def _clear_as(block: Composite, recipe: Recipe) -> Any:  # noqa: ANN401 (any of the dtypes of composites)
    """Return clear counts in the composite's dtype, held at its highest value."""
    if recipe.dtype == "float32":
        return block.clear.astype(np.float32)
    return np.minimum(block.clear, np.iinfo(recipe.dtype).max).astype(recipe.dtype)


def _window_in(whole: GeoBox, part: GeoBox) -> Window:
    """Return the window of a block in the whole.

    Raises:
        ValueError: the block is not a window of the whole.

    """
    from rasterio.windows import Window

    inverse = ~whole.affine
    x, y = part.affine.c, part.affine.f
    left = round(inverse.a * x + inverse.b * y + inverse.c)
    top = round(inverse.d * x + inverse.e * y + inverse.f)
    height, width = part.shape
    if left < 0 or top < 0 or left + width > whole.shape[1] or top + height > whole.shape[0]:
        raise ValueError(f"block at row {top}, column {left} lies outside {tuple(whole.shape)}")
    return Window(left, top, width, height)
