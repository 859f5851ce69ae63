"""The promotion gate: whether a candidate may become champion, decided by figures and kept as a record.

A pure function of two contenders and a config. Both are judged on the same held-out samples, block by block, because a
difference between two models on the same blocks is known far better than the accuracy of either.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from training.accuracy import Ints, bootstrap_confusions, macro_f1, percentile_interval
from training.contender import CommonGround, Contender, NotComparable, common_ground
from training.gate_record import ClassRecall, Evidence, Finding, GateConfig, GateDecision, Party

__all__ = ["Contender", "GateConfig", "GateDecision", "NotComparable", "judge"]


def judge(candidate: Contender, champion: Contender | None, config: GateConfig | None = None) -> GateDecision:
    """Decide whether the candidate may replace the champion.

    It may when every finding passes: the recipe is the champion's, each class has enough training samples, it learned
    from no held-out block, it knows every class the champion knows, its macro F1 beats that of always answering the
    majority class, beats the champion's with enough probability, and no class's recall is down by more than the margin.
    Without a champion, the findings that need one are left out.

    Raises:
        NotComparable: no held-out samples, a sample twice, or contenders with different samples, truths or blocks.

    """
    rules = config or GateConfig()
    if champion is not None and champion.recipe != candidate.recipe:
        return _other_recipe(candidate, champion, rules)
    ground = common_ground(candidate, champion)
    if len(ground.candidate) == 0:
        nothing = Evidence(n_samples=0, n_groups=0, left_out_groups=ground.left_out)
        return _decide(candidate, champion, rules, [_enough_blocks(ground, rules)], nothing)
    own = ground.counts(ground.candidate)
    findings = [_enough_training_samples(candidate, rules), _no_leakage(candidate), _beats_majority(own, ground)]
    evidence = {
        "n_samples": len(ground.candidate),
        "n_groups": own.shape[0],
        "macro_f1_candidate": _macro(own),
        "macro_f1_majority": _macro(_majority_counts(own, ground)),
        "left_out_groups": ground.left_out,
    }
    if champion is None or ground.champion is None:
        findings.insert(0, Finding(code="no-champion", passed=True, text="There is no champion to beat."))
        return _decide(candidate, champion, rules, findings, Evidence(**evidence))
    other = ground.counts(ground.champion)
    findings.insert(0, Finding(code="recipe", passed=True, text=f"Both are of recipe {candidate.recipe}."))
    comparison = _compare_macro_f1(own, other, rules)
    recalls = _recalls(ground, rules)
    findings += [
        _classes_kept(candidate, champion),
        _enough_blocks(ground, rules),
        _better(comparison, rules),
        _no_class_down(recalls, rules),
    ]
    return _decide(candidate, champion, rules, findings, Evidence(**evidence, **comparison, recalls=recalls))


def _decide(
    candidate: Contender,
    champion: Contender | None,
    rules: GateConfig,
    findings: list[Finding],
    evidence: Evidence,
) -> GateDecision:
    return GateDecision(
        passed=all(finding.passed for finding in findings),
        findings=tuple(findings),
        candidate=_party(candidate),
        champion=None if champion is None else _party(champion),
        config=rules,
        evidence=evidence,
    )


def _party(contender: Contender) -> Party:
    counts = {name: int(n) for name, n in sorted(contender.training_counts.items())}
    return Party(
        name=contender.name,
        version=contender.version,
        recipe=contender.recipe,
        classes=tuple(sorted(contender.classes)),
        training_counts=counts,
    )


def _other_recipe(candidate: Contender, champion: Contender, rules: GateConfig) -> GateDecision:
    text = (
        f"The candidate is of recipe {candidate.recipe}, the champion of {champion.recipe}: their accuracies are not "
        "comparable. Promote it by hand, with a reason, if the recipe is to change."
    )
    finding = Finding(code="recipe-differs", passed=False, text=text)
    return _decide(candidate, champion, rules, [finding], Evidence(n_samples=0, n_groups=0))


def _majority_counts(own: Ints, ground: CommonGround) -> Ints:
    constant = np.zeros_like(own)
    constant[:, :, ground.names.index(ground.majority)] = own.sum(axis=2)
    return constant


def _macro(by_block: Ints) -> float:
    return float(macro_f1(by_block.sum(axis=0)))


def _enough_training_samples(candidate: Contender, rules: GateConfig) -> Finding:
    least = rules.min_training_samples
    counts = {name: int(candidate.training_counts.get(name, 0)) for name in sorted(candidate.classes)}
    few = [f"{name} ({n})" for name, n in counts.items() if n < least]
    text = (
        f"Too few training samples of {', '.join(few)}: each class needs {least}. Upload more of them."
        if few
        else f"Every class has {least} training samples or more."
    )
    return Finding(code="enough-training-samples", passed=not few, text=text)


def _no_leakage(candidate: Contender) -> Finding:
    leaked = candidate.training_groups & set(candidate.held_out.groups.tolist())
    text = (
        f"The candidate learned from {len(leaked)} of the blocks it is judged on, such as {min(leaked)}."
        if leaked
        else "The candidate learned from none of the blocks it is judged on."
    )
    return Finding(code="no-leakage", passed=not leaked, text=text)


def _beats_majority(own: Ints, ground: CommonGround) -> Finding:
    reached, trivial = _macro(own), _macro(_majority_counts(own, ground))
    text = f"Macro F1 {reached:.3f}, against {trivial:.3f} for always answering {ground.majority}."
    return Finding(code="better-than-majority", passed=reached > trivial, text=text)


def _classes_kept(candidate: Contender, champion: Contender) -> Finding:
    lost = sorted(set(champion.classes) - set(candidate.classes))
    text = (
        f"The candidate does not know {', '.join(lost)}, which the champion maps."
        if lost
        else "The candidate knows every class that the champion knows."
    )
    return Finding(code="classes-kept", passed=not lost, text=text)


def _enough_blocks(ground: CommonGround, rules: GateConfig) -> Finding:
    least, n_blocks = rules.min_groups, np.unique(ground.candidate.groups).size
    text = f"Compared on {n_blocks} held-out blocks; {least} are the least."
    if ground.left_out:
        text += f" {len(ground.left_out)} blocks are left out, because the champion learned from them."
    return Finding(code="enough-blocks", passed=n_blocks >= least, text=text)


def _compare_macro_f1(own: Ints, other: Ints, rules: GateConfig) -> dict[str, float | None]:
    """Draw whole blocks again, both models on the same draws, and return the figures of the difference."""
    pair = np.stack([own, other], axis=1)
    draws = np.concatenate(
        [
            macro_f1(confusions[:, 0]) - macro_f1(confusions[:, 1])
            for confusions in bootstrap_confusions(pair, seed=rules.seed, replicates=rules.replicates)
        ]
    )
    low, high = percentile_interval(draws)
    return {
        "macro_f1_champion": _macro(other),
        "delta": _macro(own) - _macro(other),
        "delta_low": low,
        "delta_high": high,
        "probability_better": float((draws > 0).mean()),
    }


def _better(comparison: Mapping[str, float | None], rules: GateConfig) -> Finding:
    delta, probability = comparison["delta"] or 0.0, comparison["probability_better"] or 0.0
    text = (
        f"Macro F1 differs by {delta:+.4f} (95 % interval {comparison['delta_low']:+.4f} to "
        f"{comparison['delta_high']:+.4f}) from the champion's {comparison['macro_f1_champion']:.4f}; better with "
        f"probability {probability:.2f}, and {rules.min_probability:.2f} is asked."
    )
    return Finding(code="better-macro-f1", passed=delta > 0 and probability >= rules.min_probability, text=text)


def _recalls(ground: CommonGround, rules: GateConfig) -> tuple[ClassRecall, ...]:
    """Compare recalls of the classes of the truth, each by the rule that its number of samples allows."""
    if ground.champion is None:
        return ()
    right_own = ground.candidate.labels == ground.candidate.predicted
    right_other = ground.champion.labels == ground.champion.predicted
    return tuple(
        _recall(name, right_own[rows], right_other[rows], rules)
        for name in ground.names
        if (rows := ground.candidate.labels == name).any()
    )


def _recall(name: str, own: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_], rules: GateConfig) -> ClassRecall:
    n = int(own.size)
    lost, gained = int((other & ~own).sum()), int((own & ~other).sum())
    p_value = _sign_test(lost, gained)
    if n >= rules.min_class_support:
        rule, down = "margin", (lost - gained) / n > rules.recall_margin + _ROUNDING
    elif 0.5**n <= rules.small_class_level:  # so many losses could be told from chance
        rule, down = "sign-test", p_value <= rules.small_class_level
    else:
        rule, down = "skipped", False
    return ClassRecall(
        label=name,
        support=n,
        candidate=float(own.mean()),
        champion=float(other.mean()),
        lost=lost,
        gained=gained,
        p_value=p_value,
        rule=rule,
        down=down,
    )


_ROUNDING = 1e-12  # a drop of exactly the margin is allowed


def _sign_test(lost: int, gained: int) -> float:
    """Return the one-sided exact probability of so many losses among the samples on which the two models differ."""
    from scipy.stats import binom

    return float(binom.sf(lost - 1, lost + gained, 0.5)) if lost else 1.0


def _no_class_down(recalls: tuple[ClassRecall, ...], rules: GateConfig) -> Finding:
    down = [r for r in recalls if r.down]
    skipped = [f"{r.label} ({r.support})" for r in recalls if r.rule == "skipped"]
    text = f"No class's recall is down by more than {rules.recall_margin:g}."
    if down:
        listed = "; ".join(f"{r.label} from {r.champion:.2f} to {r.candidate:.2f} ({r.support} samples)" for r in down)
        text = (
            f"Recall is down: {listed}; {rules.recall_margin:g} is allowed, and with fewer than "
            f"{rules.min_class_support} samples no loss beyond chance."
        )
    if skipped:
        text += f" Too few held-out samples to compare {', '.join(skipped)}."
    return Finding(code="no-class-down", passed=not down, text=text)
