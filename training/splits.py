"""Which rows are held out, and which fold a row is in: whole groups only, the same in every dataset version.

A group (a spatial block, or what a batch gives instead) is held out when a hash of its key and the seed falls
below the test size. Nothing else enters the rule, so a place once held out stays held out when batches are
added, and a champion is never judged on blocks it was trained on. Only where few groups make that rule
hopeless are the groups taken by the rank of their hash instead, and `Split.rule` and a warning say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from training.group_table import GroupTable, NothingToLearn, TooFewGroups, as_text, count_groups, group_hash

__all__ = ["FoldMasks", "NothingToLearn", "Split", "TooFewGroups", "group_hash", "random_rows", "split_blocks"]

BoolArray = npt.NDArray[np.bool_]
Folds = npt.NDArray[np.int8]

MIN_FOLDS = 2
MAX_FOLDS = 100  # `Split.folds` is int8
MAX_TEST_SIZE = 0.5  # more than half held out leaves too little to learn from
HOPELESS_SHARE = 0.25  # of test_size: a held-out part smaller than this judges nothing
GROUPS_FOR_TWO_HELD_OUT = 5  # one held-out group has no interval: from so many groups on, take two
NAMED_IN_WARNING = 8  # classes named in one warning; the rest is counted


class FoldMasks(NamedTuple):
    """The rows a fold's model is fitted on and the rows it predicts: two bool arrays over all n rows."""

    fit: BoolArray
    judge: BoolArray


@dataclass(frozen=True, eq=False)
class Split:
    """Held-out rows and cross-fitting folds of a table of n rows, in the order of the table.

    Attributes:
        test: bool [n], true where the row is held out.
        folds: int8 [n], -1 where held out, otherwise the fold 0..k-1 whose model predicts the row.
        method: one sentence for reports: how many groups were held out, and by which rule.
        warnings: what a reader of the accuracy should know, as sentences.
        rule: "hash" (membership depends on group key and seed only) or "rank" (also on the other groups).

    """

    test: BoolArray
    folds: Folds
    method: str
    warnings: tuple[str, ...] = ()
    rule: Literal["hash", "rank"] = "hash"

    def __post_init__(self) -> None:
        self.test.setflags(write=False)
        self.folds.setflags(write=False)

    @property
    def train(self) -> BoolArray:
        """Rows that models may learn from: bool [n]."""
        return ~self.test

    @property
    def n_folds(self) -> int:
        """Number of folds k."""
        return int(self.folds.max()) + 1

    @property
    def train_folds(self) -> Folds:
        """Folds of the training rows only, int8 [n_train]: what out-of-fold probabilities are aligned to."""
        return self.folds[self.train]

    def fold_of(self, fold: int) -> FoldMasks:
        """Return the masks of one fold over all n rows; held-out rows are in neither.

        Classes may be absent from `fit` (a class that lives in one group): encode labels inside each fit.
        """
        if not 0 <= fold < self.n_folds:
            raise ValueError(f"fold {fold} is not one of 0..{self.n_folds - 1}")
        judge = self.folds == fold
        return FoldMasks(fit=self.train & ~judge, judge=judge)


def split_blocks(
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    test_size: float = 0.2,
    seed: int = 42,
    folds: int = 5,
) -> Split:
    """Hold out whole groups and cut the rest into grouped, class-balanced folds.

    Args:
        labels: class names [n].
        groups: group keys [n]; rows with equal keys are never in two parts.
        test_size: share to hold out, above 0 and at most 0.5.
        seed: of the hash.
        folds: wished number of folds (2..100); fewer, with a warning, where there are fewer training groups.

    Raises:
        NothingToLearn: no rows, or rows of one class only.
        TooFewGroups: fewer than three groups, or none can be held out without leaving one class to train on.
        ValueError: arguments out of range, or arrays of unequal length.

    """
    _validate_arguments(test_size, folds)
    known = count_groups(as_text(labels, "labels"), as_text(groups, "groups"), seed)
    held, rule = _hold_out(known, test_size)
    fold_of_group = _assign_folds(known, ~held, folds)
    test = held[known.of_row]
    return Split(
        test=test,
        folds=fold_of_group[known.of_row],
        method=_describe(known, held, rule, fold_of_group, (test_size, seed)),
        warnings=tuple(_warnings(known, held, rule, fold_of_group, folds)),
        rule=rule,
    )


