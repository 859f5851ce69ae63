"""Where the coordinator sends runs, and what launcher and health check make of the lane's answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from unittest.mock import create_autospec

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.launcher.base import LaunchRunContext, WorkerStatus
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.workspace.context import BaseWorkspaceRequestContext

from geocrop_assets.cli.runs import LOCAL_INSTANCE, OLDER_LOCAL_INSTANCES, prepare_instance
from resources.lanes.client import LaneHttp
from resources.lanes.coordinator import NOT_FOR_THE_DAEMON, LaneRunCoordinator
from resources.lanes.launcher import LaneLocalRunLauncher
from resources.lanes.protocol import LaneGone, LaneRefused, LaneUnavailable, Place, RunPlace
from resources.local_launcher import LocalRunLauncher
from resources.settings import Settings
from sensors.tags import BATCH, INTERACTIVE, LANE_TAG

ORIGIN = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("trial"), "repository"), "nothing")
WORKSPACE = create_autospec(BaseWorkspaceRequestContext, instance=True)


@dg.job
def nothing() -> None:
    """Do nothing."""


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(
        overrides={
            "run_coordinator": {"module": "resources.lanes.coordinator", "class": "LaneRunCoordinator"},
            "run_launcher": {"module": "resources.lanes.launcher", "class": "LaneLocalRunLauncher"},
            "concurrency": {"runs": {"max_concurrent_runs": 2}},
        }
    ) as made:
        yield made


@pytest.fixture
def lane(instance: dg.DagsterInstance) -> LaneHttp:
    """Return a lane that does as it is told, known to coordinator and launcher."""
    made = create_autospec(LaneHttp, instance=True)
    instance.run_coordinator.lane = made  # type: ignore[attr-defined]
    instance.run_launcher.lane = made  # type: ignore[attr-defined]
    return made  # type: ignore[no-any-return]


def new_run(instance: dg.DagsterInstance, lane: str = INTERACTIVE, **tags: str) -> dg.DagsterRun:
    return instance.create_run_for_job(nothing, tags={LANE_TAG: lane, **tags}, remote_job_origin=ORIGIN)


def submit(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    instance.run_coordinator.submit_run(SubmitRunContext(run, WORKSPACE))
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


def log(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    return "\n".join(one.dagster_event.message or "" for one in instance.all_logs(run.run_id) if one.dagster_event)


def test_a_run_of_the_lane_is_queued_and_the_warm_worker_is_told(instance: dg.DagsterInstance, lane: LaneHttp) -> None:
    lane.submit.return_value = RunPlace(Place.QUEUED, 3)  # type: ignore[attr-defined]
    run = submit(instance, new_run(instance))
    assert (run.status, run.tags[LANE_TAG]) == (DagsterRunStatus.QUEUED, INTERACTIVE)
    assert "3 before it" in log(instance, run)
    lane.submit.assert_called_once_with(run.run_id)  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [LaneGone("nothing listens"), LaneUnavailable("slow"), LaneRefused("full")])
def test_without_a_warm_worker_it_goes_to_the_batch_lane_with_the_reason(
    instance: dg.DagsterInstance, lane: LaneHttp, error: Exception
) -> None:
    lane.submit.side_effect = error  # type: ignore[attr-defined]
    run = submit(instance, new_run(instance))
    assert (run.status, run.tags[LANE_TAG]) == (DagsterRunStatus.QUEUED, BATCH)
    assert str(error) in log(instance, run)


def test_a_retry_and_a_run_of_the_batch_lane_do_not_reach_the_warm_worker(
    instance: dg.DagsterInstance, lane: LaneHttp
) -> None:
    retry = submit(instance, new_run(instance, **{"dagster/retry_number": "1"}))
    batch = submit(instance, new_run(instance, BATCH))
    assert retry.tags[LANE_TAG] == batch.tags[LANE_TAG] == BATCH
    assert "does again" in log(instance, retry)
    assert "batch lane" not in log(instance, batch)
    lane.submit.assert_not_called()  # type: ignore[attr-defined]


def test_the_daemon_leaves_runs_to_the_warm_worker_only_while_there_is_one(
    instance: dg.DagsterInstance, lane: LaneHttp
) -> None:
    assert isinstance(instance.run_coordinator, LaneRunCoordinator)
    for alive in (True, False):
        lane.takes_runs.return_value = alive  # type: ignore[attr-defined]
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 2
        assert (NOT_FOR_THE_DAEMON in queue.tag_concurrency_limits) is alive


def test_a_run_that_waits_is_cancelled_in_both_queues(instance: dg.DagsterInstance, lane: LaneHttp) -> None:
    lane.submit.return_value = RunPlace(Place.QUEUED, 0)  # type: ignore[attr-defined]
    run = submit(instance, new_run(instance))
    assert instance.run_coordinator.cancel_run(run.run_id)
    lane.cancel.assert_called_once_with(run.run_id)  # type: ignore[attr-defined]
    assert instance.get_run_by_id(run.run_id).status == DagsterRunStatus.CANCELED  # type: ignore[union-attr]


def test_the_launcher_runs_what_the_lane_does_not_take(
    instance: dg.DagsterInstance, lane: LaneHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[str] = []
    monkeypatch.setattr(
        LocalRunLauncher, "launch_run", lambda _self, context: launched.append(context.dagster_run.run_id)
    )
    run = new_run(instance)
    instance.run_launcher.launch_run(LaunchRunContext(run, WORKSPACE))
    assert launched == []
    lane.submit.side_effect = LaneGone("nothing listens")  # type: ignore[attr-defined]
    instance.run_launcher.launch_run(LaunchRunContext(run, WORKSPACE))
    assert launched == [run.run_id]
    assert instance.get_run_by_id(run.run_id).tags[LANE_TAG] == BATCH  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (RunPlace(Place.RUNNING, pid=7), WorkerStatus.RUNNING),
        (RunPlace(Place.QUEUED, 1), WorkerStatus.RUNNING),
        (RunPlace(Place.ENDED, reason="killed"), WorkerStatus.FAILED),
        (RunPlace(Place.UNKNOWN), WorkerStatus.FAILED),
        (LaneGone("nothing listens"), WorkerStatus.FAILED),
        (LaneUnavailable("slow"), WorkerStatus.RUNNING),
    ],
)
def test_health_is_what_the_warm_worker_says(
    instance: dg.DagsterInstance, lane: LaneHttp, answer: RunPlace | Exception, status: WorkerStatus
) -> None:
    lane.place.side_effect = [answer]  # type: ignore[attr-defined]
    launcher = instance.run_launcher
    assert isinstance(launcher, LaneLocalRunLauncher)
    assert launcher.supports_check_run_worker_health
    assert launcher.check_run_worker_health(new_run(instance)).status == status


def test_an_older_copy_of_the_local_configuration_is_renewed_and_a_persons_own_is_kept(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    config = prepare_instance(settings) / "dagster.yaml"
    assert config.read_bytes() == LOCAL_INSTANCE.read_bytes()
    config.write_text("# mine\n")
    prepare_instance(settings)
    assert config.read_text() == "# mine\n"
    ours_once = hashlib.sha256(config.read_bytes()).hexdigest()
    monkeypatch.setattr("geocrop_assets.cli.runs.OLDER_LOCAL_INSTANCES", OLDER_LOCAL_INSTANCES | {ours_once})
    prepare_instance(settings)
    assert config.read_bytes() == LOCAL_INSTANCE.read_bytes()
