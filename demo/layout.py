"""What lies where: wild land, farms and their fields, river, dam, town, roads. All of it invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from demo.grid import Grid
from demo.polygons import M2_PER_HA, circle, divide, irregular, reservoir, winding_line
from demo.tables import phenology

if TYPE_CHECKING:
    from shapely import LineString, Point, Polygon
    from shapely.geometry.base import BaseGeometry

ZONE_HA = 150.0
"""Size of a farm, a communal ward's block or a stretch of wild land."""
COMMERCIAL_HA = (7.0, 34.0)
COMMUNAL_HA = (0.5, 2.6)
"""Fields of commercial and of communal farmers (0.5 to 3 ha), from the smallest to the largest that is drawn."""
MARGIN_M = {"commercial": 11.0, "communal": 5.0}
"""Grass between a field's edge and the boundary."""
PIVOT_RADIUS_M = (230.0, 400.0)
PIVOTS = (
    (0.37, 0.40),
    (0.45, 0.56),
    (0.34, 0.63),
    (0.55, 0.62),
    (0.22, 0.55),
    (0.44, 0.72),
    (0.60, 0.49),
    (0.20, 0.70),
)
"""Where centre pivots are tried, as shares of the side: below the dam, on both banks."""
HALF_PIVOT_SHARE = 0.4
WILD_WEST_SOUTH = 0.5
"""How far south, as a share of the side, the hills reach along the west edge."""
SMALLEST_M2 = 900.0
"""Nobody fences less than this."""
TRACK_SHARE, ROCKY_FARM_SHARE = 0.34, 0.3
RIVER_M, RIPARIAN_M = 11.0, 34.0
"""Half widths of the river and, in the middle, of the woodland along it."""
TOWN_BLOCK_HA = (0.9, 3.2)
TOWN_COVERS = {"built-up": 0.84, "grassland": 0.08, "woodland": 0.08}
RIVER = (
    (0.95, -0.04),
    (0.80, 0.14),
    (0.67, 0.26),
    (0.50, 0.41),
    (0.38, 0.51),
    (0.29, 0.66),
    (0.16, 0.81),
    (0.04, 1.04),
)
DAM_AT = 0.45
"""Share of the river's length at which the wall stands."""
TOWN = (0.66, 0.66)
CLEARED_SHARE = {"commercial": 0.86, "communal": 0.72}
"""Share of a farm zone's pieces that are fields; the rest stays wild."""


@dataclass(frozen=True)
class Patch:
    """One painted shape: its cover, the farming system (`commercial`, `communal`, `wild`) and its zone.

    `crop_before` is what a winter-wheat field bore in the summer (a crop, or `fallow`).
    """

    shape: BaseGeometry
    cover: str
    system: str
    zone: int
    is_field: bool = False
    crop_before: str = ""


@dataclass
class Layout:
    """Every shape of the landscape in painting order: later ones cover earlier ones."""

    grid: Grid
    zones: list[Polygon]
    systems: list[str]
    patches: list[Patch] = field(default_factory=list)


def deal(shares: dict[str, float], count: int, rng: np.random.Generator) -> list[str]:
    """Return `count` names in random order, as near to their shares as whole numbers come, each once if it fits."""
    names = [name for name, share in shares.items() if share > 0]
    weights = np.asarray([shares[name] for name in names])
    wanted = weights / weights.sum() * count
    whole = np.maximum(np.floor(wanted), 1 if count >= len(names) else 0).astype(int)
    while whole.sum() < count:
        whole[int(np.argmax(wanted - whole))] += 1
    while whole.sum() > count:
        whole[int(np.argmax(whole - wanted))] -= 1
    hand = [name for name, times in zip(names, whole, strict=True) for _ in range(times)]
    return [hand[index] for index in rng.permutation(count)]


def _system_at(u: float, v: float, rng: np.random.Generator) -> str:
    """Return who farms at a place (shares of the side): communal in the east, wild hills in the north-west."""
    wobble = rng.normal(0.0, 0.05)
    if u + 0.35 * v > 0.97 + wobble:
        return "communal"
    if v < 0.26 - 0.12 * u + wobble or (u < 0.15 + wobble and v < WILD_WEST_SOUTH):
        return "wild"
    return "commercial"


def _zones(grid: Grid, rng: np.random.Generator) -> tuple[list[Polygon], list[str]]:
    """Cut the square into zones and say who farms each."""
    from shapely import box

    west, south, east, north = grid.bounds
    target = ZONE_HA * grid.scale**2
    zones = divide(box(west, south, east, north), rng, lambda: target * rng.uniform(0.7, 1.5), tilt_deg=8.0)
    systems = [
        _system_at((zone.centroid.x - west) / grid.side_m, (north - zone.centroid.y) / grid.side_m, rng)
        for zone in zones
    ]
    return zones, systems


