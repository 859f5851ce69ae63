"""Who the gate judges, and on what: both models on the same held-out samples, in one order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from training.accuracy import Ints, confusion_by_block
from training.errors import GeocropError
from training.held_out import HeldOut


class NotComparable(GeocropError):
    """Apply both models to the held-out samples of one dataset version: the gate compares them sample by sample."""

    code: ClassVar[str] = "not-comparable"


@dataclass(frozen=True, eq=False)
class Contender:
    """A model version with what it predicts for the held-out samples of the candidate's dataset version.

    Attributes:
        name: of the registered model.
        version: of the registered model.
        recipe: id of the recipe, `s2-season@1`.
        classes: what the model can predict.
        training_counts: number of training samples by class.
        held_out: predictions; may be empty for a champion of another recipe, which cannot be applied.
        training_groups: blocks the model learned from. Held-out blocks that the champion learned from are left out of
            the comparison; a candidate that learned from any is refused.

    """

    name: str
    version: str
    recipe: str
    classes: tuple[str, ...]
    training_counts: Mapping[str, int]
    held_out: HeldOut
    training_groups: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, eq=False)
class CommonGround:
    """The samples both are judged on, sorted by sample id, counted by block."""

    candidate: HeldOut
    champion: HeldOut | None
    names: tuple[str, ...]
    majority: str
    left_out: tuple[str, ...]  # blocks the champion learned from

    def counts(self, held_out: HeldOut) -> Ints:
        """Return [block, truth, predicted]."""
        return confusion_by_block(held_out.labels, held_out.predicted, held_out.groups, self.names)


def common_ground(candidate: Contender, champion: Contender | None) -> CommonGround:
    """Bring both to one order, and leave out the blocks that the champion learned from.

    What is left may be empty, when the champion learned from all of them. Raises NotComparable for no held-out samples,
    a sample twice, or different samples, truths or blocks.
    """
    if len(candidate.held_out) == 0:
        raise NotComparable(f"There are no held-out samples to judge {candidate.name} {candidate.version} by.")
    own = _sorted(candidate)
    other = None if champion is None else _sorted(champion)
    left_out: tuple[str, ...] = ()
    if champion is not None and other is not None:
        _refuse_unless_same(own, other)
        known = np.isin(own.groups, np.array(sorted(champion.training_groups), dtype=np.str_))
        left_out = tuple(str(group) for group in np.unique(own.groups[known]))
        own, other = own.take(~known), other.take(~known)
    parties = [own] if other is None else [own, other]
    names = {str(name) for party in parties for name in (*np.unique(party.labels), *np.unique(party.predicted))}
    majority = _majority_class(candidate)
    return CommonGround(own, other, tuple(sorted(names | {majority})), majority, left_out)


def _sorted(contender: Contender) -> HeldOut:
    held_out = contender.held_out
    order = np.argsort(held_out.sample_ids, kind="stable")
    ids = held_out.sample_ids[order]
    if (ids[1:] == ids[:-1]).any():
        raise NotComparable(f"{contender.name} {contender.version} has held-out samples twice: judge each sample once.")
    return held_out.take(order)


def _refuse_unless_same(own: HeldOut, other: HeldOut) -> None:
    if not np.array_equal(own.sample_ids, other.sample_ids):
        shared = np.intersect1d(own.sample_ids, other.sample_ids).size
        raise NotComparable(
            f"The candidate is judged on {len(own)} samples, the champion on {len(other)}, and {shared} are the same: "
            "apply the champion to the candidate's held-out samples."
        )
    for what in ("labels", "groups"):
        if not np.array_equal(getattr(own, what), getattr(other, what)):
            raise NotComparable(f"The same held-out samples have different {what} for candidate and champion.")


def _majority_class(candidate: Contender) -> str:
    """Return the class with most training samples (the first by name of equals), or of the truth where none is told."""
    if candidate.training_counts:
        return min(candidate.training_counts, key=lambda name: (-candidate.training_counts[name], name))
    names, n = np.unique(candidate.held_out.labels, return_counts=True)
    return str(names[np.argmax(n)])
