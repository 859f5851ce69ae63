"""Reading one asset of one scene onto a grid, exactly: a pixel's value depends on its place, never on its block.

Positions are computed for every pixel (no approximated warp), and rounded to a millionth of a source pixel before they
become row and column, so that two blocks that share a pixel read the same number.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from imagery.lattice import transformer
from training.errors import GeocropError

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

    from imagery.recipe_model import Asset

Number = npt.NDArray[Any]
Truth = npt.NDArray[np.bool_]
Cells = npt.NDArray[np.int64]
Places = npt.NDArray[np.float64]

ROUNDING = 1e-6  # source pixels
TRIES = 2  # a remote read that fails is tried once more; a local file is not going to change
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class SceneUnreadableError(GeocropError):
    """Read the reason: the file is missing, cut short, forbidden or not what the recipe says; the scene is left out."""

    code: ClassVar[str] = "scene-unreadable"


class Grid:
    """The pixels to read, with their coordinates in any CRS computed once."""

    def __init__(self, geobox: GeoBox) -> None:
        self.geobox = geobox
        self._lock = threading.Lock()
        self._places: dict[str, tuple[Places, Places]] = {}

    def places(self, crs: str) -> tuple[Places, Places]:
        """Return x and y of the pixel centres in a CRS (WKT): [1, w] and [h, 1] in the grid's own, else both [h, w]."""
        with self._lock:
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


def wkt_of(geobox: GeoBox) -> str:
    """Return the CRS of a grid as WKT."""
    if geobox.crs is None:
        raise ValueError("a grid to read onto has a CRS")
    return str(geobox.crs.to_wkt())


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

    quiet = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_HTTP_MAX_RETRY": "3", "GDAL_HTTP_RETRY_DELAY": "1"}
    return rasterio.Env(session=Keys(), **{**quiet, **given})


def read_onto(href: str, grid: Grid, asset: Asset) -> tuple[Number, Truth]:
    """Read band 1 of a file onto a grid.

    Returns:
        Numbers [h, w] in the asset's dtype as they stand in the file, and where they were observed: inside the file,
        and not its nodata nor the asset's. Runs within `gdal_env`.

    Raises:
        SceneUnreadableError: the file cannot be opened or read, or holds another kind of number.

    """
    from rasterio.errors import RasterioError

    path = gdal_href(href)
    tries = TRIES if path.startswith("/vsi") else 1
    for left in range(tries - 1, -1, -1):
        try:
            return _read_once(path, grid, asset)
        except (RasterioError, OSError) as error:
            if not left:
                raise SceneUnreadableError(f"{href}: {type(error).__name__}: {str(error)[:200]}") from error
    raise SceneUnreadableError(href)


def _read_once(path: str, grid: Grid, asset: Asset) -> tuple[Number, Truth]:
    import rasterio

    with rasterio.open(path) as file:
        if file.crs is None:
            raise SceneUnreadableError(f"{path}: the file has no CRS")
        if not np.can_cast(file.dtypes[0], asset.dtype, casting="safe"):
            raise SceneUnreadableError(f"{path}: numbers are {file.dtypes[0]}, the recipe says {asset.dtype}")
        x, y = grid.places(file.crs.to_wkt())
        inverse = ~file.transform
        if inverse.b == 0 and inverse.d == 0:
            column, row = inverse.a * x + inverse.c, inverse.e * y + inverse.f
        else:
            column, row = inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f
        if asset.resampling == "bilinear":
            return _bilinear(file, asset, column - 0.5, row - 0.5)
        return _nearest(file, asset, _floor(column), _floor(row))


def _floor(position: Places) -> Cells:
    return np.floor(position + ROUNDING).astype(np.int64)


def _nearest(file: Any, asset: Asset, column: Cells, row: Cells) -> tuple[Number, Truth]:  # noqa: ANN401
    """Return the source pixel that holds each centre."""
    inside = (column >= 0) & (column < file.width) & (row >= 0) & (row < file.height)
    inside = np.broadcast_to(inside, np.broadcast_shapes(column.shape, row.shape))
    if not inside.any():
        return np.zeros(inside.shape, dtype=asset.dtype), np.zeros(inside.shape, dtype=bool)
    source, left, top = _window(file, asset, column, row)
    column = np.clip(column - left, 0, source.shape[1] - 1)
    row = np.clip(row - top, 0, source.shape[0] - 1)
    numbers = source[row, column] if column.shape[0] > 1 or row.shape[1] > 1 else _crossed(source, row, column)
    valid = _observed(numbers, file, asset)
    return numbers, valid & inside if not inside.all() else valid


def _crossed(source: Number, row: Cells, column: Cells) -> Number:
    """Take rows and columns of a source whose axes run along the grid's: a slice where they follow one by one."""
    rows, columns = row[:, 0], column[0]
    if _consecutive(rows) and _consecutive(columns):
        numbers: Number = source[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return numbers
    return np.asarray(source.take(rows, axis=0).take(columns, axis=1))


def _consecutive(cells: Cells) -> bool:
    return bool(cells[-1] - cells[0] == cells.size - 1 and np.all(np.diff(cells) == 1))


def _bilinear(file: Any, asset: Asset, column: Places, row: Places) -> tuple[Number, Truth]:  # noqa: ANN401
    """Return the mean of the four source pixels around each centre, by nearness; those without a value do not count."""
    column, row = np.broadcast_arrays(column, row)
    left, top = _floor(column), _floor(row)
    total = np.zeros(column.shape, dtype=np.float64)
    weights = np.zeros(column.shape, dtype=np.float64)
    for down in (0, 1):
        for right in (0, 1):
            numbers, valid = _nearest(file, asset, left + right, top + down)
            weight = (1 - np.abs(column - (left + right))) * (1 - np.abs(row - (top + down)))
            weight = np.where(valid, np.maximum(weight, 0.0), 0.0)
            total += weight * np.where(valid, numbers, 0)
            weights += weight
    seen = weights > ROUNDING
    mean = total / np.where(seen, weights, 1.0)
    whole = np.issubdtype(np.dtype(asset.dtype), np.integer)
    return (np.rint(mean) if whole else mean).astype(asset.dtype), seen


def _window(file: Any, asset: Asset, column: Cells, row: Cells) -> tuple[Number, int, int]:  # noqa: ANN401
    """Read the part of band 1 that holds the wanted cells; return it with its first column and row."""
    left, right = (int(np.clip(edge, 0, file.width - 1)) for edge in (column.min(), column.max()))
    top, bottom = (int(np.clip(edge, 0, file.height - 1)) for edge in (row.min(), row.max()))
    source: Number = file.read(1, window=((top, bottom + 1), (left, right + 1)))
    return source.astype(asset.dtype, copy=False), left, top


def _observed(numbers: Number, file: Any, asset: Asset) -> Truth:  # noqa: ANN401
    valid = np.ones(numbers.shape, dtype=bool)
    for nodata in {asset.nodata, file.nodata} - {None}:
        valid &= numbers != nodata if nodata == nodata else ~np.isnan(numbers)  # noqa: PLR0124 (NaN is not itself)
    if np.issubdtype(numbers.dtype, np.floating):
        valid &= np.isfinite(numbers)
    return valid
