"""Scenes of the simulated satellite: reflectance of one pass as uint16 bands and a classification, written as COGs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from demo.grid import CRS, RESOLUTION_M, Grid
from demo.ground import NO_BURN, Ground
from demo.mixing import Growth
from demo.sky import Sky, classify_scene, make_sky
from demo.tables import spectra

FloatArray = npt.NDArray[np.float32]

BANDS_10M = ("B02", "B03", "B04", "B08")
REVISIT_DAYS = 5
FIRST_PASS = timedelta(days=2)
PLATFORMS = ("sentinel-2a", "sentinel-2b")
QUANTUM = 10_000.0
"""Numbers are reflectance x 10000, as in the real product; 0 is nodata."""
NODATA = 0
MAX_NUMBER = 16_000
VIGOUR_TEXTURE, LAG_DAYS, SOIL_TEXTURE = 0.10, 4.0, 0.045
"""Within fields: relative deviation of cover, deviation of timing in days, relative deviation of brightness."""
PSF_SIDE = 0.15
"""Weight of each neighbour in the 10 m bands' point spread function, one axis."""
SENSOR_NOISE = 0.0022
"""Deviation of a pixel's noise, reflectance: Sentinel-2's SNR of some 150 at reference radiance, and registration."""
GAIN_SPREAD = 0.022
"""Deviation of a scene's calibration and viewing effects, relative, by band."""
CHAR_DAYS = 42.0
CHAR_SHARE = 0.8
EDGE_SCENE_SHARE = 0.06
"""Share of the scenes that the edge of the swath cuts."""
STATEMENT = "SIMULATED by GeoCrop's demo: not an observation of any satellite."


@dataclass(frozen=True)
class Pass:
    """One pass: its day, its satellite and its place in the season."""

    index: int
    day: date
    platform: str

    @property
    def id(self) -> str:
        """Item id; it says that the scene is simulated."""
        return f"SIM_S2{self.platform[-1].upper()}_36KTF_{self.day:%Y%m%d}"


