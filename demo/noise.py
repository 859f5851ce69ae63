"""Smooth random fields: the texture of soils, vigour and clouds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def smooth(rng: np.random.Generator, size: int, cell_px: float) -> FloatArray:
    """Return a float32 [size, size] field of mean 0 and deviation 1 whose features are some `cell_px` pixels wide."""
    from scipy.ndimage import gaussian_filter, zoom

    step = max(1, int(cell_px / 4))
    coarse_size = -(-size // step) + 3
    coarse = gaussian_filter(
        rng.standard_normal((coarse_size, coarse_size), np.float32), cell_px / step / 2.5, mode="wrap"
    )
    field = coarse if step == 1 else zoom(coarse, step, order=1, mode="nearest", grid_mode=True)
    field = field[:size, :size]
    return ((field - field.mean()) / max(float(field.std()), 1e-6)).astype(np.float32)


def octaves(rng: np.random.Generator, size: int, cells_px: Sequence[float], fall: float = 0.55) -> FloatArray:
    """Return the sum of smooth fields, each next one `fall` times as strong; float32 [size, size], deviation 1."""
    total = np.zeros((size, size), np.float32)
    for order, cell in enumerate(cells_px):
        total += np.float32(fall**order) * smooth(rng, size, min(cell, size))
    return total / np.float32(max(float(total.std()), 1e-6))
