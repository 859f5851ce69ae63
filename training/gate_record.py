"""What the gate decides by and leaves behind: its config, findings and evidence, readable from JSON years later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from training.accuracy import REPLICATES

Share = Annotated[float, Field(ge=0, le=1)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GateConfig(_Record):
    """What is asked of a candidate."""

    min_probability: Share = Field(
        0.8, description="How probable (paired bootstrap over blocks) a better macro F1 must be."
    )
    recall_margin: Share = Field(0.05, description="How far a class's recall may fall.")
    min_class_support: int = Field(
        20, ge=1, description="Held-out samples from which on the margin applies: one sample is then no more than 0.05."
    )
    small_class_level: Share = Field(
        0.05, description="Level of the exact sign test that judges classes with fewer held-out samples."
    )
    min_training_samples: int = Field(10, ge=1, description="Training samples that each class needs.")
    min_groups: int = Field(5, ge=2, description="Held-out blocks that a comparison with a champion needs.")
    replicates: int = Field(REPLICATES, ge=100, description="Draws of the bootstrap.")
    seed: int = Field(42, ge=0, description="Seed of the bootstrap.")


class Finding(_Record):
    """One thing the gate looked at: a stable code, whether it passes, and a sentence with the figures."""

    code: str
    passed: bool
    text: str


class Party(_Record):
    """Who was judged."""

    name: str
    version: str
    recipe: str
    classes: tuple[str, ...]
    training_counts: dict[str, int]


class ClassRecall(_Record):
    """Recall of one class by both models on the same held-out samples.

    `lost` are samples only the champion has right, `gained` those only the candidate has right, `p_value` the one-sided
    exact sign test on them. `rule` says by what the class was judged: the margin, the sign test, or not at all.
    """

    label: str
    support: int
    candidate: float
    champion: float
    lost: int
    gained: int
    p_value: float
    rule: Literal["margin", "sign-test", "skipped"]
    down: bool


class Evidence(_Record):
    """The figures: of the candidate, and where there is a comparable champion, of the difference (95 % interval)."""

    n_samples: int
    n_groups: int
    macro_f1_candidate: float | None = None
    macro_f1_majority: float | None = None
    macro_f1_champion: float | None = None
    delta: float | None = None
    delta_low: float | None = None
    delta_high: float | None = None
    probability_better: float | None = None
    recalls: tuple[ClassRecall, ...] = ()
    left_out_groups: tuple[str, ...] = ()


class GateDecision(_Record):
    """Whether the candidate may become champion, and why."""

    passed: bool
    findings: tuple[Finding, ...]
    candidate: Party
    champion: Party | None
    config: GateConfig
    evidence: Evidence

    @property
    def reasons(self) -> tuple[str, ...]:
        """The sentences that decided: of what failed, or, when nothing did, of everything."""
        return tuple(finding.text for finding in self.findings if self.passed or not finding.passed)

    @property
    def refused_for(self) -> tuple[str, ...]:
        """Stable codes of what failed."""
        return tuple(finding.code for finding in self.findings if not finding.passed)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-safe dict."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> GateDecision:
        """Read what `to_dict` wrote; raises pydantic.ValidationError for anything else."""
        return cls.model_validate(raw)

    def to_markdown(self) -> str:
        """Return the verdict, the findings and the recalls as Markdown, for the Dagster UI."""
        lines = [f"**{'Passed' if self.passed else 'Refused'}**: {self.candidate.name} {self.candidate.version}", ""]
        lines += [f"- {'passes' if f.passed else '**fails**'}: {f.text}" for f in self.findings]
        if self.evidence.recalls:
            lines += [
                "",
                "| class | samples | candidate | champion | judged by |",
                "| --- | ---: | ---: | ---: | --- |",
            ]
            lines += [
                f"| {r.label} | {r.support:,} | {r.candidate:.3f} | {r.champion:.3f} | {r.rule.replace('-', ' ')} |"
                for r in self.evidence.recalls
            ]
        return "\n".join(lines) + "\n"
