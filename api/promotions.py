"""Promotion and rollback asked for through the API: looked at beforehand, then done by a run of `champion_model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from api.db import audit, jobs
from api.errors import Conflict
from resources.bundles import BundleNotFound, has_bundle
from resources.evidence import HELD_OUT_NAME, NotEvaluated, kept_gate
from resources.layout import MODELS, report_key
from resources.promotion import GateRefused, NothingToRollBackTo, PromotionInProgress, earlier_champion
from sensors import tags

if TYPE_CHECKING:
    from api.db.tables import Job, User
    from api.services import Services
    from resources.registry import ModelVersion
    from training.gate_record import GateDecision

PROMOTION = "promotion"
Action = Literal["promote", "rollback"]


class AlreadyChampion(Conflict):
    """Name another version: maps are made with this one already."""

    code: ClassVar[str] = "already-champion"


class RefusedByGate(GateRefused):
    """Train a better candidate, or ask again with `override_gate` and a reason: `errors` has the gate's findings."""

    def __init__(self, version: int, decision: GateDecision) -> None:
        """Tell the gate's reasons, and keep its findings as fields."""
        super().__init__(f"version {version} may not be promoted: {' '.join(decision.reasons)}")
        failed = [finding for finding in decision.findings if not finding.passed]
        self.fields = [{"where": f"gate.{finding.code}", "message": finding.text} for finding in failed]


def check_promotion(services: Services, number: int, *, override_gate: bool) -> ModelVersion:
    """Return the version to promote; what the run would refuse anyway is refused here, before a run is started.

    The gate's verdict of the evaluation counts while the champion is the one that it was given against. Else the run
    reads the gate anew, as it always does.

    Raises:
        ModelVersionNotFound, AlreadyChampion, BundleNotFound, NotEvaluated, RefusedByGate.

    """
    version = services.registry.version(number)
    _require_model(services, version)
    if not services.store.exists(MODELS, report_key(version.bundle_hash, HELD_OUT_NAME)):
        raise NotEvaluated(f"version {number} was never evaluated: its training did not end")
    decision = kept_gate(services.store, version.bundle_hash)
    if decision is not None and not decision.passed and not override_gate and _is_of_now(services, decision):
        raise RefusedByGate(number, decision)
    return version


def check_rollback(services: Services, number: int | None) -> int | None:
    """Return which version to go back to; None leaves it to the run, as the champion before this one.

    Raises:
        ModelVersionNotFound, AlreadyChampion, BundleNotFound, NothingToRollBackTo.

    """
    if number is not None:
        _require_model(services, services.registry.version(number))
        return number
    champion = services.registry.champion()
    if champion is None or earlier_champion(services.store, champion.version) is None:
        raise NothingToRollBackTo("no earlier champion is on record: name the version to go back to")
    return None


def start_promotion(
    services: Services, user: User, action: Action, number: int | None, reason: str, *, override_gate: bool = False
) -> Job:
    """Return the job of a promotion or rollback, noted in the audit.

    Raises:
        PromotionInProgress: another one is in flight.

    """
    asked: dict[str, Any] = {"action": action, "reason": reason, "by": user.name, "override_gate": override_gate}
    if number is not None:
        asked["version"] = number
    config = {"ops": {tags.CHAMPION_MODEL: {"config": asked}}}
    stage = {"job": tags.PROMOTE_JOB, "partition": None, "partition_set": None, "config": config}
    try:
        with services.database.write() as session:
            job = jobs.create_job(
                session,
                kind=PROMOTION,
                partition=None,
                active_key=PROMOTION,
                request={"stages": [stage], "stage": 0, "requested_by": user.name, **asked},
                lane=tags.BATCH,
                user_id=user.id,
                counted=False,
            )
            details = {"reason": reason, "override_gate": override_gate, "job": job.id}
            audit.record(session, user.name, f"model.{action}", f"version {number or 'before'}", details)
    except jobs.JobInFlight as error:
        raise PromotionInProgress("another promotion or rollback is in flight: look who is champion then") from error
    return job


def _require_model(services: Services, version: ModelVersion) -> None:
    if version.is_champion:
        raise AlreadyChampion(f"version {version.version} is the champion")
    if not has_bundle(services.store, version.bundle_hash):
        raise BundleNotFound(f"the model of version {version.version} is not in the object store")


def _is_of_now(services: Services, decision: GateDecision) -> bool:
    champion = services.registry.champion()
    judged = None if decision.champion is None else decision.champion.version
    return judged == (None if champion is None else str(champion.version))
