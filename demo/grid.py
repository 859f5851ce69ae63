"""The pixel grid of the landscape: UTM zone 36 south, 10 m, edges on whole multiples of 20 m as Sentinel-2 has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from affine import Affine

CRS = "EPSG:32736"
RESOLUTION_M = 10.0
WEST_M = 295_000.0
"""Easting of the west edge: the Mazowe valley, some 31.1 E."""
NORTH_M = 8_091_000.0
"""Northing of the north edge, some 17.3 S."""
FULL_SIZE_PX = 1024
SMALLEST_PX = 96
"""Below this the small landscape no longer holds its classes."""


@dataclass(frozen=True)
class Grid:
    """A square of `size_px` x `size_px` pixels of 10 m whose north-west corner never moves."""

    size_px: int

    def __post_init__(self) -> None:
        if self.size_px < SMALLEST_PX or self.size_px % 2:
            raise ValueError(f"size_px must be even and at least {SMALLEST_PX}, not {self.size_px}")

    @property
    def side_m(self) -> float:
        """Side length, metres."""
        return self.size_px * RESOLUTION_M

    @property
    def scale(self) -> float:
        """Length of things relative to the full landscape: small landscapes hold smaller farms."""
        return max(0.28, self.size_px / FULL_SIZE_PX)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres of `CRS`."""
        return WEST_M, NORTH_M - self.side_m, WEST_M + self.side_m, NORTH_M

    def transform(self, resolution: float = RESOLUTION_M) -> Affine:
        """Return the affine transform of pixels of `resolution` metres."""
        from affine import Affine

        return Affine(resolution, 0.0, WEST_M, 0.0, -resolution, NORTH_M)

    def point(self, u: float, v: float) -> tuple[float, float]:
        """Return easting and northing (m) of a place given as shares of the side from the north-west corner."""
        return WEST_M + u * self.side_m, NORTH_M - v * self.side_m

    def pixel_of(
        self, east: npt.NDArray[np.float64], north: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return row and column of places in metres of `CRS`, both int64 [n]."""
        rows = np.floor((NORTH_M - north) / RESOLUTION_M).astype(np.int64)
        columns = np.floor((east - WEST_M) / RESOLUTION_M).astype(np.int64)
        return rows, columns


def to_lonlat(
    east: npt.NDArray[np.float64], north: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return longitude and latitude (degrees, WGS 84) of places in metres of `CRS`."""
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(east, north)
    return np.asarray(lon), np.asarray(lat)
