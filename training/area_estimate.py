"""How much of an area each class really has: the map's shares, corrected by the errors seen on held-out samples.

The stratified estimator of Olofsson et al. (2014, Remote Sensing of Environment 148, equations 9 to 11), with the map's
classes as strata. A sample of the area itself is what it asks for; the model's held-out samples stand in for one. So an
interval tells how sure a share is if the model errs here as it did on the places it was tested on, and no more. Samples
count as independent; those of one block are alike, which makes it rather too narrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LEAST_SAMPLES = 2
"""Held-out samples that a mapped class needs before anything is said of its errors."""

SURE = 1.96
"""Standard errors on either side: 95 %."""


@dataclass(frozen=True)
class ShareEstimate:
    """A class's share of the mapped area, 0..1, and its 95 % interval."""

    share: float
    low: float
    high: float


def estimated_shares(
    mapped: Mapping[str, float], classes: Sequence[str], confusion: Sequence[Sequence[int]] | npt.NDArray[Any]
) -> dict[str, ShareEstimate]:
    """Estimate the share of each class that the map shows, or that its errors may hide.

    Args:
        mapped: share of the mapped pixels by class, of sum 1.
        classes: of the confusion matrix.
        confusion: counts of held-out samples [k, k], truth down, prediction across.

    Returns:
        An estimate for each class of `mapped`. A mapped class with fewer than two held-out samples may be anything: it
        counts as it is mapped, and widens every interval by its share. A class that was never wrong in n samples is not
        taken for infallible: variances are of (errors + 1/2) / (n + 1).

    Raises:
        ValueError: the matrix is not [k, k].

    """
    counts = np.asarray(confusion, dtype=np.float64)
    if counts.shape != (len(classes), len(classes)):
        raise ValueError(f"a confusion matrix of {len(classes)} classes is square, this one is {list(counts.shape)}")
    names = [*classes, *(name for name in mapped if name not in classes)]
    wide = np.zeros((len(names), len(names)))
    wide[: len(classes), : len(classes)] = counts
    weights = np.array([mapped.get(name, 0.0) for name in names])
    samples = wide.sum(axis=0)
    known = samples >= LEAST_SAMPLES
    shares = np.where(known, wide / np.maximum(samples, 1), np.eye(len(names)))
    smoothed = (wide + 0.5) / (samples + 1)
    variances = np.where(known, smoothed * (1 - smoothed) / np.maximum(samples - 1, 1), 0.0)
    estimate = shares @ weights
    reach = SURE * np.sqrt(variances @ weights**2)
    unknown = float(weights[~known].sum())
    own = np.where(known, 0.0, weights)  # of a class that nothing is known of, its own pixels may be anything, too
    low = np.clip(estimate - own - reach, 0.0, 1.0)
    high = np.clip(estimate - own + unknown + reach, 0.0, 1.0)
    return {
        name: ShareEstimate(float(estimate[k]), float(low[k]), float(high[k]))
        for k, name in enumerate(names)
        if name in mapped
    }
