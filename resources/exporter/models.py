"""The registry as numbers: how many versions there are, and how old and how good the champion is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resources.exporter.readers import gauge, gauges

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from resources.registry import ModelRegistry, ModelVersion

#: Metrics of the champion's evaluation that are told, by their names in MLflow.
SCORES = ("macro_f1", "overall_accuracy", "balanced_accuracy")


def read_models(registry: ModelRegistry) -> list[Metric]:
    """Return the number of versions, and the champion's facts where there is one."""
    versions = registry.versions()
    champion = next((one for one in versions if one.is_champion), None)
    counted = gauge("geocrop_model_versions", "Registered model versions.", len(versions))
    return [counted] if champion is None else [counted, *_of_champion(registry, champion)]


def _of_champion(registry: ModelRegistry, champion: ModelVersion) -> list[Metric]:
    scores = registry.metrics_of([champion.mlflow_run_id]).get(champion.mlflow_run_id, {})
    facts = (champion.dataset_version, champion.variant, champion.recipe)
    return [
        gauge("geocrop_champion_version", "Number of the champion's version.", champion.version),
        gauges(
            "geocrop_champion_info",
            "What the champion learned from; always 1.",
            ("dataset_version", "variant", "recipe"),
            [(facts, 1.0)],
        ),
        gauge("geocrop_champion_trained_timestamp_seconds", "When the champion was registered.", champion.created),
        gauges(
            "geocrop_champion_score",
            "A measure of the champion's evaluation on held-out blocks.",
            ("measure",),
            [((name,), scores[name]) for name in SCORES if name in scores],
        ),
    ]
