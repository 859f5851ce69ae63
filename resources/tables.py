"""Tables as (Geo)Parquet files: frames with their `attrs`, and their schema as Dagster shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pandas as pd

if TYPE_CHECKING:
    from dagster import TableSchema

SHOWN_COLUMNS = 200
"""Columns in a schema shown in the UI: events above some 30 kB slow it."""


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as Parquet (zstd), as GeoParquet when it has a geometry; the index is not kept.

    `frame.attrs` goes along as JSON in the file's schema metadata; TypeError when it is not JSON.
    """
    try:
        json.dumps(frame.attrs)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the attrs of a table must be plain JSON (no numpy values): {error}") from error
    _with_geometry(frame).to_parquet(path, index=False, compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Read what `write_table` wrote: a GeoDataFrame when the file is GeoParquet; `attrs` are as they were."""
    import pyarrow.parquet as pq

    if b"geo" in (pq.read_schema(path).metadata or {}):
        import geopandas as gpd

        return cast(pd.DataFrame, gpd.read_parquet(path))
    return pd.read_parquet(path)


def column_schema(frame: pd.DataFrame) -> TableSchema:
    """Return the columns and their types for Dagster's UI, the first 200 of them."""
    from dagster import TableColumn, TableSchema

    shown = [TableColumn(str(name), str(kind)) for name, kind in list(frame.dtypes.items())[:SHOWN_COLUMNS]]
    return TableSchema(columns=shown)


def _with_geometry(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a GeoDataFrame exactly when a column holds geometries: selecting columns can lose or keep the class."""
    shapes = [name for name, kind in frame.dtypes.items() if str(kind) == "geometry"]
    if not shapes and type(frame) is pd.DataFrame:
        return frame
    if not shapes:
        plain = pd.DataFrame(frame)
        plain.attrs = dict(frame.attrs)
        return plain
    import geopandas as gpd

    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name in shapes:
        return cast(pd.DataFrame, frame)
    located = gpd.GeoDataFrame(frame, geometry=shapes[0])
    located.attrs = dict(frame.attrs)
    return cast(pd.DataFrame, located)
