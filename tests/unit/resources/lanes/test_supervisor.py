"""The supervisor with processes that do as the test says, on Dagster's real records."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from resources.lanes import supervisor as under_test
from resources.lanes.protocol import LaneRefused, Place, WorkerState
from resources.lanes.records import take
from resources.lanes.supervisor import LaneRules, Supervisor
from sensors.tags import BATCH, INTERACTIVE, LANE_TAG


class Puppet:
    """A process that says what the test has it say."""

    def __init__(self, listener: Supervisor, pid: int) -> None:
        self.pid = pid
        self.state = WorkerState.WARMING
        self.run_id: str | None = None
        self.runs = 0
        self.rss_mb = 100
        self.reason: str | None = None
        self.retiring = False
        self.kill_at: float | None = None
        self.listener = listener
        self.gone = False

    def execute(self, run_id: str) -> None:
        self.state, self.run_id = WorkerState.BUSY, run_id
        self.runs += 1

    def interrupt(self, grace_s: float) -> None:
        self.reason = "its run was interrupted"

    def stop(self, reason: str, grace_s: float) -> None:
        self.state, self.reason = WorkerState.STOPPING, self.reason or reason

    def kill(self, reason: str) -> None:
        self.state, self.reason = WorkerState.STOPPING, self.reason or reason

    def join(self, timeout_s: float) -> None:
        if self.state == WorkerState.STOPPING and not self.gone:
            self.die("stopped")

    def warm(self) -> None:
        self.listener.on_warm(self)  # type: ignore[arg-type]

    def end(self) -> None:
        assert self.run_id is not None
        self.listener.on_ended(self, self.run_id)  # type: ignore[arg-type]

    def die(self, how: str = "its process was killed by SIGKILL") -> None:
        self.gone = True
        self.listener.on_death(self, how)  # type: ignore[arg-type]


@dg.job
def nothing() -> None:
    """Do nothing."""


ORIGIN = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("trial"), "repository"), "nothing")


class Stage:
    """A supervisor, its puppets, and Dagster's records."""

    def __init__(self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, **rules: int) -> None:
        monkeypatch.setattr(under_test, "TICK_S", 0.0)
        monkeypatch.setattr(under_test, "tree_rss_mb", lambda pid: self.memory.get(pid, 100))
        monkeypatch.setattr(under_test, "MEMORY_EVERY_S", 0.0)
        monkeypatch.setattr(under_test, "free_mb", lambda: self.free)
        self.instance = instance
        self.puppets: list[Puppet] = []
        self.memory: dict[int, int] = {}
        self.free = 10_000
        given = {"slots": 1, "recycle_runs": 50, "memory_mb": 1000} | rules
        self.lane = Supervisor(instance, self._start, LaneRules(**given))  # type: ignore[arg-type]

    def _start(self, listener: Supervisor) -> Puppet:
        self.puppets.append(Puppet(listener, 1000 + len(self.puppets)))
        return self.puppets[-1]

    def warm(self) -> Puppet:
        """Do a round and let the newest process be warm."""
        self.lane.keep()
        self.puppets[-1].warm()
        return self.puppets[-1]

    def new_run(self, status: DagsterRunStatus = DagsterRunStatus.QUEUED) -> str:
        """Record a run of the interactive lane."""
        tags = {LANE_TAG: INTERACTIVE, "dagster/max_retries": "1"}
        return self.instance.create_run_for_job(nothing, status=status, tags=tags, remote_job_origin=ORIGIN).run_id

    def started(self, run_id: str) -> None:
        """Record that a run has started."""
        run = take(self.instance, run_id, 1)
        assert run is not None
        event = dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=run.job_name)
        self.instance.report_dagster_event(event, run_id)

    def run(self, run_id: str) -> dg.DagsterRun:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def log(self, run_id: str) -> str:
        return "\n".join(one.dagster_event.message or "" for one in self.instance.all_logs(run_id) if one.dagster_event)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral(settings={"run_retries": {"enabled": True}}) as made:
        yield made


