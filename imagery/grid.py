"""The fixed pixel grid of a map: which projection, which pixel edges, which blocks, which pixels are inside.

A UTM grid has its pixel edges at whole multiples of the resolution, so that every AOI of a zone, and every sample, uses
the same pixels. A `scenes` grid continues the pixels of the scenes themselves, whatever their projection and size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from imagery.aoi import Aoi
from training.errors import GeocropError

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox
    from rasterio.windows import Window
    from shapely.geometry.base import BaseGeometry

UTM_ZONE_DEGREES = 6
UTM_ZONES = 60
EDGE_STEP_DEGREES = 0.01
"""A straight edge in degrees bends in a projection: with a vertex each 1.1 km it is true to some centimetres."""

BLOCK_PIXELS = 512
"""Rows and columns of a block, as the tiles of the COG."""

_EDGE_TOLERANCE = 1e-6
"""In pixels: an AOI that ends on a pixel edge does not take the next pixel because of rounding."""


class GridUnknownError(GeocropError):
    """Use a recipe with `grid: {crs: utm}`, or scenes whose STAC items state projection and transform."""

    code: ClassVar[str] = "grid-unknown"


class GridSpec(Protocol):
    """What a recipe says of the grid: `crs` is "utm" or "scenes", `resolution` in metres (used by "utm" only)."""

    @property
    def crs(self) -> str:
        """Return "utm" or "scenes"."""

    @property
    def resolution(self) -> float | None:
        """Return the side of a pixel in metres; None with "scenes"."""


class SceneItem(Protocol):
    """What is read of a STAC item: properties, and assets with `extra_fields` (pystac.Item fits)."""

    @property
    def properties(self) -> Mapping[str, Any]:
        """Return the item's properties."""

    @property
    def assets(self) -> Mapping[str, Any]:
        """Return the item's assets, each with `extra_fields`."""


@dataclass(frozen=True)
class Block:
    """One block of a grid: its own GeoBox, and the row and column of its first pixel in the whole grid."""

    geobox: GeoBox
    row0: int
    col0: int

    @property
    def window(self) -> Window:
        """Return the rasterio window of this block in a file that holds the whole grid."""
        from rasterio.windows import Window

        height, width = self.geobox.shape
        return Window(self.col0, self.row0, width, height)


