"""Forms of AOIs: GeoJSON or a box in, the normalised geometry out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

MAX_NAME_LENGTH = 120
#: No control characters: PostgreSQL keeps no NUL, and a name is one line.
AoiName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_LENGTH, pattern=r"^[^\x00-\x1f\x7f]+$"),
]
AoiId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,32}$")]
Degrees = Annotated[float, Field(allow_inf_nan=False, ge=-360, le=360)]
Box = tuple[Degrees, Degrees, Degrees, Degrees]

_RING = [[31.0, -17.8], [31.01, -17.8], [31.01, -17.79], [31.0, -17.79], [31.0, -17.8]]
POLYGON_EXAMPLE: dict[str, Any] = {"type": "Polygon", "coordinates": [_RING], "name": "Field by the river"}
FEATURE_EXAMPLE: dict[str, Any] = {
    "type": "Feature",
    "properties": {"name": "Field by the river"},
    "geometry": {"type": "Polygon", "coordinates": [_RING]},
}
BOX_EXAMPLE: dict[str, Any] = {"bbox": [31.0, -17.8, 31.01, -17.79], "name": "Field by the river"}


class BoxRequest(BaseModel):
    """A rectangle in degrees (WGS 84)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [BOX_EXAMPLE]})

    bbox: Box = Field(description="West, south, east, north.", examples=[[31.0, -17.8, 31.01, -17.79]])
    name: AoiName | None = Field(None, description="What its user calls it.", examples=["Field by the river"])


class GeoJsonRequest(BaseModel):
    """A Polygon, a MultiPolygon, or a Feature of one, in WGS 84 longitude and latitude."""

    # GeoJSON allows foreign members (RFC 7946, 6.1), and drawing tools write them: they are not refused.
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [POLYGON_EXAMPLE, FEATURE_EXAMPLE]})

    type: Literal["Polygon", "MultiPolygon", "Feature", "FeatureCollection"] = Field(examples=["Polygon"])
    coordinates: list[Any] | None = Field(None, description="Of a Polygon or a MultiPolygon: closed rings.")
    geometry: dict[str, Any] | None = Field(None, description="Of a Feature.")
    name: AoiName | None = Field(None, description="What its user calls it; a Feature's property `name` does as well.")

    def document(self) -> dict[str, Any]:
        """Return the GeoJSON as it was sent."""
        sent: dict[str, Any] = {"type": self.type, "coordinates": self.coordinates, "geometry": self.geometry}
        return {key: value for key, value in sent.items() if value is not None} | dict(self.model_extra or {})


def form_of(body: object) -> str:
    """Return which form a body has, so that a bad one is told about that form only."""
    if isinstance(body, str):
        return "id"
    if isinstance(body, BoxRequest) or (isinstance(body, dict) and "bbox" in body and "type" not in body):
        return "box"
    return "geojson"


BoxForm = Annotated[BoxRequest, Tag("box")]
GeoJsonForm = Annotated[GeoJsonRequest, Tag("geojson")]
AoiRequest = Annotated[BoxForm | GeoJsonForm, Discriminator(form_of)]


class AoiLinks(BaseModel):
    """Where to go on."""

    model_config = ConfigDict(populate_by_name=True)

    self_: str = Field(alias="self")
    predictions: str = Field(description="The predictions of this AOI.")


class AoiSummary(BaseModel):
    """An AOI without its geometry."""

    id: str = Field(description="The same geometry has the same id.", examples=["a1f3c5b7d9e0f2a4c"])
    name: str | None
    area_ha: float = Field(description="Hectares on the ellipsoid.", examples=[117.3])
    bbox: tuple[float, float, float, float] = Field(description="West, south, east, north in degrees.")
    created_at: datetime
    owners: list[str] | None = Field(None, description="Who drew it; for administrators only.")
    links: AoiLinks


class AoiView(AoiSummary):
    """An AOI."""

    geometry: dict[str, Any] = Field(
        description="Normalised GeoJSON (EPSG:4326, 7 decimals).",
        examples=[{"type": "Polygon", "coordinates": [_RING]}],
    )
