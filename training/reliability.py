"""Does a stated confidence mean what it says: the reliability curve and the expected calibration error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

N_BINS = 10  # of equal width over 0..1


def reliability_curve(confidence: npt.ArrayLike, right: npt.ArrayLike) -> pd.DataFrame:
    """Compare stated and met confidence in ten bins of equal width.

    Args:
        confidence: probability 0..1 of the predicted class [n].
        right: whether the prediction is right, bool [n].

    Returns:
        DataFrame (bin 0..9, low, high, mean_confidence, accuracy, n); bins without samples are left out.

    """
    import pandas as pd

    stated: npt.NDArray[Any] = np.asarray(confidence, dtype=np.float64)
    met: npt.NDArray[Any] = np.asarray(right, dtype=np.float64)
    number = np.clip((stated * N_BINS).astype(np.int64), 0, N_BINS - 1)
    n = np.bincount(number, minlength=N_BINS)
    used = n > 0
    bins = np.flatnonzero(used)
    return pd.DataFrame(
        {
            "bin": bins,
            "low": bins / N_BINS,
            "high": (bins + 1) / N_BINS,
            "mean_confidence": np.bincount(number, weights=stated, minlength=N_BINS)[used] / n[used],
            "accuracy": np.bincount(number, weights=met, minlength=N_BINS)[used] / n[used],
            "n": n[used],
        }
    )


def expected_calibration_error(curve: pd.DataFrame) -> float | None:
    """Return the mean gap between stated and met confidence, weighted by samples; None without samples."""
    total = int(curve["n"].sum())
    if total == 0:
        return None
    gaps = (curve["mean_confidence"] - curve["accuracy"]).abs()
    return float((gaps * curve["n"]).sum() / total)
