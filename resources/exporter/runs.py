"""Dagster's runs as numbers: those in flight now, and those that ended since this process started."""

from __future__ import annotations

import time
from collections import Counter as Count
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dagster import DagsterRunStatus, RunsFilter
from prometheus_client import Counter, Histogram
from prometheus_client.core import Metric

from resources.exporter.readers import gauges
from sensors import tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import DagsterInstance, DagsterRun
    from dagster._core.storage.dagster_run import RunRecord

IN_FLIGHT = (
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)
ENDED = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
JOBS = (tags.PREPARE_JOB, tags.TRAIN_JOB, tags.PROMOTE_JOB, tags.BASELINE_JOB, tags.MAP_JOB, tags.HOUSEKEEPING_JOB)
LANES = (tags.INTERACTIVE, tags.BATCH)
#: Not `job`: Prometheus calls its targets so.
LABELS = ("dagster_job", "lane")
SECONDS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 10800.0, 43200.0)
RUNS_A_PAGE = 500
#: A run whose end is written later than another's that ended after it is still counted: looked for again this long.
LATE = timedelta(seconds=120)


class RunNumbers:
    """Counts runs. Those that end are counted once, those that ended before the start of this process never.

    Jobs and lanes that are known begin at 0: `increase()` does not see the first step of a series that begins at 1.
    """

    def __init__(self, instance: DagsterInstance) -> None:
        self._instance = instance
        self._since = datetime.now(UTC)
        self._begun = self._since
        self._seen: dict[str, datetime] = {}  # ended runs that were counted, and when they were last written
        self._ended = Counter("geocrop_runs_ended", "Runs that ended.", (*LABELS, "state"), registry=None)
        self._took = Histogram("geocrop_run_seconds", "Start to end of a run.", LABELS, buckets=SECONDS, registry=None)
        self._waited = Histogram(
            "geocrop_run_wait_seconds", "From asking for a run to its start.", LABELS, buckets=SECONDS, registry=None
        )
        for job in JOBS:
            self._begin(job, tags.BATCH)
        self._begin(tags.MAP_JOB, tags.INTERACTIVE)
        self._last_success = {job: found for job in JOBS if (found := self._newest_success(job)) is not None}

    def _begin(self, job: str, lane: str) -> None:
        for state in ENDED:
            self._ended.labels(job, lane, state.value.lower())
        self._took.labels(job, lane)
        self._waited.labels(job, lane)

    def _newest_success(self, job: str) -> float | None:
        wanted = RunsFilter(job_name=job, statuses=[DagsterRunStatus.SUCCESS])
        found = self._instance.get_run_records(wanted, limit=1)
        return found[0].end_time if found else None

    def read(self) -> list[Metric]:
        """Look at the runs and return all numbers."""
        self._count_ended()
        live = list(self._records(RunsFilter(statuses=list(IN_FLIGHT))))
        succeeded = [((job,), moment) for job, moment in sorted(self._last_success.items())]
        return [
            *self._ended.collect(),
            *self._took.collect(),
            *self._waited.collect(),
            *in_flight(live, time.time()),
            gauges("geocrop_last_success_timestamp_seconds", "End of a job's newest success.", LABELS[:1], succeeded),
        ]

    def _count_ended(self) -> None:
        until = datetime.now(UTC)
        for record in self._records(RunsFilter(statuses=list(ENDED), updated_after=self._since - LATE)):
            run = record.dagster_run
            if run.run_id in self._seen or (record.end_time or 0.0) < self._begun.timestamp():
                continue
            self._seen[run.run_id] = record.update_timestamp
            self._count(record)
        self._since = until
        oldest = until - 2 * LATE
        self._seen = {run_id: at for run_id, at in self._seen.items() if at > oldest}

    def _count(self, record: RunRecord) -> None:
        run, start, end = record.dagster_run, record.start_time, record.end_time
        labels = run.job_name, lane_of(run)
        self._ended.labels(*labels, run.status.value.lower()).inc()
        if start is not None and end is not None:
            self._took.labels(*labels).observe(max(0.0, end - start))
            self._waited.labels(*labels).observe(max(0.0, start - record.create_timestamp.timestamp()))
        if run.status == DagsterRunStatus.SUCCESS and end is not None:
            self._last_success[run.job_name] = max(end, self._last_success.get(run.job_name, 0.0))

    def _records(self, wanted: RunsFilter) -> Iterator[RunRecord]:
        cursor: str | None = None
        while True:
            page = self._instance.get_run_records(wanted, limit=RUNS_A_PAGE, cursor=cursor)
            yield from page
            if len(page) < RUNS_A_PAGE:
                return
            cursor = page[-1].dagster_run.run_id


def lane_of(run: DagsterRun) -> str:
    """Return a run's lane; one that names none took Dagster's queue."""
    return run.tags.get(tags.LANE_TAG, tags.BATCH)


def in_flight(live: list[RunRecord], now: float) -> list[Metric]:
    """Return runs in flight by job, lane and state, the length of each lane's queue, and the longest wait in it.

    Args:
        live: runs that have not ended.
        now: seconds since the epoch.

    """
    states = Count((one.dagster_run.job_name, lane_of(one.dagster_run), one.dagster_run.status.value) for one in live)
    waiting = {lane: [0.0, 0.0] for lane in LANES}
    for one in live:
        if one.dagster_run.status == DagsterRunStatus.QUEUED:
            found = waiting.setdefault(lane_of(one.dagster_run), [0.0, 0.0])
            found[0] += 1
            found[1] = max(found[1], now - one.create_timestamp.timestamp())
    return [
        gauges(
            "geocrop_runs_in_flight",
            "Runs that have not ended.",
            (*LABELS, "state"),
            [((job, lane, state.lower()), float(number)) for (job, lane, state), number in sorted(states.items())],
        ),
        gauges(
            "geocrop_run_queue_length",
            "Runs that wait in Dagster's queue.",
            ("lane",),
            [((lane,), found[0]) for lane, found in waiting.items()],
        ),
        gauges(
            "geocrop_run_queue_oldest_seconds",
            "How long the run has waited that waits longest; 0 where none waits.",
            ("lane",),
            [((lane,), found[1]) for lane, found in waiting.items()],
        ),
    ]
