"""What the tile routes answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from imagery.legend import Legend


class ClassEntry(BaseModel):
    """One class of a legend."""

    code: int = Field(description="Pixel value.", examples=[1])
    name: str = Field(examples=["maize"])
    title: str = Field(description="The name for people.", examples=["Maize"])
    color: str = Field(description="`#rrggbb`.", examples=["#f0c808"])


def class_entries(legend: Legend) -> list[ClassEntry]:
    """Return a legend in code order."""
    entries = [ClassEntry(code=one.code, name=one.name, title=one.title, color=one.color) for one in legend]
    return sorted(entries, key=lambda one: one.code)


class TileJson(BaseModel):
    """TileJSON 3.0.0, with the classes of the map besides."""

    tilejson: str = "3.0.0"
    name: str = Field(examples=["dynamic-world-2020"])
    attribution: str
    scheme: str = "xyz"
    tiles: list[str] = Field(description="One template with `{z}`, `{x}` and `{y}`.")
    minzoom: int
    maxzoom: int
    bounds: tuple[float, float, float, float] = Field(description="West, south, east, north in degrees.")
    center: tuple[float, float, int]
    classes: list[ClassEntry]


class RasterInfo(BaseModel):
    """What is known of a published raster."""

    name: str
    bounds: tuple[float, float, float, float] = Field(description="West, south, east, north in degrees.")
    crs: str = Field(examples=["EPSG:32736"])
    width: int
    height: int
    bands: list[str] = Field(examples=[["class", "confidence", "clear_observations"]])
    classes: list[ClassEntry]


class PointValues(BaseModel):
    """The pixel at a place."""

    lon: float
    lat: float
    values: dict[str, int | None] = Field(
        description="By band; null where the map has no data.", examples=[{"class": 1, "confidence": 87}]
    )
    class_: ClassEntry | None = Field(alias="class", description="The class of the pixel; null where there is none.")
