"""Shapes of farmland: land cut into fields, a winding river with a dam, circles under centre pivots. Metres of UTM."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shapely import LineString, Polygon
    from shapely.geometry.base import BaseGeometry

SPLIT_SHARE = (0.38, 0.62)
"""Where along its length a piece of land is cut."""
BIG_M = 60_000.0
"""Longer than any landscape: half length of a cutting line, metres."""
SLIVER_HA = 0.12
M2_PER_HA = 10_000.0


def polygons_of(shape: BaseGeometry) -> list[Polygon]:
    """Return the polygons of any geometry, largest first."""
    parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon" and part.area > 0]
    return sorted(parts, key=lambda part: -part.area)


def _long_axis(land: Polygon) -> tuple[float, float, float]:
    """Return the direction (radians) of the long side of a polygon's tightest rectangle, its length and its width."""
    corners = np.asarray(land.minimum_rotated_rectangle.exterior.coords)
    first, second = corners[1] - corners[0], corners[2] - corners[1]
    lengths = math.hypot(*first), math.hypot(*second)
    axis = first if lengths[0] >= lengths[1] else second
    return math.atan2(axis[1], axis[0]), max(lengths), min(lengths)


def cut(land: Polygon, rng: np.random.Generator, tilt_deg: float) -> list[Polygon]:
    """Cut a polygon once, across its long side, by a line tilted by a random angle of deviation `tilt_deg`."""
    from shapely import LineString
    from shapely.ops import split

    angle, length, _ = _long_axis(land)
    share = rng.uniform(*SPLIT_SHARE) - 0.5
    east = land.centroid.x + math.cos(angle) * length * share
    north = land.centroid.y + math.sin(angle) * length * share
    across = angle + math.pi / 2 + math.radians(rng.normal(0.0, tilt_deg))
    reach = math.cos(across) * BIG_M, math.sin(across) * BIG_M
    line = LineString([(east - reach[0], north - reach[1]), (east + reach[0], north + reach[1])])
    return polygons_of(split(land, line))


def divide(land: Polygon, rng: np.random.Generator, area_ha: Callable[[], float], tilt_deg: float) -> list[Polygon]:
    """Cut land again and again until every piece is below an area drawn for it (hectares)."""
    done: list[Polygon] = []
    waiting = [land]
    while waiting:
        piece = waiting.pop()
        hectares = piece.area / M2_PER_HA
        if hectares <= max(area_ha(), SLIVER_HA):
            done.append(piece)
            continue
        parts = cut(piece, rng, tilt_deg)
        if len(parts) == 1:
            done.append(piece)
        else:
            waiting.extend(parts)
    return done


def winding_line(
    points: list[tuple[float, float]], rng: np.random.Generator, sway_m: float, steps: int = 160
) -> LineString:
    """Return a line through `points` that winds by some `sway_m` metres, as a river does."""
    from scipy.ndimage import gaussian_filter1d
    from shapely import LineString

    along = np.linspace(0.0, len(points) - 1.0, steps)
    knots = np.asarray(points)
    course = np.column_stack([np.interp(along, np.arange(len(points)), knots[:, axis]) for axis in (0, 1)])
    course = gaussian_filter1d(course, steps / 28, axis=0, mode="nearest")
    sway = gaussian_filter1d(rng.standard_normal((steps, 2)), 3.0, axis=0)
    return LineString(course + sway / sway.std() * sway_m)


def reservoir(river: LineString, rng: np.random.Generator, at: float, length_m: float, width_m: float) -> Polygon:
    """Return the lake behind a dam at the share `at` of a river: straight wall, fingers up the side valleys."""
    from shapely import LineString, Point
    from shapely.ops import substring, unary_union

    wall = at * river.length
    pool = substring(river, max(0.0, wall - length_m), wall)
    parts: list[BaseGeometry] = []
    for share in np.linspace(0.02, 1.0, 26):
        place = pool.interpolate(share, normalized=True)
        parts.append(place.buffer(width_m * (0.12 + 0.88 * share**1.4) / 2))
    for share in (0.42, 0.6, 0.76, 0.9):
        foot = pool.interpolate(share, normalized=True)
        angle = rng.uniform(0.0, 2 * math.pi)
        reach = length_m * rng.uniform(0.18, 0.34)
        bend = angle + rng.normal(0.0, 0.5)
        middle = Point(foot.x + math.cos(angle) * reach / 2, foot.y + math.sin(angle) * reach / 2)
        tip = Point(middle.x + math.cos(bend) * reach / 2, middle.y + math.sin(bend) * reach / 2)
        parts.append(LineString([foot, middle]).buffer(width_m * 0.16))
        parts.append(LineString([middle, tip]).buffer(width_m * 0.08))
    lake = unary_union(parts).buffer(width_m * 0.08).buffer(-width_m * 0.08)
    return _behind_wall(lake, river, wall, length_m)


def _behind_wall(lake: BaseGeometry, river: LineString, wall: float, length_m: float) -> Polygon:
    """Cut off what of a lake lies downstream of the straight wall across the river at `wall` metres."""
    from shapely import Point, Polygon

    here = river.interpolate(wall)
    upstream = river.interpolate(max(0.0, wall - length_m * 0.2))
    flow = np.asarray([here.x - upstream.x, here.y - upstream.y])
    flow /= max(float(np.hypot(*flow)), 1e-9)
    across = np.asarray([-flow[1], flow[0]])
    foot = np.asarray([here.x, here.y])
    ahead = [foot + across * BIG_M, foot - across * BIG_M, foot - across * BIG_M + flow * BIG_M]
    ahead.append(foot + across * BIG_M + flow * BIG_M)
    pieces = polygons_of(lake.difference(Polygon(ahead)))
    return next((piece for piece in pieces if piece.distance(Point(upstream)) == 0), pieces[0])


def irregular(centre: tuple[float, float], radius_m: float, rng: np.random.Generator, corners: int = 11) -> Polygon:
    """Return a polygon without right angles of some `radius_m` metres around a place."""
    from shapely import Polygon

    angles = np.linspace(0.0, 2 * math.pi, corners, endpoint=False) + rng.uniform(-0.16, 0.16, corners)
    radii = radius_m * rng.uniform(0.86, 1.12, corners)
    return Polygon(np.column_stack([centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)]))


def circle(centre: tuple[float, float], radius_m: float) -> Polygon:
    """Return the circle that a centre pivot waters."""
    from shapely import Point

    return Point(centre).buffer(radius_m, quad_segs=24)
