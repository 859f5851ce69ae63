"""When two rows are the same sample, and the name a sample keeps for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PLACE_DECIMALS = 5  # of a degree: 1.1 m north to south, less east to west; GPS of a phone is worse
_ID_BYTES = 10  # 80 bits: among a million samples two share an id with a probability of 4e-13
_NO_PLACE = np.iinfo(np.int64).min
_PLACE = np.dtype([("x", "<i8"), ("y", "<i8"), ("season", "S9")])


def identify(rows: pd.DataFrame, features: Sequence[str], recipe: str | None) -> pd.DataFrame:
    """Return for every row `identity`, equal for rows that describe one thing, and `sample_id`.

    Rows with place and season are one thing where both agree, to a metre; others where all feature values agree. The
    sample id is a hash of place, season, features, recipe and label: it depends on no file name and no order.
    `rows` are of one batch: `lon, lat, season, label` and the features (float32).
    """
    placed = _place_bytes(rows)
    values = _value_bytes(rows, features)
    has_place = (rows["lon"].notna() & rows["season"].notna()).to_numpy()
    kind = (recipe or "places").encode()
    ids = [
        _digest(kind, place + value + label.encode())
        for place, value, label in zip(placed, values, rows["label"], strict=True)
    ]
    identity = [
        place if known else _digest(kind, place + value)
        for place, value, known in zip(placed, values, has_place.tolist(), strict=True)
    ]
    return pd.DataFrame({"identity": identity, "sample_id": ids}, index=rows.index, dtype=object)


def _place_bytes(rows: pd.DataFrame) -> list[bytes]:
    """Return place and season of every row as bytes."""
    packed = np.zeros(len(rows), dtype=_PLACE)
    for field, column in (("x", "lon"), ("y", "lat")):
        degrees = rows[column].to_numpy()
        known = np.isfinite(degrees)
        packed[field] = _NO_PLACE
        packed[field][known] = np.round(degrees[known] * 10**PLACE_DECIMALS).astype(np.int64)
    packed["season"] = [(season or "").encode() for season in rows["season"]]
    return _row_bytes(packed)


def _value_bytes(rows: pd.DataFrame, features: Sequence[str]) -> list[bytes]:
    """Return the feature values of every row as bytes, with one NaN for all."""
    if not features:
        return [b""] * len(rows)
    values = rows[list(features)].to_numpy(dtype="<f4")
    return _row_bytes(np.ascontiguousarray(np.where(np.isnan(values), np.float32(np.nan), values)))


def _row_bytes(packed: NDArray[np.generic]) -> list[bytes]:
    size = packed.nbytes // max(len(packed), 1)
    data = packed.tobytes()
    return [data[start : start + size] for start in range(0, len(data), size)] if size else []


def _digest(kind: bytes, content: bytes) -> str:
    return hashlib.blake2b(kind + b"|" + content, digest_size=_ID_BYTES).hexdigest()