def utm_epsg(lon: float, lat: float) -> int:
    """Return the EPSG code of the UTM zone (WGS 84) of a place: 326xx north, 327xx south of the equator."""
    zone = min(int((lon + 180.0) // UTM_ZONE_DEGREES) + 1, UTM_ZONES)
    return (32_700 if lat < 0 else 32_600) + zone


def map_grid(aoi: Aoi, spec: GridSpec, items: Sequence[SceneItem] = ()) -> GeoBox:
    """Return the smallest grid that covers an AOI.

    `utm`: the zone of the AOI's centroid, also where the AOI reaches into the next zone; edges at whole multiples of
    the resolution. `scenes`: projection and pixel edges of the first item that states them.
    Raises GridUnknownError when no item does.
    """
    if spec.crs == "scenes":
        crs, affine = _scene_grid(items)
        return _cover(projected(aoi.geometry, crs), crs, affine)
    if spec.resolution is None or spec.resolution <= 0:
        raise GridUnknownError(f"A UTM grid needs a resolution in metres above 0, the recipe says {spec.resolution}")
    centre = aoi.geometry.centroid
    crs = f"EPSG:{utm_epsg(centre.x, centre.y)}"
    return _cover(projected(aoi.geometry, crs), crs, _snapped(spec.resolution))


def blocks(geobox: GeoBox, size: int = BLOCK_PIXELS, lattice: tuple[int, int] = (0, 0)) -> Iterator[Block]:
    """Cut a grid into blocks of at most size x size pixels, row by row; each pixel is in exactly one block.

    `lattice` is a row and a column of the grid (they may lie outside it) at which a cut falls; the others follow from
    the size.
    """
    height, width = geobox.shape
    for top, bottom in _cuts(height, size, lattice[0]):
        for left, right in _cuts(width, size, lattice[1]):
            yield Block(geobox[top:bottom, left:right], top, left)


def _cuts(length: int, size: int, at: int) -> Iterator[tuple[int, int]]:
    """Yield the begin and end of each piece of an axis."""
    first = at % size
    edges = [0, *range(first or size, length, size), length]
    return pairwise(edges)


def part(geobox: GeoBox, aoi: Aoi) -> tuple[GeoBox, int, int]:
    """Return the smallest part of a grid that covers an AOI, with its first row and column in the grid."""
    cover = _cover(projected(aoi.geometry, geobox.crs), crs_text(geobox.crs), geobox.affine)
    inverse = ~geobox.affine
    col, row = (round(number) for number in inverse @ (cover.affine.c, cover.affine.f))
    top, left = (min(max(first, 0), length - 1) for first, length in zip((row, col), geobox.shape, strict=True))
    bottom = min(max(row + cover.shape[0], top + 1), geobox.shape[0])
    right = min(max(col + cover.shape[1], left + 1), geobox.shape[1])
    return geobox[top:bottom, left:right], top, left


def projected(geometry: BaseGeometry, crs: object) -> BaseGeometry:
    """Return a WGS 84 geometry in another projection (anything pyproj reads), its edges followed every 0.01 degrees."""
    from pyproj import Transformer
    from shapely import segmentize, transform

    transformer = Transformer.from_crs("EPSG:4326", crs_text(crs), always_xy=True)
    return transform(segmentize(geometry, EDGE_STEP_DEGREES), transformer.transform, interleaved=False, include_z=False)


def polygon_mask(geometry: BaseGeometry, geobox: GeoBox) -> NDArray[np.bool_]:
    """Return bool [rows, columns]: True where the pixel's centre is inside a geometry in the grid's projection."""
    from rasterio.features import rasterize
    from shapely import box

    if not geometry.intersects(box(*geobox.boundingbox.bbox)):
        return np.zeros(geobox.shape, dtype=bool)
    burned = rasterize(
        [(geometry, 1)], out_shape=geobox.shape, transform=geobox.affine, all_touched=False, dtype="uint8"
    )
    return np.asarray(burned, dtype=bool)


def _cover(geometry: BaseGeometry, crs: str, affine: Affine) -> GeoBox:
    """Return the part of an endless pixel grid that covers the bounds of a geometry."""
    from odc.geo.geobox import GeoBox

    west, south, east, north = geometry.bounds
    corners = [~affine @ corner for corner in ((west, south), (west, north), (east, south), (east, north))]
    cols, rows = zip(*corners, strict=True)
    col0, row0 = (math.floor(min(axis) + _EDGE_TOLERANCE) for axis in (cols, rows))
    col1, row1 = (math.ceil(max(axis) - _EDGE_TOLERANCE) for axis in (cols, rows))
    shape = (max(row1 - row0, 1), max(col1 - col0, 1))
    return GeoBox(shape, affine @ affine.translation(col0, row0), crs)


def _snapped(resolution: float) -> Affine:
    """Return pixels of a size in metres, north up, with edges at whole multiples of it."""
    from affine import Affine

    return Affine(resolution, 0.0, 0.0, 0.0, -resolution, 0.0)


def _scene_grid(items: Sequence[SceneItem]) -> tuple[str, Affine]:
    """Return projection and pixel-to-world transform of the first item that states both."""
    from affine import Affine

    for item in items:
        crs = next((found for found in map(_stated_crs, _projection_fields(item)) if found), None)
        transforms = [fields["proj:transform"] for fields in _projection_fields(item) if fields.get("proj:transform")]
        if crs and transforms:
            # The item's own transform speaks for all assets; else the finest asset is what the map is drawn at.
            finest = transforms[0] if item.properties.get("proj:transform") else min(transforms, key=_pixel_size)
            return crs, Affine(*(float(number) for number in finest[:6]))
    raise GridUnknownError(
        f"None of {len(items)} scenes states its projection (proj:code, proj:epsg, proj:wkt2 or proj:projjson)"
        " together with proj:transform"
    )


def _projection_fields(item: SceneItem) -> list[Mapping[str, Any]]:
    return [item.properties, *(asset.extra_fields for asset in item.assets.values())]


def _pixel_size(transform: Sequence[float]) -> float:
    return abs(float(transform[0])) + abs(float(transform[1]))


def _stated_crs(fields: Mapping[str, Any]) -> str | None:
    """Return the projection that STAC fields state, in any version of the projection extension."""
    from pyproj import CRS

    if fields.get("proj:code"):
        return str(fields["proj:code"])
    if fields.get("proj:epsg"):
        return f"EPSG:{int(fields['proj:epsg'])}"
    if fields.get("proj:wkt2"):
        return str(fields["proj:wkt2"])
    if fields.get("proj:projjson"):
        return str(CRS.from_user_input(fields["proj:projjson"]).to_wkt())
    return None


def crs_text(crs: object) -> str:
    """Return text that pyproj reads, from text or from a CRS object of odc-geo or rasterio."""
    to_wkt = getattr(crs, "to_wkt", None)
    return str(to_wkt()) if callable(to_wkt) else str(crs)
