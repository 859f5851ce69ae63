"""Where samples may lie: a named region that tells which places are inside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class Region:
    """A region in WGS 84 degrees: its bounding box, and its outline where the box is too coarse.

    Regions do not run over the date line. Borders belong to the region.
    """

    name: str
    west: float
    south: float
    east: float
    north: float
    outline: BaseGeometry | None = None

    def __post_init__(self) -> None:
        if not (self.west < self.east and self.south < self.north):
            raise ValueError(f"region {self.name}: west < east and south < north, not {self}")

    def contains(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which places (degrees, any shape) are inside; NaN is outside."""
        inside = (lon >= self.west) & (lon <= self.east) & (lat >= self.south) & (lat <= self.north)
        if self.outline is None:
            return np.asarray(inside)
        import shapely

        return np.asarray(inside & shapely.intersects_xy(self.outline, lon, lat))

    def widened(self, degrees: float) -> Region:
        """Return the box widened on all sides; an outline is dropped, for the box is what is wanted then."""
        return replace(
            self,
            west=self.west - degrees,
            south=self.south - degrees,
            east=self.east + degrees,
            north=self.north + degrees,
            outline=None,
        )


# Bounding box of the country (Natural Earth 1:10m), and a margin of 0.1 degrees (some 11 km) for fields on the border.
ZIMBABWE = Region("Zimbabwe", west=25.22, south=-22.42, east=33.06, north=-15.61).widened(0.1)
EVERYWHERE = Region("the Earth", west=-180, south=-90, east=180, north=90)