@pytest.fixture
def stage(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(instance, monkeypatch)


def test_runs_are_executed_in_the_order_of_asking_and_asking_twice_changes_nothing(stage: Stage) -> None:
    first, second, third = (stage.new_run() for _ in range(3))
    assert stage.lane.submit(first).position == 0  # nobody is warm yet
    process = stage.warm()
    assert process.run_id == first
    assert [stage.lane.submit(one).position for one in (second, third, second)] == [0, 1, 0]
    assert stage.lane.status().queue == (second, third)
    assert stage.lane.submit(first).state == Place.RUNNING
    process.end()
    assert (process.run_id, stage.lane.place(first).state) == (second, Place.ENDED)
    assert stage.lane.place("another").state == Place.UNKNOWN


def test_no_more_runs_at_once_than_slots(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(instance, monkeypatch, slots=2)
    stage.lane.keep()
    for puppet in stage.puppets:
        puppet.warm()
    runs = [stage.new_run() for _ in range(3)]
    for one in runs:
        stage.lane.submit(one)
    status = stage.lane.status()
    assert (len(stage.puppets), status.busy, status.warm, status.queue) == (2, 2, 2, (runs[2],))


def test_a_run_that_waits_is_forgotten_and_one_that_runs_is_interrupted(stage: Stage) -> None:
    process = stage.warm()
    running, waiting = stage.new_run(), stage.new_run()
    stage.lane.submit(running)
    stage.lane.submit(waiting)
    assert stage.lane.cancel(waiting).state == Place.ENDED
    assert stage.lane.status().queue == ()
    assert stage.lane.cancel(running).state == Place.RUNNING
    process.end()
    assert process.state == WorkerState.STOPPING  # nobody knows what the run left behind


def test_a_run_that_is_to_be_cancelled_and_that_nobody_executes_is_cancelled(stage: Stage) -> None:
    run_id = stage.new_run()
    stage.started(run_id)
    stage.instance.report_run_canceling(stage.run(run_id))
    stage.lane.cancel(run_id)
    assert stage.run(run_id).status == DagsterRunStatus.CANCELED


def test_a_lost_run_fails_with_the_reason_and_will_be_retried(stage: Stage) -> None:
    process = stage.warm()
    run_id = stage.new_run()
    stage.lane.submit(run_id)
    stage.started(run_id)
    process.die()
    run = stage.run(run_id)
    assert (run.status, run.tags["dagster/will_retry"]) == (DagsterRunStatus.FAILURE, "true")
    assert "killed by SIGKILL" in stage.log(run_id)
    assert stage.lane.place(run_id).state == Place.ENDED
    stage.lane.keep()
    assert len(stage.puppets) == 2


def test_a_run_that_had_not_begun_goes_to_the_batch_lane_instead(stage: Stage) -> None:
    process = stage.warm()
    run_id = stage.new_run()
    stage.lane.submit(run_id)
    process.die()
    assert (stage.run(run_id).status, stage.run(run_id).tags[LANE_TAG]) == (DagsterRunStatus.QUEUED, BATCH)


def test_a_process_that_takes_too_much_memory_is_killed_with_its_run(stage: Stage) -> None:
    process = stage.warm()
    run_id = stage.new_run()
    stage.lane.submit(run_id)
    stage.started(run_id)
    stage.memory[process.pid] = 1001
    stage.lane.keep()
    assert process.state == WorkerState.STOPPING
    process.die()
    assert "1001 MB of memory" in stage.log(run_id)


def test_the_replacement_is_warm_before_the_old_process_goes(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(instance, monkeypatch, recycle_runs=1)
    old = stage.warm()
    stage.lane.submit(stage.new_run())
    stage.lane.keep()
    old.end()
    assert old.state == WorkerState.IDLE  # it serves on while the other one warms
    for _ in range(3):
        stage.lane.keep()
    assert len(stage.puppets) == 2
    stage.puppets[1].warm()
    assert old.state == WorkerState.STOPPING
    old.die()
    stage.lane.keep()
    assert len(stage.puppets) == 2


def test_without_memory_for_two_the_old_process_goes_first(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(instance, monkeypatch, recycle_runs=1)
    stage.free = 0
    old = stage.warm()
    stage.lane.submit(stage.new_run())
    stage.lane.keep()
    assert old.state == WorkerState.BUSY
    old.end()
    stage.lane.keep()
    assert old.state == WorkerState.STOPPING


def test_when_no_process_gets_warm_the_lane_takes_no_runs_and_lets_go_of_those_it_has(stage: Stage) -> None:
    waiting = stage.new_run()
    stage.lane.submit(waiting)
    stage.lane.keep()
    stage.puppets[0].die("its process 1000 ended with code 1")
    assert stage.run(waiting).tags[LANE_TAG] == BATCH
    with pytest.raises(LaneRefused, match="ended with code 1"):
        stage.lane.submit(stage.new_run())
    stage.lane.keep()
    assert len(stage.puppets) == 1  # it waits before it tries again


def test_a_new_supervisor_takes_up_who_waits_and_ends_who_lost_its_process(stage: Stage) -> None:
    waiting, lost, leaving = (stage.new_run() for _ in range(3))
    stage.started(lost)
    stage.started(leaving)
    stage.instance.report_run_canceling(stage.run(leaving))
    stage.lane.reconcile(0.0)
    assert stage.lane.status().queue == (waiting,)
    assert stage.run(lost).status == DagsterRunStatus.FAILURE
    assert stage.run(leaving).status == DagsterRunStatus.CANCELED


def test_when_it_stops_who_waits_goes_to_the_batch_lane_and_who_runs_is_ended(stage: Stage) -> None:
    stage.warm()
    running, waiting = stage.new_run(), stage.new_run()
    stage.lane.submit(running)
    stage.started(running)
    stage.lane.submit(waiting)
    stage.lane.stop()
    assert stage.run(waiting).tags[LANE_TAG] == BATCH
    assert stage.run(running).status == DagsterRunStatus.FAILURE
    with pytest.raises(LaneRefused, match="stopped"):
        stage.lane.submit(stage.new_run())
