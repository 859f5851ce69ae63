"""What `GET /baselines` answers."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from api.models.tiles import ClassEntry


class Baseline(BaseModel):
    """The Dynamic World baseline of one year; what is not there yet is null."""

    year: int = Field(examples=[2020])
    available: bool
    tilejson: str | None = Field(description="TileJSON of the map's tiles.")
    bounds: tuple[float, float, float, float] | None = Field(description="West, south, east, north in degrees.")
    stac_item: str | None
    download: str | None = Field(description="The Cloud Optimized GeoTIFF.")
    thumbnail: str | None
    created: datetime | None
    simulated: bool | None = Field(description="Whether it was made of simulated data.")


class BaselineList(BaseModel):
    """The baselines of all years, with what a legend needs."""

    attribution: str
    license: str = Field(examples=["CC-BY-4.0"])
    classes: list[ClassEntry]
    baselines: list[Baseline]
