"""What the made-up scenes show: fields of nine classes that grow and ripen, clouds, haze-free noise. All SIMULATED.

Not as careful as the demo's landscape, and quicker: what matters here is that reading, decoding, masking and
classifying cost what they cost with real scenes. So neighbours are alike, seasons differ by class, clouds leave gaps,
and noise is such that files are compressed about as much as real ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FINE = ("B02", "B03", "B04", "B08")
"""Bands of 10 m; the others have 20 m."""
BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
NODATA = 0
QUANTUM = 10_000.0
HIGHEST = 16_000

FIELD_PIXELS = 24
"""Side of a field: 240 m, as in benchmarks.scorer_data."""
WARP_PIXELS = 10.0
"""How far edges of fields stray from straight lines."""
VIGOUR, LAG_DAYS, BRIGHTNESS, TEXTURE = 0.12, 8.0, 0.10, 0.04
"""Standard deviations: of cover (share), timing (days) and brightness (share) between fields, of all within fields."""
TEXTURE_PIXELS = 24.0
NOISE = {10: 20.0, 20: 12.0}
"""Standard deviation of a pixel's noise by its metres, numbers: DEFLATE with predictor 2 then takes scenes to 1.6 to 2
times less, as it does real ones."""
CLOUDY = (0.45, 0.10)
"""Mean share of clouds at the height of the rains and of the dry season."""
CLOUD_EDGE, CASTS_SHADOW, SHADOW_AT = 0.25, 0.4, (12, -9)
"""Width of the thin edge of clouds, in deviations; how thick they are to cast a shadow, and where (pixels of 20 m)."""
CUT_SHARE = 0.06
"""Share of scenes that the edge of the swath cuts."""
RAINS_PEAK_DAY = 130  # days after 1 September: the middle of January

GREEN_INDEX, WATER_NUMBER = 0.25, 600
"""What the classification calls vegetation (index of near infrared and red edge) and water (near infrared)."""

SOIL = (0.090, 0.120, 0.160, 0.190, 0.210, 0.230, 0.250, 0.270, 0.340, 0.290)
GREEN = (0.030, 0.060, 0.035, 0.090, 0.270, 0.340, 0.370, 0.390, 0.200, 0.095)
WATER = (0.055, 0.050, 0.040, 0.035, 0.030, 0.030, 0.025, 0.025, 0.015, 0.012)
ROOFS = (0.140, 0.160, 0.180, 0.190, 0.200, 0.210, 0.230, 0.240, 0.270, 0.250)
CLOUD = (0.620, 0.620, 0.620, 0.630, 0.640, 0.650, 0.660, 0.660, 0.400, 0.320)


@dataclass(frozen=True)
class Kind:
    """One class: its name in the class table, its bare ground, and its green cover over the season."""

    name: str
    ground: tuple[float, ...]
    least: float
    most: float
    up: float
    """Day after 1 September at which half of the green is there."""
    down: float
    bright: float = 1.0

    def cover(self, day: Floats) -> Floats:
        """Return green cover 0..1 on days after 1 September (float32, any shape)."""
        rise = 1.0 / (1.0 + np.exp(-(day - self.up) / 9.0))
        fall = 1.0 / (1.0 + np.exp((day - self.down) / 12.0))
        return np.asarray(self.least + (self.most - self.least) * rise * fall, np.float32)


KINDS = (
    Kind("maize", SOIL, 0.06, 0.85, 105, 215),
    Kind("tobacco", SOIL, 0.05, 0.75, 70, 160, 1.1),
    Kind("soybean", SOIL, 0.06, 0.92, 115, 190, 0.95),
    Kind("cotton", SOIL, 0.08, 0.70, 110, 245, 1.2),
    Kind("winter wheat", SOIL, 0.05, 0.90, 275, 340),
    Kind("woodland", SOIL, 0.30, 0.80, 60, 290, 0.7),
    Kind("grassland", SOIL, 0.12, 0.60, 85, 235, 1.05),
    Kind("built-up", ROOFS, 0.08, 0.20, 90, 240),
    Kind("water", WATER, 0.0, 0.02, 90, 240),
)


def smooth(shape: tuple[int, int], size: float, random: np.random.Generator) -> Floats:
    """Return a field float32 of mean 0 and deviation 1 whose patches are about `size` pixels wide."""
    from scipy.ndimage import zoom

    total = np.zeros(shape, np.float32)
    for octave in range(3):
        step = max(size / 2**octave, 1.0)
        coarse = random.standard_normal([int(side / step) + 4 for side in shape]).astype(np.float32)
        fine = zoom(coarse, step, order=1, mode="nearest")
        total += fine[: shape[0], : shape[1]] * np.float32(0.55**octave)
    return np.asarray((total - total.mean()) / max(float(total.std()), 1e-6), np.float32)


class Landscape:
    """A square of `side` x `side` pixels of 10 m (even), always the same for the same seed."""

    def __init__(self, side: int, seed: int) -> None:
        self.side, self.seed = side, seed

    @cached_property
    def _fields(self) -> tuple[NDArray[np.int64], int]:
        """The field of each pixel, int64 [side, side], and how many there are."""
        random = np.random.default_rng([self.seed, 0])
        place = np.arange(self.side, dtype=np.float32)
        rows = place[:, None] + WARP_PIXELS * smooth((self.side, self.side), 40, random)
        columns = place[None, :] + WARP_PIXELS * smooth((self.side, self.side), 40, random)
        across = self.side // FIELD_PIXELS + 8
        cells = [np.clip(np.floor(axis / FIELD_PIXELS) + 3, 0, across - 1).astype(np.int64) for axis in (rows, columns)]
        return cells[0] * across + cells[1], across * across

    @cached_property
    def _facts(self) -> dict[str, NDArray[Any]]:
        """Class, vigour, lag in days and brightness of each field."""
        random = np.random.default_rng([self.seed, 1])
        count = self._fields[1]
        shares = np.array([0.18, 0.10, 0.12, 0.10, 0.10, 0.16, 0.14, 0.05, 0.05])
        return {
            "kind": random.choice(len(KINDS), count, p=shares),
            "vigour": (1 + VIGOUR * random.standard_normal(count)).astype(np.float32),
            "lag": (LAG_DAYS * random.standard_normal(count)).astype(np.float32),
            "bright": (1 + BRIGHTNESS * random.standard_normal(count)).astype(np.float32),
        }

    @cached_property
    def _texture(self) -> Floats:
        random = np.random.default_rng([self.seed, 2])
        return np.asarray(1 + TEXTURE * smooth((self.side, self.side), TEXTURE_PIXELS, random), np.float32)

    @property
    def kinds(self) -> NDArray[np.int64]:
        """The class of each pixel, int64 [side, side], numbers of KINDS."""
        return np.asarray(self._facts["kind"][self._fields[0]], np.int64)

    def paint(self, number: int, day: int) -> tuple[dict[str, NDArray[Any]], float]:
        """Paint one scene.

        Args:
            number: of the scene: its sky and its noise follow from it.
            day: days after 1 September.

        Returns:
            uint16 [side, side] (or half) x 10000 by band, 0 outside the swath, and SCL uint8; and the share of clouds.

        """
        random = np.random.default_rng([self.seed, 3, number])
        half = self.side // 2
        cloud, shadow = self._sky(day, random)
        noise = random.standard_normal((self.side + 64, self.side + 64), np.float32)
        spectra = self._spectra(float(day))
        painted: dict[str, NDArray[Any]] = {}
        for index, band in enumerate(BANDS):
            step = 1 if band in FINE else 2
            size = self.side // step
            unit = self._fields[0][::step, ::step]
            seen = spectra[:, index][unit] * self._texture[::step, ::step]
            over = np.repeat(np.repeat(cloud, 2, 0), 2, 1) if step == 1 else cloud
            dark = np.repeat(np.repeat(shadow, 2, 0), 2, 1) if step == 1 else shadow
            seen *= np.where(dark, np.float32(0.45), np.float32(1))
            seen += over * (np.float32(CLOUD[index]) - seen)
            top, left = random.integers(0, 64, 2)
            own = noise[top : top + size, left : left + size] * np.float32(NOISE[10 * step])
            numbers = seen * np.float32(QUANTUM) + own
            painted[band] = np.clip(np.rint(numbers), NODATA + 1, HIGHEST).astype(np.uint16)
        painted["SCL"] = _classified(painted, cloud, shadow)
        if random.random() < CUT_SHARE:
            _cut(painted, float(random.uniform(0.1, 0.4)), half)
        return painted, float((cloud > 0).mean())

    def _spectra(self, day: float) -> Floats:
        """Return reflectance float32 [field, band] of a day."""
        facts = self._facts
        cover = np.zeros(self._fields[1], np.float32)
        ground = np.zeros((self._fields[1], len(BANDS)), np.float32)
        for number, kind in enumerate(KINDS):
            mine = facts["kind"] == number
            cover[mine] = kind.cover(np.float32(day) - facts["lag"][mine]) * facts["vigour"][mine]
            ground[mine] = np.float32(kind.bright) * np.asarray(kind.ground, np.float32)
        cover = np.clip(cover, 0, 1)[:, None]
        spectra = ((1 - cover) * ground + cover * np.asarray(GREEN, np.float32)) * facts["bright"][:, None]
        return np.asarray(spectra, np.float32)

    def _sky(self, day: int, random: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
        """Return at 20 m how thick clouds are, 0..1, and where their shadows fall."""
        shape = (self.side // 2, self.side // 2)
        wet = 0.5 + 0.5 * np.cos(2 * np.pi * (day - RAINS_PEAK_DAY) / 365.0)
        mean = CLOUDY[1] + (CLOUDY[0] - CLOUDY[1]) * wet
        share = float(random.beta(0.7 * mean / (1 - mean), 0.7))
        field = smooth(shape, 60, random)
        edge = float(np.quantile(field, 1 - share)) if share > 0 else np.inf
        cloud = np.clip((field - edge) / CLOUD_EDGE, 0, 1).astype(np.float32)
        return cloud, np.roll(cloud > CASTS_SHADOW, SHADOW_AT, (0, 1)) & (cloud == 0)


def _classified(painted: dict[str, NDArray[Any]], cloud: Floats, shadow: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the scene classification at 20 m, codes of Sen2Cor."""
    red, near = (painted[band].astype(np.float32) for band in ("B05", "B8A"))
    index = (near - red) / (near + red)
    classes = np.where(index > GREEN_INDEX, 4, 5).astype(np.uint8)
    classes[near < WATER_NUMBER] = 6
    classes[shadow] = 3
    for least, code in ((0.0, 10), (0.2, 7), (0.3, 8), (0.6, 9)):
        classes[cloud > least] = code
    return classes


def _cut(painted: dict[str, NDArray[Any]], share: float, half: int) -> None:
    """Blank a slanted corner, as the edge of a swath does."""
    rows, columns = np.ogrid[:half, :half]
    coarse = columns + 0.22 * rows < share * half
    fine = np.repeat(np.repeat(coarse, 2, 0), 2, 1)
    for numbers in painted.values():
        numbers[fine if numbers.shape == fine.shape else coarse] = NODATA


def days_of(count: int, season_days: int = 365) -> list[int]:
    """Return `count` days after 1 September, spread evenly over the season."""
    return [int((number + 0.5) * season_days / count) for number in range(count)]


def date_of(first: date, day: int) -> date:
    """Return the date of a day after the season's first."""
    return date.fromordinal(first.toordinal() + day)
