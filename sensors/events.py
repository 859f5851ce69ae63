"""What sensors read of the instance: newest materializations, how training runs stand, why and when a run failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from sensors import tags
from sensors.promotion import State, TrainingRun, content_key

#: Runs read in one tick, the newest first: a tick takes at most 60 s.
RUNS_A_TICK = 500


@dataclass(frozen=True)
class Made:
    """The newest materialization of a partition: by which run and of what content; both None where there is none."""

    run_id: str | None = None
    digest: object = None


def newest_made(
    instance: dg.DagsterInstance, asset: str, partition: str, digest_name: str = tags.DATASET_DIGEST
) -> Made:
    """Return what the newest materialization of a partition says: made by hand, it is made as well."""
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[partition]), limit=1
    ).records
    event = records[0].asset_materialization if records else None
    if event is None:
        return Made()
    digest = event.metadata[digest_name].value if digest_name in event.metadata else None
    return Made(records[0].run_id, digest)


def training_runs(instance: dg.DagsterInstance, *, settled: frozenset[str]) -> Iterator[TrainingRun]:
    """Read how the sensor's training runs of open contents stand; runs of a person carry no digest: hers to promote.

    `settled` names the contents that were decided on before: looking at them again would make every tick longer, and
    their run keys go when housekeeping deletes their runs.
    """
    records = instance.get_run_records(dg.RunsFilter(job_name=tags.TRAIN_JOB), limit=RUNS_A_TICK)
    for record in records:
        run = record.dagster_run
        version, digest = run.tags.get(tags.DATASET_VERSION_TAG, ""), run.tags.get(tags.DATASET_DIGEST_TAG)
        if digest is None or content_key(version, digest) in settled:
            continue
        model_version, score = _evaluated(instance, run.run_id) if run.is_success else (None, None)
        yield TrainingRun(
            dataset_version=version,
            dataset_digest=digest,
            variant=run.tags[tags.VARIANT_TAG],
            state=_state(run),
            started=record.create_timestamp.timestamp(),
            model_version=model_version,
            score=score,
        )


def _state(run: dg.DagsterRun) -> State:
    """Fold Dagster's states into what the decision needs."""
    if run.is_success:
        return "passed"
    return "failed" if run.is_finished else "running"


def _evaluated(instance: dg.DagsterInstance, run_id: str) -> tuple[int | None, float | None]:
    """Return model version and score that a run's evaluation recorded."""
    for record in instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records:
        event = record.asset_materialization
        if event is not None and event.asset_key == dg.AssetKey(tags.EVALUATION):
            version = event.metadata[tags.MODEL_VERSION].value
            score = event.metadata[tags.MACRO_F1].value
            return int(str(version)), float(str(score))
    return None, None


def ended(instance: dg.DagsterInstance, run_id: str) -> datetime:
    """Return when a run ended: the same however often, and whenever, its failure is told."""
    record = instance.get_run_record_by_id(run_id)
    ended = None if record is None else record.end_time
    return datetime.now(UTC) if ended is None else datetime.fromtimestamp(ended, UTC)


def error_text(context: dg.RunFailureSensorContext) -> str:
    """Return the messages of the failed steps, or of the run where no step failed."""
    steps = [
        f"{event.step_key}: {event.event_specific_data.error.cause or event.event_specific_data.error}"
        for event in context.get_step_failure_events()
        if getattr(event.event_specific_data, "error", None) is not None
    ]
    return "\n".join(steps) or str(context.failure_event.message)
