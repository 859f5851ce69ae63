"""Forms of the asset graph, and of the platform's numbers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from api.workflow import Graph


class PartitionsView(BaseModel):
    """How many partitions of an asset are how."""

    model_config = ConfigDict(from_attributes=True)

    all: int = Field(examples=[12])
    materialized: int = Field(examples=[10])
    failed: int = Field(description="Whose newest try failed.", examples=[1])
    materializing: int = Field(examples=[0])


class AssetView(BaseModel):
    """One asset of the graph."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(examples=["season_composite"])
    group: str = Field(examples=["maps"])
    description: str
    kinds: list[str] = Field(examples=[["python"]])
    depends_on: list[str] = Field(description="Names of assets; one that is not listed is a source.", examples=[[]])
    partitions: PartitionsView | None = Field(description="Null: the asset has none.")
    last: datetime | None = Field(description="The newest materialization; null: there was none yet.")


class WorkflowView(BaseModel):
    """The asset graph as Dagster knows it. Partitions are counted, not named: they are people's areas."""

    assets: list[AssetView]
    asked_at: datetime = Field(description="When Dagster was asked; the answer is kept for some seconds.")

    @classmethod
    def of(cls, graph: Graph) -> Self:
        """Return a graph as the API shows it."""
        return cls(assets=[AssetView.model_validate(one) for one in graph.assets], asked_at=graph.asked)


class HistogramBucket(BaseModel):
    """How many took at most this long, and longer than the bucket before says."""

    up_to: float | None = Field(description="Seconds; null: any longer time.", examples=[2.0])
    count: int


class Histogram(BaseModel):
    """Times, by how long they were."""

    count: int
    seconds: float = Field(description="The sum of all.")
    buckets: list[HistogramBucket]


class Numbers(BaseModel):
    """Numbers of the API process that answers, and of the platform's queue; null where nobody could be asked."""

    started_at: datetime | None = Field(description="When this process started: requests and times count from then.")
    memory_bytes: float | None
    cpu_seconds: float | None
    jobs: dict[str, int] | None = Field(description="By state.", examples=[{"queued": 0, "ready": 12}])
    lane_slots: float | None = Field(description="Of the warm worker.")
    lane_busy: float | None
    lane_queue: float | None
    requests: dict[str, int] = Field(description="Answered, by kind of status.", examples=[{"2xx": 812, "4xx": 3}])
    request_seconds: Histogram = Field(description="To the first byte of an answer.")
    map_seconds: Histogram = Field(description="From a request to its map.")
