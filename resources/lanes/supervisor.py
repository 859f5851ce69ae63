"""The supervisor of the interactive lane: an ordered queue, bounded places, and warm processes that are watched."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster import DagsterRunStatus

from resources.lanes import records
from resources.lanes.decide import Recycling, decide_recycling, seconds_before_restart
from resources.lanes.memory import free_mb, tree_rss_mb
from resources.lanes.protocol import LaneRefused, LaneStatus, Place, RunPlace, Worker, WorkerState

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster import DagsterInstance

    from resources.lanes.process import Listener, WarmProcess
    from resources.settings import Settings

log = logging.getLogger("geocrop.lane")

TICK_S = 0.25
MEMORY_EVERY_S = 0.5
RECONCILE_EVERY_S = 10.0
#: A run that is younger may be on its way to the queue still.
YOUNG_S = 5.0
#: Time that a run gets to end by itself after an interrupt, and a process that has nothing to do.
GRACE_S = 10.0
#: Time that runs get to end when the lane is stopped.
DRAIN_S = 3.0
RETRY_REPORT_S = 2.0
MAX_QUEUE = 100
ENDED_KEPT = 500
BUSY, DRAINING = 503, 503


@dataclass(frozen=True)
class LaneRules:
    """What an installation says of the lane."""

    slots: int
    recycle_runs: int
    memory_mb: int
    grace_s: float = GRACE_S

    @classmethod
    def of(cls, settings: Settings) -> LaneRules:
        """Read the rules from the settings."""
        return cls(settings.lane_slots, settings.lane_recycle_runs, settings.lane_memory_mb)


class Supervisor:
    """Keeps processes warm and gives them runs in the order of asking. Safe for threads.

    `keep` is called over and over by one thread that lives as long as the program: processes end with the thread that
    started them. Everything else may be called from anywhere.
    """

    def __init__(self, instance: DagsterInstance, start: Callable[[Listener], WarmProcess], rules: LaneRules) -> None:
        self._instance = instance
        self._start = start
        self.rules = rules
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._queue: list[str] = []
        self._processes: list[WarmProcess] = []
        self._ended: OrderedDict[str, str | None] = OrderedDict()
        self._began = time.time()
        self._failures = 0  # of processes that died before they were warm, in a row
        self._start_after = 0.0
        self._trouble: str | None = None
        self._stopping = False
        self._next_memory = self._next_reconcile = 0.0

    # What callers ask for

    def submit(self, run_id: str) -> RunPlace:
        """Queue a run; one that is here already stays where it is.

        Raises:
            LaneRefused: the lane stops, is full, or cannot make a process warm.

        """
        with self._lock:
            place = self.place(run_id)
            if place.state in {Place.QUEUED, Place.RUNNING}:
                return place
            self._check_open()
            self._queue.append(run_id)
            self._dispatch()
            return self.place(run_id)

    def _check_open(self) -> None:
        if self._stopping:
            raise LaneRefused("the warm worker is being stopped", status=DRAINING, reason="lane-stopping")
        if self._trouble is not None:
            raise LaneRefused(self._trouble, status=BUSY, reason="lane-cold")
        if len(self._queue) >= MAX_QUEUE:
            raise LaneRefused(f"{MAX_QUEUE} runs wait already", status=BUSY, reason="lane-full")

    def place(self, run_id: str) -> RunPlace:
        """Return where a run is."""
        with self._lock:
            if run_id in self._queue:
                return RunPlace(Place.QUEUED, self._queue.index(run_id))
            process = self._executing(run_id)
            if process is not None:
                return RunPlace(Place.RUNNING, pid=process.pid, reason=process.reason)
            if run_id in self._ended:
                return RunPlace(Place.ENDED, reason=self._ended[run_id])
            return RunPlace(Place.UNKNOWN)

    def cancel(self, run_id: str) -> RunPlace:
        """Take a run out of the queue, or interrupt it: it is killed when it does not end in time."""
        with self._lock:
            process = self._executing(run_id)
            if process is not None:
                process.interrupt(self.rules.grace_s)
                return self.place(run_id)
            if run_id in self._queue:
                self._queue.remove(run_id)
                self._note_end(run_id, "cancelled while it waited")
        records.confirm_cancelled(self._instance, run_id, "Cancelled before a warm process took it.")
        return self.place(run_id)

    def status(self) -> LaneStatus:
        """Return the lane as it is."""
        with self._lock:
            workers = tuple(
                Worker(one.pid, one.state, one.run_id, one.runs, one.rss_mb, one.reason) for one in self._processes
            )
            return LaneStatus(
                slots=self.rules.slots,
                busy=sum(one.run_id is not None for one in self._processes),
                warm=sum(one.state in {WorkerState.IDLE, WorkerState.BUSY} for one in self._processes),
                queue=tuple(self._queue),
                workers=workers,
                started=self._began,
                trouble=self._trouble,
            )

    # What processes tell

    def on_warm(self, process: WarmProcess) -> None:
        """Give a process its first run, and let the one go that it replaces."""
        log.info("process %d is warm", process.pid)
        with self._lock:
            self._failures, self._trouble = 0, None
            if process.state == WorkerState.WARMING:
                process.state = WorkerState.IDLE
            for old in self._processes:
                if old.state == WorkerState.IDLE and self._is_replaced(old):
                    old.stop("it is replaced", self.rules.grace_s)
            self._dispatch()

    def on_ended(self, process: WarmProcess, run_id: str) -> None:
        """Note the end of a run, and give the process the next one unless it goes."""
        with self._lock:
            process.run_id = None
            self._note_end(run_id, None)
            if process.reason is not None or self._is_replaced(process) or self._stopping:
                process.stop("it is replaced", self.rules.grace_s)
            else:
                process.state = WorkerState.IDLE
            self._dispatch()
        self._wake.set()

    def on_death(self, process: WarmProcess, how: str) -> None:
        """Replace a process that is gone, and fail its run with the reason."""
        with self._lock:
            was_cold = process.state == WorkerState.WARMING
            why = f"{process.reason} ({how})" if process.reason else how
            self._processes.remove(process)
            run_id, stranded = process.run_id, []
            if run_id is not None:
                self._note_end(run_id, why)
            if was_cold and not self._stopping:
                stranded = self._could_not_warm(how)
        log.log(logging.WARNING if run_id or was_cold else logging.INFO, "a process is gone: %s", why)
        self._wake.set()
        for one, reason in [(run_id, why)] * (run_id is not None) + [(one, self._trouble) for one in stranded]:
            self._settle(str(one), str(reason))

    def _could_not_warm(self, how: str) -> list[str]:
        """Note that a process died before it was warm; return the runs that need not wait for the next one."""
        self._failures += 1
        self._start_after = time.monotonic() + seconds_before_restart(self._failures)
        if any(one.state in {WorkerState.IDLE, WorkerState.BUSY} for one in self._processes):
            return []
        self._trouble = f"no process gets warm: {how}; the warm worker's log says why"
        stranded, self._queue[:] = list(self._queue), []
        return stranded

    def _settle(self, run_id: str, reason: str) -> None:
        """Write the end of a run that lost its process; again and again while the database does not answer."""
        while True:
            try:
                records.end_lost_run(self._instance, run_id, f"Interactive lane: {reason}")
            except Exception:  # whatever the database's driver raises: the next supervisor's start is the last resort
                log.exception("run %s could not be ended in Dagster's records; again in %g s", run_id, RETRY_REPORT_S)
                if self._stopping:
                    return
                time.sleep(RETRY_REPORT_S)
            else:
                return

    # What one thread does over and over

    def keep(self) -> None:
        """Do one round: start and replace processes, watch memory, kill what does not end, compare with Dagster."""
        self._wake.wait(TICK_S)
        self._wake.clear()
        now = time.monotonic()
        with self._lock:
            for one in self._processes:
                if one.kill_at is not None and now >= one.kill_at:
                    one.kill("it did not end in time")
            if now >= self._next_memory:
                self._next_memory = now + MEMORY_EVERY_S
                self._watch_memory()
            self._recycle()
            self._trim()
            while self._wants_process(now):
                self._processes.append(self._start(self))
        if now >= self._next_reconcile:
            self.reconcile(YOUNG_S)
            self._next_reconcile = time.monotonic() + RECONCILE_EVERY_S

    def _live(self) -> int:
        return sum(one.state != WorkerState.STOPPING for one in self._processes)

    def _wants_process(self, now: float) -> bool:
        leaving = any(one.retiring and one.state != WorkerState.STOPPING for one in self._processes)
        return not self._stopping and now >= self._start_after and self._live() < self.rules.slots + leaving

    def _watch_memory(self) -> None:
        for one in self._processes:
            one.rss_mb = tree_rss_mb(one.pid)
            if one.rss_mb > self.rules.memory_mb and one.state != WorkerState.STOPPING:
                one.kill(f"it took {one.rss_mb} MB of memory, more than GEOCROP_LANE_MEMORY_MB={self.rules.memory_mb}")

    def _recycle(self) -> None:
        """Replace used processes, one after the other."""
        if self._stopping or any(one.retiring for one in self._processes):
            return
        for one in self._processes:
            if one.state not in {WorkerState.IDLE, WorkerState.BUSY}:
                continue
            limit = self.rules.recycle_runs
            match decide_recycling(runs=one.runs, limit=limit, rss_mb=one.rss_mb, free_mb=free_mb()):
                case Recycling.WARM_FIRST:
                    one.retiring = True
                    return
                case Recycling.STOP_FIRST if one.state == WorkerState.IDLE:
                    one.stop(f"it has executed {one.runs} runs", self.rules.grace_s)

    def _trim(self) -> None:
        """Let a process go that nobody needs: the one that it was to replace has died."""
        if self._live() > self.rules.slots and not any(one.retiring for one in self._processes):
            for one in [one for one in self._processes if one.state == WorkerState.IDLE][:1]:
                one.stop("there is one too many", self.rules.grace_s)

    def reconcile(self, young_s: float) -> None:
        """Take up what Dagster's records say is the lane's: runs that wait, and runs whose process is gone."""
        try:
            found = records.lane_runs(self._instance)
        except Exception:  # whatever the database's driver raises
            log.exception("Dagster's records cannot be read; again in %g s", RECONCILE_EVERY_S)
            return
        for record in found:
            run = record.dagster_run
            age_s = time.time() - record.update_timestamp.timestamp()
            if age_s < young_s or self.place(run.run_id).state in {Place.QUEUED, Place.RUNNING}:
                continue
            if run.status == DagsterRunStatus.QUEUED:
                self._adopt(run.run_id)
            else:
                self._settle(run.run_id, "the warm worker was started anew and the run's process is gone")

    def _adopt(self, run_id: str) -> None:
        try:
            self.submit(run_id)
        except LaneRefused as error:
            self._settle(run_id, str(error))

    # The end

    def stop(self) -> None:
        """Stop: who waits goes to the batch lane, who runs gets a moment, and all processes end."""
        with self._lock:
            self._stopping = True
            waiting, self._queue[:] = list(self._queue), []
            for one in self._processes:
                if one.run_id is None:
                    one.stop("the lane was stopped", DRAIN_S)
        for run_id in waiting:
            self._settle(run_id, "the warm worker was stopped")
        end = time.monotonic() + DRAIN_S
        processes = list(self._processes)
        for one in processes:
            one.join(max(0.0, end - time.monotonic()))
        with self._lock:
            for one in self._processes:
                one.kill("the warm worker was stopped")
        for one in processes:
            one.join(GRACE_S)

    # Small things, called with the lock held

    def _executing(self, run_id: str) -> WarmProcess | None:
        return next((one for one in self._processes if one.run_id == run_id), None)

    def _is_replaced(self, process: WarmProcess) -> bool:
        """Tell whether others are warm in a retiring process's stead."""
        warm = (WorkerState.IDLE, WorkerState.BUSY)
        others = sum(one.state in warm and not one.retiring for one in self._processes)
        return process.retiring and others >= self.rules.slots

    def _note_end(self, run_id: str, reason: str | None) -> None:
        self._ended[run_id] = reason
        while len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def _dispatch(self) -> None:
        """Give runs to idle processes in order, the least used process last to go first."""
        while self._queue and sum(one.run_id is not None for one in self._processes) < self.rules.slots:
            idle = [one for one in self._processes if one.state == WorkerState.IDLE]
            if not idle:
                return
            min(idle, key=lambda one: one.retiring).execute(self._queue.pop(0))
