"""Forms of model versions, promotion and metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from resources.promotion import MIN_REASON_LENGTH

MAX_REASON_LENGTH = 500
#: What every database's integer holds.
MAX_VERSION = 2**31 - 1

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=MIN_REASON_LENGTH, max_length=MAX_REASON_LENGTH),
    Field(description="Why; it is kept in the audit.", examples=["better on sorghum, by the field visit of May"]),
]


class GateView(BaseModel):
    """What the gate said when the version was evaluated."""

    passed: bool
    refused_for: list[str] = Field(description="Stable codes.", examples=[["not-better"]])
    reasons: list[str] = Field(description="Sentences with the figures.")
    against: int | None = Field(description="The champion that it was judged against; null: there was none.")
    macro_f1: float | None
    macro_f1_champion: float | None
    probability_better: float | None
    samples: int = Field(description="Held-out samples that it was judged on.")


class ClassRecallView(BaseModel):
    """Recall of one class by candidate and champion on the same held-out samples."""

    model_config = ConfigDict(extra="ignore")

    label: str
    support: int
    candidate: float
    champion: float
    rule: str
    down: bool


class ModelView(BaseModel):
    """One model version."""

    version: int = Field(examples=[7])
    label: str | None = Field(
        description="What the one who started its training called it.", examples=["long-rains-2024"]
    )
    dataset_version: str = Field(examples=["2024-06"])
    variant: str = Field(examples=["Raw"])
    recipe: str = Field(examples=["s2-season@1"])
    champion: bool
    aliases: list[str]
    created: datetime
    metrics: dict[str, float] = Field(examples=[{"macro_f1": 0.81, "overall_accuracy": 0.86}])
    gate: GateView | None = Field(description="Null before the evaluation.")


class Finding(BaseModel):
    """One thing that the gate looked at."""

    code: str
    passed: bool
    text: str


class ModelDetail(ModelView):
    """One model version, with all of the gate's evidence and links to its report."""

    findings: list[Finding]
    recalls: list[ClassRecallView]
    evaluated: bool
    bundle_hash: str
    mlflow_run_id: str
    links: dict[str, str] = Field(examples=[{"report.md": "https://.../admin/models/7/report/report.md"}])


class Promote(BaseModel):
    """Why a version shall make the maps from now on."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    override_gate: bool = Field(False, description="Promote although the gate refuses; recorded.")


class Rollback(BaseModel):
    """Why to go back, and to which version."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    version: Annotated[int, Field(ge=1, le=MAX_VERSION)] | None = Field(
        None, description="Null: the champion before this one."
    )


class Metrics(BaseModel):
    """How good the champion is, and what was trained lately."""

    champion: int | None = Field(description="Version number; null before the first promotion.")
    champion_metrics: dict[str, float]
    past_days: Literal[7] = 7
    past_versions: list[int] = Field(description="Registered in these days.")
    past_mean: dict[str, float] = Field(description="Mean of each metric over those versions that have it.")
