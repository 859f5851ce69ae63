"""`retrain_on_new_features`: a dataset version whose features are ready is trained, once for each variant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FeaturesReady:
    """One materialization of `feature_selection`: a dataset version with the content it was made from."""

    dataset_version: str
    dataset_digest: str


@dataclass(frozen=True)
class TrainingRequest:
    """One model to train."""

    dataset_version: str
    dataset_digest: str
    variant: str

    @property
    def run_key(self) -> str:
        """Identify this training for ever: the same content is never trained twice by itself."""
        return f"train--{self.dataset_version}--{self.variant}--{self.dataset_digest}"


def decide_training(
    ready: Iterable[FeaturesReady], variants: Sequence[str], *, live_versions: Sequence[str]
) -> tuple[TrainingRequest, ...]:
    """Decide what to train: the newest content of each live dataset version, in every variant.

    `ready` is in order of time. Of several contents of one version only the last is trained: the others are
    overwritten already. A version whose partition was removed meanwhile is passed over.
    """
    newest = {one.dataset_version: one for one in ready if one.dataset_version in set(live_versions)}
    return tuple(
        TrainingRequest(one.dataset_version, one.dataset_digest, variant)
        for one in newest.values()
        for variant in variants
    )
