"""Forms of dataset versions and their uploads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from api.dataset_state import DatasetState

ReadyState = Literal["absent", "stale", "ready"]


class UploadedBatch(BaseModel):
    """One batch of an upload that was accepted."""

    name: str = Field(examples=["mutoko_2024.csv"])
    size: int = Field(description="Bytes.", examples=[48213])
    lines: int = Field(description="Lines below the header.", examples=[1200])
    kind: Literal["places", "features"]
    recipe: str | None = Field(description="Of a batch that brings features.", examples=["geomad-semiannual@1"])
    state: Literal["new", "unchanged"] = Field(description="`unchanged`: it was there already, with this content.")
    warnings: list[str] = []


class UploadAnswer(BaseModel):
    """What an upload came to."""

    version: str = Field(examples=["2024-06"])
    batches: list[UploadedBatch]
    complete: bool = Field(description="The marker is there: preparing begins without the quiet period.")
    sidecar: dict[str, Any] = Field(description="What dataset.yaml says now.", examples=[{"season": "2023-2024"}])
    links: dict[str, str]


class BatchInfo(BaseModel):
    """One batch of a dataset version."""

    name: str
    size: int = Field(description="Bytes.")
    modified: datetime
    rows: int | None = Field(description="Lines below the header; null where nobody has counted yet.")
    samples: int | None = Field(description="Samples kept of it; null before the version is prepared.")


class DatasetModel(BaseModel):
    """A model that was trained from a dataset version."""

    version: int
    variant: str
    gate: str | None = Field(description="`passed` or `refused`, against the champion of that moment.")
    champion: bool
    current: bool = Field(description="Trained from the batches that are there now.")
    created: datetime


class Dataset(BaseModel):
    """One dataset version: its batches, and what was made of them."""

    version: str = Field(examples=["2024-06"])
    digest: str = Field(description="Of the content: batches and sidecar.")
    complete: bool
    batches: list[BatchInfo]
    size: int = Field(description="Bytes of all batches.")
    recipe: str | None
    rows: int | None = Field(description="Samples, once prepared.")
    labels: dict[str, int] = Field(description="Class -> samples, once prepared.", examples=[{"maize": 812}])
    samples: ReadyState = Field(description="`stale`: made from other batches than those of now.")
    features: ReadyState
    models: list[DatasetModel]

    @classmethod
    def of(cls, state: DatasetState) -> Dataset:
        """Return a dataset version as the API shows it."""
        facts = state.facts
        return cls(
            version=state.version,
            digest=state.digest,
            complete=state.complete,
            batches=[
                BatchInfo(name=one.name, size=one.size, modified=one.modified, rows=one.lines, samples=one.samples)
                for one in state.batches
            ],
            size=sum(one.size for one in state.batches),
            recipe=None if facts is None else facts.recipe,
            rows=None if facts is None else facts.rows,
            labels={} if facts is None else dict(facts.labels),
            samples=state.samples,
            features=state.features,
            models=[
                DatasetModel(
                    version=one.version,
                    variant=one.variant,
                    gate=one.tags.get("gate"),
                    champion=one.is_champion,
                    current=one.dataset_digest == state.digest,
                    created=datetime.fromtimestamp(one.created, UTC),
                )
                for one in state.models
            ],
        )
