"""Which lane a run takes: the warm worker for those that ask for it, Dagster's queue for the rest."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.run_coordinator import QueuedRunCoordinator

from resources.lanes.client import LaneHttp
from resources.lanes.decide import choose_lane, is_interactive
from resources.lanes.protocol import LaneRefused, LaneUnavailable, Place
from resources.lanes.records import hand_to_batch
from resources.settings import load_settings
from sensors.tags import INTERACTIVE, LANE_TAG

if TYPE_CHECKING:
    from dagster import DagsterRun
    from dagster._core.run_coordinator import SubmitRunContext
    from dagster._core.run_coordinator.queued_run_coordinator import RunQueueConfig

#: Dagster's daemon leaves runs with this tag in the queue: the warm worker takes them out itself.
NOT_FOR_THE_DAEMON = {"key": LANE_TAG, "value": INTERACTIVE, "limit": 0}


class LaneRunCoordinator(QueuedRunCoordinator[DagsterInstance]):
    """Dagster's queue, in which runs of the interactive lane wait for a warm process and not for the daemon.

    Such a run is queued like any other, so that it can be cancelled, and outlives webserver and warm worker: while no
    worker answers, the daemon takes it out of the queue and the launcher runs it in the batch lane.
    """

    @cached_property
    def lane(self) -> LaneHttp:
        """The warm worker of this installation."""
        return LaneHttp.of(load_settings())

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Queue a run, and tell the warm worker of it when its lane is the interactive one."""
        run = context.dagster_run
        choice = choose_lane(run.tags)
        if not choice.interactive:
            if choice.reason is not None:
                hand_to_batch(self._instance, run, choice.reason)
            return super().submit_run(context)
        submitted = super().submit_run(context)
        try:
            place = self.lane.submit(run.run_id)
        except (LaneUnavailable, LaneRefused) as error:
            hand_to_batch(self._instance, submitted, f"{error} ({error.code})")
            return submitted
        if place.state == Place.QUEUED:
            self._instance.report_engine_event(
                f"Waits for a warm process of the interactive lane, {place.position} before it", submitted
            )
        return submitted

    def cancel_run(self, run_id: str) -> bool:
        """Cancel a run; one that waits in the interactive lane leaves the lane's queue at once."""
        run = self._instance.get_run_by_id(run_id)
        if run is not None and run.status == DagsterRunStatus.QUEUED and is_interactive(run.tags):
            self._forget(run_id)
        return super().cancel_run(run_id)

    def _forget(self, run_id: str) -> None:
        try:
            self.lane.cancel(run_id)
        except (LaneUnavailable, LaneRefused):
            return  # no worker, or it does not know the run: a worker starts no run that was cancelled

    def get_run_queue_config(self) -> RunQueueConfig:
        """Return the queue's limits: the daemon takes runs of the interactive lane only while no worker does."""
        config = super().get_run_queue_config()
        if not self.lane.takes_runs():
            return config
        return config._replace(tag_concurrency_limits=[*config.tag_concurrency_limits, NOT_FOR_THE_DAEMON])
