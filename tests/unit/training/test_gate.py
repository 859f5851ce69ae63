"""The promotion gate: better, on the same blocks, and no class the worse for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.gate import Contender, GateConfig, GateDecision, NotComparable, judge
from training.held_out import HeldOut

CLASSES = ("cotton", "maize", "tobacco")
QUICK = GateConfig(replicates=200)


def samples(n_groups: int = 40, per_group: int = 12, seed: int = 1) -> HeldOut:
    """The truth, predicted perfectly."""
    n = n_groups * per_group
    labels = np.random.default_rng(seed).choice(CLASSES, n)
    return HeldOut(
        sample_ids=np.array([f"s{i:05d}" for i in range(n)]),
        groups=np.repeat([f"g{i}" for i in range(n_groups)], per_group),
        labels=labels,
        predicted=labels.copy(),
        confidence=np.full(n, np.nan, dtype=np.float32),
    )


def wrong(held_out: HeldOut, rows: np.ndarray) -> HeldOut:
    """Make these rows wrong: each class is taken for the next one."""
    following = dict(zip(CLASSES, CLASSES[1:] + CLASSES[:1], strict=True))
    predicted = held_out.predicted.copy()
    predicted[rows] = [following[name] for name in held_out.labels[rows]]
    return replace(held_out, predicted=predicted)


def randomly_wrong(share: float, seed: int, **size: int) -> HeldOut:
    truth = samples(**size)
    return wrong(truth, np.random.default_rng(seed).random(len(truth)) < share)


def contender(held_out: HeldOut, **changes: Any) -> Contender:  # noqa: ANN401 (fields of Contender)
    base = Contender(
        name="geocrop",
        version="2",
        recipe="s2-season@1",
        classes=CLASSES,
        training_counts=dict.fromkeys(CLASSES, 500),
        held_out=held_out,
    )
    return replace(base, **changes)


def champion(held_out: HeldOut, **changes: Any) -> Contender:  # noqa: ANN401 (fields of Contender)
    return contender(held_out, version="1", **changes)


def test_a_clearly_better_candidate_passes_and_the_record_says_by_how_much() -> None:
    decision = judge(contender(randomly_wrong(0.1, 1)), champion(randomly_wrong(0.3, 2)))
    assert decision.passed
    assert decision.refused_for == ()
    evidence = decision.evidence
    assert evidence.delta == pytest.approx(0.2, abs=0.05)
    assert evidence.delta_low < evidence.delta < evidence.delta_high
    assert evidence.probability_better > 0.99
    assert (evidence.n_samples, evidence.n_groups) == (480, 40)
    assert [recall.label for recall in evidence.recalls] == list(CLASSES)
    assert any("better with probability 1.00, and 0.80 is asked" in text for text in decision.reasons)


def test_a_decision_survives_json() -> None:
    decision = judge(contender(randomly_wrong(0.1, 1)), champion(randomly_wrong(0.3, 2)), QUICK)
    text = json.dumps(decision.to_dict(), allow_nan=False)
    assert GateDecision.from_dict(json.loads(text)) == decision
    assert json.loads(text)["config"]["seed"] == 42


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 0.9), st.integers(0, 1000))
def test_identical_models_do_not_pass(share: float, seed: int) -> None:
    same = randomly_wrong(share, seed)
    decision = judge(contender(same), champion(same), QUICK)
    assert not decision.passed
    assert "better-macro-f1" in decision.refused_for
    assert decision.evidence.delta == 0
    assert decision.evidence.probability_better == 0


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 0.6), st.floats(0.005, 0.5), st.integers(0, 1000))
def test_a_candidate_that_only_adds_errors_never_passes(share: float, more: float, seed: int) -> None:
    before = randomly_wrong(share, seed)
    right = np.flatnonzero(before.labels == before.predicted)
    spoiled = right[np.random.default_rng(seed + 1).random(right.size) < more]
    decision = judge(contender(wrong(before, spoiled)), champion(before), QUICK)
    assert not decision.passed
    assert decision.evidence.delta <= 0


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(CLASSES), st.floats(0.1, 0.6), st.integers(0, 1000))
def test_a_candidate_that_loses_a_class_never_passes(lost: str, share: float, seed: int) -> None:
    perfect = samples()
    collapsed = replace(perfect, predicted=np.where(perfect.labels == lost, "other", perfect.labels))
    decision = judge(contender(collapsed), champion(randomly_wrong(share, seed)), QUICK)
    assert not decision.passed
    assert "no-class-down" in decision.refused_for
    assert any(f"{lost} from" in text for text in decision.reasons)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    own, other = randomly_wrong(0.2, seed), randomly_wrong(0.25, seed + 1)
    rng = np.random.default_rng(seed)
    shuffled = judge(
        contender(own.take(rng.permutation(len(own)))), champion(other.take(rng.permutation(len(other)))), QUICK
    )
    assert shuffled == judge(contender(own), champion(other), QUICK)


def test_better_by_chance_is_not_enough() -> None:
    base = randomly_wrong(0.3, 1)
    mended = base.predicted.copy()
    row = np.flatnonzero(base.labels != base.predicted)[0]
    mended[row] = base.labels[row]
    decision = judge(contender(replace(base, predicted=mended)), champion(base))
    assert decision.evidence.delta > 0
    assert decision.evidence.probability_better == pytest.approx(1 - np.exp(-1), abs=0.03)  # is its block drawn?
    assert decision.refused_for == ("better-macro-f1",)


def small_class(n: int, candidate_right: int, champion_right: int) -> GateDecision:
    """A candidate much better on all else, and a class `cotton` of n samples in n blocks."""
    perfect = samples()
    labels = np.where(perfect.labels == "cotton", "maize", perfect.labels)
    rows = np.arange(n) * 12
    labels[rows] = "cotton"
    own, other = labels.copy(), np.where(np.random.default_rng(1).random(len(labels)) < 0.4, "tobacco", labels)
    own[rows], other[rows] = "cotton", "cotton"
    own[rows[candidate_right:]] = "maize"
    other[rows[champion_right:]] = "maize"
    return judge(
        contender(replace(perfect, labels=labels, predicted=own)),
        champion(replace(perfect, labels=labels, predicted=other)),
        QUICK,
    )


@pytest.mark.parametrize(
    ("n", "candidate_right", "champion_right", "rule", "down"),
    [
        (40, 38, 40, "margin", False),  # down by exactly the margin
        (40, 37, 40, "margin", True),
        (20, 19, 20, "margin", False),  # one sample never refuses
        (19, 15, 19, "sign-test", False),  # four lost of nineteen may be chance: p = 0.0625
        (19, 14, 19, "sign-test", True),  # five lost, none gained: p = 0.03
        (5, 0, 5, "sign-test", True),
        (4, 0, 4, "skipped", False),  # no outcome of four samples could be told from chance
    ],
)
def test_a_class_is_judged_by_what_its_samples_allow(
    n: int, candidate_right: int, champion_right: int, rule: str, down: bool
) -> None:
    decision = small_class(n, candidate_right, champion_right)
    cotton = next(recall for recall in decision.evidence.recalls if recall.label == "cotton")
    assert (cotton.support, cotton.rule, cotton.down) == (n, rule, down)
    assert ("no-class-down" in decision.refused_for) == down


def test_a_class_too_small_to_compare_is_named() -> None:
    texts = [finding.text for finding in small_class(3, 0, 3).findings]
    assert any("Too few held-out samples to compare cotton (3)" in text for text in texts)


def test_another_recipe_is_refused_without_comparing() -> None:
    other = champion(HeldOut.empty(), recipe="ndvi-season@1")
    decision = judge(contender(samples()), other)
    assert decision.refused_for == ("recipe-differs",)
    assert "ndvi-season@1" in decision.reasons[0]


def test_too_few_training_samples_of_a_class_are_refused_and_named() -> None:
    counts = {"maize": 500, "tobacco": 9, "cotton": 10}
    decision = judge(contender(samples(), training_counts=counts), None)
    assert decision.refused_for == ("enough-training-samples",)
    assert "tobacco (9)" in decision.reasons[0]
    assert "cotton" not in decision.reasons[0]


def test_without_a_champion_better_than_the_majority_class_is_enough() -> None:
    decision = judge(contender(randomly_wrong(0.5, 1)), None)
    assert decision.passed
    assert decision.evidence.probability_better is None
    assert decision.reasons[0] == "There is no champion to beat."


def test_always_answering_one_class_does_not_pass_even_without_a_champion() -> None:
    truth = samples()
    constant = replace(truth, predicted=np.full(len(truth), "cotton"))
    assert judge(contender(constant), None).refused_for == ("better-than-majority",)
    assert judge(contender(constant, training_counts={}), None).refused_for[-1] == "better-than-majority"


def test_a_class_that_only_the_champion_knows_is_a_reason_to_refuse() -> None:
    decision = judge(
        contender(randomly_wrong(0.1, 1)), champion(randomly_wrong(0.3, 2), classes=(*CLASSES, "soybean")), QUICK
    )
    assert decision.refused_for == ("classes-kept",)


def test_a_class_that_only_the_candidate_knows_speaks_for_it() -> None:
    truth = samples()
    without_cotton = replace(truth, predicted=np.where(truth.labels == "cotton", "maize", truth.labels))
    decision = judge(contender(randomly_wrong(0.02, 1)), champion(without_cotton, classes=CLASSES[1:]), QUICK)
    assert decision.passed


def test_blocks_the_champion_learned_from_are_left_out() -> None:
    memory = randomly_wrong(0.3, 2)
    seen = np.isin(memory.groups, ["g0", "g1", "g2"])
    memory = replace(memory, predicted=np.where(seen, memory.labels, memory.predicted))
    decision = judge(
        contender(randomly_wrong(0.1, 1)), champion(memory, training_groups=frozenset({"g0", "g1", "g2", "far"})), QUICK
    )
    assert decision.passed
    assert decision.evidence.left_out_groups == ("g0", "g1", "g2")
    assert decision.evidence.n_groups == 37
    assert any("3 blocks are left out" in finding.text for finding in decision.findings)


def test_a_champion_that_learned_from_all_blocks_cannot_be_compared_with() -> None:
    truth = samples()
    every = frozenset(truth.groups.tolist())
    decision = judge(contender(truth), champion(randomly_wrong(0.3, 1), training_groups=every), QUICK)
    assert decision.refused_for == ("enough-blocks",)
    assert decision.evidence.n_samples == 0
    assert GateDecision.from_dict(decision.to_dict()) == decision


def test_a_candidate_that_learned_from_a_held_out_block_is_refused() -> None:
    decision = judge(contender(samples(), training_groups=frozenset({"g7"})), None)
    assert decision.refused_for == ("no-leakage",)
    assert "g7" in decision.reasons[0]


def test_four_blocks_are_too_few_to_beat_a_champion() -> None:
    decision = judge(contender(samples(n_groups=4)), champion(randomly_wrong(0.4, 1, n_groups=4)), QUICK)
    assert "enough-blocks" in decision.refused_for


def test_contenders_must_be_judged_on_the_same_samples() -> None:
    truth = samples()
    with pytest.raises(NotComparable, match="480 samples, the champion on 479, and 479 are the same"):
        judge(contender(truth), champion(truth.take(np.arange(479))))
    relabelled = replace(truth, labels=np.roll(truth.labels, 1))
    with pytest.raises(NotComparable, match="different labels"):
        judge(contender(truth), champion(relabelled))
    regrouped = replace(truth, groups=np.roll(truth.groups, 1))
    with pytest.raises(NotComparable, match="different groups"):
        judge(contender(truth), champion(regrouped))


def test_a_sample_judged_twice_and_no_sample_at_all_are_errors() -> None:
    truth = samples()
    twice = truth.take(np.r_[0, 0 : len(truth)])
    with pytest.raises(NotComparable, match="samples twice"):
        judge(contender(twice), None)
    with pytest.raises(NotComparable, match="no held-out samples"):
        judge(contender(HeldOut.empty()), None)


def test_a_decision_reads_as_markdown() -> None:
    text = judge(contender(randomly_wrong(0.1, 1)), champion(randomly_wrong(0.3, 2)), QUICK).to_markdown()
    assert text.startswith("**Passed**: geocrop 2")
    assert "| maize |" in text
    refused = judge(contender(samples(), training_groups=frozenset({"g7"})), None).to_markdown()
    assert "**fails**: The candidate learned from" in refused
