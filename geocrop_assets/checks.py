"""Checks are claims about assets. These are made in the step that makes the asset, of the very value it returns.

A check that takes a partitioned asset as input would be given every partition; a claim about one partition is made
where that partition is at hand.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import dagster as dg

from geocrop_assets.common import counts_table
from sensors import tags

if TYPE_CHECKING:
    import pandas as pd

    from geocrop_assets.prepared import Prepared
    from training.classes import ClassTable
    from training.gate_record import GateDecision

#: Features whose values are missing in more than half of all samples say little and point to a fault.
MAX_MISSING_SHARE = 0.5
#: With one class there is nothing to tell apart.
MIN_CLASSES = 2

LABELS_ARE_KNOWN = dg.AssetCheckSpec(
    "labels_are_known", asset="samples", description="Every label is a class of the class table."
)
CLASSES_CAN_BE_LEARNED = dg.AssetCheckSpec(
    "classes_can_be_learned",
    asset="samples",
    description="At least two classes, each with as many samples as training has folds; a single class stops the run.",
    blocking=True,
)
FEATURES_ARE_OBSERVED = dg.AssetCheckSpec(
    "features_are_observed",
    asset="training_features",
    description="No feature is missing in more than half of the samples.",
)
NO_LEAKAGE_BETWEEN_FOLDS = dg.AssetCheckSpec(
    "no_leakage_between_folds",
    asset="feature_selection",
    description="No place, sample, group or row of features is in two parts of the split.",
    blocking=True,
)
BEATS_CHAMPION = dg.AssetCheckSpec(
    tags.GATE_CHECK,
    asset=tags.EVALUATION,
    description="The candidate beats the champion on the same held-out blocks, and no class pays for it.",
    blocking=True,
)


def labels_are_known(samples: pd.DataFrame, classes: ClassTable) -> dg.AssetCheckResult:
    """Claim that every label is a class of the class table."""
    counts = Counter(samples["label"])
    unknown = sorted(label for label in counts if label not in classes)
    return dg.AssetCheckResult(
        check_name=LABELS_ARE_KNOWN.name,
        passed=not unknown,
        metadata={"classes": counts_table(counts), "unknown": ", ".join(unknown) or "none"},
    )


def classes_can_be_learned(samples: pd.DataFrame, folds: int) -> dg.AssetCheckResult:
    """Claim that there is something to learn; thin classes warn, a single class is an error."""
    counts = Counter(samples["label"])
    thin = {label: count for label, count in counts.items() if count < folds}
    enough = len(counts) >= MIN_CLASSES
    return dg.AssetCheckResult(
        check_name=CLASSES_CAN_BE_LEARNED.name,
        passed=enough and not thin,
        severity=dg.AssetCheckSeverity.WARN if enough else dg.AssetCheckSeverity.ERROR,
        metadata={"classes": counts_table(counts), "fewer_samples_than_folds": counts_table(thin)},
    )


def features_are_observed(features: pd.DataFrame) -> dg.AssetCheckResult:
    """Claim that no feature is missing in more than half of the samples."""
    shares = features[features.attrs["features"]].isna().mean()
    sparse = shares[shares > MAX_MISSING_SHARE].round(3).to_dict()
    return dg.AssetCheckResult(
        check_name=FEATURES_ARE_OBSERVED.name,
        passed=not sparse,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"missing_share": float(shares.mean()), "mostly_missing": dg.MetadataValue.json(sparse)},
    )


def no_leakage_between_folds(features: pd.DataFrame, prepared: Prepared) -> dg.AssetCheckResult:
    """Claim that folds and held-out blocks share nothing."""
    from training.leakage import leakage_between_folds

    places = {name: features[name].to_numpy() for name in ("lon", "lat")}
    leaks = leakage_between_folds(prepared.table, prepared.split, **places)
    return dg.AssetCheckResult(
        check_name=NO_LEAKAGE_BETWEEN_FOLDS.name,
        passed=not leaks,
        metadata={"leaks": "\n".join(leaks) or "none", "split": prepared.split.method},
    )


def beats_champion(decision: GateDecision) -> dg.AssetCheckResult:
    """Claim that the candidate may become champion; a refusal is a verdict and ends the run."""
    return dg.AssetCheckResult(
        check_name=BEATS_CHAMPION.name,
        passed=decision.passed,
        description=" ".join(decision.reasons),
        metadata={
            "verdict": dg.MetadataValue.md(decision.to_markdown()),
            "rules": dg.MetadataValue.json(decision.config.model_dump(mode="json")),
        },
    )
