"""Forms of jobs, as administrators see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

JobKind = Literal["prediction", "training", "promotion"]
JobState = Literal["queued", "running", "ready", "failed", "cancelled"]


class JobView(BaseModel):
    """One piece of work that Dagster does, whoever asked for it."""

    id: str = Field(examples=["0f8fad5bd9cb469fa16570867728950e"])
    kind: str = Field(examples=["training"])
    state: str = Field(examples=["running"])
    partition: str | None = Field(examples=["2024-06|Raw"])
    lane: str = Field(examples=["batch"])
    position: int | None = Field(description="In the lane's queue.")
    progress: float = Field(description="Percent.", examples=[40.0])
    step: str | None = Field(examples=["fitting xgboost"])
    stage: int = Field(description="Which of the stages is under way, from 1.", examples=[2])
    stages: list[str] = Field(
        description="Runs that follow each other.", examples=[["prepare_dataset", "train_models"]]
    )
    reason: str | None = Field(description="Why it waits or failed.")
    reason_code: str | None
    cancelling: bool = Field(description="Somebody has asked for an end; the run is being stopped.")
    user: str | None = Field(description="Who started it.", examples=["ada"])
    request: dict[str, Any] = Field(description="What was asked for.")
    result: dict[str, Any] | None = Field(description="Of a job that is ready.")
    run_id: str | None
    run_url: str | None = Field(description="The run's page in Dagster.")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
