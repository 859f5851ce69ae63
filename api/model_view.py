"""Model versions as administrators see them: metrics, the gate's evidence, labels, reports."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import select

from api.db.jobs import READY
from api.db.tables import Job
from api.models.models import ClassRecallView, GateView, ModelDetail, ModelView
from api.training_jobs import TRAINING
from resources.evidence import HELD_OUT_NAME, kept_gate
from resources.layout import MODELS, report_key

if TYPE_CHECKING:
    from api.services import Services
    from resources.registry import ModelRegistry, ModelVersion
    from training.gate_record import GateDecision

#: How long metrics and evidence count as fresh, in seconds: they change with a training, which takes minutes.
FRESH_S = 10.0
#: Trainings whose labels are looked through.
LABELLED = 1000
MAX_KEPT = 2000
#: Files of a report that are served, by media type.
REPORT_TYPES = {".md": "text/markdown; charset=utf-8", ".json": "application/json", ".png": "image/png"}

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Briefly(Generic[Key, Value]):
    """Remembers answers for some seconds, and asks for those that it lacks together. Safe for threads."""

    def __init__(self, ask: Callable[[Sequence[Key]], Mapping[Key, Value]], seconds: float = FRESH_S) -> None:
        self._ask = ask
        self._seconds = seconds
        self._kept: dict[Key, tuple[float, Value]] = {}
        self._lock = threading.Lock()

    def get(self, keys: Sequence[Key]) -> dict[Key, Value]:
        """Return the answers that there are, by key."""
        now = time.monotonic()
        with self._lock:
            if len(self._kept) > MAX_KEPT:
                self._kept.clear()
            lacking = [key for key in keys if now - self._kept.get(key, (-self._seconds,))[0] >= self._seconds]
            if lacking:
                self._kept |= {key: (now, value) for key, value in self._ask(lacking).items()}
            return {key: self._kept[key][1] for key in keys if key in self._kept}


_metrics: weakref.WeakKeyDictionary[ModelRegistry, Briefly[str, dict[str, float]]] = weakref.WeakKeyDictionary()


def metrics_of(registry: ModelRegistry, versions: Sequence[ModelVersion]) -> dict[int, dict[str, float]]:
    """Return the metrics of model versions by number, at most some seconds old."""
    if registry not in _metrics:
        alive = weakref.ref(registry)  # the value must not keep its own key alive
        _metrics[registry] = Briefly(lambda runs: _ask_metrics(alive, runs))
    found = _metrics[registry].get([one.mlflow_run_id for one in versions])
    return {one.version: found.get(one.mlflow_run_id, {}) for one in versions}


def _ask_metrics(alive: weakref.ref[ModelRegistry], runs: Sequence[str]) -> Mapping[str, dict[str, float]]:
    registry = alive()
    return {} if registry is None else registry.metrics_of(runs)


def labels(services: Services) -> dict[int, str]:
    """Return the labels that people gave versions when they started their training, by version number."""
    query = select(Job.request, Job.result).where(Job.kind == TRAINING, Job.state == READY)
    found: dict[int, str] = {}
    with services.database.read() as session:
        for request, result in session.execute(query.order_by(Job.created_at.desc()).limit(LABELLED)):
            version, label = (result or {}).get("model_version"), request.get("model_label")
            if label and version is not None:
                found.setdefault(int(version), str(label))
    return found


def model_views(services: Services, versions: Sequence[ModelVersion]) -> list[ModelView]:
    """Return model versions as lists show them."""
    metrics, named = metrics_of(services.registry, versions), labels(services)
    return [
        ModelView(
            **_facts(one, metrics[one.version], named), gate=gate_view(kept_gate(services.store, one.bundle_hash))
        )
        for one in versions
    ]


def model_detail(services: Services, version: ModelVersion, base: str) -> ModelDetail:
    """Return one model version with the gate's findings and links to its report."""
    decision = kept_gate(services.store, version.bundle_hash)
    prefix = report_key(version.bundle_hash, "")
    names = [one.key.removeprefix(prefix) for one in services.store.list(MODELS, prefix)]
    at = f"{base}/admin/models/{version.version}"
    evidence = None if decision is None else decision.evidence
    return ModelDetail(
        **_facts(version, metrics_of(services.registry, [version])[version.version], labels(services)),
        gate=gate_view(decision),
        findings=[] if decision is None else [finding.model_dump() for finding in decision.findings],
        recalls=[]
        if evidence is None
        else [ClassRecallView.model_validate(one.model_dump()) for one in evidence.recalls],
        evaluated=HELD_OUT_NAME in names,
        bundle_hash=version.bundle_hash,
        mlflow_run_id=version.mlflow_run_id,
        links={name: f"{at}/report/{name}" for name in names if report_type(name)} | {"self": at},
    )


def report_type(name: str) -> str | None:
    """Return the media type of a report's file; None for what is not served."""
    return REPORT_TYPES.get(f".{name.rpartition('.')[2]}") if "/" not in name else None


def gate_view(decision: GateDecision | None) -> GateView | None:
    """Return the gate's verdict in short."""
    if decision is None:
        return None
    evidence = decision.evidence
    return GateView(
        passed=decision.passed,
        refused_for=list(decision.refused_for),
        reasons=list(decision.reasons),
        against=None if decision.champion is None else int(decision.champion.version),
        macro_f1=evidence.macro_f1_candidate,
        macro_f1_champion=evidence.macro_f1_champion,
        probability_better=evidence.probability_better,
        samples=evidence.n_samples,
    )


def recent_mean(services: Services, days: float) -> tuple[list[int], dict[str, float]]:
    """Return which versions were registered in the past days, and the mean of each metric over those that have it."""
    since = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    versions = [one for one in services.registry.versions() if one.created >= since]
    found = metrics_of(services.registry, versions)
    values: dict[str, list[float]] = {}
    for metrics in found.values():
        for name, value in metrics.items():
            values.setdefault(name, []).append(value)
    return sorted(found), {name: sum(some) / len(some) for name, some in sorted(values.items())}


def _facts(one: ModelVersion, metrics: Mapping[str, float], named: Mapping[int, str]) -> dict[str, Any]:
    return {
        "version": one.version,
        "label": named.get(one.version),
        "dataset_version": one.dataset_version,
        "variant": one.variant,
        "recipe": one.recipe,
        "champion": one.is_champion,
        "aliases": list(one.aliases),
        "created": datetime.fromtimestamp(one.created, UTC),
        "metrics": dict(metrics),
    }
