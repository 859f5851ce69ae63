"""Row by row: what a good row holds, and why a bad one is kept apart. The first fault found is the one reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.samples.numbers import MISSING, Numbers, parse_numbers
from training.samples.reading import DAMAGED
from training.samples.seasons import parse_season

if TYPE_CHECKING:
    import pyarrow as pa

    from training.classes import ClassTable
    from training.samples.columns import BatchHeader
    from training.samples.reading import RawRows
    from training.samples.region import Region

Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]

MAX_CELL = 10_000  # characters; a geometry or a pasted page, not a label
_SHOWN = 60  # characters of a cell in a detail
_MAX_LON, _MAX_LAT = 180.0, 90.0
_FLOAT32_MAX = float(np.finfo(np.float32).max)


class Verdicts:
    """The first fault of every row: its reason ("" for a good row) and detail."""

    def __init__(self, rows: int) -> None:
        self.reason: Texts = np.full(rows, "", dtype=object)
        self.detail: Texts = np.full(rows, "", dtype=object)

    @property
    def good(self) -> Mask:
        """Tell which rows have no fault so far."""
        return np.asarray(self.reason == "", dtype=bool)

    def reject(self, faulty: Mask, reason: str, detail: Callable[[int], str]) -> None:
        """Mark the faulty rows that have no fault yet; `detail` tells about the row of a position."""
        for row in np.flatnonzero(faulty & self.good):
            self.reason[row] = reason
            self.detail[row] = detail(int(row))


def check_texts(raw: RawRows, header: BatchHeader, verdicts: Verdicts) -> dict[str, Texts]:
    """Return the text columns (label, season, group) stripped; damaged, endless and formula cells are faults."""
    import pyarrow.compute as pc

    texts: dict[str, Texts] = {}
    for column in filter(None, (header.label, header.season, header.group)):
        stripped = pc.utf8_trim_whitespace(raw.columns[column])
        cells = np.array(stripped.to_numpy(), dtype=object)
        texts[column] = cells
        _reject_cells(verdicts, pc.greater(pc.utf8_length(stripped), MAX_CELL), "cell-too-long", column, cells)
        _reject_cells(verdicts, pc.match_substring(stripped, DAMAGED), "damaged-text", column, cells)
        # What spreadsheets run: = + - @ in front. A lone number or a missing mark is no formula.
        formula = pc.and_(
            pc.match_substring_regex(stripped, r"^[=@+-]"),
            pc.invert(pc.match_substring_regex(stripped, r"^[+-]?[\d.]*$")),
        )
        _reject_cells(verdicts, formula, "formula-cell", column, cells)
    return texts


def _reject_cells(verdicts: Verdicts, faulty: pa.ChunkedArray, reason: str, column: str, cells: Texts) -> None:
    verdicts.reject(np.asarray(faulty.to_numpy(), dtype=bool), reason, lambda row: f"{column}: {_shown(cells[row])}")


def check_labels(cells: Texts, classes: ClassTable, verdicts: Verdicts) -> tuple[Texts, dict[str, str]]:
    """Return the canonical class name of every row (None for a fault), and the aliases that were met."""

    def resolve(text: str) -> str | None:
        found = classes.resolve(text)
        return found.name if found is not None else None

    missing = _is_missing(cells)
    names, met = _by_value(cells, resolve)
    verdicts.reject(missing, "missing-label", lambda _: "")
    verdicts.reject(_is_none(names), "unknown-label", lambda row: _shown(cells[row]))
    return names, {spelling: name for spelling, name in met.items() if name is not None and name != spelling}


def check_seasons(cells: Texts | None, rows: int, default: str | None, verdicts: Verdicts, *, required: bool) -> Texts:
    """Return the season of every row; a missing one is the default, or a fault where a season is required."""
    if cells is None:
        return np.full(rows, default, dtype=object)
    missing = _is_missing(cells)
    seasons, _ = _by_value(cells, parse_season)
    verdicts.reject(~missing & _is_none(seasons), "bad-season", lambda row: f"{_shown(cells[row])}, not 2023-2024")
    if required and default is None:
        verdicts.reject(missing, "missing-season", lambda _: "")
    seasons[missing] = default
    return seasons


def check_groups(cells: Texts | None, rows: int, verdicts: Verdicts) -> Texts:
    """Return the group of every row, None where the batch has none; where it has groups, a row without is a fault."""
    if cells is None:
        return np.full(rows, None, dtype=object)
    verdicts.reject(_is_missing(cells), "missing-group", lambda _: "")
    return cells


def check_places(
    raw: RawRows, header: BatchHeader, region: Region, verdicts: Verdicts, *, decimal_comma: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude (degrees, WGS 84); places outside the region are faults, and swapped ones named."""
    if header.lon is None or header.lat is None:
        nowhere = np.full(len(raw.line), np.nan)
        return nowhere, nowhere.copy()
    lon = _coordinate(raw, header.lon, verdicts, decimal_comma=decimal_comma)
    lat = _coordinate(raw, header.lat, verdicts, decimal_comma=decimal_comma)

    def place(row: int) -> str:
        return f"lon {lon[row]:g}, lat {lat[row]:g}"

    outside = ~region.contains(lon, lat)
    verdicts.reject(outside & region.contains(lat, lon), "swapped-lat-lon", lambda row: f"{place(row)}: swapped?")
    impossible = (np.abs(lon) > _MAX_LON) | (np.abs(lat) > _MAX_LAT)
    verdicts.reject(impossible, "impossible-coordinate", lambda row: f"{place(row)}: not degrees of WGS 84")
    verdicts.reject(outside, "outside-region", lambda row: f"{place(row)}: not in {region.name}")
    return lon, lat


