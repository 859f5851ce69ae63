"""The area of interest (AOI) as a value: validated, normalised, and named by its own geometry.

The same geometry is the same AOI whatever the ring's start or direction, the order of its parts or a third
coordinate, so its map is found again instead of drawn again. Coordinates are WGS 84 longitude and latitude.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from imagery.geojson import DECIMALS, Part, geometry_of, normal_part, read_parts
from training.errors import GeocropError

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon

SQUARE_METRES_PER_HECTARE = 10_000.0
HALF_THE_WORLD = 180.0
"""Degrees of longitude; an AOI wider than this is one that crosses the antimeridian."""

_KEY_SEPARATOR = "--"
_KEY_MAX_CHARACTERS = 63
"""The length of a Kubernetes label value and of a DNS label: run tags and pod labels carry the key."""
_AOI_ID = re.compile(r"[a-z0-9]+")
_SEASON = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class InvalidAoiError(GeocropError):
    """Send one closed, valid polygon in WGS 84 longitude and latitude; the message says what it lacks."""

    code: ClassVar[str] = "invalid-aoi"


class AoiOutsideExtentError(InvalidAoiError):
    """Draw the AOI inside the served extent; the message gives its bounds."""

    code: ClassVar[str] = "aoi-outside-extent"


class AoiTooLargeError(InvalidAoiError):
    """Draw a smaller AOI, or cut it into several; the message gives the limit."""

    code: ClassVar[str] = "aoi-too-large"


class InvalidPartitionKeyError(GeocropError):
    """Use a key that partition_key() made: `<aoi id>--<season>` in lower case, at most 63 characters."""

    code: ClassVar[str] = "invalid-partition-key"


class LonLatBox(NamedTuple):
    """A box in WGS 84 degrees that does not cross the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, other: LonLatBox) -> bool:
        """Tell whether the whole of another box lies in this one, edges included."""
        return (
            self.west <= other.west
            and self.south <= other.south
            and other.east <= self.east
            and other.north <= self.north
        )


ZIMBABWE = LonLatBox(west=25.2, south=-22.5, east=33.1, north=-15.6)
THE_WORLD = LonLatBox(west=-180.0, south=-90.0, east=180.0, north=90.0)


@dataclass(frozen=True)
class AoiLimits:
    """What an AOI may be: served extent (None: anywhere), area in hectares, number of vertices."""

    extent: LonLatBox | None = ZIMBABWE
    max_area_ha: float = 3_000_000.0  # Hwange, the largest district of Zimbabwe, has some 2.9 million ha
    min_area_ha: float = 0.01  # one pixel of 10 m
    max_vertices: int = 10_000  # a district's boundary at 1:250,000 has some thousands


DEFAULT_LIMITS = AoiLimits()


@dataclass(frozen=True)
class Aoi:
    """An area of interest, made by `from_geojson`, `from_file` or `from_bbox`, which validate it."""

    geometry: Polygon | MultiPolygon
    """EPSG:4326, longitude first, 7 decimals; exteriors counter-clockwise from their smallest vertex."""

    @classmethod
    def from_geojson(cls, value: object, limits: AoiLimits = DEFAULT_LIMITS) -> Aoi:
        """Read a Polygon, a MultiPolygon, a Feature of one, or a FeatureCollection with one Feature.

        `value` is a decoded object or JSON text. Raises InvalidAoiError or one of its kinds, saying why.
        """
        try:
            parts = read_parts(geometry_of(value), max_vertices=limits.max_vertices)
            _check_ranges(parts, limits.extent)
            geometry = _normalise(parts)
        except ValueError as error:
            raise InvalidAoiError(f"The AOI is not usable: {error}") from error
        _check_validity(geometry)
        aoi = cls(geometry)
        _check_extent(aoi.bbox, limits.extent)
        _check_area(aoi.area_ha, limits)
        return aoi

    @classmethod
    def from_file(cls, path: Path, limits: AoiLimits = DEFAULT_LIMITS) -> Aoi:
        """Read a GeoJSON file in UTF-8. Raises InvalidAoiError or FileNotFoundError."""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidAoiError(f"{path.name} is not GeoJSON text in UTF-8: {error}") from error
        return cls.from_geojson(text, limits)

    @classmethod
    def from_bbox(cls, box: LonLatBox, limits: AoiLimits = DEFAULT_LIMITS) -> Aoi:
        """Make the rectangle of a box in degrees. Raises InvalidAoiError when it is empty or turned."""
        if not (box.west < box.east and box.south < box.north):
            raise InvalidAoiError(f"The box {tuple(box)} is empty or turned around: give west, south, east, north")
        ring = [
            [box.west, box.south],
            [box.east, box.south],
            [box.east, box.north],
            [box.west, box.north],
            [box.west, box.south],
        ]
        return cls.from_geojson({"type": "Polygon", "coordinates": [ring]}, limits)

    @cached_property
    def id(self) -> str:
        """Return `a` and 16 hexadecimal digits of the SHA-256 of the normalised geometry."""
        text = json.dumps(_units_of(self.geometry), separators=(",", ":"))
        return "a" + hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def area_ha(self) -> float:
        """Return the geodesic area on the WGS 84 ellipsoid, in hectares."""
        from pyproj import Geod

        area, _ = Geod(ellps="WGS84").geometry_area_perimeter(self.geometry)
        return abs(float(area)) / SQUARE_METRES_PER_HECTARE

    @property
    def bbox(self) -> LonLatBox:
        """Return the bounds in WGS 84 degrees."""
        return LonLatBox(*self.geometry.bounds)

    def to_geojson(self) -> dict[str, Any]:
        """Return the normalised geometry as GeoJSON; reading it again gives this AOI."""
        document: dict[str, Any] = json.loads(json.dumps(self.geometry.__geo_interface__))
        return document


