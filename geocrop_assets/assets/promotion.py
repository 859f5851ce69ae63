"""Promotion: the model that maps are made with."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from geocrop_assets.common import OWNERS
from resources.promotion import AuditRecord, Request, change_champion
from resources.registry import ModelRegistry
from resources.settings import Settings
from resources.store_resource import ObjectStoreResource
from sensors import tags
from training.gate_record import GateConfig, GateDecision

if TYPE_CHECKING:
    from collections.abc import Mapping


class GateRules(dg.ConfigurableResource):
    """What the gate asks of a candidate; the defaults are those of `training.gate_record.GateConfig`."""

    min_probability: float = GateConfig().min_probability
    recall_margin: float = GateConfig().recall_margin
    min_training_samples: int = GateConfig().min_training_samples
    min_groups: int = GateConfig().min_groups

    def config(self) -> GateConfig:
        """Return the validated rules."""
        return GateConfig(**self.model_dump(include=set(type(self).model_fields) & set(GateConfig.model_fields)))


def gate_rules_of(settings: Settings) -> GateRules:
    """Return what this installation asks of a candidate."""
    return GateRules(
        min_probability=settings.gate_min_probability,
        recall_margin=settings.gate_recall_margin,
        min_training_samples=settings.gate_min_training_samples,
    )


class PromotionConfig(dg.Config):
    """Which version, and why. Without a version: the newest candidate, or on rollback the champion before this one."""

    action: str = "promote"
    version: int | None = None
    reason: str = ""
    override_gate: bool = False
    by: str = "a person in the Dagster UI"


@dg.asset(
    group_name="promotion",
    deps=["candidate_model", tags.EVALUATION],
    kinds={"mlflow"},
    owners=OWNERS,
    pool="promotion",
    code_version="1",
)
def champion_model(
    context: dg.AssetExecutionContext,
    config: PromotionConfig,
    store: ObjectStoreResource,
    registry: dg.ResourceParam[ModelRegistry],
    gate: GateRules,
) -> dg.MaterializeResult:
    """The model that maps are made with: the registry's alias `champion`.

    Not partitioned. Materializing it promotes a version: the gate is read anew against the champion of this moment,
    whatever a check said earlier, and refuses unless `override_gate` is set, which is recorded. With
    `action: rollback` it goes back to any version, in one step. Every act leaves an audit record; one that dies half
    way leaves the old champion in force.
    """
    request = Request(
        action="rollback" if config.action == "rollback" else "promote",
        version=config.version,
        reason=config.reason,
        override_gate=config.override_gate,
        by=config.by,
        run_id=context.run.run_id,
    )
    record = change_champion(store.store, registry, request, gate.config())
    return dg.MaterializeResult(metadata=promotion_metadata(record))


def promotion_metadata(record: AuditRecord) -> "Mapping[str, Any]":
    """Return what the UI shows of a promotion."""
    shown: dict[str, Any] = {
        tags.MODEL_VERSION: record.version,
        "previous_version": record.previous or 0,
        "action": record.action,
        "reason": record.reason,
        "by": record.by,
        "override_gate": record.override_gate,
        "audit_record": record.key,
    }
    if record.gate is not None:
        shown["gate"] = dg.MetadataValue.md(GateDecision.from_dict(record.gate).to_markdown())
    return shown
