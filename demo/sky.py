"""Clouds, their shadows and haze over one scene, on the 20 m grid, and what a scene classification makes of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from demo.noise import octaves, smooth
from demo.tables import phenology

FloatArray = npt.NDArray[np.float32]

LATITUDE_DEG = -17.35
PASS_HOUR_SOLAR = 10.1
"""Local solar time of the pass: Sentinel-2 crosses Zimbabwe near 8:00 UTC."""
CLOUD_BASE_M = (900.0, 2200.0)
THIN_SHARE = 0.22
"""Chance that a scene's clouds are thin cirrus rather than cumulus."""
OVERCAST = 0.93
"""A draw above this means that the whole scene is under cloud."""
OVERCAST_OPACITY = 0.8
PIXEL_20_M = 20.0

SCL_SHADOW, SCL_VEGETATION, SCL_BARE, SCL_WATER = 3, 4, 5, 6
SCL_MEDIUM, SCL_HIGH, SCL_CIRRUS = 8, 9, 10
HIGH_OPACITY, MEDIUM_OPACITY, THIN_OPACITY, SHADOW_DEPTH = 0.62, 0.32, 0.13, 0.35
"""What a cloud's opacity, or a shadow's depth, must reach to be classified as such."""
MISS_SPREAD = 0.10
"""Spatially correlated error of the classification, in opacity: some thin cloud is missed, some clear land is not."""
VEGETATED_NDVI, WATER_NDWI = 0.38, 0.05


@dataclass(frozen=True)
class Sun:
    """Where the sun stands: degrees above the horizon, degrees clockwise from north."""

    elevation: float
    azimuth: float


@dataclass(frozen=True)
class Sky:
    """The sky over one scene, all float32 [row, column] at 20 m.

    cloud: opacity 0..1; shade: depth of shadow 0..1; haze: strength; doubt: error of the classification, in opacity.
    """

    cloud: FloatArray
    shade: FloatArray
    haze: FloatArray
    doubt: FloatArray

    @property
    def cover(self) -> float:
        """Share of the scene under cloud, 0..1."""
        return float((self.cloud > THIN_OPACITY).mean())


def sun_at(day: date) -> Sun:
    """Return where the sun stands at the pass of a day (declination after Cooper 1969)."""
    declination = math.radians(23.45 * math.sin(math.radians(360.0 * (284 + day.timetuple().tm_yday) / 365.0)))
    latitude, hour = math.radians(LATITUDE_DEG), math.radians(15.0 * (PASS_HOUR_SOLAR - 12.0))
    up = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(hour)
    east = -math.cos(declination) * math.sin(hour)
    north = math.sin(declination) * math.cos(latitude) - math.cos(declination) * math.cos(hour) * math.sin(latitude)
    return Sun(math.degrees(math.asin(up)), math.degrees(math.atan2(east, north)) % 360.0)


def _cloud_share(day: date, clearest_of: int, rng: np.random.Generator) -> float:
    """Draw the share of a scene under cloud from its month's beta distribution: the least of some draws."""
    mean = phenology()["cloud_cover"][day.month]
    spread = phenology()["cloud_concentration"]
    return float(rng.beta(mean * spread, (1.0 - mean) * spread, clearest_of).min())


def _clouds(share: float, size: int, rng: np.random.Generator) -> FloatArray:
    """Return cloud opacity 0..1: cumulus with soft edges, thin cirrus, or a closed deck."""
    if share > OVERCAST:
        return np.clip(OVERCAST_OPACITY + 0.12 * smooth(rng, size, 40), 0.45, 0.98).astype(np.float32)
    thin = rng.random() < THIN_SHARE
    cells = (150, 60, 25) if thin else (80, 34, 14, 6)
    field = octaves(rng, size, cells)
    edge = float(np.quantile(field, 1.0 - share)) if share > 0 else float(field.max())
    softness, cap = (1.5, 0.38) if thin else (0.45, 0.97)
    return (np.clip((field - edge) / softness, 0.0, 1.0) ** 0.8 * cap).astype(np.float32)


def _shadows(cloud: FloatArray, sun: Sun, rng: np.random.Generator) -> FloatArray:
    """Return shadow depth 0..1: the clouds, blurred and moved away from the sun by their height."""
    from scipy.ndimage import gaussian_filter

    reach = rng.uniform(*CLOUD_BASE_M) / math.tan(math.radians(sun.elevation)) / PIXEL_20_M
    down = reach * math.cos(math.radians(sun.azimuth))
    right = -reach * math.sin(math.radians(sun.azimuth))
    moved = np.roll(cloud, (round(down), round(right)), axis=(0, 1))
    return np.clip(gaussian_filter(moved, 1.2) * 1.1, 0.0, 1.0) * (1.0 - cloud)


def make_sky(day: date, size_20m: int, rng: np.random.Generator, clearest_of: int = 1) -> Sky:
    """Draw the sky of one pass over `size_20m` x `size_20m` pixels of 20 m.

    clearest_of: how many passes were looked at to find this one; who takes few scenes a season takes the clear ones.
    """
    cloud = _clouds(_cloud_share(day, clearest_of, rng), size_20m, rng)
    strength = phenology()["haze"][day.month] * rng.gamma(3.0, 0.25)
    haze = np.clip(strength + 0.25 * smooth(rng, size_20m, 120), 0.0, None).astype(np.float32)
    doubt = (MISS_SPREAD * octaves(rng, size_20m, (12, 5))).astype(np.float32)
    return Sky(cloud, _shadows(cloud, sun_at(day), rng), haze, doubt)


def classify_scene(sky: Sky, ndvi: FloatArray, ndwi: FloatArray) -> npt.NDArray[np.uint8]:
    """Return the scene classification (SCL codes, uint8 at 20 m) with the errors such a classification makes."""
    opacity, depth = sky.cloud + sky.doubt * (sky.cloud > 0), sky.shade + sky.doubt * (sky.shade > 0)
    scl = np.where(ndvi > VEGETATED_NDVI, SCL_VEGETATION, SCL_BARE).astype(np.uint8)
    scl[ndwi > WATER_NDWI] = SCL_WATER
    scl[depth > SHADOW_DEPTH] = SCL_SHADOW
    scl[opacity > THIN_OPACITY] = SCL_CIRRUS
    scl[opacity > MEDIUM_OPACITY] = SCL_MEDIUM
    scl[opacity > HIGH_OPACITY] = SCL_HIGH
    return scl