def _coordinate(raw: RawRows, column: str, verdicts: Verdicts, *, decimal_comma: bool) -> NDArray[np.float64]:
    numbers = parse_numbers(raw.columns[column], decimal_comma=decimal_comma)
    verdicts.reject(numbers.missing, "missing-coordinate", lambda _: column)
    _reject_numbers(verdicts, numbers.bad, "bad-coordinate", column, raw)
    return numbers.floats


def check_features(
    raw: RawRows, header: BatchHeader, max_missing: float, verdicts: Verdicts, *, decimal_comma: bool
) -> dict[str, NDArray[np.float32]]:
    """Return the feature columns (float32, NaN for missing); a row may miss at most the share `max_missing` of them."""
    values: dict[str, NDArray[np.float32]] = {}
    missing = np.zeros(len(raw.line), dtype=np.int64)
    for feature in header.features:
        numbers = _within_float32(parse_numbers(raw.columns[feature], decimal_comma=decimal_comma))
        _reject_numbers(verdicts, numbers.bad, "bad-feature", feature, raw)
        missing += numbers.missing
        # + 0.0: a negative zero is a zero, so that equal rows have equal bytes.
        values[feature] = numbers.floats.astype(np.float32) + np.float32(0)
    count = len(header.features)
    verdicts.reject(
        missing > max_missing * count, "missing-features", lambda row: f"{missing[row]} of {count} features missing"
    )
    return values


def _within_float32(numbers: Numbers) -> Numbers:
    """Take numbers that a float32 cannot hold as bad."""
    too_large = np.abs(numbers.floats) > _FLOAT32_MAX
    if not too_large.any():
        return numbers
    return Numbers(np.where(too_large, np.nan, numbers.floats), numbers.missing, numbers.bad | too_large)


def _reject_numbers(verdicts: Verdicts, bad: Mask, reason: str, column: str, raw: RawRows) -> None:
    """Mark cells that are no finite number; formulas are named as such."""
    if not bad.any():
        return
    cells = raw.columns[column].to_numpy()
    formula = np.zeros(len(bad), dtype=bool)
    formula[bad] = [str(cell).lstrip().startswith(("=", "@")) for cell in cells[bad]]
    verdicts.reject(formula, "formula-cell", lambda row: f"{column}: {_shown(cells[row])}")
    verdicts.reject(bad, reason, lambda row: f"{column}: {_shown(cells[row])} is not a finite number")


def _by_value(cells: Texts, convert: Callable[[str], str | None]) -> tuple[Texts, Mapping[str, Any]]:
    """Convert every distinct cell once; return the converted column and what each distinct cell became."""
    codes, distinct = pd.factorize(cells)
    converted = np.array([convert(cell) for cell in distinct] or [None], dtype=object)
    return converted[codes], dict(zip(distinct, converted, strict=False))


def _is_none(values: Texts) -> Mask:
    return np.asarray(pd.isna(values), dtype=bool)


def _is_missing(cells: Texts) -> Mask:
    missing, _ = _by_value(cells, lambda cell: "yes" if cell.lower() in MISSING else None)
    return np.asarray(missing == "yes", dtype=bool)


def _shown(cell: str) -> str:
    """Return a cell as a message shows it."""
    text = " ".join(str(cell).split())
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