class AoiSeason(NamedTuple):
    """What a partition key names: an AOI's id and a season such as `2023-2024`."""

    aoi_id: str
    season: str


def partition_key(aoi_id: str, season: str) -> str:
    """Mint the key of one crop map, `<aoi id>--<season>`: lower case, digits, hyphen, at most 63 characters.

    Raises InvalidPartitionKeyError where the parts could not be told apart again or do not fit.
    """
    key = f"{aoi_id}{_KEY_SEPARATOR}{season}"
    if not (_AOI_ID.fullmatch(aoi_id) and _SEASON.fullmatch(season) and len(key) <= _KEY_MAX_CHARACTERS):
        raise InvalidPartitionKeyError(
            f"{aoi_id!r} and {season!r} make no partition key: {InvalidPartitionKeyError.hint()}"
        )
    return key


def parse_partition_key(key: str) -> AoiSeason:
    """Invert partition_key. Raises InvalidPartitionKeyError for a key it did not make."""
    aoi_id, separator, season = key.partition(_KEY_SEPARATOR)
    if not separator or partition_key(aoi_id, season) != key:
        raise InvalidPartitionKeyError(f"{key!r} is not a partition key: {InvalidPartitionKeyError.hint()}")
    return AoiSeason(aoi_id, season)


def _check_ranges(parts: list[Part], extent: LonLatBox | None) -> None:
    """Refuse coordinates that are no longitude and latitude, naming the likeliest reason."""
    points = [point for part in parts for ring in part for point in ring]
    lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
    box = LonLatBox(min(lons), min(lats), max(lons), max(lats))
    swapped = LonLatBox(box.south, box.west, box.north, box.east)
    if THE_WORLD.contains(box):
        if extent is not None and not extent.contains(box) and extent.contains(swapped):
            raise InvalidAoiError("Longitude and latitude are swapped: GeoJSON puts longitude first")
        if box.east - box.west > HALF_THE_WORLD:
            raise InvalidAoiError("The AOI crosses the antimeridian (180 degrees east): send each side as its own AOI")
        return
    if THE_WORLD.contains(swapped):
        raise InvalidAoiError(
            "Longitude and latitude are swapped: a latitude is beyond 90 degrees; put longitude first"
        )
    if THE_WORLD.south <= box.south and box.north <= THE_WORLD.north and box.east <= 2 * HALF_THE_WORLD:
        raise InvalidAoiError(
            f"Longitudes run from {box.west} to {box.east}: the AOI crosses the antimeridian or counts from 0 to"
            " 360; send longitudes between -180 and 180, each side of the antimeridian as its own AOI"
        )
    raise InvalidAoiError(
        f"Coordinates run from {box[:2]} to {box[2:]}, which is no longitude and latitude:"
        " they look like metres of a projected system; reproject to WGS 84 (EPSG:4326)"
    )


def _normalise(parts: list[Part]) -> Polygon | MultiPolygon:
    """Return the one geometry that stands for all equal ones: rounded, oriented, rotated, sorted."""
    from shapely.geometry import MultiPolygon, Polygon

    units = sorted(normal_part(part, number) for number, part in enumerate(parts, start=1))
    scale = 10**DECIMALS
    polygons = []
    for part in units:
        exterior, *holes = [[(x / scale, y / scale) for x, y in ring] for ring in part]
        polygons.append(Polygon(exterior, holes))
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _check_validity(geometry: Polygon | MultiPolygon) -> None:
    from shapely.validation import explain_validity

    if not geometry.is_valid:
        raise InvalidAoiError(f"The polygon is not valid, at longitude and latitude: {explain_validity(geometry)}")


def _check_extent(box: LonLatBox, extent: LonLatBox | None) -> None:
    if extent is not None and not extent.contains(box):
        raise AoiOutsideExtentError(
            f"The AOI spans {tuple(box)} and leaves the served extent {tuple(extent)} (W, S, E, N)"
        )


def _check_area(area_ha: float, limits: AoiLimits) -> None:
    if area_ha > limits.max_area_ha:
        raise AoiTooLargeError(
            f"The AOI has {area_ha:,.0f} ha; at most {limits.max_area_ha:,.0f} ha are mapped at once"
        )
    if area_ha < limits.min_area_ha:
        raise InvalidAoiError(f"The AOI has {area_ha:.4f} ha, less than {limits.min_area_ha} ha: it holds no pixel")


def _units_of(geometry: Polygon | MultiPolygon) -> list[list[list[list[int]]]]:
    """Return polygons, rings, positions in whole units of 1e-7 degrees: text that floats cannot blur."""
    scale = 10**DECIMALS
    return [
        [[[round(x * scale), round(y * scale)] for x, y in ring.coords] for ring in (part.exterior, *part.interiors)]
        for part in getattr(geometry, "geoms", [geometry])
    ]
