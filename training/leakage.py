"""The claim that nothing is in two parts at once: no group, no sample, no place and no identical row of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from training.splits import Split
    from training.table import TrainingTable

PLACE_DECIMALS = 7  # of a degree: about 1 cm
NAMED = 5  # examples named in one sentence


def leakage_between_folds(
    table: TrainingTable,
    split: Split,
    *,
    lon: npt.ArrayLike | None = None,
    lat: npt.ArrayLike | None = None,
) -> list[str]:
    """Return one sentence for each kind of leak between the held-out part and the folds; empty when there is none.

    Args:
        table: the samples, n rows.
        split: their parts.
        lon: degrees [n] (WGS 84), NaN where a batch gives no places.
        lat: degrees [n].

    Raises:
        ValueError: a split or coordinates of another length than the table.

    """
    parts = np.asarray(split.folds)
    if parts.shape != (len(table),):
        raise ValueError(f"a split of {parts.size} rows for a table of {len(table)}")
    found = []
    if not np.array_equal(parts == -1, split.test):
        found.append("The held-out mask and the folds contradict each other.")
    found.extend(_sentence("group", table.groups, parts))
    found.extend(_sentence("sample", table.sample_ids, parts))
    if lon is not None and lat is not None:
        places = np.column_stack([np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)])
        if len(places) != len(table):
            raise ValueError(f"{len(places)} places for {len(table)} samples")
        known = ~np.isnan(places).any(axis=1)
        names = np.array([f"{x:.{PLACE_DECIMALS}f}, {y:.{PLACE_DECIMALS}f}" for x, y in places[known]], dtype=np.str_)
        found.extend(_sentence("place", names, parts[known]))
    observed = np.flatnonzero(~np.isnan(table.X).all(axis=1))
    if observed.size:
        found.extend(_sentence("row of features", _row_keys(table, observed), parts[observed]))
    return found


def _row_keys(table: TrainingTable, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.str_]:
    """Name each row by the first one of equal features: equal rows have equal names."""
    values = np.ascontiguousarray(table.X[rows] + np.float32(0))  # -0.0 becomes 0.0, so that bytes compare as numbers
    values[np.isnan(values)] = np.nan  # one bit pattern for all NaN
    as_bytes = values.view(np.dtype((np.void, values.dtype.itemsize * values.shape[1]))).ravel()
    _, first, inverse = np.unique(as_bytes, return_index=True, return_inverse=True)
    names = [f"{table.sample_ids[rows[at]]} (row {rows[at]})" for at in first]
    return np.asarray(names, dtype=np.str_)[inverse]


def _sentence(what: str, keys: npt.NDArray[np.str_], parts: npt.NDArray[Any]) -> list[str]:
    """Say which keys are in two parts or more."""
    if keys.size == 0:
        return []
    names, code = np.unique(keys, return_inverse=True)
    pairs = np.unique(np.column_stack([code, parts]), axis=0)
    torn = names[np.bincount(pairs[:, 0], minlength=names.size) > 1]
    if torn.size == 0:
        return []
    listed = "; ".join(str(name) for name in torn[:NAMED])
    rest = f" and {torn.size - NAMED} more" if torn.size > NAMED else ""
    return [f"In two parts at once ({what}, {torn.size} times): {listed}{rest}."]
