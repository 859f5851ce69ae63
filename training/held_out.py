"""Predictions of one model on held-out samples: what the evaluation leaves behind, and what the gate compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Text = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out samples [n] with what was predicted for them.

    Attributes:
        sample_ids: text [n], unique: by them two models are proved to be judged on the same samples.
        groups: text [n], the block each sample was held out with.
        labels: text [n], the truth.
        predicted: text [n].
        confidence: float32 [n], probability 0..1 of the prediction; NaN where it is not known.

    """

    sample_ids: Text
    groups: Text
    labels: Text
    predicted: Text
    confidence: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        sizes = {name: len(getattr(self, name)) for name in (*_TEXT, "confidence")}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"held-out arrays of unequal length: {sizes}")

    def __len__(self) -> int:
        return len(self.sample_ids)

    def take(self, rows: npt.NDArray[Any]) -> HeldOut:
        """Return these rows: a boolean mask [n] or row numbers."""
        texts = {name: getattr(self, name)[rows] for name in _TEXT}
        return HeldOut(**texts, confidence=self.confidence[rows])

    def to_dict(self) -> dict[str, list[Any]]:
        """Return JSON-safe columns; an unknown confidence is None."""
        confidence = [None if np.isnan(value) else float(value) for value in self.confidence]
        return {**{name: getattr(self, name).tolist() for name in _TEXT}, "confidence": confidence}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> HeldOut:
        """Read what `to_dict` wrote."""
        confidence = np.array([np.nan if value is None else value for value in raw["confidence"]], dtype=np.float32)
        return cls(**{name: np.asarray(raw[name], dtype=np.str_) for name in _TEXT}, confidence=confidence)

    @classmethod
    def empty(cls) -> HeldOut:
        """Return no samples: of a model that could not be applied to them."""
        return cls.from_dict({name: [] for name in (*_TEXT, "confidence")})


_TEXT = ("sample_ids", "groups", "labels", "predicted")
