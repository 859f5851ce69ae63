"""Held-out groups and folds: nothing leaks, nothing moves."""

from __future__ import annotations

import subprocess
import sys
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.splits import NothingToLearn, Split, TooFewGroups, group_hash, split_blocks

PINNED = 0.2873750116279684  # a change would move places between the parts of every dataset
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

tables = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["maize", "tobacco", "woodland"])), min_size=6, max_size=200
).filter(lambda rows: len({g for g, _ in rows}) >= 6 and len({c for _, c in rows}) >= 2)


def landscape(n_groups: int = 200, per_group: int = 10, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    groups = np.repeat([f"x{i % 20}y{i // 20}" for i in range(n_groups)], per_group)
    labels = rng.choice(["maize", "tobacco", "woodland"], size=groups.size, p=[0.6, 0.3, 0.1])
    return labels, groups


def split_or_none(labels: npt.ArrayLike, groups: npt.ArrayLike) -> Split | None:
    try:
        return split_blocks(labels, groups)
    except TooFewGroups:
        return None


@QUICK
@given(tables)
def test_no_group_is_in_two_parts_and_every_row_is_in_one(rows: list[tuple[int, str]]) -> None:
    groups = np.array([f"g{g}" for g, _ in rows])
    split = split_or_none([c for _, c in rows], groups)
    if split is None:
        return
    for group in np.unique(groups):
        assert np.unique(split.folds[groups == group]).size == 1
    assert np.array_equal(split.folds == -1, split.test)
    assert split.test.any()
    assert set(split.train_folds.tolist()) == set(range(split.n_folds))
    assert split.n_folds >= 2


@QUICK
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[int, str]], random: Random) -> None:
    labels, groups = np.array([c for _, c in rows]), np.array([f"g{g}" for g, _ in rows])
    order = list(range(len(rows)))
    random.shuffle(order)
    split = split_or_none(labels, groups)
    shuffled = split_or_none(labels[order], groups[order])
    assert (split is None) == (shuffled is None)
    if split is not None and shuffled is not None:
        assert np.array_equal(split.folds[order], shuffled.folds)
        assert split.method == shuffled.method


@QUICK
@given(st.integers(0, 2**32), st.integers(0, 60))
def test_a_place_once_held_out_stays_held_out_when_places_are_added(seed: int, added: int) -> None:
    labels, groups = landscape()
    more_groups = np.concatenate([groups, np.repeat([f"new{i}" for i in range(added)], 3).astype(groups.dtype)])
    more_labels = np.concatenate([labels, np.full(3 * added, "cotton")])
    before = split_blocks(labels, groups, seed=seed)
    after = split_blocks(more_labels, more_groups, seed=seed)
    assert before.rule == after.rule == "hash"
    assert np.array_equal(before.test, after.test[: groups.size])


def test_another_process_holds_out_the_same_groups() -> None:
    labels, groups = landscape(60)
    here = np.unique(groups[split_blocks(labels, groups).test]).tolist()
    code = (
        "import numpy as np; from training.splits import split_blocks\n"
        f"labels, groups = np.array({labels.tolist()}), np.array({groups.tolist()})\n"
        "import sys; sys.stdout.write(','.join(np.unique(groups[split_blocks(labels, groups).test])))"
    )
    there = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert there.split(",") == here


def test_the_hash_of_a_group_is_pinned_for_ever() -> None:
    assert group_hash("x1y2", 42) == group_hash("x1y2", 42) != group_hash("x1y2", 43)
    assert group_hash("x1y2", 42) == pytest.approx(PINNED, abs=1e-15)


def test_about_the_asked_share_is_held_out() -> None:
    labels, groups = landscape(400)
    assert split_blocks(labels, groups).test.mean() == pytest.approx(0.2, abs=0.05)


def test_folds_are_balanced_in_size_and_class() -> None:
    labels, groups = landscape(300)
    split = split_blocks(labels, groups)
    for name in np.unique(labels):
        counts = np.bincount(split.folds[split.train & (labels == name)], minlength=split.n_folds)
        assert counts.max() - counts.min() <= max(2, 0.05 * counts.mean())


