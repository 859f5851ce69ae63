"""What is known of one pixel of a crop map."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.models.tiles import ClassEntry


class TypicalCurve(BaseModel):
    """How the layer runs over the map's pixels of the class."""

    mean: list[float | None] = Field(description="By step.")
    low: list[float | None] = Field(description="By step: one pixel of ten lies below.")
    high: list[float | None] = Field(description="By step: one pixel of ten lies above.")
    pixels: int = Field(description="That were sampled of the class.", examples=[640])


class PixelCurve(BaseModel):
    """A layer of the pixel over the season, as the model saw it."""

    layer: str = Field(examples=["ndvi"])
    steps: list[str] = Field(description="Of the season, in order.", examples=[["sep", "oct", "nov"]])
    values: list[float | None] = Field(description="By step; gaps are filled from the steps around.")
    observed: list[bool] = Field(description="By step: whether it was seen clear; else the value is filled.")
    typical: TypicalCurve | None = Field(description="Null where the class has too few pixels on this map.")


class PixelView(BaseModel):
    """A pixel: its class, how sure the model is, how often it was seen, and its course over the season."""

    model_config = ConfigDict(populate_by_name=True)

    lon: float
    lat: float
    class_: ClassEntry | None = Field(alias="class", description="Null where nothing was mapped.")
    confidence: int | None = Field(description="Percent.", examples=[87])
    clear_observations: int | None = Field(examples=[23])
    curve: PixelCurve | None = Field(description="Null where it is not known.")
    curve_reason: str | None = Field(description="Why the curve is not known.")
