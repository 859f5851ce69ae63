"""Forms of trainings, their schedules, and watches over the champion's age."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from api.cron import MAX_CRON_LENGTH, cron_problem
from sensors.batches import VERSION_PATTERN

Variant = Literal["Raw", "Scaled"]
#: A year: whoever wants a longer one is better served by cron.
MAX_MINUTES = 366 * 24 * 60

DatasetVersion = Annotated[
    str,
    StringConstraints(pattern=f"^{VERSION_PATTERN.pattern}$"),
    Field(description="A dataset version that has batches.", examples=["2024-06"]),
]
Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$"),
    Field(
        description="Your name for the version to be trained; MLflow gives the number. It is kept with the job and the "
        "run (tag `geocrop/model_label`) and shown in lists.",
        examples=["long-rains-2024"],
    ),
]
Hyperparameters = Annotated[
    dict[str, Any],
    Field(
        description="Settings over the defaults, as `GET /admin/training/schema` lists them.",
        examples=[{"forest": {"n_estimators": 300}, "seed": 7}],
    ),
]
Minutes = Annotated[int, Field(ge=1, le=MAX_MINUTES, examples=[1440])]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class NewTraining(_Form):
    """A training to start now."""

    dataset_version: DatasetVersion
    model_version: Label | None = None
    model_variant: Variant = Field(description="`Raw`: features as measured; `Scaled`: standardised.")
    hyperparameters: Hyperparameters = {}


class NewSchedule(_Form):
    """A training by the clock: give `minutes` or `cron`."""

    dataset_version: DatasetVersion
    model_variant: Variant
    minutes: Minutes | None = Field(None, description="Start every so many minutes.")
    cron: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_CRON_LENGTH)] | None = Field(
        None, description="Start by a cron line of five fields, in UTC.", examples=["0 3 * * MON"]
    )
    hyperparameters: Hyperparameters = {}

    @field_validator("cron")
    @classmethod
    def _cron_is_understood(cls, line: str | None) -> str | None:
        problem = None if line is None else cron_problem(line)
        if problem is not None:
            raise ValueError(problem)
        return line

    @model_validator(mode="after")
    def _one_of_two(self) -> NewSchedule:
        if (self.minutes is None) == (self.cron is None):
            raise ValueError("give minutes or cron, one of the two")
        return self


class ScheduleView(BaseModel):
    """A schedule, and how it fared."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    id: str
    dataset_version: str
    model_variant: str
    minutes: int | None
    cron: str | None = Field(description="In UTC.")
    hyperparameters: dict[str, Any]
    next_at: datetime = Field(description="When it starts a training next; a time gone by waits for the one before.")
    last_job_id: str | None
    last_problem: str | None = Field(description="Why it started none the last time.")
    created_by: str
    created_at: datetime


class NewWatch(_Form):
    """An alert when the champion gets old."""

    minutes: Minutes = Field(description="Tell when the champion was trained longer ago than this.")


class WatchView(BaseModel):
    """A watch over the champion's age."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    minutes: int
    last_told_version: int | None = Field(description="The champion that was told of: each is told once.")
    created_by: str
    created_at: datetime
