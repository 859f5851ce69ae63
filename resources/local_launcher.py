"""Runs on one machine, with a look at whether their processes live.

Dagster's default launcher cannot tell that a run's process died together with the daemon (a power cut, `kill -9`):
such a run would stay "started" for ever and keep a place of the queue. This one tells; run monitoring then fails the
run, and run retries start it again (deploy/dagster/local.yaml).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import DagsterEventType
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

if TYPE_CHECKING:
    from dagster import DagsterRun

_STARTED = re.compile(r"Started process for run \(pid: (\d+)\)")
#: Clocks of the kernel and of the event log may differ by this much, in seconds.
CLOCK_SLACK_S = 2.0


class LocalRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, which also answers whether a run's process lives."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Say that run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell whether a run's process lives; a run without one (it executes in the caller's) is left alone."""
        records = self._instance.get_records_for_run(run.run_id, of_type=DagsterEventType.ENGINE_EVENT).records
        for record in records:
            event = record.event_log_entry.dagster_event
            found = _STARTED.search((event.message if event is not None else None) or "")
            if found is not None:
                pid = int(found.group(1))
                if is_alive(pid, before=record.timestamp + CLOCK_SLACK_S):
                    return CheckRunHealthResult(WorkerStatus.RUNNING)
                return CheckRunHealthResult(WorkerStatus.FAILED, f"the run's process {pid} is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING, "runs in the process that asked for it")


def is_alive(pid: int, *, before: float) -> bool:
    """Tell whether a process of this number runs that was born before a moment (seconds since the epoch).

    Numbers are used again after a restart: a younger process is another one. Without Linux's /proc the number decides.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # gone, or somebody else's by now
        return False
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self/stat").exists()  # it ended just now, unless there is no /proc at all
    state, start_ticks = facts[0], int(facts[19])  # proc(5): fields 3 and 22, counted after the name
    born = int(boot.split()[1]) + start_ticks / os.sysconf("SC_CLK_TCK")
    return state != "Z" and born <= before
