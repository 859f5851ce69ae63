"""What an evaluation leaves behind for the gate: the held-out samples with their features, and what was learned from.

Both lie beside the bundle, under its hash. With them any later champion can be judged on the very samples that a
candidate was judged on, whatever has become of the dataset version meanwhile.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from resources.bundles import load_bundle
from resources.layout import MODELS, report_key
from resources.object_store import ObjectNotFound
from training.errors import GeocropError

if TYPE_CHECKING:
    import pandas as pd

    from resources.object_store import ObjectStore
    from training.bundle import ModelBundle
    from training.contender import Contender
    from training.gate_record import GateDecision
    from training.held_out import HeldOut
    from training.splits import Split
    from training.table import TrainingTable

HELD_OUT_NAME = "held_out.parquet"
LEARNED_NAME = "learned_from.json"
GATE_NAME = "gate.json"


class NotEvaluated(GeocropError):
    """Materialize `evaluation` of this model's partition first: the gate has nothing to judge it by."""

    code: ClassVar[str] = "not-evaluated"


def keep_evidence(store: ObjectStore, bundle_hash: str, frame: pd.DataFrame, split: Split) -> None:
    """Keep a candidate's held-out samples with all features of the recipe, and what it learned from.

    `frame` is that of `training_features`, in the order that `split` was made for.
    """
    learned = frame.loc[split.train]
    facts = {
        "training_counts": {str(name): int(count) for name, count in learned["label"].value_counts().items()},
        "training_groups": sorted({str(group) for group in learned["group"]}),
    }
    store.put(
        MODELS, report_key(bundle_hash, LEARNED_NAME), json.dumps(facts).encode(), content_type="application/json"
    )
    with tempfile.TemporaryDirectory(prefix="geocrop-evidence-") as folder:
        path = Path(folder) / HELD_OUT_NAME
        frame.loc[split.test].to_parquet(path)  # pandas keeps the attrs, which say recipe and features
        store.put_file(MODELS, report_key(bundle_hash, HELD_OUT_NAME), path)


def read_held_out(store: ObjectStore, bundle_hash: str) -> TrainingTable:
    """Return the held-out samples that a candidate was judged on.

    Raises:
        NotEvaluated: when its evaluation left none.

    """
    import pandas as pd

    from training.table import TrainingTable

    with tempfile.TemporaryDirectory(prefix="geocrop-evidence-") as folder:
        path = Path(folder) / HELD_OUT_NAME
        try:
            store.download(MODELS, report_key(bundle_hash, HELD_OUT_NAME), path)
        except ObjectNotFound as error:
            raise NotEvaluated(f"the model {bundle_hash[:12]} was never evaluated") from error
        frame: pd.DataFrame = pd.read_parquet(path)
    return TrainingTable.from_frame(frame)


def keep_gate(store: ObjectStore, bundle_hash: str, decision: GateDecision) -> None:
    """Keep what the gate said of a candidate when it was evaluated, for those who show it; promotion reads it anew."""
    body = json.dumps(decision.to_dict(), indent=1).encode()
    store.put(MODELS, report_key(bundle_hash, GATE_NAME), body, content_type="application/json")


def kept_gate(store: ObjectStore, bundle_hash: str) -> GateDecision | None:
    """Return what the gate said when a model was evaluated last; None where nothing was kept."""
    from training.gate_record import GateDecision

    try:
        return GateDecision.from_dict(json.loads(store.get(MODELS, report_key(bundle_hash, GATE_NAME))))
    except ObjectNotFound:
        return None


def contender(store: ObjectStore, bundle_hash: str, version: int, name: str, samples: TrainingTable) -> Contender:
    """Return a model version with what it predicts for held-out samples; nothing where its recipe is another."""
    from training.contender import Contender
    from training.held_out import HeldOut

    bundle = load_bundle(store, bundle_hash)
    try:
        learned = json.loads(store.get(MODELS, report_key(bundle_hash, LEARNED_NAME)))
    except ObjectNotFound as error:
        raise NotEvaluated(f"version {version} of {name} was never evaluated") from error
    return Contender(
        name=name,
        version=str(version),
        recipe=bundle.recipe,
        classes=tuple(bundle.classes),
        training_counts=learned["training_counts"],
        training_groups=frozenset(learned["training_groups"]),
        held_out=predict_held_out(bundle, samples) if bundle.recipe == samples.recipe else HeldOut.empty(),
    )


def predict_held_out(bundle: ModelBundle, samples: TrainingTable) -> HeldOut:
    """Return what a bundle predicts for samples of its recipe."""
    from training.evaluation import most_likely
    from training.held_out import HeldOut

    proba = bundle.predict_proba(samples.columns(bundle.features))
    return HeldOut(
        sample_ids=samples.sample_ids,
        groups=samples.groups,
        labels=samples.labels,
        predicted=most_likely(proba, bundle.classes, len(samples)),
        confidence=proba.max(axis=1),
    )
