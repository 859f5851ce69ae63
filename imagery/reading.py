"""Reading one asset of one scene onto a grid, exactly: a pixel's value depends on its place, never on its block.

Positions are computed for every pixel (no approximated warp), and rounded to a millionth of a source pixel before they
become row and column, so that two blocks that share a pixel read the same number. Where the axes of the source run
along those of the grid, a row of the grid is a row of the source, and the numbers stay on the source's own pixels.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from imagery.lattice import transformer
from imagery.open_files import OPEN_FILES, OpenFile
from training.errors import GeocropError

if TYPE_CHECKING:
    from affine import Affine
    from odc.geo.geobox import GeoBox

    from imagery.recipe_model import Asset

Number = npt.NDArray[Any]
Truth = npt.NDArray[np.bool_]
Cells = npt.NDArray[np.int64]
Places = npt.NDArray[np.float64]
Allocate = Callable[[tuple[int, int], np.dtype[Any]], Number]
Picks = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

ROUNDING = 1e-6  # source pixels
TRIES = 2  # a remote read that fails is tried once more; a local file is not going to change
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

GDAL_CACHE_BYTES = 16_000_000
"""GDAL's block cache, which all reads of the process share: its default grows with the machine, not with the work.

No tile is wanted twice, and a cache that the processor's own can hold is quickest: 1.44 ms a tile, 1.75 with 64 MB.
"""

QUIET: dict[str, Any] = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_CACHEMAX": GDAL_CACHE_BYTES}

REMOTE = {
    # With CPL_VSIL_CURL_USE_HEAD=NO GDAL asks for the whole file instead, and hangs up as soon as it knows its size.
    "GDAL_INGESTED_BYTES_AT_OPEN": "32768",  # the header of a COG with a thousand tiles comes with the first request
    "CPL_VSIL_CURL_CACHE_SIZE": "33554432",  # bytes, of the process
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_HTTP_TCP_KEEPALIVE": "YES",
    "GDAL_HTTP_CONNECTTIMEOUT": "20",  # seconds
    "GDAL_HTTP_LOW_SPEED_TIME": "60",  # seconds without the bytes of the next line
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1",
    "GDAL_HTTP_MAX_RETRY": "3",
    "GDAL_HTTP_RETRY_DELAY": "0.5",  # seconds, doubled at each try
}


class SceneUnreadableError(GeocropError):
    """Read the reason: the file is missing, cut short, forbidden or not what the recipe says; the scene is left out."""

    code: ClassVar[str] = "scene-unreadable"


class Grid:
    """The pixels to read, with their coordinates in any CRS, and their cells in any lattice, computed once."""

    def __init__(self, geobox: GeoBox) -> None:
        self.geobox = geobox
        self._lock = threading.Lock()
        self._places: dict[str, tuple[Places, Places]] = {}
        self._cells: dict[tuple[str, Any], tuple[Cells, Cells]] = {}

    def places(self, crs: str) -> tuple[Places, Places]:
        """Return x and y of the pixel centres in a CRS (WKT): [1, w] and [h, 1] in the grid's own, else both [h, w]."""
        with self._lock:
            return self._kept_places(crs)

    def positions(self, crs: str, transform: Affine) -> tuple[Places, Places]:
        """Return column and row of the pixel centres in a lattice: [1, w] and [h, 1] along the grid's axes, or [h, w].

        The upper left corner of a pixel has whole numbers.
        """
        with self._lock:
            return self._computed_positions(crs, transform)

    def cells(self, crs: str, transform: Affine) -> tuple[Cells, Cells]:
        """Return column and row of the pixels of a lattice that hold the centres, shaped as `positions`.

        Kept, because all bands and dates of a tile lie on few lattices.
        """
        key = (crs, transform)
        with self._lock:
            if key not in self._cells:
                column, row = self._computed_positions(crs, transform)
                self._cells[key] = _floor(column), _floor(row)
            return self._cells[key]

    def _computed_positions(self, crs: str, transform: Affine) -> tuple[Places, Places]:
        x, y = self._kept_places(crs)
        inverse = ~transform
        if inverse.b == 0 and inverse.d == 0:
            return inverse.a * x + inverse.c, inverse.e * y + inverse.f
        return inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f

    def _kept_places(self, crs: str) -> tuple[Places, Places]:
        if crs not in self._places:
            self._places[crs] = self._places_in(crs)
        return self._places[crs]

    def _places_in(self, crs: str) -> tuple[Places, Places]:
        height, width = self.geobox.shape
        affine = self.geobox.affine
        columns = np.arange(width, dtype=np.float64)[None, :] + 0.5
        rows = np.arange(height, dtype=np.float64)[:, None] + 0.5
        own = wkt_of(self.geobox)
        if affine.b == 0 and affine.d == 0:
            x, y = affine.a * columns + affine.c, affine.e * rows + affine.f
        else:
            x = affine.a * columns + affine.b * rows + affine.c
            y = affine.d * columns + affine.e * rows + affine.f
        if same_crs(own, crs):
            return x, y
        x, y = np.broadcast_arrays(x, y)
        there: tuple[Places, Places] = transformer(own, crs).transform(x, y)
        return there


