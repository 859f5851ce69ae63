"""What is to be done about a job, from the job and the runs that carry its tag: pure, so that every case is a test.

Runs are Dagster's to know, jobs the database's; nothing else is asked. That is why a restart needs no memory: the next
look at both goes on where the last one stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from api.failures import WAITING
from sensors import tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.db.tables import Job
    from api.orchestrator_answers import RunState

ROOT_TAG = "dagster/root_run_id"
MAX_RETRIES_TAG = "dagster/max_retries"
#: How long a retry that Dagster has promised may take to appear: its daemon looks every five seconds.
RETRY_APPEARS = timedelta(seconds=60)
#: Dagster says in a second step, right after a run failed, whether it will retry it.
RETRY_IS_SAID = timedelta(seconds=3)
#: A run that was made and not handed on by then never will be: the webserver died between the two.
HANDED_ON = timedelta(seconds=60)

Kind = Literal[
    "launch",  # there is no run, and there never was one that is not known
    "wait",  # the outcome of a launch is open, or Dagster has not said yet what comes next
    "cancelled-early",  # asked for before there was a run
    "gone",  # the run was deleted
    "delete",  # a run that was made and never handed on
    "follow",
    "retrying",  # failed, and the retry has not appeared yet
    "succeeded",
    "failed",
    "cancelled",
]


@dataclass(frozen=True)
class Act:
    """What to do, and about which run; `surplus` are runs too many, which are stopped."""

    kind: Kind
    run: RunState | None = None
    surplus: tuple[RunState, ...] = ()
    stop: bool = False  # the run is to be terminated as well


@dataclass(frozen=True)
class Stage:
    """One run of a job: what to launch."""

    job: str
    partition: str | None
    partition_set: str | None
    config: Mapping[str, Any]
    number: int
    count: int


def stage_of(job: Job) -> Stage:
    """Return the run that a job is at."""
    request = job.request
    if "stages" in request:
        number = int(request.get("stage", 0))
        one = request["stages"][number]
        return Stage(
            job=one["job"],
            partition=one.get("partition"),
            partition_set=one.get("partition_set"),
            config=one.get("config") or {},
            number=number,
            count=len(request["stages"]),
        )
    if job.kind == "promotion":
        return Stage(tags.PROMOTE_JOB, None, None, request.get("config") or {}, 0, 1)
    return Stage(tags.MAP_JOB, job.partition, tags.AOI_SEASON, {}, 0, 1)


def tags_of(job: Job, stage: Stage, requested_by: str | None) -> dict[str, str]:
    """Return the tags of a job's run: by the first two it is found again, whatever happens meanwhile."""
    found = {tags.JOB_TAG: job.id, tags.STAGE_TAG: str(stage.number), tags.LANE_TAG: job.lane}
    by = job.request.get("requested_by") or requested_by
    if by:
        found[tags.REQUESTED_BY_TAG] = str(by)
    if job.lane == tags.INTERACTIVE:
        found[MAX_RETRIES_TAG] = "1"  # once, in the batch lane
    of_request = {
        tags.DATASET_VERSION_TAG: "dataset_version",
        tags.VARIANT_TAG: "model_variant",
        tags.MODEL_LABEL_TAG: "model_label",
    }
    return found | {tag: str(job.request[name]) for tag, name in of_request.items() if job.request.get(name)}


def must_ask(job: Job) -> bool:
    """Tell whether Dagster may have a run of a job: not before the first launch, nor after one that surely failed."""
    return job.run_id is not None or (job.launch_tries > 0 and job.reason_code != WAITING)


def decide(job: Job, runs: Sequence[RunState], moment: datetime) -> Act:
    """Decide what to do about a job in flight.

    Args:
        job: as the database has it, read before the runs were.
        runs: that carry its tag, newest first; empty where `must_ask` said that there are none.
        moment: now.

    """
    number = str(stage_of(job).number)
    of_stage = [run for run in runs if run.tags.get(tags.STAGE_TAG, "0") == number]
    if not of_stage:
        return _without_run(job, moment)
    run, surplus = _current(of_stage)
    act = _with_failed(job, run, moment) if run.status == "FAILURE" else _with_run(job, run, moment)
    return Act(act.kind, run, tuple(one for one in surplus if not is_over(one)), act.stop)


def is_over(run: RunState) -> bool:
    """Tell whether a run has ended."""
    return run.status in {"SUCCESS", "FAILURE", "CANCELED"}


def _current(runs: Sequence[RunState]) -> tuple[RunState, list[RunState]]:
    """Return the newest run of the oldest line of runs, and the runs of other lines: there should be none.

    A launch whose answer was lost may yet take effect after all looked in vain for its run. Then there are two, and
    the older one stays.
    """
    root = next((run for run in reversed(runs) if not run.is_retry), runs[-1])
    line = [run for run in runs if root.run_id in (run.run_id, run.tags.get(ROOT_TAG))]
    return line[0], [run for run in runs if run not in line]


def _without_run(job: Job, moment: datetime) -> Act:
    if job.run_id is not None:
        return Act("gone")
    is_claimed = must_ask(job) and job.next_try_at is not None and job.next_try_at > moment
    if is_claimed:
        return Act("wait")
    if job.cancel_requested:
        return Act("cancelled-early")
    is_early = job.next_try_at is not None and job.next_try_at > moment
    return Act("wait" if is_early else "launch")


def _with_run(job: Job, run: RunState, moment: datetime) -> Act:
    if run.status == "NOT_STARTED" and job.run_id != run.run_id:
        return Act("delete" if moment - run.created > HANDED_ON else "wait")
    if run.status == "SUCCESS":
        return Act("succeeded")
    if run.status == "CANCELED":
        return Act("cancelled")
    return Act("follow", stop=job.cancel_requested and run.status != "CANCELING")


def _with_failed(job: Job, run: RunState, moment: datetime) -> Act:
    since = moment - (run.ended or run.updated or run.created)
    if run.will_retry and since < RETRY_APPEARS:
        return Act("retrying")
    if not run.retry_is_known and since < RETRY_IS_SAID:
        return Act("wait")
    return Act("cancelled" if job.cancel_requested else "failed")
