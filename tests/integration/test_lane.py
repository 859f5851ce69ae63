"""The interactive lane on a real webserver, daemon and warm worker: runs go through, and none is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import httpx
import pytest
from dagster import DagsterEventType, DagsterRunStatus

from geocrop_assets.cli.programs import start_program, stop
from geocrop_assets.cli.runs import LOCAL_INSTANCE
from resources.lanes.client import LaneHttp
from resources.lanes.protocol import LaneStatus, LaneUnavailable, WorkerState
from resources.settings import Settings
from sensors.tags import BATCH, INTERACTIVE, LANE_TAG

pytestmark = [pytest.mark.integration, pytest.mark.slow]

T = TypeVar("T")
HERE = Path(__file__).parent
#: A busy machine takes its time.
PATIENCE_S = 180.0
PARENT_RUN = "dagster/parent_run_id"
ENDED = {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
WORKSPACE = "load_from:\n  - python_module: {module_name: lane_trial_jobs, location_name: trial}\n"
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on now, each another one.

    Below those that the kernel gives to clients: one that tries a dead lane again and again may be given the lane's
    own port, and then talks to itself.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found += [port] * (port not in found)
    return found


class Stack:
    """A platform with Dagster and the warm worker, on free ports, in a home of its own."""

    def __init__(self, home: Path, dagster_port: int, lane_port: int) -> None:
        (home / "dagster").mkdir(parents=True)
        quick = LOCAL_INSTANCE.read_text().replace("poll_interval_seconds: 15", "poll_interval_seconds: 2")
        quick = quick.replace("LaneRunCoordinator\n", "LaneRunCoordinator\n  config: {dequeue_interval_seconds: 1}\n")
        (home / "dagster" / "dagster.yaml").write_text(
            quick.replace("max_concurrent_runs: 2", "max_concurrent_runs: 5")
        )
        (home / "workspace.yaml").write_text(WORKSPACE)
        self.home = home
        self.port = dagster_port
        self.settings = Settings(
            home=home, lane_url=f"http://127.0.0.1:{lane_port}", lane_recycle_runs=4, lane_memory_mb=400
        )
        self.lane = LaneHttp.of(self.settings)
        self.instance = dg.DagsterInstance.from_config(str(home / "dagster"))
        self.worker: subprocess.Popen[bytes] | None = None
        words = ("dagster", "dev", "--host", "127.0.0.1", "--port", str(dagster_port))
        self.dagster = self._start(*words, "-w", str(home / "workspace.yaml"), log="dagster.log")

    def _start(self, *words: str, log: str) -> subprocess.Popen[bytes]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(HERE))
            return start_program(self.settings, *words, log=self.home / log)

    def start_worker(self) -> None:
        """Start the warm worker."""
        self.worker = self._start(Path(sys.executable).name, str(HERE / "lane_trial_worker.py"), log="lane.log")

    def close(self) -> None:
        """End everything."""
        stop(*[one for one in (self.worker, self.dagster) if one is not None])
        self.instance.dispose()

    def until(self, look: Callable[[], T], what: str) -> T:
        """Wait until something is found; show the logs when it never is."""
        end = time.monotonic() + PATIENCE_S
        while not (found := look()):
            if time.monotonic() > end:
                logs = "\n".join(path.read_text()[-3000:] for path in self.home.glob("*.log"))
                pytest.fail(f"{what}: not within {PATIENCE_S:g} s\n{logs}")
            time.sleep(0.1)
        return found

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401
        """Ask the webserver."""
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"http://127.0.0.1:{self.port}/graphql", json=body, timeout=PATIENCE_S, trust_env=False)
        said: dict[str, Any] = answer.json()["data"]
        return said

    def serves(self) -> bool:
        """Tell whether the webserver has loaded the code location."""
        try:
            said = self.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
        except httpx.HTTPError:
            return False
        return bool(said["repositoriesOrError"].get("nodes"))

    def status(self) -> LaneStatus | None:
        """Return the lane's status; None while it is down."""
        try:
            return self.lane.status()
        except LaneUnavailable:
            return None

    def warm(self) -> LaneStatus:
        """Wait until the lane is warm and has nothing to do."""

        def look() -> LaneStatus | None:
            status = self.status()
            idle = status is not None and [one.state for one in status.workers] == [WorkerState.IDLE]
            return status if idle else None

        return self.until(look, "a warm lane")

    def launch(self, job: str, config: Mapping[str, Any] | None = None) -> str:
        """Launch a job in the interactive lane, as the API does, and return the run's id."""
        selector = {"repositoryLocationName": "trial", "repositoryName": "__repository__", "jobName": job}
        tags = [{"key": LANE_TAG, "value": INTERACTIVE}, {"key": "dagster/max_retries", "value": "1"}]
        params = {"selector": selector, "runConfigData": config or {}, "executionMetadata": {"tags": tags}}
        said = self.ask(LAUNCH, params=params)["launchRun"]
        assert said["__typename"] == "LaunchRunSuccess", said
        return str(said["run"]["runId"])

    def launch_waiting(self) -> tuple[str, Path]:
        """Launch a run that waits for a file; return both."""
        gate = self.home / f"gate-{uuid.uuid4().hex}"
        return self.launch("waits", {"ops": {"wait": {"config": {"until": str(gate)}}}}), gate

    def run(self, run_id: str) -> dg.DagsterRun:
        """Return a run's record."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def started(self, run_id: str) -> dg.DagsterRun:
        """Wait until a run executes."""
        self.until(lambda: self.run(run_id).status == DagsterRunStatus.STARTED, f"the start of {run_id}")
        return self.run(run_id)

    def ended(self, run_id: str) -> dg.DagsterRun:
        """Wait until a run has ended."""
        self.until(lambda: self.run(run_id).status in ENDED, f"the end of {run_id}")
        return self.run(run_id)

    def retry_of(self, run_id: str) -> dg.DagsterRun:
        """Wait until a run was done again and that has ended."""
        filters = dg.RunsFilter(tags={PARENT_RUN: run_id})
        found = self.until(lambda: self.instance.get_runs(filters), f"a retry of {run_id}")
        assert len(found) == 1
        return self.ended(found[0].run_id)

    def messages(self, run_id: str) -> str:
        """Return all that a run's log says."""
        entries = self.instance.all_logs(run_id)
        return "\n".join(one.dagster_event.message or "" for one in entries if one.dagster_event is not None)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Yield the stack, ready."""
    made = Stack(tmp_path_factory.mktemp("lane") / "home", *free_ports(2))
    try:
        made.start_worker()
        made.until(made.serves, "a webserver")
        made.warm()
        yield made
    finally:
        made.close()


def test_a_run_of_the_lane_is_an_ordinary_dagster_run(stack: Stack) -> None:
    run = stack.ended(stack.launch("makes"))
    assert (run.status, run.tags[LANE_TAG]) == (DagsterRunStatus.SUCCESS, INTERACTIVE)
    entries = [one.dagster_event for one in stack.instance.all_logs(run.run_id) if one.dagster_event is not None]
    kinds = [one.event_type for one in entries]
    steps = (DagsterEventType.RUN_ENQUEUED, DagsterEventType.RUN_STARTING, DagsterEventType.RUN_START)
    assert [kind for kind in kinds if kind in {*steps, DagsterEventType.RUN_SUCCESS}][:3] == [*steps]
    assert DagsterEventType.ASSET_CHECK_EVALUATION in kinds
    captured = next(one for one in entries if one.event_type == DagsterEventType.LOGS_CAPTURED)
    key = stack.instance.compute_log_manager.build_log_key_for_run(run.run_id, captured.logs_captured_data.file_key)
    printed = stack.instance.compute_log_manager.get_log_data(key).stdout
    assert printed is not None
    assert b"said while it was made" in printed
    made = stack.instance.get_latest_materialization_event(dg.AssetKey("thing"))
    assert made is not None
    assert made.run_id == run.run_id


def test_runs_wait_in_order_and_are_cancelled_at_once_or_interrupted(stack: Stack) -> None:
    stack.warm()
    running, _ = stack.launch_waiting()
    stack.started(running)
    first, gate = stack.launch_waiting()
    second = stack.launch("makes")
    status = stack.lane.status()
    assert (status.queue, status.busy, status.position(second)) == ((first, second), 1, 1)
    assert "1 before it" in stack.messages(second)

    assert stack.ask(TERMINATE, id=second)["terminateRun"]["__typename"] == "TerminateRunSuccess"
    assert stack.run(second).status == DagsterRunStatus.CANCELED
    assert stack.lane.status().queue == (first,)
    assert stack.ask(TERMINATE, id=running)["terminateRun"]["__typename"] == "TerminateRunSuccess"
    assert stack.ended(running).status == DagsterRunStatus.CANCELED
    gate.touch()
    assert stack.ended(first).status == DagsterRunStatus.SUCCESS


def test_a_run_that_loses_its_process_fails_with_the_reason_and_is_done_again_in_the_batch_lane(stack: Stack) -> None:
    pid = stack.warm().workers[0].pid
    killed, _ = stack.launch_waiting()
    stack.started(killed)
    os.kill(pid, signal.SIGKILL)
    assert stack.ended(killed).status == DagsterRunStatus.FAILURE
    assert f"its process {pid} was killed by SIGKILL" in stack.messages(killed)

    stack.warm()
    hungry = stack.launch("eats")
    assert stack.ended(hungry).status == DagsterRunStatus.FAILURE
    assert "more than GEOCROP_LANE_MEMORY_MB=400" in stack.messages(hungry)

    for lost in (killed, hungry):
        again = stack.retry_of(lost)
        assert (again.status, again.tags[LANE_TAG]) == (DagsterRunStatus.SUCCESS, BATCH)
        assert "Goes to the batch lane" in stack.messages(again.run_id)


def test_a_process_is_replaced_after_its_runs(stack: Stack) -> None:
    first = stack.warm().workers[0].pid
    for _ in range(stack.settings.lane_recycle_runs):
        assert stack.ended(stack.launch("makes")).status == DagsterRunStatus.SUCCESS

    def replaced() -> bool:
        status = stack.lane.status()
        return status.warm == 1 and all(one.pid != first for one in status.workers)

    stack.until(replaced, "another warm process")


def test_when_the_supervisor_is_killed_its_runs_end_in_the_batch_lane(stack: Stack) -> None:
    pid = stack.warm().workers[0].pid
    running, _ = stack.launch_waiting()
    stack.started(running)
    waiting = stack.launch("makes")
    assert stack.worker is not None
    stack.worker.kill()
    stack.worker.wait()
    refused = stack.launch("makes")
    stack.until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the warm process")

    assert stack.run(refused).tags[LANE_TAG] == BATCH
    assert "nothing listens" in stack.messages(refused)
    assert stack.ended(running).status == DagsterRunStatus.FAILURE
    assert "the run's process ended with it" in stack.messages(running)
    for run_id in (waiting, refused):
        run = stack.ended(run_id)
        assert (run.status, run.tags[LANE_TAG]) == (DagsterRunStatus.SUCCESS, BATCH)
    assert stack.retry_of(running).status == DagsterRunStatus.SUCCESS


def test_a_worker_started_again_serves_and_stops_cleanly(stack: Stack) -> None:
    stack.start_worker()
    pid = stack.warm().workers[0].pid
    run = stack.ended(stack.launch("makes"))
    assert (run.status, run.tags[LANE_TAG]) == (DagsterRunStatus.SUCCESS, INTERACTIVE)
    assert stack.worker is not None
    stack.worker.send_signal(signal.SIGTERM)
    assert stack.worker.wait(PATIENCE_S) == 0
    assert not Path(f"/proc/{pid}").exists()
