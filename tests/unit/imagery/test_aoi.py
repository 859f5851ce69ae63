"""An AOI: the same geometry is the same AOI, and what is wrong is said with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, mapping, shape

from imagery.aoi import (
    Aoi,
    AoiLimits,
    AoiOutsideExtentError,
    AoiTooLargeError,
    InvalidAoiError,
    InvalidPartitionKeyError,
    LonLatBox,
    parse_partition_key,
    partition_key,
)

ANYWHERE = AoiLimits(extent=None)
SQUARE = [[31.0, -17.8], [31.1, -17.8], [31.1, -17.7], [31.0, -17.7], [31.0, -17.8]]
HOLE = [[31.02, -17.78], [31.02, -17.76], [31.04, -17.76], [31.04, -17.78], [31.02, -17.78]]
FAR = [[31.3, -17.8], [31.4, -17.8], [31.4, -17.7], [31.3, -17.7], [31.3, -17.8]]


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def multi(*polygons: list[list[list[float]]]) -> dict[str, Any]:
    return {"type": "MultiPolygon", "coordinates": list(polygons)}


def turned(ring: list[list[float]], start: int) -> list[list[float]]:
    corners = ring[:-1]
    moved = corners[start % len(corners) :] + corners[: start % len(corners)]
    return [*moved, moved[0]]


def test_one_geometry_in_every_wrapping_is_one_aoi() -> None:
    feature = {"type": "Feature", "properties": {"name": "x"}, "geometry": polygon(SQUARE)}
    wrappings = [
        polygon(SQUARE),
        multi([SQUARE]),
        feature,
        {"type": "FeatureCollection", "features": [feature]},
        polygon([[*point, 1234.5] for point in SQUARE]),
        json.dumps(feature),
        polygon([[lon + 1e-9, lat] for lon, lat in SQUARE]),
        {**polygon(SQUARE), "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}},
    ]
    assert {Aoi.from_geojson(item).id for item in wrappings} == {Aoi.from_bbox(LonLatBox(31.0, -17.8, 31.1, -17.7)).id}


@settings(deadline=None)
@given(start=st.integers(0, 3), backwards=st.booleans(), hole_first=st.booleans(), far_first=st.booleans())
def test_ring_start_direction_and_order_do_not_matter(
    start: int, backwards: bool, hole_first: bool, far_first: bool
) -> None:
    second_hole = [[lon + 0.04, lat] for lon, lat in HOLE]
    reference = Aoi.from_geojson(multi([SQUARE, HOLE, second_hole], [FAR]))
    square = turned(SQUARE, start)[:: -1 if backwards else 1]
    holes = [turned(HOLE, start + 1)[:: 1 if backwards else -1], second_hole][:: -1 if hole_first else 1]
    other = Aoi.from_geojson(multi(*[[square, *holes], [turned(FAR, start)]][:: -1 if far_first else 1]))
    assert other.id == reference.id
    assert other == reference


@settings(max_examples=60, deadline=None)
@given(
    lon=st.floats(26, 32, allow_nan=False),
    lat=st.floats(-22, -16, allow_nan=False),
    radius=st.floats(0.001, 0.2),
    corners=st.integers(2, 12),
)
def test_normalising_twice_changes_nothing(lon: float, lat: float, radius: float, corners: int) -> None:
    drawn = mapping(Point(lon, lat).buffer(radius, quad_segs=corners).difference(Point(lon, lat).buffer(radius / 3)))
    once = Aoi.from_geojson(drawn)
    again = Aoi.from_geojson(json.loads(json.dumps(once.to_geojson())))
    assert again.id == once.id
    assert again.to_geojson() == once.to_geojson()
    assert once.geometry.is_valid
    assert once.geometry.symmetric_difference(shape(drawn)).area < 1e-6


def test_exterior_runs_counter_clockwise_and_holes_clockwise() -> None:
    geometry = Aoi.from_geojson(polygon(SQUARE[::-1], HOLE[::-1])).geometry
    assert geometry.exterior.is_ccw
    assert not geometry.interiors[0].is_ccw


def test_different_geometries_have_different_ids() -> None:
    shifted = [[lon + 2e-7, lat] for lon, lat in SQUARE]
    assert Aoi.from_geojson(polygon(SQUARE)).id != Aoi.from_geojson(polygon(shifted)).id


def test_an_id_never_changes_between_versions_of_this_code() -> None:
    assert Aoi.from_geojson(polygon(SQUARE)).id == "a7ae83b645a99c059"


def test_area_is_geodesic_and_leaves_holes_out() -> None:
    whole, holed = Aoi.from_geojson(polygon(SQUARE)), Aoi.from_geojson(polygon(SQUARE, HOLE))
    assert whole.area_ha == pytest.approx(11_731, rel=2e-3)  # 10.60 km x 11.07 km on the ellipsoid at 17.75 S
    assert holed.area_ha == pytest.approx(whole.area_ha * 0.96, rel=1e-3)


def change(path: str) -> Callable[[], Any]:
    """Return a maker of a broken AOI by name."""
    makers: dict[str, Any] = {
        "bow tie": polygon([[31, -17], [31.1, -17.1], [31.1, -17], [31, -17.1], [31, -17]]),
        "open": polygon(SQUARE[:-1]),
        "short": polygon(SQUARE[:2] + SQUARE[:1]),
        "flat": polygon([[31, -17], [31.1, -17], [31, -17], [31, -17]]),
        "swapped": polygon([[lat, lon] for lon, lat in SQUARE]),
        "metres": polygon([[lon * 10_000, lat * 400_000] for lon, lat in SQUARE]),
        "empty": polygon(),
        "no ring": multi([]),
        "text": polygon([["31", "-17"]] * 4),
        "not finite": polygon([[float("nan"), -17.0], *SQUARE[1:]]),
        "bare number": polygon([31, 17, 31, 17]),  # type: ignore[list-item]
        "line": {"type": "LineString", "coordinates": SQUARE},
        "two": {"type": "FeatureCollection", "features": [{}, {}]},
        "no geometry": {"type": "Feature", "geometry": None},
        "list": [1, 2],
        "broken text": "{",
        "crs": {**polygon(SQUARE), "crs": {"type": "name", "properties": {"name": "EPSG:32736"}}},
        "overlapping parts": multi([SQUARE], [[[lon + 0.05, lat] for lon, lat in SQUARE]]),
        "hole outside": polygon(SQUARE, [[lon + 1, lat] for lon, lat in HOLE]),
    }
    return lambda: makers[path]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bow tie", r"Self-intersection\[31.05"),
        (
            "open",
            r"ring 1 of polygon 1 is not closed: it starts at \(31.0, -17.8\) and ends at \(31.0, -17.7\)",
        ),
        ("short", "at least 4"),
        ("flat", "fewer than three different corners"),
        ("swapped", "swapped"),
        ("metres", "metres of a projected system"),
        ("empty", "empty"),
        ("no ring", "polygon 1 is empty"),
        ("text", "no numbers"),
        ("not finite", "not finite"),
        ("bare number", "no position"),
        ("line", "'LineString'"),
        ("two", "2 features"),
        ("no geometry", "no geometry"),
        ("list", "this is a list"),
        ("broken text", "not JSON"),
        ("crs", "EPSG:32736"),
        ("overlapping parts", "intersection"),
        ("hole outside", "Hole lies outside"),
    ],
)
def test_what_is_wrong_is_said_and_where(name: str, said: str) -> None:
    with pytest.raises(InvalidAoiError, match=said):
        Aoi.from_geojson(change(name)())


def test_swapped_coordinates_are_recognised_without_an_extent_where_they_can_be() -> None:
    swapped = polygon([[lat, lon] for lon, lat in ([120, 40], [121, 40], [121, 41], [120, 41], [120, 40])])
    with pytest.raises(InvalidAoiError, match="swapped"):
        Aoi.from_geojson(swapped, ANYWHERE)


@pytest.mark.parametrize("edges", [(-179.9, 179.9), (179.5, 180.5), (359.0, 359.5)])
def test_an_aoi_across_the_antimeridian_is_refused(edges: tuple[float, float]) -> None:
    west, east = edges
    ring = [[west, -17.0], [east, -17.0], [east, -16.9], [west, -16.9], [west, -17.0]]
    with pytest.raises(InvalidAoiError, match="antimeridian"):
        Aoi.from_geojson(polygon(ring), ANYWHERE)


def test_the_served_extent_is_kept_and_can_be_lifted() -> None:
    slovenia = LonLatBox(14.551, 45.866, 14.564, 45.875)
    with pytest.raises(AoiOutsideExtentError, match=r"25\.2"):
        Aoi.from_bbox(slovenia)
    assert Aoi.from_bbox(slovenia, ANYWHERE).bbox == slovenia


def test_limits_of_area_and_vertices_are_stated() -> None:
    with pytest.raises(AoiTooLargeError, match="at most 1,000 ha"):
        Aoi.from_geojson(polygon(SQUARE), AoiLimits(max_area_ha=1_000))
    with pytest.raises(InvalidAoiError, match="holds no pixel"):
        Aoi.from_bbox(LonLatBox(31.0, -17.8, 31.00001, -17.79999))
    circle = mapping(Point(31, -18).buffer(0.1, quad_segs=300))
    with pytest.raises(InvalidAoiError, match="more than 1,000 vertices"):
        Aoi.from_geojson(circle, AoiLimits(max_vertices=1_000))


def test_an_empty_or_turned_box_is_refused() -> None:
    with pytest.raises(InvalidAoiError, match="turned around"):
        Aoi.from_bbox(LonLatBox(31.1, -17.8, 31.0, -17.7))


def test_a_file_is_read_with_a_byte_order_mark_and_refused_in_another_encoding(tmp_path: Path) -> None:
    good, bad = tmp_path / "aoi.geojson", tmp_path / "bad.geojson"
    good.write_bytes(b"\xef\xbb\xbf" + json.dumps(polygon(SQUARE)).encode())
    bad.write_bytes(b"\xff\xfe{\x00}\x00")
    assert Aoi.from_file(good).id == Aoi.from_geojson(polygon(SQUARE)).id
    with pytest.raises(InvalidAoiError, match="UTF-8"):
        Aoi.from_file(bad)


@settings(deadline=None)
@given(
    aoi_id=st.from_regex(r"[a-z0-9]{1,30}", fullmatch=True),
    season=st.sampled_from(["2023-2024", "2019", "2022-2023-wet"]),
)
def test_a_partition_key_is_read_back(aoi_id: str, season: str) -> None:
    key = partition_key(aoi_id, season)
    assert tuple(parse_partition_key(key)) == (aoi_id, season)
    assert len(key) <= 63
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a1",
        "a1-2023-2024",
        "A1--2023-2024",
        "a1--",
        "--2023-2024",
        "a1--2023/2024",
        "a1---2023",
        "a" * 60 + "--2023",
    ],
)
def test_a_key_that_was_not_minted_is_refused(key: str) -> None:
    with pytest.raises(InvalidPartitionKeyError):
        parse_partition_key(key)
