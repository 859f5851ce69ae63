"""Read polygons out of GeoJSON without trusting it: numbers are checked before any geometry is built."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

Ring: TypeAlias = list[tuple[float, float]]
Part: TypeAlias = list[Ring]

DECIMALS = 7
"""Decimals of a degree that are kept: some 11 mm on the ground, far below a pixel."""

MIN_POSITIONS = 4
"""Positions of the smallest closed ring (RFC 7946, section 3.1.6)."""

_WGS84_NAMES = ("CRS84", "EPSG::4326", "EPSG:4326")


def geometry_of(value: object) -> Mapping[str, Any]:
    """Return the one geometry of a GeoJSON object or of JSON text. Raises ValueError saying what is wrong."""
    document = _decoded(value) if isinstance(value, (str, bytes)) else value
    if not isinstance(document, Mapping):
        raise ValueError(f"GeoJSON is an object, this is a {type(document).__name__}")  # noqa: TRY004
    _check_crs(document.get("crs"))
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
        count = len(features) if isinstance(features, list) else 0
        if count != 1:
            raise ValueError(f"the FeatureCollection has {count} features; send one (join several into a MultiPolygon)")
        return geometry_of(features[0])  # type: ignore[index]
    if kind == "Feature":
        if not isinstance(document.get("geometry"), Mapping):
            raise ValueError("the Feature has no geometry")
        return geometry_of(document["geometry"])
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"a Polygon or a MultiPolygon is needed, this is {kind!r}")
    return document


def read_parts(geometry: Mapping[str, Any], *, max_vertices: int) -> list[Part]:
    """Return polygons -> rings -> (lon, lat) of a Polygon or MultiPolygon; a third coordinate is dropped.

    Raises ValueError for what is not numbers in that shape, for empty polygons and for too many vertices.
    """
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if geometry["type"] == "Polygon" else coordinates
    if not isinstance(polygons, (list, tuple)) or not polygons:
        raise ValueError("the geometry is empty")
    budget = max_vertices
    parts: list[Part] = []
    for number, polygon in enumerate(polygons, start=1):
        if not isinstance(polygon, (list, tuple)) or not polygon:
            raise ValueError(f"polygon {number} is empty")
        budget -= sum(len(ring) for ring in polygon if isinstance(ring, (list, tuple)))
        if budget < 0:
            raise ValueError(f"it has more than {max_vertices:,} vertices; simplify it (10 m are enough)")
        parts.append([_ring(ring, f"ring {index} of polygon {number}") for index, ring in enumerate(polygon, start=1)])
    return parts


def normal_part(part: Part, number: int) -> list[list[tuple[int, int]]]:
    """Return a polygon's rings in whole units of 1e-7 degrees, oriented and sorted."""
    exterior, *holes = (
        _normal_ring(ring, clockwise=index > 0, name=f"ring {index + 1} of polygon {number}")
        for index, ring in enumerate(part)
    )
    return [exterior, *sorted(holes)]


def _normal_ring(ring: list[tuple[float, float]], *, clockwise: bool, name: str) -> list[tuple[int, int]]:
    """Round a ring, drop repeated vertices, turn it and start it at its smallest vertex."""
    scale = 10**DECIMALS
    units = [(round(lon * scale), round(lat * scale)) for lon, lat in ring]
    if units[0] != units[-1]:
        raise ValueError(
            f"{name} is not closed: it starts at {ring[0]} and ends at {ring[-1]}; repeat the first position"
        )
    vertices = [point for point, following in itertools.pairwise(units) if point != following]
    if len(vertices) < 3:  # noqa: PLR2004 - a triangle is the smallest ring
        raise ValueError(f"{name} near {ring[0]} has fewer than three different corners")
    doubled_area = sum(
        x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(vertices, vertices[1:] + vertices[:1], strict=True)
    )
    if (doubled_area < 0) is not clockwise:
        vertices.reverse()
    start = vertices.index(min(vertices))
    turned = vertices[start:] + vertices[:start]
    return [*turned, turned[0]]


def _decoded(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from error


def _check_crs(crs: object) -> None:
    """Refuse the `crs` member of older GeoJSON where it names anything but WGS 84."""
    if crs is not None and not any(name in json.dumps(crs) for name in _WGS84_NAMES):
        raise ValueError(f"its crs is {json.dumps(crs)[:100]}; reproject it to WGS 84 (EPSG:4326)")


def _ring(ring: object, name: str) -> Ring:
    if not isinstance(ring, (list, tuple)):
        raise ValueError(f"{name} is no list of positions")  # noqa: TRY004
    positions = [_position(position, name) for position in ring]
    if len(positions) < MIN_POSITIONS:
        raise ValueError(f"{name} has {len(positions)} positions; a closed ring has at least {MIN_POSITIONS}")
    return positions


def _position(position: object, name: str) -> tuple[float, float]:
    if not isinstance(position, (list, tuple)) or len(position) < 2:  # noqa: PLR2004 - longitude and latitude
        raise ValueError(f"{name} holds {str(position)[:40]!r}, which is no position [longitude, latitude]")
    numbers = position[:2]
    if not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers):
        raise ValueError(f"{name} holds {str(position)[:40]}, whose coordinates are no numbers")
    lon, lat = float(numbers[0]), float(numbers[1])
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise ValueError(f"{name} holds {str(position)[:40]}, which is not finite")
    return lon, lat
