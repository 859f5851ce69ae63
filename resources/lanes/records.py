"""What the lane writes into a run's record: where it goes, and why it ended early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster import DagsterRunStatus, RunsFilter
from dagster._core.events import DagsterEvent, DagsterEventType, JobFailureData, RunFailureReason

from sensors.tags import BATCH, INTERACTIVE, LANE_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster import DagsterInstance, DagsterRun
    from dagster._core.storage.dagster_run import RunRecord

TAKEN_FROM = frozenset({DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING})
LIVE = (DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING)


def hand_to_batch(instance: DagsterInstance, run: DagsterRun, reason: str) -> None:
    """Rewrite a run's lane, so that Dagster's queue takes it, and say why in its log."""
    instance.add_run_tags(run.run_id, {LANE_TAG: BATCH})
    instance.report_engine_event(f"Goes to the batch lane: {reason}", run)


def lane_runs(instance: DagsterInstance) -> Sequence[RunRecord]:
    """Return the runs of the interactive lane that have not ended, oldest first."""
    return instance.get_run_records(RunsFilter(statuses=list(LIVE), tags={LANE_TAG: INTERACTIVE}), ascending=True)


def end_lost_run(instance: DagsterInstance, run_id: str, reason: str) -> None:
    """End a run whose process is gone: cancelled where that was asked for, else failed with the reason.

    A failure for this reason is retried by Dagster's daemon, and the coordinator sends the retry to the batch lane.
    """
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return
    if run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, reason)
        return
    if run.status == DagsterRunStatus.QUEUED:  # it had not begun: nothing is lost
        hand_to_batch(instance, run, reason)
        return
    instance.report_engine_event(f"The interactive lane lost this run: {reason}", run)
    failure = JobFailureData(error=None, failure_reason=RunFailureReason.UNEXPECTED_TERMINATION)
    instance.report_run_failed(run, reason, failure)


def take(instance: DagsterInstance, run_id: str, pid: int) -> DagsterRun | None:
    """Mark a run as starting in this process and return it; None when it is not the lane's to start (any more)."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.status not in TAKEN_FROM or run.tags.get(LANE_TAG) != INTERACTIVE:
        return None
    starting = DagsterEvent(
        event_type_value=DagsterEventType.RUN_STARTING.value,
        job_name=run.job_name,
        message=f"Taken by a warm process of the interactive lane (pid: {pid}).",
    )
    instance.report_dagster_event(starting, run_id=run_id)
    return run.with_status(DagsterRunStatus.STARTING)


def confirm_cancelled(instance: DagsterInstance, run_id: str, reason: str) -> None:
    """Mark a run as cancelled that somebody asked to cancel and that no process executes."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, reason)
