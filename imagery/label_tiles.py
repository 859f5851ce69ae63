"""Read Dynamic World labels from whatever was uploaded: find the band, place tiles in one grid, clean the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from imagery.dynamic_world import DYNAMIC_WORLD, NODATA
from training.errors import GeocropError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rasterio.io import DatasetReader
    from rasterio.windows import Window

LABEL_BAND = "label"
"""What Earth Engine calls the band of labels when it exports probabilities with it."""

_GRID_TOLERANCE_PIXELS = 0.01
_CODES = [entry.code for entry in DYNAMIC_WORLD]
_WATER = 0
_SHOWN_VALUES = 8
_HOPELESS_VALUES = 1_000
"""So many different wrong values are a continuous band; counting on would only cost memory."""


class InvalidBaselineError(GeocropError):
    """Export the labels of Dynamic World again as the message says, and upload the file again."""

    code: ClassVar[str] = "invalid-baseline"


@dataclass(frozen=True)
class LabelTile:
    """One open upload: the band of labels, and where its first pixel stands in the whole baseline."""

    raster: DatasetReader
    band: int
    row0: int = 0
    col0: int = 0

    @property
    def name(self) -> str:
        """Return the file's name."""
        return Path(self.raster.name).name

    @property
    def rows(self) -> tuple[int, int]:
        """Return the first row, and the one after the last, in the whole baseline."""
        return self.row0, self.row0 + self.raster.height

    @property
    def cols(self) -> tuple[int, int]:
        """Return the first column, and the one after the last, in the whole baseline."""
        return self.col0, self.col0 + self.raster.width


@dataclass
class LabelReader:
    """Reads windows over all tiles, and remembers the values that are no class."""

    tiles: Sequence[LabelTile]
    wrong: Counter[float] = field(default_factory=Counter)

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns of the whole baseline."""
        return max(tile.rows[1] for tile in self.tiles), max(tile.cols[1] for tile in self.tiles)

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Return the labels uint8 of one window, 255 where no tile has one; the first tile with a label counts."""
        from rasterio.windows import Window

        (row0, row1), (col0, col1) = window.toranges()
        labels = np.full((row1 - row0, col1 - col0), NODATA, dtype=np.uint8)
        for tile in self.tiles:
            top, bottom = max(row0, tile.rows[0]), min(row1, tile.rows[1])
            left, right = max(col0, tile.cols[0]), min(col1, tile.cols[1])
            if top >= bottom or left >= right:
                continue
            here = labels[top - row0 : bottom - row0, left - col0 : right - col0]
            part = Window(left - tile.col0, top - tile.row0, right - left, bottom - top)
            read = self._labels(tile.raster.read(tile.band, window=part), tile.raster.nodatavals[tile.band - 1])
            empty = here == NODATA
            here[empty] = read[empty]
        return labels

    def check_values(self) -> None:
        """Raise InvalidBaselineError, with counts, when a value that is no class was read."""
        if self.wrong:
            shown = ", ".join(f"{value:g} ({count:,} times)" for value, count in self.wrong.most_common(_SHOWN_VALUES))
            raise InvalidBaselineError(
                f"{self.wrong.total():,} pixels have {len(self.wrong):,} values that are no Dynamic World class (0..8):"
                f" {shown}; export the band `{LABEL_BAND}` without scaling, and make composites by mode, not by mean"
            )

    def warnings(self) -> tuple[str, ...]:
        """Return what a person should know of the uploads."""
        zero = [tile.name for tile in self.tiles if tile.raster.nodatavals[tile.band - 1] == _WATER]
        return tuple(
            f"{name} states nodata 0, which is water in Dynamic World: its zeros are taken as water;"
            " export with nodata 255 if they are not"
            for name in zero
        )

    def _labels(self, values: NDArray[Any], nodata: float | None) -> NDArray[np.uint8]:
        """Return values of any dtype as class codes 0..8, with 255 for nodata.

        The stated nodata, NaN, 255 and negative numbers are nodata. A stated nodata of 0 is not believed: 0 is water.
        """
        missing = ~np.isfinite(values) | (values == NODATA) | (values < 0)
        if nodata is not None and nodata != _WATER:
            missing |= values == nodata
        bad = ~np.isin(values, _CODES) & ~missing
        if bad.any():
            found, times = np.unique(values[bad], return_counts=True)
            self.wrong.update(dict(zip(found.tolist(), times.tolist(), strict=True)))
            if len(self.wrong) > _HOPELESS_VALUES:
                self.check_values()
        return np.where(missing | bad, NODATA, np.where(missing | bad, 0, values)).astype(np.uint8)


def open_tile(path: Path, stack: ExitStack) -> LabelTile:
    """Open an upload and find its labels, or say what to export instead."""
    import rasterio
    from rasterio.errors import RasterioIOError

    try:
        raster = stack.enter_context(rasterio.open(path))
    except RasterioIOError as error:
        raise InvalidBaselineError(f"{path.name} cannot be opened as a GeoTIFF: {error}") from error
    if raster.crs is None:
        raise InvalidBaselineError(
            f"{path.name} has no projection: export it with one (Earth Engine: `crs`), or assign the one it was made in"
            " with `gdal_translate -a_srs EPSG:<code>`; it is not guessed"
        )
    if raster.transform.b or raster.transform.d:
        raise InvalidBaselineError(f"{path.name} is rotated: warp it to a north-up grid (gdalwarp -r near)")
    return LabelTile(raster, _label_band(raster, path.name))


def _label_band(raster: DatasetReader, name: str) -> int:
    """Return the number of the band of labels: the one so described, or the only one."""
    described = [(text or "").strip().lower() for text in raster.descriptions]
    if LABEL_BAND in described:
        return described.index(LABEL_BAND) + 1
    if raster.count == 1:
        return 1
    raise InvalidBaselineError(
        f"{name} has {raster.count} bands and none is described as `{LABEL_BAND}` (they are: {described}):"
        f" export select('{LABEL_BAND}') alone"
    )


def place_tiles(tiles: Sequence[LabelTile]) -> list[LabelTile]:
    """Place tiles in one grid: same projection, same pixel size, pixel edges that meet."""
    if not tiles:
        raise InvalidBaselineError("no file was given")
    first = tiles[0].raster
    west, north = min(tile.raster.bounds.left for tile in tiles), max(tile.raster.bounds.top for tile in tiles)
    placed = []
    for tile in tiles:
        raster = tile.raster
        if raster.crs != first.crs or not np.allclose(raster.res, first.res, rtol=1e-6):
            raise InvalidBaselineError(
                f"{tile.name} ({raster.crs}, {raster.res}) and {tiles[0].name}"
                f" ({first.crs}, {first.res}) are of different grids: export them with one crs and one scale"
            )
        col, row = (raster.bounds.left - west) / first.res[0], (north - raster.bounds.top) / first.res[1]
        if max(abs(col - round(col)), abs(row - round(row))) > _GRID_TOLERANCE_PIXELS:
            raise InvalidBaselineError(
                f"The pixels of {tile.name} and {tiles[0].name} do not meet: export them with one crsTransform"
            )
        placed.append(LabelTile(raster, tile.band, round(row), round(col)))
    return placed
