"""The follower: one thread that launches jobs, follows their runs and ends them.

Clients never make Dagster work: they read the database, and only this thread asks, once a pass for all jobs together.
It keeps nothing that matters in memory: killed at any point, the next one reads jobs and runs and goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from api.db import jobs
from api.db.tables import Job, now
from api.decide import Act, decide, must_ask, stage_of
from api.ending import Ending
from api.launching import Launching
from api.orchestrator import OrchestratorUnavailable
from api.platform_events import PlatformEvents
from sensors import tags
from training.errors import GeocropError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from api.orchestrator import RunProgress, RunState
    from api.services import Services

log = logging.getLogger(__name__)

BUSY_S, IDLE_S = 0.5, 3.0
#: A pass that took long (many jobs, a slow Dagster) is followed by a pause of so many times its length.
REST = 3.0
#: Pause between two looks at all runs for the platform's events.
PLATFORM_S = 2.0
#: Pause between two requests to stop the same run.
STOP_AGAIN_S = 10.0
RETRYING = "retrying in the batch lane"
STOPPING = "stopping"
#: Acts before which a run's log is read: what a failed run did after the last look is told before it ends.
READ = frozenset({"follow", "failed"})
STEPS = {"QUEUED": "waiting in the queue", "STARTING": "starting", "NOT_STARTED": "starting"}


class Follower:
    """Follows all jobs in flight."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.ending = Ending(services)
        self.launching = Launching(services, self.ending)
        self.platform = PlatformEvents(services)
        self.problem: str | None = None  # what the last pass failed with, for the status page
        self._cursors: dict[str, str | None] = {}  # of the runs' logs; lost ones are read again
        self._stops: dict[str, float] = {}  # when a run was last asked to stop
        self._platform_at = 0.0
        self._unanswered: str | None = None  # what Dagster's last silence was called, until it answers
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; jobs that are made or cancelled in this process wake it."""
        jobs.on_work(self.wake)
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its pass."""
        jobs.off_work(self.wake)
        self._stopping.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def wake(self) -> None:
        """Make the next pass begin at once."""
        self._awake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            begun = time.monotonic()
            busy = self._guarded_step()
            pause = max(BUSY_S if busy else IDLE_S, REST * (time.monotonic() - begun)) if busy else IDLE_S
            self._awake.wait(pause)
            self._awake.clear()

    def _guarded_step(self) -> bool:
        """Make a pass; whatever goes wrong is told and tried again, for this thread must not end before the API."""
        try:
            busy = self.step()
        except (SQLAlchemyError, GeocropError, OSError) as error:
            self._note(f"{type(error).__name__}: {error}")
            return True
        except Exception as error:  # a fault of ours in one job's handling must not stop all others for ever
            log.exception("the follower stumbled")
            self.problem = f"{type(error).__name__}: {error}"
            return True
        return busy

    def _note(self, problem: str | None) -> None:
        """Log a problem when it begins and when it ends, not at each of its passes."""
        if problem is not None and self.problem is None:
            log.warning("jobs are not followed: %s", problem)
        if problem is None and self.problem is not None:
            log.info("jobs are followed again")
        self.problem = problem

    def step(self) -> bool:
        """Make one pass: launch, follow, end, and tell; return whether anything is in flight.

        Raises:
            SQLAlchemyError: the database is down; nothing is lost, runs go on by themselves.

        """
        with self.services.database.read() as session:
            found = list(jobs.in_flight(session))
        self._try(lambda: self._pass(found), proves=False)
        if time.monotonic() - self._platform_at >= PLATFORM_S:
            self._platform_at = time.monotonic()
            self._try(self.platform.step, proves=True)
        self._note(self._unanswered)
        return bool(found)

    def _try(self, work: Callable[[], None], *, proves: bool) -> None:
        """Do a part of a pass; `proves` says that it cannot go well without an answer of Dagster's."""
        try:
            work()
        except OrchestratorUnavailable as error:
            self._unanswered = str(error)
        else:
            self._unanswered = None if proves else self._unanswered

    def _pass(self, found: Sequence[Job]) -> None:
        moment = now()
        fresh = [job for job in found if not must_ask(job)]
        for job in fresh:  # first: a visitor waits for it, and nothing has to be asked
            self._do(job, decide(job, (), moment))
        old = [job for job in found if must_ask(job)]
        if not old:
            self._cursors.clear()
            return
        moment = now()
        runs = self.services.orchestrator.runs_of([job.id for job in old])
        acts = {job.id: decide(job, runs.get(job.id, ()), moment) for job in old}
        told = self._progress([act.run for act in acts.values() if act.kind in READ and act.run is not None])
        for job in old:
            self._do(job, acts[job.id], told)

    def _progress(self, runs: Sequence[RunState]) -> Mapping[str, RunProgress]:
        """Read the news in the logs of the runs that have begun, by one request for all."""
        begun = {run.run_id: self._cursors.get(run.run_id) for run in runs if run.started is not None}
        told = self.services.orchestrator.progress_of(begun)
        self._cursors = {run_id: news.cursor for run_id, news in told.items()}
        return told

    def _do(self, job: Job, act: Act, told: Mapping[str, RunProgress] | None = None) -> None:
        """Carry out what was decided."""
        for run in act.surplus:
            self._stop(run.run_id)
        self._adopt(job, act)
        if act.kind == "launch":
            self.launching.launch(job)
        elif act.kind == "delete" and act.run is not None:
            self.services.orchestrator.delete(act.run.run_id)
        elif act.kind == "follow" and act.run is not None:
            if act.stop:
                self._stop(act.run.run_id)
            self._follow(job, act.run, (told or {}).get(act.run.run_id))
        elif act.kind == "retrying":
            self._show(job, running=True, step=RETRYING, lane=tags.BATCH)
        elif act.kind not in {"wait", "delete"}:
            if act.kind == "failed" and act.run is not None:
                self._follow(job, act.run, (told or {}).get(act.run.run_id))
            self.ending.end(job, act)

    def _adopt(self, job: Job, act: Act) -> None:
        """Make a run the job's: one whose launch was not answered, or a retry; and its lane, which may have changed."""
        run = act.run
        if run is None or act.kind in {"wait", "delete"}:
            return
        lane = job.lane if act.kind == "retrying" else run.tags.get(tags.LANE_TAG) or job.lane
        if (job.run_id, job.lane) != (run.run_id, lane):
            with self.services.database.write() as session:
                jobs.mark_run(session, job.id, stage_of(job).number, run.run_id, lane)
            job.run_id, job.lane = run.run_id, lane

    def _stop(self, run_id: str) -> None:
        """Ask Dagster to stop a run; again after a while, for it may have been deaf."""
        asked = self._stops.get(run_id)
        if asked is None or time.monotonic() - asked > STOP_AGAIN_S:
            self.services.orchestrator.terminate(run_id)
            self._stops[run_id] = time.monotonic()

    def _follow(self, job: Job, run: RunState, news: RunProgress | None) -> None:
        stage = stage_of(job)
        running = run.started is not None or stage.number > 0 or run.is_retry
        percent = None
        if news is not None and news.percent is not None:
            percent = (stage.number + news.percent / 100) / stage.count * 100
        step = news.step if news is not None else None
        if step is None and job.step in STEPS.values():
            step = "starting"
        if run.started is None:
            step = RETRYING if run.is_retry else STEPS.get(run.status, "starting")
        if job.cancel_requested:
            step = STOPPING
        self._show(job, running=running, percent=percent, step=step, position=self._position(job, run))

    def _position(self, job: Job, run: RunState) -> int | None:
        """Return a waiting run's place in the lane's queue, from 1."""
        if run.started is not None or job.lane != tags.INTERACTIVE:
            return None
        status = self.services.lane.status()
        waiting = None if status is None else status.position(run.run_id)
        return None if waiting is None else waiting + 1

    def _show(
        self,
        job: Job,
        *,
        running: bool,
        percent: float | None = None,
        step: str | None = None,
        position: int | None = None,
        lane: str | None = None,
    ) -> None:
        """Write progress, if it says anything new: most passes find nothing, and writing takes turns."""
        is_old = (
            (job.state == jobs.RUNNING or not running)
            and int(percent or 0) <= job.progress
            and step in (None, job.step)
            and position == job.position
            and lane in (None, job.lane)
        )
        if is_old:
            return
        with self.services.database.write() as session:
            jobs.mark_progress(
                session, job.id, running=running, percent=percent, step=step, position=position, lane=lane
            )