@dataclass(frozen=True)
class Source:
    """What was read of one file for a grid of h x w pixels: numbers on the source's pixels, and where they go."""

    numbers: Number
    """[source rows, source columns]; [h, w] where `seen` is given."""
    rows: npt.NDArray[np.int32]
    """[h], row of the numbers for each row of the grid, -1 outside."""
    columns: npt.NDArray[np.int32]
    """[w], column of the numbers for each column of the grid, -1 outside; those inside are one run."""
    seen: Truth | None
    """[h, w], where the grid's pixels are inside the file, when rows and columns do not say it."""
    nodata: tuple[float, ...]
    """Numbers that mean nothing was observed."""

    def onto(self, picks: Picks | None = None) -> tuple[Number, Truth]:
        """Return numbers and where they were observed, [h, w] of the grid, or [n] of picked rows and columns."""
        if picks is None:
            rows, columns = self.rows[:, None], self.columns[None, :]
        else:
            rows, columns = self.rows[picks[0]], self.columns[picks[1]]
        inside = (rows >= 0) & (columns >= 0)
        numbers = self.numbers[np.maximum(rows, 0), np.maximum(columns, 0)]
        if self.seen is not None:
            inside = inside & (self.seen if picks is None else self.seen[picks])
        return numbers, inside & observed(numbers, self.nodata)

    def picked(self, picks: Picks) -> Source:
        """Return picked rows and columns of the grid as the source of a grid of one row."""
        numbers, seen = self.onto(picks)
        return _whole(numbers[None, :], seen[None, :], ())

    @property
    def span(self) -> tuple[int, int]:
        """Return the first and last (exclusive) column of the grid that lies in the source."""
        inside = np.flatnonzero(self.columns >= 0)
        return (int(inside[0]), int(inside[-1]) + 1) if inside.size else (0, 0)


@dataclass(frozen=True)
class ReadCells:
    """Reads the part of band 1 of a file that holds some of its cells."""

    file: OpenFile
    dtype: np.dtype[Any]
    allocate: Allocate

    def __call__(self, column: Cells, row: Cells) -> tuple[Number, int, int]:
        """Return the numbers, and their first column and row in the file."""
        left, right = int(column.min()), int(column.max()) + 1
        top, bottom = int(row.min()), int(row.max()) + 1
        numbers = self.allocate((bottom - top, right - left), self.dtype)
        self.file.dataset.read(1, window=((top, bottom), (left, right)), out=numbers)
        return numbers, left, top


def wkt_of(geobox: GeoBox) -> str:
    """Return the CRS of a grid as WKT."""
    if geobox.crs is None:
        raise ValueError("a grid to read onto has a CRS")
    return str(geobox.crs.to_wkt())


@lru_cache(maxsize=256)
def same_crs(one: str, other: str) -> bool:
    """Tell whether two CRS texts mean the same projection, with or without an EPSG code."""
    from rasterio.crs import CRS

    return one == other or CRS.from_wkt(one) == CRS.from_wkt(other)