def test_fold_masks_part_the_training_rows() -> None:
    labels, groups = landscape(50)
    split = split_blocks(labels, groups)
    seen = np.zeros(groups.size, dtype=int)
    for fold in range(split.n_folds):
        masks = split.fold_of(fold)
        assert not (masks.fit & masks.judge).any()
        assert not ((masks.fit | masks.judge) & split.test).any()
        assert np.array_equal(masks.fit | masks.judge, split.train)
        seen += masks.judge
    assert np.array_equal(seen == 1, split.train)
    with pytest.raises(ValueError, match="not one of"):
        split.fold_of(split.n_folds)


@pytest.mark.parametrize("n", [1, 50])
def test_one_class_only_is_refused_and_says_what_to_upload(n: int) -> None:
    with pytest.raises(NothingToLearn, match=r"only 'maize'.*at least one other class"):
        split_blocks(["maize"] * n, [f"g{i}" for i in range(n)])


def test_no_samples_are_refused() -> None:
    with pytest.raises(NothingToLearn, match="no samples"):
        split_blocks([], [])


def test_two_groups_are_refused_and_say_what_to_do() -> None:
    with pytest.raises(TooFewGroups, match="smaller spatial blocks"):
        split_blocks(["maize", "tobacco"] * 50, ["a", "b"] * 50)


def test_few_groups_are_taken_by_rank_and_said_so() -> None:
    groups = np.repeat([f"g{i}" for i in range(6)], 20)
    labels = np.tile(["maize", "tobacco"], 60)
    rules = {split_blocks(labels, groups, seed=seed).rule for seed in range(30)}
    assert rules == {"hash", "rank"}
    for seed in range(30):
        split = split_blocks(labels, groups, seed=seed)
        assert np.unique(groups[split.test]).size >= 2
        assert any("by rank" in text for text in split.warnings) == (split.rule == "rank")
        assert any("folds instead of 5" in text for text in split.warnings)
        assert split.test.mean() <= 0.5


def test_by_rank_a_class_of_one_group_stays_learnable() -> None:
    groups = np.repeat(["a", "b", "c", "d"], 10)
    labels = np.where(groups == "a", "cotton", np.where(np.arange(40) % 2 == 0, "maize", "tobacco"))
    for seed in range(20):
        split = split_blocks(labels, groups, seed=seed)
        if split.rule == "rank":
            assert "cotton" in labels[split.train]
            assert any("All training samples of cotton are in one fold" in text for text in split.warnings)


def test_a_class_absent_from_one_part_is_said() -> None:
    labels, groups = landscape(100)
    held = np.unique(groups[split_blocks(labels, groups).test])
    only_held, only_trained = labels.copy(), labels.copy()
    only_held[groups == held[0]] = "cotton"
    only_trained[groups == np.setdiff1d(groups, held)[0]] = "cotton"
    assert any("Only held-out samples of cotton" in text for text in split_blocks(only_held, groups).warnings)
    assert any("No held-out samples of cotton" in text for text in split_blocks(only_trained, groups).warnings)


def test_one_huge_group_is_not_held_out() -> None:
    groups = np.array(["huge"] * 900 + [f"g{i}" for i in range(10)] * 10)
    labels = np.tile(["maize", "tobacco"], 500)
    for seed in range(10):
        split = split_blocks(labels, groups, seed=seed)
        assert not split.test[0]
        assert split.test.any()


def test_fewer_samples_than_folds_give_fewer_folds() -> None:
    split = split_blocks(["maize", "tobacco", "maize", "tobacco"], ["a", "b", "c", "d"])
    assert 2 <= split.n_folds <= 3
    assert any("folds instead of 5" in text for text in split.warnings)


def test_a_split_cannot_be_changed_by_its_users() -> None:
    split = split_blocks(*landscape(30))
    with pytest.raises(ValueError, match="read-only"):
        split.test[0] = True


@pytest.mark.parametrize("bad", [{"test_size": 0.0}, {"test_size": 0.9}, {"folds": 1}, {"folds": 1000}])
def test_arguments_out_of_range_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not"):
        split_blocks(["a", "b"], ["c", "d"], **bad)


def test_labels_and_groups_must_match() -> None:
    with pytest.raises(ValueError, match="2 labels for 3 groups"):
        split_blocks(["a", "b"], ["c", "d", "e"])
    with pytest.raises(ValueError, match="one dimension"):
        split_blocks([["a"], ["b"]], ["c", "d"])


def test_ten_thousand_groups_are_split_in_seconds() -> None:
    labels, groups = landscape(10_000, 3)
    assert split_blocks(labels, groups).n_folds == 5