def _field_size(system: str, grid: Grid, rng: np.random.Generator) -> Callable[[], float]:
    """Return a draw of field areas in hectares: log-uniform, commercial ones shrinking with the landscape."""
    low, high = COMMERCIAL_HA if system == "commercial" else COMMUNAL_HA
    shrink = grid.scale**2 if system == "commercial" else min(1.0, grid.scale * 2)
    return lambda: float(np.exp(rng.uniform(np.log(low), np.log(high)))) * shrink


def _add_fields(layout: Layout, rng: np.random.Generator) -> None:
    """Cut every farm zone into fields and deal the crops of its system over them."""
    for system, tilt in (("commercial", 3.0), ("communal", 13.0)):
        pieces: list[tuple[int, Polygon]] = []
        size = _field_size(system, layout.grid, rng)
        for zone, land in enumerate(layout.zones):
            if layout.systems[zone] != system:
                continue
            for piece in divide(land, rng, size, tilt):
                inside = piece.buffer(-MARGIN_M[system], join_style="mitre")
                if rng.random() < CLEARED_SHARE[system] and inside.geom_type == "Polygon" and inside.area > SMALLEST_M2:
                    pieces.append((zone, inside))
        covers = deal(phenology()["shares"][system], len(pieces), rng)
        layout.patches += [
            _field(shape, cover, system, zone, rng) for (zone, shape), cover in zip(pieces, covers, strict=True)
        ]


def _field(shape: BaseGeometry, cover: str, system: str, zone: int, rng: np.random.Generator) -> Patch:
    """Return a field, with what stood in it before if it bears winter wheat."""
    before = ""
    if cover == "winter wheat":
        shares = phenology()["before_wheat"]
        before = str(rng.choice(list(shares), p=list(shares.values())))
    return Patch(shape, cover, system, zone, is_field=True, crop_before=before)


def _zone_at(layout: Layout, place: Point) -> int:
    """Return the zone that holds a place, or the nearest one."""
    return int(np.argmin([zone.distance(place) for zone in layout.zones]))


def _add_pivots(layout: Layout, blocked: BaseGeometry, rng: np.random.Generator) -> None:
    """Put circles under centre pivots where neither water, town nor another pivot stands."""
    from shapely.ops import split

    shapes: list[Polygon] = []
    for u, v in PIVOTS:
        centre = layout.grid.point(u + rng.normal(0.0, 0.012), v + rng.normal(0.0, 0.012))
        shape = circle(centre, rng.uniform(*PIVOT_RADIUS_M) * layout.grid.scale)
        if shape.intersects(blocked) or any(shape.buffer(25.0).intersects(other) for other in shapes):
            continue
        shapes.append(shape)
    sectors: list[Polygon] = []
    for shape in shapes:
        zone = _zone_at(layout, shape.centroid)
        layout.patches.append(Patch(shape.buffer(24.0), "grassland", "commercial", zone))
        halves = list(split(shape, _diameter(shape, rng)).geoms) if rng.random() < HALF_PIVOT_SHARE else [shape]
        sectors += [half.buffer(-4.0) for half in halves]
    covers = deal(phenology()["shares"]["pivot"], len(sectors), rng)
    for shape, cover in zip(sectors, covers, strict=True):
        layout.patches.append(_field(shape, cover, "commercial", _zone_at(layout, shape.centroid), rng))


def _diameter(shape: Polygon, rng: np.random.Generator) -> LineString:
    """Return a line through the middle of a circle at a random angle."""
    from shapely import LineString
    from shapely.affinity import rotate

    west, _, east, _ = shape.bounds
    middle = shape.centroid
    line = LineString([(west - 50.0, middle.y), (east + 50.0, middle.y)])
    return rotate(line, rng.uniform(0.0, 180.0), origin=middle)


def _water(grid: Grid, rng: np.random.Generator) -> tuple[LineString, Polygon]:
    """Return the river and the lake behind its dam."""
    river = winding_line([grid.point(u, v) for u, v in RIVER], rng, 90.0 * grid.scale)
    lake = reservoir(river, rng, DAM_AT, length_m=0.21 * grid.side_m, width_m=0.062 * grid.side_m)
    return river, lake


def _add_roads(layout: Layout, rng: np.random.Generator) -> None:
    """Paint dirt tracks along a third of the farm boundaries and one tarred road across the land."""
    for zone, land in enumerate(layout.zones):
        if layout.systems[zone] != "wild" and rng.random() < TRACK_SHARE:
            layout.patches.append(Patch(land.exterior.buffer(4.0), "bare", layout.systems[zone], zone))
    ends = [layout.grid.point(u, v) for u, v in ((1.03, 0.80), (*TOWN,), (0.48, 0.79), (0.30, 1.03))]
    road = winding_line(ends, rng, 25.0 * layout.grid.scale)
    layout.patches.append(Patch(road.buffer(7.0), "built-up", "wild", _zone_at(layout, road.centroid)))