def gdal_href(href: str) -> str:
    """Return what GDAL opens: /vsis3/ for s3://, /vsicurl/ for http(s), a path otherwise."""
    if href.startswith("s3://"):
        return "/vsis3/" + href.removeprefix("s3://")
    if href.startswith(("http://", "https://")):
        return "/vsicurl/" + href
    return href.removeprefix("file://")


def is_remote(path: str) -> bool:
    """Tell whether GDAL reads a path over the network (or from within an archive), and not from a plain file."""
    return path.startswith("/vsi")


def gdal_env(options: Mapping[str, str] | None) -> Any:  # noqa: ANN401 (rasterio has no types)
    """Return the GDAL environment of a read: options given by the caller, credentials among them.

    rasterio refuses credentials as options and would ask boto3 for them; a session that holds the caller's is its way.
    """
    import rasterio
    from rasterio.session import Session

    given = dict(options or {})
    keys = {name: given.pop(name) for name in KEYS if name in given}

    class Keys(Session):  # type: ignore[misc]
        def get_credential_options(self) -> dict[str, str]:
            return keys

    return rasterio.Env(session=Keys(), **{**QUIET, **REMOTE, **given})


def read_onto(href: str, grid: Grid, asset: Asset) -> tuple[Number, Truth]:
    """Read band 1 of a file onto a grid.

    Returns:
        Numbers [h, w] in the asset's dtype as they stand in the file, and where they were observed: inside the file,
        and not its nodata nor the asset's. Runs within `gdal_env`.

    Raises:
        SceneUnreadableError: the file cannot be opened or read, or holds another kind of number.

    """
    source = read_source(href, grid, asset)
    if source is None:
        shape = tuple(grid.geobox.shape)
        return np.zeros(shape, dtype=asset.dtype), np.zeros(shape, dtype=bool)
    return source.onto()


def read_source(
    href: str,
    grid: Grid,
    asset: Asset,
    *,
    dtype: str | None = None,
    options: Mapping[str, str] | None = None,
    allocate: Allocate = np.empty,
) -> Source | None:
    """Read what band 1 of a file has for a grid; None where it has nothing. Runs within `gdal_env` of the options.

    Args:
        href: address of the file.
        grid: the pixels wanted.
        asset: what its numbers are.
        dtype: dtype of the result, which holds all numbers of the asset's; None is the asset's.
        options: GDAL options of the caller.
        allocate: makes the array for the numbers, of a shape and dtype.

    Raises:
        SceneUnreadableError: the file cannot be opened or read, or holds another kind of number.

    """
    from rasterio.errors import RasterioError

    path = gdal_href(href)
    tries = TRIES if is_remote(path) else 1
    for left in range(tries - 1, -1, -1):
        try:
            with OPEN_FILES.use(path, options) as file:
                read = ReadCells(file, np.dtype(dtype or asset.dtype), allocate)
                return _read_once(path, file, grid, asset, read)
        except (RasterioError, OSError) as error:
            if not left:
                raise SceneUnreadableError(f"{href}: {type(error).__name__}: {str(error)[:200]}") from error
    raise SceneUnreadableError(href)


def _read_once(path: str, file: OpenFile, grid: Grid, asset: Asset, read: ReadCells) -> Source | None:
    if file.crs is None:
        raise SceneUnreadableError(f"{path}: the file has no CRS")
    if not np.can_cast(file.dtype, asset.dtype, casting="safe"):
        raise SceneUnreadableError(f"{path}: numbers are {file.dtype}, the recipe says {asset.dtype}")
    nodata = _nodata(file, asset)
    if asset.resampling == "bilinear":
        across, down = grid.positions(file.crs, file.transform)
        numbers, seen = _bilinear(file, across - 0.5, down - 0.5, nodata, read)
        whole = np.issubdtype(np.dtype(asset.dtype), np.integer)
        return _whole((np.rint(numbers) if whole else numbers).astype(read.dtype), seen, ())
    column, row = grid.cells(file.crs, file.transform)
    if column.shape[0] == 1 and row.shape[1] == 1:
        return _along_axes(file, column[0], row[:, 0], nodata, read)
    found = _nearest(file, column, row, read)
    return None if found is None else _whole(*found, nodata)


