"""Columns of text to numbers, with missing and faulty cells told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = ("", "na", "n/a", "nan", "null", "none", "-")  # in lower case

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$"
_DECIMAL_COMMA = r"^([+-]?\d+),(\d+)$"


@dataclass(frozen=True)
class Numbers:
    """One column: its numbers (NaN where missing or bad), which cells are missing, which are no finite number."""

    floats: NDArray[np.float64]
    missing: NDArray[np.bool_]
    bad: NDArray[np.bool_]


def parse_numbers(column: pa.ChunkedArray, *, decimal_comma: bool) -> Numbers:
    """Parse a string column; `decimal_comma` reads `30,5` as 30.5 (files whose delimiter is no comma)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(column)
    try:
        values = _to_numpy(pc.cast(text, pa.float64()))
    except pa.ArrowInvalid:
        return _parse_faulty(text, decimal_comma=decimal_comma)
    missing = np.isnan(values)
    bad = np.isinf(values)
    return Numbers(np.where(bad, np.nan, values), missing, bad)


def _parse_faulty(text: pa.ChunkedArray, *, decimal_comma: bool) -> Numbers:
    """Parse a column in which some cell is no plain number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_lower(text)
    if decimal_comma:
        text = pc.replace_substring_regex(text, _DECIMAL_COMMA, r"\1.\2")
    missing = _to_numpy(pc.is_in(text, pa.array(MISSING)))
    numeric = pc.match_substring_regex(text, _NUMBER)
    digits = pc.utf8_ltrim(pc.if_else(numeric, text, pa.scalar(None, pa.string())), "+")
    values = _to_numpy(pc.cast(digits, pa.float64()))
    bad = ~missing & ~np.isfinite(values)
    return Numbers(np.where(bad, np.nan, values), missing, bad)


def _to_numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    return np.array(column.to_numpy())
