"""Trainings asked for through the API: hyperparameters judged, stages planned, one in flight a version and variant."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError
from sqlalchemy import select

from api.dataset_state import dataset_state, has_batches
from api.db import jobs
from api.db.tables import Job
from api.errors import Conflict, InvalidRequest, NotFound
from api.orchestrator import OrchestratorUnavailable
from sensors import tags
from training.config import TrainingConfig

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.dataset_state import DatasetState
    from api.services import Services

TRAINING = "training"
#: Set by the partition, so that a hyperparameter cannot contradict it.
FROM_PARTITION = "variant"
#: Settings that preparing depends on: the split, and which features are used.
SHARED = ("seed", "test_size", "folds", "scout")
MAX_HYPERPARAMETER_BYTES = 32_768


class HyperparametersRefused(InvalidRequest):
    """Correct the hyperparameters that `errors` names; GET /admin/training/schema has them all."""

    code: ClassVar[str] = "hyperparameters-refused"

    def __init__(self, faults: list[dict[str, str]]) -> None:
        """Tell the first fault in words, and keep all."""
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]['where']}: {faults[0]['message']}{more}")
        self.faults = faults


class DatasetMissing(NotFound):
    """Upload a batch of this dataset version first; GET /admin/datasets lists what there is."""

    code: ClassVar[str] = "dataset-not-found"


class TrainingInFlight(Conflict):
    """Follow the training in flight, or cancel it first: it has other settings than those asked for now."""

    code: ClassVar[str] = "training-in-flight"


@dataclass(frozen=True)
class TrainingOrder:
    """A training that somebody, or a schedule, asks for. `label` is a person's name for the version to be."""

    dataset_version: str
    variant: str
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None

    @property
    def active_key(self) -> str:
        """Return what may be in flight only once."""
        return f"train:{self.partition}"

    @property
    def partition(self) -> str:
        """Return the partition of the model, as Dagster writes one of two dimensions."""
        return f"{self.dataset_version}|{self.variant}"


def check_hyperparameters(given: Mapping[str, Any], where: str = "body.hyperparameters") -> dict[str, Any]:
    """Return hyperparameters as the learners take them: only those that were given, each of its right type.

    Raises:
        HyperparametersRefused: unknown names, values out of bounds, with the path of each.

    """
    faults = [*_unfit_values(given, where)]
    if FROM_PARTITION in given:
        faults.append({"where": f"{where}.{FROM_PARTITION}", "message": "say it as model_variant"})
    if not faults and len(json.dumps(given)) > MAX_HYPERPARAMETER_BYTES:
        faults.append({"where": where, "message": f"more than {MAX_HYPERPARAMETER_BYTES} bytes"})
    if faults:
        raise HyperparametersRefused(faults)
    try:
        config = TrainingConfig.model_validate(given)
    except ValidationError as error:
        raise HyperparametersRefused([_fault(dict(one), where) for one in error.errors()]) from error
    return config.model_dump(mode="json", exclude_unset=True)


def _fault(one: Mapping[str, Any], where: str) -> dict[str, str]:
    return {"where": ".".join([where, *map(str, one["loc"])]), "message": str(one["msg"])}


def _unfit_values(given: object, where: str) -> Iterator[dict[str, str]]:
    """Find numbers that JSON and databases have no place for."""
    if isinstance(given, float) and not math.isfinite(given):
        yield {"where": where, "message": "not a finite number"}
    elif isinstance(given, Mapping):
        for name, value in given.items():
            yield from _unfit_values(value, f"{where}.{name}")
    elif isinstance(given, list):
        for number, value in enumerate(given):
            yield from _unfit_values(value, f"{where}.{number}")


def plan_stages(order: TrainingOrder, *, prepare: bool) -> list[dict[str, Any]]:
    """Return the runs of a training, in order, as the follower launches them."""
    settings = dict(order.hyperparameters)
    config = {"resources": {"training": {"config": {"settings": settings}}}} if settings else {}
    training = {"job": tags.TRAIN_JOB, "partition": order.partition, "partition_set": None, "config": config}
    if not prepare:
        return [training]
    preparing = {
        "job": tags.PREPARE_JOB,
        "partition": order.dataset_version,
        "partition_set": tags.DATASET_VERSION,
        "config": config,
    }
    return [preparing, training]


def needs_preparing(services: Services, order: TrainingOrder) -> bool:
    """Tell whether samples, features or their selection are missing, of other batches, or of another split.

    Raises:
        DatasetMissing: no batch lies under the version.

    """
    state = dataset_state(services.store, order.dataset_version)
    if state is None:
        raise missing(order.dataset_version)
    return (
        not state.prepared
        or not _dagster_knows(services, state)
        or _shared(order.hyperparameters) != _last_shared(services, order.dataset_version)
    )


def require_dataset(services: Services, version: str) -> None:
    """Raise DatasetMissing unless a batch lies under a dataset version."""
    if not has_batches(services.store, version):
        raise missing(version)


def missing(version: str) -> DatasetMissing:
    """Return the error of a dataset version without a batch."""
    return DatasetMissing(f"no batch lies under the dataset version {version}")


def _dagster_knows(services: Services, state: DatasetState) -> bool:
    """Tell whether Dagster has the version's preparation; while it is down, the store's word counts."""
    try:
        return services.orchestrator.prepared(state.version)
    except OrchestratorUnavailable:
        return True


def _shared(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that preparing depends on, defaults filled in."""
    full = TrainingConfig.model_validate(hyperparameters).model_dump(mode="json")
    return {name: full[name] for name in SHARED}


def _last_shared(services: Services, version: str) -> dict[str, Any]:
    """Return with which of these settings the API prepared a version last; the defaults where it never did."""
    with services.database.read() as session:
        done = session.scalars(
            select(Job)
            .where(
                Job.kind == TRAINING, Job.state == jobs.READY, Job.partition.startswith(f"{version}|", autoescape=True)
            )
            .order_by(Job.created_at.desc())
        )
        for job in done:
            if len(job.request.get("stages", ())) > 1:
                return _shared(job.request.get("hyperparameters", {}))
    return _shared({})


def start_training(
    session: Session, order: TrainingOrder, *, prepare: bool, user_id: int | None, by: str
) -> tuple[Job, bool]:
    """Return the job of a training, and whether it is new: the same training in flight is the same job.

    Raises:
        TrainingInFlight: one of other settings is in flight for this version and variant.

    """
    try:
        return _create(session, order, prepare=prepare, user_id=user_id, by=by), True
    except jobs.JobInFlight:
        there = jobs.active_job(session, order.active_key)
        if there is None:  # it ended in between
            return _create(session, order, prepare=prepare, user_id=user_id, by=by), True
    asked = (dict(order.hyperparameters), order.label)
    if (there.request.get("hyperparameters"), there.request.get("model_label")) != asked:
        raise TrainingInFlight(f"job {there.id} trains {order.dataset_version} {order.variant} with other settings")
    return there, False


def _create(session: Session, order: TrainingOrder, *, prepare: bool, user_id: int | None, by: str) -> Job:
    request = {
        "stages": plan_stages(order, prepare=prepare),
        "stage": 0,
        "dataset_version": order.dataset_version,
        "model_variant": order.variant,
        "model_label": order.label,
        "hyperparameters": dict(order.hyperparameters),
        "requested_by": by,
    }
    return jobs.create_job(
        session,
        kind=TRAINING,
        partition=order.partition,
        active_key=order.active_key,
        request=request,
        lane=tags.BATCH,
        user_id=user_id,
        counted=False,
    )