def _add_homesteads(layout: Layout, rng: np.random.Generator) -> None:
    """Scatter homesteads in lines through the communal land and one farmstead on each commercial farm."""
    from shapely import Point, box
    from shapely.affinity import rotate

    for zone, land in enumerate(layout.zones):
        system = layout.systems[zone]
        count = {"communal": round(land.area / M2_PER_HA / 9), "commercial": 1, "wild": 0}[system]
        anchor, side = land.representative_point(), 0.5 * land.area**0.5
        lean = rng.uniform(0.0, np.pi)
        for _ in range(count):
            along, off = rng.uniform(-side, side), rng.normal(0.0, 40.0)
            east = anchor.x + along * np.cos(lean) - off * np.sin(lean)
            north = anchor.y + along * np.sin(lean) + off * np.cos(lean)
            low, high = (10.0, 22.0) if system == "communal" else (25.0, 60.0)
            half = rng.uniform(low, high, 2)
            if land.contains(Point(east, north)):
                yard = rotate(box(east - half[0], north - half[1], east + half[0], north + half[1]), rng.uniform(0, 90))
                layout.patches.append(Patch(yard, "built-up", system, zone))


def _riparian(river: LineString, grid: Grid, zone: int, rng: np.random.Generator) -> Patch:
    """Return the gallery woodland along a river, wide here and narrow there."""
    from scipy.ndimage import gaussian_filter1d
    from shapely import union_all

    shares = np.linspace(0.0, 1.0, 400)
    sway = gaussian_filter1d(rng.standard_normal(len(shares)), 5.0)
    widths = RIPARIAN_M * np.exp(0.55 * sway / sway.std()) * max(grid.scale, 0.5)
    places = [river.interpolate(share, normalized=True) for share in shares]
    shape = union_all([place.buffer(width) for place, width in zip(places, widths.tolist(), strict=True)])
    return Patch(shape.union(river.buffer(RIVER_M + 8.0)), "woodland", "wild", zone)


def _add_town(layout: Layout, town: Polygon, rng: np.random.Generator) -> None:
    """Cut the town into blocks with streets between them: houses mostly, some gardens and open ground."""
    zone = _zone_at(layout, town.centroid)
    layout.patches.append(Patch(town, "built-up", "wild", zone))
    blocks = divide(town, rng, lambda: rng.uniform(*TOWN_BLOCK_HA), tilt_deg=2.0)
    covers = deal(TOWN_COVERS, len(blocks), rng)
    layout.patches += [
        Patch(block.buffer(-6.0), cover, "wild", zone) for block, cover in zip(blocks, covers, strict=True)
    ]


def _add_outcrops(layout: Layout, rng: np.random.Generator) -> None:
    """Paint granite domes, eroded ground, a quarry and sand banks: bare all year."""
    grid = layout.grid
    for _ in range(46):
        place = grid.point(rng.uniform(0.03, 0.97), rng.uniform(0.03, 0.97))
        shape = irregular(place, rng.uniform(35.0, 150.0) * max(grid.scale, 0.4), rng, corners=9)
        zone = _zone_at(layout, shape.centroid)
        if layout.systems[zone] != "commercial" or rng.random() < ROCKY_FARM_SHARE:
            layout.patches.append(Patch(shape, "bare", layout.systems[zone], zone))
    quarry = irregular(grid.point(TOWN[0] - 0.09, TOWN[1] + 0.03), 240.0 * grid.scale, rng)
    layout.patches.append(Patch(quarry, "bare", "wild", _zone_at(layout, quarry.centroid)))


def lay_out(grid: Grid, rng: np.random.Generator) -> Layout:
    """Return the shapes of the whole landscape, in painting order; the same for the same generator state."""
    zones, systems = _zones(grid, rng)
    layout = Layout(grid, zones, systems)
    river, lake = _water(grid, rng)
    town = irregular(grid.point(*TOWN), 560.0 * grid.scale, rng, corners=13)
    _add_fields(layout, rng)
    _add_outcrops(layout, rng)
    _add_roads(layout, rng)
    _add_homesteads(layout, rng)
    wet = river.buffer(34.0).union(lake.buffer(30.0))
    _add_pivots(layout, wet.union(town), rng)
    middle = _zone_at(layout, lake.centroid)
    layout.patches += [
        _riparian(river, grid, middle, rng),
        Patch(lake.buffer(26.0), "grassland", "wild", middle),
        Patch(river.buffer(RIVER_M), "water", "wild", middle),
        Patch(lake, "water", "wild", middle),
    ]
    _add_town(layout, town, rng)
    return layout
