"""Launchers that know the interactive lane: they ask the warm worker about its runs, and leave others to Dagster's."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dagster import DagsterInstance
from dagster._core.launcher import CheckRunHealthResult, RunLauncher, WorkerStatus

from resources.lanes.client import LaneHttp
from resources.lanes.decide import is_interactive
from resources.lanes.protocol import LaneGone, LaneRefused, LaneUnavailable, Place
from resources.lanes.records import hand_to_batch
from resources.local_launcher import LocalRunLauncher
from resources.settings import load_settings

if TYPE_CHECKING:
    from dagster import DagsterRun
    from dagster._core.launcher import LaunchRunContext, ResumeRunContext


class LaneLauncherMixin(RunLauncher[DagsterInstance]):
    """Goes before a launcher of the batch lane: `class X(LaneLauncherMixin, K8sRunLauncher)`."""

    @cached_property
    def lane(self) -> LaneHttp:
        """The warm worker of this installation."""
        return LaneHttp.of(load_settings())

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launch a run: one of the interactive lane in the warm worker, or in the batch lane when none answers."""
        run = context.dagster_run
        if is_interactive(run.tags):
            try:
                self.lane.submit(run.run_id)
            except (LaneUnavailable, LaneRefused) as error:
                hand_to_batch(self._instance, run, f"{error} ({error.code})")
            else:
                return
        super().launch_run(context)  # type: ignore[safe-super]

    def resume_run(self, context: ResumeRunContext) -> None:
        """Resume a run in the batch lane, whatever lane it began in: its warm process is gone."""
        if is_interactive(context.dagster_run.tags):
            hand_to_batch(self._instance, context.dagster_run, "its warm process is gone and the run is resumed")
        super().resume_run(context)

    def terminate(self, run_id: str) -> bool:
        """End a run; one of the interactive lane is interrupted in its warm process, or killed with it."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or not is_interactive(run.tags):
            return bool(super().terminate(run_id))  # type: ignore[safe-super]
        if run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        try:
            self.lane.cancel(run_id)
        except LaneGone as error:  # its processes ended with it
            self._instance.report_run_canceled(run, f"{error}: the run's process ended with it")
        except (LaneUnavailable, LaneRefused) as error:
            self._instance.report_engine_event(f"The warm worker did not take the request to stop: {error}", run)
            return False
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Say that run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell whether a run's process lives; of the interactive lane's runs the warm worker knows."""
        if not is_interactive(run.tags):
            return super().check_run_worker_health(run)
        try:
            place = self.lane.place(run.run_id)
        except LaneGone as error:
            return CheckRunHealthResult(WorkerStatus.FAILED, f"{error}: the run's process ended with it")
        except (LaneUnavailable, LaneRefused) as error:
            # A busy machine: to fail a run for a late answer would be worse than to ask again.
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"not known: {error}")
        if place.state in {Place.QUEUED, Place.RUNNING}:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, place.reason or "the warm worker does not have the run")

    def get_run_worker_debug_info(self, run: DagsterRun, include_container_logs: bool | None = True) -> str | None:
        """Return what the batch lane's launcher knows of a run's process; of warm ones the run's log tells."""
        if is_interactive(run.tags):
            return None
        return super().get_run_worker_debug_info(run, include_container_logs=include_container_logs)


class LaneLocalRunLauncher(LaneLauncherMixin, LocalRunLauncher):
    """Runs on one machine: the interactive lane's in warm processes, others in processes of the code server."""
