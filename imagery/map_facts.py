"""What is known of a drawn map: pixels and confidence by class, observations, applicability; counted block by block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery.aoi import SQUARE_METRES_PER_HECTARE
from imagery.grid import crs_text

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

_VALUES = 256
_GEODESIC_STEPS = 100
"""Points along each side of the grid when its area on the ellipsoid is taken; more change nothing in six digits."""


@dataclass(frozen=True)
class MapFacts:
    """Facts of one crop map. Shares are 0..1; confidences are percent; areas are hectares.

    `share_applicable` is None where the model states no area of applicability. Clear observations are counted over the
    mapped pixels, up to 255.
    """

    pixels_by_class: Mapping[int, int]
    confidence_by_class: Mapping[int, float]
    pixels_inside: int
    pixels_mapped: int
    pixel_area_ha: float
    clear_median: float
    clear_min: int
    clear_max: int
    share_applicable: float | None

    @property
    def share_mapped(self) -> float:
        """Return the share of the AOI's pixels that have a class."""
        return self.pixels_mapped / self.pixels_inside if self.pixels_inside else 0.0

    @property
    def mean_confidence(self) -> float:
        """Return the mean confidence of the mapped pixels, in percent."""
        total = sum(self.confidence_by_class[code] * count for code, count in self.pixels_by_class.items())
        return total / self.pixels_mapped if self.pixels_mapped else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; class codes become text."""
        values = asdict(self)
        for key in ("pixels_by_class", "confidence_by_class"):
            values[key] = {str(code): value for code, value in values[key].items()}
        return {**values, "share_mapped": self.share_mapped, "mean_confidence": self.mean_confidence}


class Tally:
    """Counts blocks; what it keeps has a fixed size."""

    def __init__(self) -> None:
        self._pixels = np.zeros(_VALUES, dtype=np.int64)
        self._confidence = np.zeros(_VALUES, dtype=np.int64)
        self._clear = np.zeros(_VALUES, dtype=np.int64)
        self._inside = 0
        self._applicable = 0

    def add(self, bands: NDArray[np.uint8], inside: NDArray[np.bool_], applicable: int) -> None:
        """Count one block: bands uint8 [3, rows, columns], and which of its pixels are inside the AOI."""
        classes, confidence, clear = (band[bands[0] > 0] for band in bands)
        self._pixels += np.bincount(classes, minlength=_VALUES)
        # Sums of whole percents stay exact in float64, so blocks of any size give the same mean.
        self._confidence += np.bincount(classes, weights=confidence, minlength=_VALUES).astype(np.int64)
        self._clear += np.bincount(clear, minlength=_VALUES)
        self._inside += int(inside.sum())
        self._applicable += applicable

    def facts(self, pixel_area_ha: float, *, has_applicability: bool) -> MapFacts:
        """Return the facts of all blocks counted."""
        codes = [int(code) for code in np.flatnonzero(self._pixels)]
        mapped = int(self._pixels.sum())
        seen = np.flatnonzero(self._clear)
        return MapFacts(
            pixels_by_class={code: int(self._pixels[code]) for code in codes},
            confidence_by_class={code: float(self._confidence[code] / self._pixels[code]) for code in codes},
            pixels_inside=self._inside,
            pixels_mapped=mapped,
            pixel_area_ha=pixel_area_ha,
            clear_median=_median(self._clear),
            clear_min=int(seen[0]) if seen.size else 0,
            clear_max=int(seen[-1]) if seen.size else 0,
            share_applicable=self._applicable / mapped if has_applicability and mapped else None,
        )


def pixel_area_ha(geobox: GeoBox) -> float:
    """Return the mean area of a pixel on the ellipsoid, in hectares.

    UTM stretches: a pixel of 10 m by 10 m is 100.08 m2 on the central meridian and 99.8 m2 at the zone's edge. The
    grid's outline, measured on WGS 84 and divided by the number of pixels, is right on average over the map.
    """
    from pyproj import Geod, Transformer

    height, width = geobox.shape
    steps = np.linspace(0, 1, _GEODESIC_STEPS, endpoint=False)
    cols = np.concatenate([steps, np.ones_like(steps), 1 - steps, np.zeros_like(steps)]) * width
    rows = np.concatenate([np.zeros_like(steps), steps, np.ones_like(steps), 1 - steps]) * height
    a, b, c, d, e, f = tuple(geobox.affine)[:6]
    transformer = Transformer.from_crs(crs_text(geobox.crs), "EPSG:4326", always_xy=True)
    lons, lats = transformer.transform(a * cols + b * rows + c, d * cols + e * rows + f)
    area, _ = Geod(ellps="WGS84").polygon_area_perimeter(lons, lats)
    return abs(float(area)) / SQUARE_METRES_PER_HECTARE / (height * width)


def _median(histogram: NDArray[np.int64]) -> float:
    """Return the median of a histogram of whole numbers; 0 when it is empty."""
    total = int(histogram.sum())
    if total == 0:
        return 0.0
    reached = histogram.cumsum()
    middle = [int(np.searchsorted(reached, rank)) for rank in ((total + 1) // 2, total // 2 + 1)]
    return sum(middle) / 2
