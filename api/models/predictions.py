"""Forms of predictions: asked for, estimated, followed, and the map that came of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from api.models.aois import BOX_EXAMPLE, AoiId, BoxForm, GeoJsonForm, form_of

State = Literal["queued", "running", "ready", "failed", "cancelled"]


class PredictionRequest(BaseModel):
    """Which map is wanted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"aoi": "a1f3c5b7d9e0f2a4c", "season": "2023-2024"},
                {"aoi": BOX_EXAMPLE, "season": "2023-2024"},
            ]
        },
    )

    aoi: Annotated[Annotated[AoiId, Tag("id")] | BoxForm | GeoJsonForm, Discriminator(form_of)] = Field(
        description="The id of an AOI, or its geometry, which is then kept as an AOI of yours."
    )
    season: str = Field(
        max_length=32,
        description="Two years that follow each other: 1 September of the first to 31 August of the second.",
        examples=["2023-2024"],
    )


class QuotaView(BaseModel):
    """How many jobs one may start. Maps that are there already cost nothing, nor do those that others have started."""

    limit: int | None = Field(description="Null: any number.", examples=[5])
    started: int = Field(description="Jobs that were counted; failures of the platform are given back.", examples=[2])
    left: int | None = Field(description="Null: any number.", examples=[3])


class PredictedAoi(BaseModel):
    """Of where the map is."""

    id: str = Field(examples=["a1f3c5b7d9e0f2a4c"])
    name: str | None
    area_ha: float
    bbox: tuple[float, float, float, float] = Field(description="West, south, east, north in degrees.")


class LegendEntry(BaseModel):
    """One class of the map."""

    code: int = Field(description="Pixel value of band 1.", examples=[3])
    name: str = Field(examples=["maize"])
    title: str = Field(examples=["Maize"])
    color: str = Field(examples=["#ffd700"])


class AreaInterval(BaseModel):
    """A class's hectares, corrected by the model's errors on held-out places, with their 95 % interval.

    It holds if the model errs here as it did there.
    """

    estimated: float = Field(description="Hectares.", examples=[38.9])
    low: float = Field(description="Hectares.", examples=[31.0])
    high: float = Field(description="Hectares.", examples=[46.7])


class ClassArea(LegendEntry):
    """How much of the AOI has a class."""

    hectares: float = Field(examples=[41.2])
    share: float = Field(description="Of the AOI's pixels, 0 to 1.", examples=[0.35])
    mean_confidence: float = Field(description="Percent.", examples=[87.5])
    interval: AreaInterval | None = Field(
        None, description="Null: the model has no evaluation, or the map was made before there were intervals."
    )


class MapResult(BaseModel):
    """The map, and what is known of it."""

    tilejson: str = Field(description="TileJSON, in the class colours.")
    download: str = Field(description="The cloud-optimised GeoTIFF: class, confidence, clear observations.")
    stac_item: str = Field(description="The STAC item as it was published: scenes, model and dataset of this map.")
    stac: str = Field(description="The item in the STAC catalogue, which needs the token: always the newest map.")
    thumbnail: str = Field(description="PNG.")
    areas_csv: str = Field(description="The table of areas.")
    areas: list[ClassArea] = Field(description="The largest class first.")
    caveat: str = Field(description="What the areas are not.")
    legend: list[LegendEntry] = Field(description="All classes, in the order of their codes.")
    hectares_mapped: float
    share_mapped: float = Field(description="Of the AOI's pixels that were ever seen clear, 0 to 1.")
    mean_confidence: float = Field(description="Percent, over the mapped pixels.")
    share_applicable: float | None = Field(description="Of the mapped pixels that look like the training samples.")
    model_version: int
    bundle_hash: str = Field(description="Content hash of the model.")
    simulated: bool = Field(description="Made of simulated scenes.")


class PredictionLinks(BaseModel):
    """Where to go on."""

    model_config = ConfigDict(populate_by_name=True)

    self_: str = Field(alias="self")
    events: str = Field(description="Server-Sent Events; the token in it is good for an hour.")
    aoi: str


class PredictionView(BaseModel):
    """A prediction: one user's request for the map of an AOI and a season."""

    id: str
    state: State
    progress: float = Field(ge=0, le=100, description="Percent.")
    step: str | None = Field(description="What is being done.", examples=["reading scenes"])
    position: int | None = Field(description="In the queue of the lane, from 1.")
    lane: Literal["interactive", "batch"]
    cancelling: bool = Field(description="It was asked to stop, and has not yet.")
    reason: str | None = Field(description="Why it failed, or what it waits for.")
    reason_code: str | None
    aoi: PredictedAoi
    season: str
    job_id: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    requested_by: str | None = Field(None, description="For administrators only.")
    run: str | None = Field(None, description="The run's page in Dagster; for administrators only.")
    result: MapResult | None = Field(description="When the state is `ready`.")
    links: PredictionLinks


class PredictionStarted(PredictionView):
    """A prediction, and what can be looked at until its map is there."""

    baselines: dict[int, str | None] = Field(
        description="TileJSON of the Dynamic World baseline by year, 2015 to 2025; null where there is none."
    )


class Estimate(BaseModel):
    """What asking for a map would mean; nothing was started or kept."""

    aoi: PredictedAoi
    season: str
    lane: Literal["interactive", "batch"]
    state: Literal["new", "in flight", "ready"] = Field(description="Whether the map is there, or being made.")
    scenes: int | None = Field(description="Scenes that the map would be made of; 0: there is nothing to map.")
    scenes_reason: str | None = Field(description="Why the number is not known.")
    expected_seconds: float | None = Field(description="From start to map, by what past jobs took per hectare.")
    expected_reason: str | None = Field(description="Why that is not known.")
    costs: int = Field(description="Jobs that it would cost: 0 when it is there or in flight, or you are not counted.")
    quota: QuotaView