def random_rows(split: Split, labels: npt.ArrayLike, *, seed: int = 42) -> Split:
    """Return the same held-out rows with folds of random, class-balanced training rows: leaky on purpose.

    Out-of-fold predictions of these folds show by how much random rows flatter a model. Nothing else may use them.
    """
    names = as_text(labels, "labels")
    if names.shape != split.test.shape:
        raise ValueError(f"{names.size} labels for {split.test.size} rows")
    rows = np.flatnonzero(split.train)
    shuffled = np.random.default_rng(seed).permutation(rows)
    by_class = shuffled[np.argsort(names[shuffled], kind="stable")]
    folds = np.full(split.folds.shape, -1, dtype=np.int8)
    folds[by_class] = np.arange(rows.size) % split.n_folds
    return Split(split.test, folds, f"{split.n_folds} folds of random rows: leaky", split.warnings, split.rule)


def _validate_arguments(test_size: float, folds: int) -> None:
    if not 0 < test_size <= MAX_TEST_SIZE:
        raise ValueError(f"test_size {test_size} is not above 0 and at most {MAX_TEST_SIZE}")
    if not MIN_FOLDS <= folds <= MAX_FOLDS:
        raise ValueError(f"folds {folds} is not one of {MIN_FOLDS}..{MAX_FOLDS}")


def _hold_out(known: GroupTable, test_size: float) -> tuple[BoolArray, Literal["hash", "rank"]]:
    """Return which groups are held out, and by which rule."""
    by_hash: BoolArray = known.hashes < test_size
    if _can_judge(known, by_hash, test_size):
        return by_hash, "hash"
    for least_classes in (
        len(known.classes),
        2,
    ):  # first try to keep every class learnable, then at least two
        by_rank = _hold_out_by_rank(known, test_size, least_classes)
        if by_rank.any():
            return by_rank, "rank"
    raise TooFewGroups(
        f"None of the {known.keys.size} groups can be held out without leaving fewer than two classes, two "
        "groups or half of the samples to learn from. Upload samples of each class from more places, or "
        "choose smaller spatial blocks."
    )


def _min_held_groups(known: GroupTable) -> int:
    return 2 if known.keys.size >= GROUPS_FOR_TWO_HELD_OUT else 1


def _can_judge(known: GroupTable, held: BoolArray, test_size: float) -> bool:
    """Tell whether a held-out part is of use: neither part hopeless in groups, in samples or in classes."""
    share = known.sizes[held].sum() / known.sizes.sum()
    return (
        int(held.sum()) >= _min_held_groups(known)
        and int((~held).sum()) >= MIN_FOLDS
        and bool(HOPELESS_SHARE * test_size <= share <= MAX_TEST_SIZE)
        and _n_classes(known, held) >= 2  # noqa: PLR2004
        and _n_classes(known, ~held) >= 2  # noqa: PLR2004
    )


def _n_classes(known: GroupTable, groups: BoolArray) -> int:
    return int((known.counts[groups].sum(axis=0) > 0).sum())


def _hold_out_by_rank(known: GroupTable, test_size: float, least_classes: int) -> BoolArray:
    """Hold out groups of the smallest hash until the share, enough groups and two classes are reached.

    A group is passed over when without it fewer than `least_classes` classes, two groups or half of the
    samples would be left to learn from.
    """
    held = np.zeros(known.keys.size, dtype=np.bool_)
    total = known.sizes.sum()
    for group in np.argsort(known.hashes, kind="stable"):
        trial = held.copy()
        trial[group] = True
        too_much = known.sizes[trial].sum() > MAX_TEST_SIZE * total or int((~trial).sum()) < MIN_FOLDS
        if too_much or _n_classes(known, ~trial) < least_classes:
            continue
        held = trial
        enough = known.sizes[held].sum() >= test_size * total and int(held.sum()) >= _min_held_groups(known)
        if enough and _n_classes(known, held) >= 2:  # noqa: PLR2004
            break
    return held


