"""Which samples are held out together: those of one spatial block, of one group of the batch, or of one run of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from training.samples.batch import Batch

# The grid that maps are made on has blocks of 10.24 km; a landscape smaller than some ten of them needs smaller ones.
DEFAULT_BLOCK_M = 10_240.0
# Rows of one place stand together in published tables: holding out runs of 60 takes Digital Earth Africa's South-East
# table from 0.77 to 0.57 balanced accuracy, which is what leaving out whole places does.
RUN_ROWS = 60

SPATIAL_BLOCK = "spatial-block"
ROW_RUN = "row-run"

# EASE-Grid 2.0, cylindrical equal area, metres: blocks have one area everywhere, and a key does not depend on the zone.
_EQUAL_AREA = "EPSG:6933"
_WGS84 = "EPSG:4326"


def block_keys(lon: NDArray[np.float64], lat: NDArray[np.float64], block_size_m: float) -> NDArray[np.object_]:
    """Return the spatial block (`x123y-45`) of places in degrees; blocks are squares of an equal-area grid."""
    from pyproj import Transformer

    if not block_size_m > 0:
        raise ValueError(f"a block has a size above 0 m, not {block_size_m}")
    east, north = Transformer.from_crs(_WGS84, _EQUAL_AREA, always_xy=True).transform(lon, lat)
    columns = np.floor(np.asarray(east) / block_size_m).astype(np.int64)
    rows = np.floor(np.asarray(north) / block_size_m).astype(np.int64)
    return np.array([f"x{x}y{y}" for x, y in zip(columns.tolist(), rows.tolist(), strict=True)], dtype=object)


def group_rows(batch: Batch, block_size_m: float) -> tuple[NDArray[np.object_], str]:
    """Return the group of every row of a batch, and how it was made.

    A group column's values count across batches: what two batches call alike is held out together.
    """
    rows: pd.DataFrame = batch.rows
    if batch.header.lon is not None:
        return block_keys(rows["lon"].to_numpy(), rows["lat"].to_numpy(), block_size_m), SPATIAL_BLOCK
    if batch.header.group is not None:
        return rows["group"].to_numpy(dtype=object), f"column:{batch.header.group}"
    runs = (rows["index"].to_numpy() // RUN_ROWS).tolist()
    return np.array([f"{batch.name}#{run}" for run in runs], dtype=object), ROW_RUN


def grouping_warnings(batches: Sequence[Batch]) -> list[str]:
    """Warn where held-out samples may stand beside training samples."""
    placeless = [batch for batch in batches if batch.header.lon is None and not batch.rows.empty]
    runs = [batch.name for batch in placeless if batch.header.group is None]
    told = [
        f"{batch.name}: every row is a group of its own, so neighbours may be on both sides of the split"
        for batch in placeless
        if batch.header.group is not None and batch.rows["group"].nunique() == len(batch.rows) > 1
    ]
    if runs:
        many = f"{runs[0]} and {len(runs) - 1} more have" if len(runs) > 1 else f"{runs[0]} has"
        told.append(f"{many} neither coordinates nor groups: runs of {RUN_ROWS} rows are held out together")
    return told
