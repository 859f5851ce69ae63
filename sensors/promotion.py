"""`promote_best_candidate`: when all variants of a dataset version have settled, the best that passed the gate.

Waiting for all variants lets the better one win, and not the one that happened to finish first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["running", "passed", "failed"]


@dataclass(frozen=True)
class TrainingRun:
    """How one training run stands. A run whose blocking check refused the candidate has failed."""

    dataset_version: str
    dataset_digest: str
    variant: str
    state: State
    started: float  # seconds since the epoch
    model_version: int | None = None
    score: float | None = None  # macro F1 on the held-out blocks


@dataclass(frozen=True)
class PromotionRequest:
    """The model version to promote, and why."""

    model_version: int
    reason: str
    dataset_version: str
    dataset_digest: str

    @property
    def run_key(self) -> str:
        """Identify this promotion for ever."""
        return f"promote--{self.dataset_version}--{self.dataset_digest}--v{self.model_version}"


@dataclass(frozen=True)
class PromotionDecision:
    """What to promote now, and which contents are settled: those need not be looked at again."""

    requests: tuple[PromotionRequest, ...]
    settled: frozenset[str]


def content_key(dataset_version: str, dataset_digest: str) -> str:
    """Return the name of one content of a dataset version in the sensor's cursor."""
    return f"{dataset_version}--{dataset_digest}"


def decide_promotion(runs: Iterable[TrainingRun], variants: Sequence[str]) -> PromotionDecision:
    """Decide which candidates to promote: for each dataset content, once every variant has settled, the best.

    Of several runs of one variant the last started counts.
    """
    contents: dict[tuple[str, str], dict[str, TrainingRun]] = defaultdict(dict)
    for run in sorted(runs, key=lambda one: one.started):
        contents[run.dataset_version, run.dataset_digest][run.variant] = run
    settled = {
        content_key(*content): list(by_variant.values())
        for content, by_variant in contents.items()
        if set(variants) <= set(by_variant) and all(run.state != "running" for run in by_variant.values())
    }
    requests = tuple(request for found in settled.values() if (request := _best(found)) is not None)
    return PromotionDecision(requests, frozenset(settled))


def _best(settled: Sequence[TrainingRun]) -> PromotionRequest | None:
    """Return the promotion of the passed run with the best score, or None where all were refused."""
    passed = [run for run in settled if run.state == "passed" and run.model_version is not None]
    if not passed:
        return None
    best = max(passed, key=lambda run: (run.score or 0.0, run.variant))
    told = ", ".join(
        f"{run.variant} {run.score:.3f}" if run.score is not None else f"{run.variant} {run.state}"
        for run in sorted(settled, key=lambda one: one.variant)
    )
    assert best.model_version is not None  # noqa: S101  # filtered above
    return PromotionRequest(
        best.model_version,
        f"best of the variants by macro F1 on held-out blocks ({told})",
        best.dataset_version,
        best.dataset_digest,
    )
