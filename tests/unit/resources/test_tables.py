"""Tables as (Geo)Parquet files: what goes in comes out."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

from resources.tables import SHOWN_COLUMNS, column_schema, read_table, write_table

ATTRS = {"recipe": "s2-season@1", "features": ["ndvi_01"], "nested": {"é": [1, 2.5, None, True]}}


def located() -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        {"label": ["maize", None], "ndvi_01": np.array([0.5, np.nan], dtype="float32")},
        geometry=[Point(31.1, -17.8), None],
        crs="EPSG:4326",
    )
    frame.attrs = dict(ATTRS)
    return frame


def test_a_frame_comes_back_with_its_types_and_attrs(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"f": np.array([1, np.nan], dtype="float32"), "n": np.array([1, 2], dtype="int8"), "s": ["é", None]}
    )
    frame.attrs = dict(ATTRS)
    write_table(frame, tmp_path / "t")
    back = read_table(tmp_path / "t")
    pd.testing.assert_frame_equal(back, frame)
    assert back.attrs == ATTRS
    assert type(back) is pd.DataFrame


def test_a_geometry_comes_back_as_geoparquet_with_its_crs_and_attrs(tmp_path: Path) -> None:
    write_table(located(), tmp_path / "t")
    back = read_table(tmp_path / "t")
    assert isinstance(back, gpd.GeoDataFrame)
    assert back.crs.to_epsg() == 4326
    assert back.geometry[0] == Point(31.1, -17.8)
    assert back.geometry[1] is None
    assert back.attrs == ATTRS


def test_a_geoframe_that_lost_its_geometry_is_a_plain_table(tmp_path: Path) -> None:
    bare = located().drop(columns="geometry")
    bare.attrs = dict(ATTRS)
    write_table(gpd.GeoDataFrame(bare), tmp_path / "t")
    assert type(read_table(tmp_path / "t")) is pd.DataFrame
    assert read_table(tmp_path / "t").attrs == ATTRS


def test_a_plain_frame_with_geometries_is_geoparquet(tmp_path: Path) -> None:
    plain = pd.DataFrame(located())
    plain.attrs = dict(ATTRS)
    write_table(plain, tmp_path / "t")
    assert isinstance(read_table(tmp_path / "t"), gpd.GeoDataFrame)
    assert read_table(tmp_path / "t").attrs == ATTRS


def test_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    write_table(located().iloc[:0], tmp_path / "t")
    back = read_table(tmp_path / "t")
    assert list(back.columns) == ["label", "ndvi_01", "geometry"]
    assert len(back) == 0


def test_attrs_that_are_no_json_are_refused_rather_than_dropped(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"count": np.int64(3)}
    with pytest.raises(TypeError, match="plain JSON"):
        write_table(frame, tmp_path / "t")


def test_a_schema_shows_names_and_types_of_the_first_columns() -> None:
    shown = column_schema(located()).columns
    assert [(column.name, column.type) for column in shown] == [
        ("label", "object"),
        ("ndvi_01", "float32"),
        ("geometry", "geometry"),
    ]
    wide = pd.DataFrame(np.zeros((1, 10_000)))
    assert len(column_schema(wide).columns) == SHOWN_COLUMNS
