"""Reading published rasters for tiles: plain functions around rio-tiler, and the bounds that keep the API small.

At most `RENDERS` rasters are read at a time, in threads of their own; others wait in the event loop, where waiting
costs nothing, and beyond `WAITING` are told to come again. GDAL's caches are bounded, so that memory grows neither
with visitors nor with rasters.
"""

from __future__ import annotations

import api.light_rio_tiler  # noqa: F401  # before rio-tiler

# isort: split
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar, cast

import anyio.to_thread
import numpy as np
import rasterio
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from PIL import Image
from rasterio.errors import RasterioIOError
from rio_tiler.colormap import cmap
from rio_tiler.errors import PointOutsideBounds, TileOutsideBounds
from rio_tiler.io import Reader

from api.errors import ApiError, NotFound, ServiceDown
from imagery.cog import BASELINE_BANDS, MAP_BANDS
from imagery.legend import color_table
from imagery.reading import GDAL_CACHE_BYTES
from resources.layout import BASELINES

if TYPE_CHECKING:
    from rasterio.env import Env
    from rio_tiler.models import ImageData

    from api.tiling import ObjectName
    from imagery.legend import Legend
    from resources.object_store import ObjectStore

#: Rasters read at a time in one process.
RENDERS = 4
#: Requests that may wait for it: some ten seconds of tiles.
WAITING = 200
#: GDAL's own memory is the block cache, and 16 MiB of what was read by HTTP; a dead S3 server is given up on soon.
GDAL_OPTIONS: Mapping[str, object] = {
    "GDAL_CACHEMAX": GDAL_CACHE_BYTES,
    "CPL_VSIL_CURL_CACHE_SIZE": 16 << 20,
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_NUM_THREADS": "1",
    "GDAL_HTTP_CONNECTTIMEOUT": "5",
    "GDAL_HTTP_TIMEOUT": "20",
    "GDAL_HTTP_MAX_RETRY": "2",
    "GDAL_HTTP_RETRY_DELAY": "0.2",
}
#: A class is never mixed with its neighbour.
NEAREST: Mapping[str, Any] = {"resampling_method": "nearest", "reproject_method": "nearest"}
#: The value that gets the last colour of the ramp, by band: percent, and clear observations of a season.
RAMP_END: Mapping[str, int] = {"confidence": 100, "clear_observations": 60}
RAMP_NAME = "viridis"

Colors = Mapping[int, tuple[int, int, int, int]]
P = ParamSpec("P")
T = TypeVar("T")

_limiter: RunVar[CapacityLimiter] = RunVar("geocrop_renders")
_TRANSPARENT = (0, 0, 0, 0)
_VALUES = 256


class TilesBusy(ServiceDown):
    """Ask for this tile again in a few seconds: more are being drawn than may wait."""

    code: ClassVar[str] = "tiles-busy"


class OutsideBounds(NotFound):
    """Ask inside the `bounds` of the TileJSON: there is no pixel of this raster here."""

    code: ClassVar[str] = "outside-bounds"


class UnreadableRaster(ApiError):
    """Report this as a fault of GeoCrop: the raster was published, but cannot be read."""

    code: ClassVar[str] = "unreadable-raster"
    status: ClassVar[int] = HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass(frozen=True)
class Source:
    """A published raster that this request may read: its name, its store and the classes of its first band."""

    name: ObjectName
    store: ObjectStore
    legend: Legend

    @property
    def bands(self) -> tuple[str, ...]:
        """The names of its bands, in order."""
        return BASELINE_BANDS if self.name.bucket == BASELINES else MAP_BANDS

    @property
    def title(self) -> str:
        """What the raster is called: a baseline's year, a map's partition."""
        parts = self.name.key.split("/")
        return f"dynamic-world-{parts[0]}" if self.name.bucket == BASELINES else parts[1]

    def colors(self, band: int) -> Colors:
        """Return a colour for each of the 256 values of a band, from 1: a full table is a look-up, not a search."""
        name = self.bands[band - 1]
        if name == "class":
            known = color_table(self.legend)
            return {value: known.get(value, _TRANSPARENT) for value in range(_VALUES)}
        ramp, end = cast(Colors, cmap.get(RAMP_NAME)), RAMP_END[name]
        steps = {value: ramp[min(value, end) * (_VALUES - 1) // end] for value in range(_VALUES)}
        return steps | {
            0: _TRANSPARENT
        }  # no map has a confidence or a number of observations of 0 where it has a class


async def run(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what reads a raster in one of `RENDERS` threads; TilesBusy when too many wait already."""
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(RENDERS)
        _limiter.set(limiter)
    if limiter.statistics().tasks_waiting >= WAITING:
        raise TilesBusy("too many tiles are being drawn")
    return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), limiter=limiter)


@contextmanager
def opened(source: Source) -> Iterator[Reader]:
    """Open a raster for reading, as a GeoTIFF and nothing else: a file cannot send GDAL elsewhere.

    Raises:
        ObjectNotFound: there is no such object.
        StoreUnavailable: the object store does not answer.
        OutsideBounds: what is read lies outside the raster.
        UnreadableRaster: the object is there, but is no raster.

    """
    path = source.store.gdal_path(*source.name)
    try:
        with (
            _environment(source.store),
            rasterio.open(path, driver="GTiff") as dataset,
            Reader(None, dataset=dataset, colormap={}) as reader,
        ):
            yield reader
    except (TileOutsideBounds, PointOutsideBounds) as error:
        raise OutsideBounds(str(error)) from error
    except RasterioIOError as error:
        source.store.stat(*source.name)  # raises what is really wrong: no such object, or no store
        raise UnreadableRaster(f"{source.name.subject} cannot be read") from error


def render(pixels: ImageData, colors: Colors, image_format: str) -> bytes:
    """Return one band as an image in these colours, what has no data transparent; `image_format` is png or webp.

    A PNG has a palette: a third of the bytes of one with colours, and of the time. (rio-tiler's own way silences
    warnings for the whole process while it writes, which threads at once do to each other.)
    """
    blank = next(value for value, color in colors.items() if color == _TRANSPARENT)
    values = pixels.array[0].filled(blank)
    picture = Image.fromarray(np.ascontiguousarray(values, dtype=np.uint8))
    table = np.array([colors[value] for value in range(_VALUES)], dtype=np.uint8)
    out = io.BytesIO()
    if image_format == "webp":
        Image.fromarray(table[values]).save(out, "WEBP", lossless=True, method=0)
    else:
        picture.putpalette(table[:, :3].tobytes())
        picture.save(out, "PNG", transparency=table[:, 3].tobytes())
    return out.getvalue()


def _environment(store: ObjectStore) -> Env:
    env = store.gdal_env()
    env.options.update(GDAL_OPTIONS)
    return env