def _assign_folds(known: GroupTable, training: BoolArray, wished: int) -> Folds:
    """Return the fold of each group (int8 [g], -1 where held out), classes and sizes spread evenly.

    Greedy: the groups that hold the largest share of a class first, each into the fold where it adds least to
    the sum of the classes' variances over folds; no fold stays empty.
    """
    rows = np.flatnonzero(training)
    k = min(wished, rows.size)
    amounts = np.column_stack([known.counts, known.sizes])[rows].astype(np.float64)  # the last column balances sizes
    amounts /= np.maximum(amounts.sum(axis=0), 1)
    order = np.lexsort((known.hashes[rows], -amounts.max(axis=1)))
    filled = np.zeros((k, amounts.shape[1]))
    n_groups = np.zeros(k, dtype=np.int64)
    folds = np.full(known.keys.size, -1, dtype=np.int8)
    for done, position in enumerate(order):
        added = filled @ amounts[position]
        empty = n_groups == 0
        if int(empty.sum()) >= order.size - done:
            added = np.where(empty, added, np.inf)
        fold = int(np.lexsort((n_groups, added))[0])
        filled[fold] += amounts[position]
        n_groups[fold] += 1
        folds[rows[position]] = fold
    return folds


def _describe(known: GroupTable, held: BoolArray, rule: str, fold_of_group: Folds, asked: tuple[float, int]) -> str:
    test_size, seed = asked
    share = known.sizes[held].sum() / known.sizes.sum()
    how = (
        f"hash of group key and seed {seed} below {test_size:g}"
        if rule == "hash"
        else f"smallest hashes of group key and seed {seed} until {test_size:g} of the samples"
    )
    return (
        f"{int(held.sum())} of {held.size} groups held out ({share:.1%} of the samples; {how}); "
        f"{int(fold_of_group.max()) + 1} grouped, class-balanced folds over the rest"
    )


def _warnings(known: GroupTable, held: BoolArray, rule: str, fold_of_group: Folds, wished: int) -> list[str]:
    found: list[str] = []
    k = int(fold_of_group.max()) + 1
    if rule == "rank":
        found.append(
            f"{held.size} groups are too few to hold some out by hash alone: they were taken by rank of "
            "their hash, and may change when groups are added."
        )
    if k < wished:
        found.append(f"{k} folds instead of {wished}: only {int((~held).sum())} groups are left to train on.")
    absent_held = [name for name, n in zip(known.classes, known.counts[held].sum(axis=0), strict=True) if n == 0]
    absent_train = [name for name, n in zip(known.classes, known.counts[~held].sum(axis=0), strict=True) if n == 0]
    if absent_held:
        found.append(f"No held-out samples of {_name(absent_held)}: no accuracy can be stated for them.")
    if absent_train:
        found.append(f"Only held-out samples of {_name(absent_train)}: the model cannot know them.")
    found.extend(_fold_warnings(known, held, fold_of_group, set(absent_train), k))
    return found


def _fold_warnings(
    known: GroupTable, held: BoolArray, fold_of_group: Folds, never_trained: set[str], k: int
) -> list[str]:
    """Name the classes that a fold's model never sees: it cannot predict them out of fold."""
    unseen: set[str] = set()
    for fold in range(k):
        seen = known.counts[~held & (fold_of_group != fold)].sum(axis=0)
        unseen |= {name for name, n in zip(known.classes, seen, strict=True) if n == 0}
    names = sorted(unseen - never_trained)
    if not names:
        return []
    return [f"All training samples of {_name(names)} are in one fold: its model cannot predict them."]


def _name(classes: list[str]) -> str:
    listed = ", ".join(classes[:NAMED_IN_WARNING])
    rest = len(classes) - NAMED_IN_WARNING
    return listed if rest <= 0 else f"{listed} and {rest} more"
