"""The fixed grid at a place: the one lattice of pixels that samples and maps share (its rules: `imagery.grid`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pystac
    from affine import Affine
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

    from imagery.aoi import Aoi
    from imagery.recipe_model import Recipe

EDGE_TOLERANCE = 1e-6  # pixels: a place on a pixel edge does not change pixels by rounding


@dataclass(frozen=True)
class Lattice:
    """An endless lattice of pixels: a CRS (as text) and the affine of the pixel at column 0, row 0."""

    crs: str
    transform: Affine

    def cells(
        self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the columns and rows of the pixels that hold places given in degrees (WGS 84)."""
        x, y = transformer("EPSG:4326", self.crs).transform(lon, lat)
        inverse = ~self.transform
        column = inverse.a * np.asarray(x) + inverse.b * np.asarray(y) + inverse.c
        row = inverse.d * np.asarray(x) + inverse.e * np.asarray(y) + inverse.f
        return _whole(column), _whole(row)

    def geobox(self, column: int, row: int, width: int, height: int) -> GeoBox:
        """Return the window of the lattice that starts at a column and row."""
        from affine import Affine
        from odc.geo.geobox import GeoBox

        return GeoBox((height, width), self.transform @ Affine.translation(column, row), self.crs)


def lattice_of(recipe: Recipe, items: Sequence[pystac.Item], lon: float, lat: float) -> Lattice:
    """Return the fixed lattice of a recipe at a place in degrees, as `imagery.grid.map_grid` has it."""
    from imagery.grid import map_grid

    pixel = map_grid(cast("Aoi", _place(lon, lat)), recipe.grid, items)
    return Lattice(str(pixel.crs), pixel.affine)


@lru_cache(maxsize=32)
def transformer(source: str, target: str) -> Any:  # noqa: ANN401 (pyproj has no types)
    """Return a cached pyproj transformer between two CRS texts, x before y."""
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)


@dataclass(frozen=True)
class _Place:
    geometry: BaseGeometry


def _place(lon: float, lat: float) -> _Place:
    from shapely import Point

    return _Place(Point(lon, lat))


def _whole(position: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.floor(position + EDGE_TOLERANCE).astype(np.int64)