def _along_axes(file: OpenFile, column: Cells, row: Cells, nodata: tuple[float, ...], read: ReadCells) -> Source | None:
    """Read the part of a file that a grid covers whose axes run along the file's."""
    height, width = file.shape
    columns = np.where((column >= 0) & (column < width), column, -1)
    rows = np.where((row >= 0) & (row < height), row, -1)
    if columns.max() < 0 or rows.max() < 0:
        return None
    numbers, left, top = read(columns[columns >= 0], rows[rows >= 0])
    return Source(
        numbers,
        np.where(rows >= 0, rows - top, -1).astype(np.int32),
        np.where(columns >= 0, columns - left, -1).astype(np.int32),
        None,
        nodata,
    )


def _whole(numbers: Number, seen: Truth, nodata: tuple[float, ...]) -> Source:
    """Return numbers that lie on the grid's own pixels as a source."""
    height, width = numbers.shape
    return Source(numbers, np.arange(height, dtype=np.int32), np.arange(width, dtype=np.int32), seen, nodata)


def _floor(position: Places) -> Cells:
    return np.floor(position + ROUNDING).astype(np.int64)


def _nearest(file: OpenFile, column: Cells, row: Cells, read: ReadCells) -> tuple[Number, Truth] | None:
    """Return the source pixel that holds each centre, [h, w], and which are inside; None where none is."""
    height, width = file.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    if not inside.any():
        return None
    inside = np.array(np.broadcast_to(inside, np.broadcast_shapes(column.shape, row.shape)))  # a view cannot be written
    column, row = np.broadcast_to(column, inside.shape), np.broadcast_to(row, inside.shape)
    source, left, top = read(column[inside], row[inside])
    column = np.clip(column - left, 0, source.shape[1] - 1)
    row = np.clip(row - top, 0, source.shape[0] - 1)
    return source[row, column], inside


def _bilinear(
    file: OpenFile, column: Places, row: Places, nodata: tuple[float, ...], read: ReadCells
) -> tuple[Number, Truth]:
    """Return the mean of the four source pixels around each centre, by nearness; those without a value do not count."""
    column, row = np.broadcast_arrays(column, row)
    left, top = _floor(column), _floor(row)
    total = np.zeros(column.shape, dtype=np.float64)
    weights = np.zeros(column.shape, dtype=np.float64)
    for down in (0, 1):
        for right in (0, 1):
            found = _nearest(file, left + right, top + down, read)
            if found is None:
                continue
            numbers, inside = found
            valid = inside & observed(numbers, nodata)
            weight = (1 - np.abs(column - (left + right))) * (1 - np.abs(row - (top + down)))
            weight = np.where(valid, np.maximum(weight, 0.0), 0.0)
            total += weight * np.where(valid, numbers, 0)
            weights += weight
    seen = weights > ROUNDING
    return total / np.where(seen, weights, 1.0), seen


def _nodata(file: OpenFile, asset: Asset) -> tuple[float, ...]:
    """Return the numbers, other than NaN, that mean nothing was observed and that the asset's dtype can hold."""
    stated = sorted({value for value in (asset.nodata, file.nodata) if value is not None and np.isfinite(value)})
    if asset.dtype == "float32":
        with np.errstate(over="ignore"):
            return tuple(float(np.float32(value)) for value in stated)
    info = np.iinfo(asset.dtype)
    return tuple(value for value in stated if value.is_integer() and info.min <= value <= info.max)


def observed(numbers: Number, nodata: tuple[float, ...]) -> Truth:
    """Tell which numbers mean something: finite, and none of `nodata`."""
    valid = np.isfinite(numbers) if np.issubdtype(numbers.dtype, np.floating) else np.ones(numbers.shape, dtype=bool)
    for value in nodata:
        valid &= numbers != value
    return valid