def passes(start: date, end: date, count: int, rng: np.random.Generator) -> list[Pass]:
    """Return `count` passes of a season: one of the 5-day passes of both satellites from each stretch of time."""
    days = [start + FIRST_PASS + timedelta(days=REVISIT_DAYS * n) for n in range((end - start).days // REVISIT_DAYS)]
    if not 1 <= count <= len(days):
        raise ValueError(f"a season has 1 to {len(days)} passes, not {count}")
    edges = np.linspace(0, len(days), count + 1).astype(int)
    chosen = [int(rng.integers(low, high)) for low, high in itertools.pairwise(edges)]
    return [Pass(index, days[n], PLATFORMS[n % 2]) for index, n in enumerate(chosen)]


def _blur(band: FloatArray) -> FloatArray:
    """Mix every pixel with its neighbours as the sensor does."""
    from scipy.ndimage import correlate1d

    kernel = np.asarray([PSF_SIDE, 1.0 - 2.0 * PSF_SIDE, PSF_SIDE], np.float32)
    return correlate1d(correlate1d(band, kernel, axis=0, mode="nearest"), kernel, axis=1, mode="nearest")


def _halve(band: FloatArray) -> FloatArray:
    """Return the mean of 2 x 2 pixels: 10 m to 20 m."""
    rows = band[0::2] + band[1::2]
    return (rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25)


def _double(band: FloatArray) -> FloatArray:
    """Return a 20 m field on the 10 m grid, interpolated between pixel centres."""
    for _ in range(2):
        padded = np.pad(band, ((1, 1), (0, 0)), mode="edge")
        wide = np.empty((2 * band.shape[0], band.shape[1]), np.float32)
        near = np.float32(0.75) * band
        wide[0::2] = near + np.float32(0.25) * padded[:-2]
        wide[1::2] = near + np.float32(0.25) * padded[2:]
        band = np.ascontiguousarray(wide.T)
    return band


class Painter:
    """Paints scenes of one landscape; thread-safe, and each scene depends on its own seed alone."""

    def __init__(self, ground: Ground, growth: Growth, start: date, *, seed: int, clearest_of: int = 1) -> None:
        self.ground, self.growth, self.start = ground, growth, start
        self.seed, self.clearest_of = seed, clearest_of
        self._bright = 1.0 + np.float32(SOIL_TEXTURE) * ground.brightness

    def paint(self, one: Pass) -> tuple[dict[str, npt.NDArray[np.generic]], Sky]:
        """Return the assets of a pass by key: uint16 [row, column] x 10000 at 10 m or 20 m, SCL uint8; and its sky."""
        rng = np.random.default_rng([self.seed, 1, one.index])
        size = self.ground.grid.size_px
        sky = make_sky(one.day, size // 2, rng, self.clearest_of)
        more = self._extra_cover(one.index)
        char = self._char(float((one.day - self.start).days))
        cloud, shade, haze = _double(sky.cloud), _double(sky.shade), _double(sky.haze)
        skies = {10: (cloud, shade, haze), 20: (sky.cloud, sky.shade, sky.haze)}
        noise = rng.standard_normal((size + 64, size + 64), np.float32) * np.float32(SENSOR_NOISE)
        bands: dict[str, FloatArray] = {}
        for key in spectra().bands:
            ground = self._ground_band(key, one.index, more, char)
            ground = _blur(ground) if key in BANDS_10M else _halve(ground)
            seen = _through(ground, key, *skies[10 if key in BANDS_10M else 20])
            bands[key] = seen * np.float32(1.0 + rng.normal(0.0, GAIN_SPREAD)) + _shifted(noise, seen.shape[0], rng)
        assets: dict[str, npt.NDArray[np.generic]] = {key: _numbers(band) for key, band in bands.items()}
        assets["SCL"] = _classified(sky, bands)
        _cut_by_swath(assets, rng)
        return assets, sky

    def _extra_cover(self, step: int) -> FloatArray:
        """Return what texture adds to a pixel's green cover: vigour, and timing early or late."""
        unit = self.ground.unit
        more = np.float32(VIGOUR_TEXTURE) * self.growth.cover[step][unit] * self.ground.vigour
        return more + np.float32(LAG_DAYS) * self.growth.slope[step][unit] * self.ground.lag

    def _char(self, day: float) -> FloatArray:
        """Return the share of each pixel under fresh ash."""
        since = day - self.ground.burn_day
        burnt = (since >= 0) & (self.ground.burn_day < NO_BURN)
        return np.where(burnt, CHAR_SHARE * np.exp(-np.maximum(since, 0.0) / CHAR_DAYS), 0.0).astype(np.float32)

    def _ground_band(self, key: str, step: int, more: FloatArray, char: FloatArray) -> FloatArray:
        """Return a band's reflectance at the ground, 10 m, before the sensor blurs it."""
        band = spectra().bands.index(key)
        unit = self.ground.unit
        values = self.growth.reflectance[step, :, band][unit]
        values += more * self.growth.contrast[:, band][unit]
        values *= self._bright
        values += self.ground.trees * (self.growth.tree[step, band] - values)
        values += char * (spectra()["char"][band] - values)
        return np.maximum(values, np.float32(0.002))


def _through(ground: FloatArray, key: str, cloud: FloatArray, shade: FloatArray, haze: FloatArray) -> FloatArray:
    """Return what the sensor sees of the ground through shadow, haze and cloud."""
    band = spectra().bands.index(key)
    lit = ground * (1.0 - shade * (1.0 - spectra()["shade"][band])) + haze * spectra()["haze"][band]
    return lit + cloud * (spectra()["cloud"][band] - lit)


def _shifted(noise: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
    """Return a window of the scene's noise at a random place: cheaper than new noise for each band."""
    row, column = rng.integers(0, noise.shape[0] - size, 2)
    return noise[row : row + size, column : column + size]


def _numbers(band: FloatArray) -> npt.NDArray[np.uint16]:
    """Return reflectance as uint16 x 10000, never the nodata value."""
    return np.clip(np.rint(band * QUANTUM), NODATA + 1, MAX_NUMBER).astype(np.uint16)


def _classified(sky: Sky, bands: dict[str, FloatArray]) -> npt.NDArray[np.uint8]:
    """Return the scene classification at 20 m from what the sensor sees."""
    red, near, green = _halve(bands["B04"]), bands["B8A"], _halve(bands["B03"])
    return classify_scene(sky, (near - red) / (near + red), (green - near) / (green + near))


def _cut_by_swath(assets: dict[str, npt.NDArray[np.generic]], rng: np.random.Generator) -> None:
    """Blank a slanted corner of some scenes, as the edge of a swath does."""
    if rng.random() >= EDGE_SCENE_SHARE:
        return
    share = rng.uniform(0.12, 0.45)
    for band in assets.values():
        rows, columns = np.ogrid[: band.shape[0], : band.shape[1]]
        band[columns + 0.22 * rows < share * band.shape[1]] = NODATA


def write_cog(path: Path, band: npt.NDArray[np.generic], grid: Grid) -> None:
    """Write one band as a small COG (deflate level 1, nodata 0) whose tags say that it is simulated."""
    import rasterio

    resolution = RESOLUTION_M * grid.size_px / band.shape[0]
    profile = {
        "driver": "COG",
        "height": band.shape[0],
        "width": band.shape[1],
        "count": 1,
        "dtype": band.dtype,
        "crs": CRS,
        "transform": grid.transform(resolution),
        "nodata": NODATA,
        "compress": "DEFLATE",
        "level": 1,
        "predictor": 2,
        "blocksize": 512,
        "overview_resampling": "nearest",
    }
    with rasterio.open(path, "w", **profile) as out:
        out.update_tags(GEOCROP_SIMULATED="YES", TIFFTAG_IMAGEDESCRIPTION=STATEMENT)
        out.write(band, 1)


def write_scene(folder: Path, assets: dict[str, npt.NDArray[np.generic]], grid: Grid) -> None:
    """Write the assets of one pass as `<key>.tif` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, band in assets.items():
        write_cog(folder / f"{key}.tif", band, grid)
