"""The groups of a table: their keys, what they hold, and the hash that decides their part."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from training.errors import GeocropError

Counts = npt.NDArray[np.int64]

MIN_GROUPS = 3  # one to judge by, and two to cross-fit


class NothingToLearn(GeocropError):
    """Upload samples of at least two classes: with one class there is nothing to tell apart."""

    code: ClassVar[str] = "nothing-to-learn"


class TooFewGroups(GeocropError):
    """Upload samples from more places, or give smaller blocks: accuracy needs three separate groups."""

    code: ClassVar[str] = "too-few-groups"


@dataclass(frozen=True, eq=False)
class GroupTable:
    """The distinct groups (sorted by key) and what they hold."""

    keys: npt.NDArray[np.str_]  # [g]
    of_row: npt.NDArray[np.int64]  # [n], index into keys
    classes: tuple[str, ...]
    counts: Counts  # [g, c] samples
    hashes: npt.NDArray[np.float64]  # [g], in [0, 1)

    @property
    def sizes(self) -> Counts:
        """Samples in each group, int64 [g]."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.int64)


def group_hash(group: str, seed: int) -> float:
    """Return a number in [0, 1) that depends on group key and seed only, the same on every machine."""
    digest = hashlib.blake2b(f"{seed}\x1f{group}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)  # 53 bits: exact in a float64, never 1.0


def as_text(values: npt.ArrayLike, what: str) -> npt.NDArray[np.str_]:
    """Return one-dimensional values as text [n]; ValueError names what has another shape."""
    array: npt.NDArray[Any] = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{what} must have one dimension, not {array.ndim}")
    return array.astype(np.str_)


def count_groups(labels: npt.NDArray[np.str_], groups: npt.NDArray[np.str_], seed: int) -> GroupTable:
    """Count classes by group.

    Raises NothingToLearn (no rows or one class), TooFewGroups (fewer than three), ValueError (unequal lengths).
    """
    if labels.shape != groups.shape:
        raise ValueError(f"{labels.size} labels for {groups.size} groups")
    classes, class_of_row = np.unique(labels, return_inverse=True)
    if classes.size < 2:  # noqa: PLR2004 (a classifier tells two things apart)
        found = f"only '{classes[0]}' ({labels.size} samples)" if classes.size else "no samples"
        raise NothingToLearn(f"The dataset holds {found}. Upload a batch with samples of at least one other class.")
    keys, of_row = np.unique(groups, return_inverse=True)
    if keys.size < MIN_GROUPS:
        raise TooFewGroups(
            f"The {labels.size} samples are in {keys.size} group(s), and {MIN_GROUPS} are the least: one to "
            "judge by and two to cross-fit. Upload samples from more places, or choose smaller spatial blocks."
        )
    counts = np.zeros((keys.size, classes.size), dtype=np.int64)
    np.add.at(counts, (of_row, class_of_row), 1)
    hashes = np.array([group_hash(str(key), seed) for key in keys], dtype=np.float64)
    return GroupTable(keys, of_row, tuple(str(name) for name in classes), counts, hashes)
