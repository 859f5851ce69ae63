"""The follower against a simulated Dagster: every way that a job can go, one test each."""

from __future__ import annotations

import json
import queue
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from api.db.tables import Event
from api.follow import Follower
from resources.lanes.protocol import LaneStatus
from resources.layout import RESULTS, map_prefix
from resources.object_store.base import StoreUnavailable
from sensors import tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Clock, FakeLane, Office, SimDagster  # pytest gives them; nothing is imported

    from api.services import Services

    Publish = Callable[..., None]

POINTER = {"files": {"crop_map.tif": "maps/x/crop_map.tif"}, "model_version": 3, "bundle_hash": "b"}
PARTITION = "field--2023-2024"


@pytest.fixture
def publish(services: Services) -> Callable[[str], None]:
    """Return a function that publishes a partition's map, as its run does."""

    def put(partition: str = PARTITION) -> None:
        key = map_prefix(partition) + "current.json"
        services.store.put(RESULTS, key, json.dumps(POINTER).encode(), content_type="application/json")

    return put


def told(services: Services, job_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Return a job's events in order."""
    with services.database.read() as session:
        found = session.scalars(select(Event).where(Event.topic == f"job:{job_id}").order_by(Event.id)).all()
    return [(one.type, one.data) for one in found]


def kinds(services: Services, job_id: str) -> list[str]:
    return [kind for kind, _ in told(services, job_id)]


def test_a_map_is_launched_followed_and_ready_with_what_was_published(
    services: Services, dagster: SimDagster, follower: Follower, office: Office, publish: Publish
) -> None:
    job_id = office.ask_map()
    follower.step()
    [run] = dagster.runs
    assert run.job == tags.MAP_JOB
    assert dagster.partition_keys[tags.AOI_SEASON] == [PARTITION]
    assert run.tags == {
        tags.JOB_TAG: job_id,
        tags.STAGE_TAG: "0",
        tags.LANE_TAG: "interactive",
        tags.REQUESTED_BY_TAG: "rita",
        "dagster/max_retries": "1",
        "dagster/partition": PARTITION,
    }
    assert office.job(job_id).state == "queued"
    dagster.start(run)
    dagster.begin_step(run, "season_composite")
    dagster.log(run, "season_composite", "reading scenes: 50 %")
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.progress, job.step, job.started_at is not None) == ("running", 35.0, "reading scenes", True)
    dagster.begin_step(run, "crop_map")
    follower.step()
    assert office.job(job_id).progress == 70.0
    publish()
    dagster.succeed(run)
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.progress, job.result, job.active_key) == ("ready", 100.0, POINTER, None)
    assert job.run_id == run.run_id
    assert kinds(services, job_id) == ["queued", "progress", "progress", "ready"]
    assert office.spent() == 1
    assert not follower.step()


def test_one_pass_asks_for_all_jobs_at_once(dagster: SimDagster, follower: Follower, office: Office) -> None:
    for number in range(12):
        office.ask_map(f"field{number}--2023-2024")
    follower.step()
    for run in dagster.runs:
        dagster.start(run)
    dagster.requests.clear()
    follower.step()
    assert sorted(dagster.requests) == ["$cursor: String, $limit", "logsForRun", "runsOrError"]


def test_percents_never_go_back_and_a_quiet_pass_tells_nothing(
    services: Services, dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    follower.step()
    dagster.start(dagster.runs[0])
    dagster.log(dagster.runs[0], "season_composite", "reading scenes: 80 %")
    follower.step()
    before = kinds(services, job_id)
    follower.step()
    assert kinds(services, job_id) == before
    Follower(services).step()  # another process, which reads the log from its beginning
    assert office.job(job_id).progress == 56.0
    assert kinds(services, job_id) == before


def test_a_waiting_run_shows_its_position_in_the_lane(
    services: Services, dagster: SimDagster, follower: Follower, office: Office, lane: FakeLane
) -> None:
    job_id = office.ask_map()
    follower.step()
    lane.said = LaneStatus(1, 1, 1, ("another", dagster.runs[0].run_id), (), 0.0)
    follower.step()
    assert office.job(job_id).position == 2
    dagster.start(dagster.runs[0])
    follower.step()
    assert office.job(job_id).position is None


def test_a_job_waits_while_dagster_is_down_and_is_launched_once_it_is_back(
    services: Services, dagster: SimDagster, follower: Follower, office: Office, clock: Clock
) -> None:
    dagster.down = True
    job_id = office.ask_map()
    for _ in range(5):
        follower.step()
        clock.turn(20)
    job = office.job(job_id)
    assert (job.state, job.reason) == ("queued", "waiting for Dagster")
    assert follower.problem is not None
    dagster.down = False
    follower.step()
    follower.step()
    assert len(dagster.runs) == 1
    assert office.job(job_id).reason is None
    assert follower.problem is None
    assert kinds(services, job_id) == ["queued", "queued", "queued", "progress"]


def test_a_run_whose_launch_had_no_answer_is_found_by_its_tag(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    dagster.launch_fault = "lost-after"
    follower.step()
    assert office.job(job_id).run_id is None
    follower.step()
    assert office.job(job_id).run_id == dagster.runs[0].run_id
    assert len(dagster.runs) == 1


def test_a_launch_without_effect_is_repeated_only_when_its_claim_is_over(
    dagster: SimDagster, follower: Follower, office: Office, clock: Clock
) -> None:
    job_id = office.ask_map()
    dagster.launch_fault = "lost-before"
    for _ in range(3):
        follower.step()
    assert dagster.runs == []
    clock.turn(61)
    follower.step()
    assert office.job(job_id).run_id == dagster.runs[0].run_id


def test_of_two_runs_of_one_job_the_younger_is_stopped(
    dagster: SimDagster, follower: Follower, office: Office, clock: Clock
) -> None:
    job_id = office.ask_map()
    dagster.launch_fault = "late"
    follower.step()
    clock.turn(61)
    follower.step()  # nothing is there: launched again
    dagster.arrive()  # and now the first one takes effect
    follower.step()
    old, young = dagster.runs
    assert (old.status, young.status) == ("QUEUED", "CANCELED")
    follower.step()
    assert office.job(job_id).run_id == old.run_id


def test_a_run_that_was_made_but_never_handed_on_is_deleted_and_launched_anew(
    dagster: SimDagster, follower: Follower, office: Office, clock: Clock
) -> None:
    job_id = office.ask_map()
    dagster.launch_fault = "bad-after"
    follower.step()
    [stuck] = dagster.runs
    clock.turn(30)
    follower.step()
    assert dagster.runs == [stuck]
    clock.turn(40)
    for _ in range(3):
        follower.step()
    assert [run.status for run in dagster.runs] == ["QUEUED"]
    assert office.job(job_id).run_id == dagster.runs[0].run_id != stuck.run_id


def test_a_launch_that_dagster_always_fails_on_is_given_up_and_given_back(
    dagster: SimDagster, follower: Follower, office: Office, clock: Clock
) -> None:
    job_id = office.ask_map()
    for _ in range(20):
        dagster.launch_fault = "bad-before"
        follower.step()
        clock.turn(20)
    job = office.job(job_id)
    assert (job.state, job.reason_code, job.counted) == ("failed", "launch-refused", False)
    assert office.spent() == 0


def test_a_refused_run_config_fails_the_job_with_dagsters_words(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_promotion({"ops": {"champion_model": {"config": {"nope": 1}}}})
    dagster.launch_fault = "refused"
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.reason_code) == ("failed", "launch-refused")
    assert "bad config" in job.reason


def test_the_code_location_is_looked_for_again_after_a_reload(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    office.ask_map()
    follower.step()
    dagster.location = "renamed"
    office.ask_map("other--2023-2024")
    follower.step()
    assert len(dagster.runs) == 2


def test_two_processes_launch_a_job_once(services: Services, dagster: SimDagster, office: Office) -> None:
    job_id = office.ask_map()
    one, other = Follower(services), Follower(services)
    seen = [office.job(job_id)]
    one.step()
    other._pass(seen)  # it had looked before the first one claimed
    assert len(dagster.runs) == 1


def test_the_seas_failure_keeps_quota_and_tells_its_own_words(
    services: Services, dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    follower.step()
    dagster.fail(dagster.runs[0], "imagery.search.NoScenes", "no scene of s2_l2a there in 2023-2024")
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.reason_code, job.counted) == ("failed", "no-scenes", True)
    assert job.reason == "no scene of s2_l2a there in 2023-2024"
    assert office.spent() == 1
    assert kinds(services, job_id)[-1] == "failed"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("imagery.search.CatalogueUnavailable", "catalogue-unavailable"),
        ("resources.object_store.base.StoreUnavailable", "store-unavailable"),
        ("builtins.ZeroDivisionError", "run-failed"),
        (None, "run-crashed"),
    ],
)
def test_the_platforms_failures_give_quota_back(
    dagster: SimDagster, follower: Follower, office: Office, error: str | None, code: str
) -> None:
    job_id = office.ask_map()
    follower.step()
    dagster.fail(dagster.runs[0], error, "/secret/path: boom")
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.reason_code, job.counted) == ("failed", code, False)
    assert office.spent() == 0
    if code.startswith("run-"):
        assert "secret" not in job.reason


def test_what_a_run_did_after_the_last_look_is_told_before_its_failure(
    services: Services, dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    follower.step()
    [run] = dagster.of_job(job_id)
    dagster.start(run)
    dagster.begin_step(run, "season_composite")
    dagster.log(run, "season_composite", "reading scenes: 90 %")
    follower.step()
    assert office.job(job_id).progress == 63.0
    dagster.begin_step(run, "crop_map")
    dagster.fail(run, "training.errors.NoChampion", "none")
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.progress) == ("failed", 70.0)
    assert kinds(services, job_id)[-2:] == ["progress", "failed"]


def test_a_retry_in_the_batch_lane_keeps_the_job_running(
    services: Services, dagster: SimDagster, follower: Follower, office: Office, publish: Publish
) -> None:
    job_id = office.ask_map()
    follower.step()
    first = dagster.runs[0]
    dagster.start(first)
    dagster.log(first, "season_composite", "reading scenes: 90 %")
    follower.step()
    dagster.fail(first, will_retry=True)
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.step, job.lane) == ("running", "retrying in the batch lane", "batch")
    second = dagster.retry(first)
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.run_id, job.step) == ("running", second.run_id, "retrying in the batch lane")
    dagster.start(second)
    dagster.log(second, "season_composite", "reading scenes: 10 %")
    follower.step()
    assert office.job(job_id).progress == 63.0
    publish()
    dagster.succeed(second)
    follower.step()
    assert office.job(job_id).state == "ready"
    assert office.spent() == 1
    assert "failed" not in kinds(services, job_id)


def test_a_job_whose_run_was_sent_to_the_other_lane_says_so(
    services: Services, dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    follower.step()
    run = dagster.runs[0]
    run.tags[tags.LANE_TAG] = tags.BATCH
    follower.step()
    assert office.job(job_id).lane == tags.BATCH
    told = len(kinds(services, job_id))
    follower.step()
    assert len(kinds(services, job_id)) == told, "once"


def test_a_promised_retry_that_never_comes_fails_the_job(
    dagster: SimDagster, follower: Follower, office: Office, clock: Clock
) -> None:
    job_id = office.ask_map()
    follower.step()
    dagster.fail(dagster.runs[0], will_retry=True)
    clock.turn(55)
    follower.step()
    assert office.job(job_id).state == "running"
    clock.turn(10)
    follower.step()
    assert office.job(job_id).reason_code == "run-crashed"


def test_a_failure_waits_for_dagster_to_say_whether_it_retries(
    dagster: SimDagster, follower: Follower, office: Office, clock: Clock
) -> None:
    job_id = office.ask_map()
    follower.step()
    dagster.fail(dagster.runs[0])
    del dagster.runs[0].tags["dagster/will_retry"]
    follower.step()
    assert office.job(job_id).state == "queued"
    clock.turn(4)
    follower.step()
    assert office.job(job_id).state == "failed"


def test_a_job_cancelled_before_its_launch_ends_at_once_and_is_given_back(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    office.cancel(job_id)
    follower.step()
    assert (office.job(job_id).state, dagster.runs, office.spent()) == ("cancelled", [], 0)


def test_a_job_cancelled_while_dagster_is_down_needs_no_dagster(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    dagster.down = True
    job_id = office.ask_map()
    follower.step()
    office.cancel(job_id)
    follower.step()
    assert (office.job(job_id).state, office.spent()) == ("cancelled", 0)


def test_a_running_job_is_cancelled_when_dagster_says_so_and_stays_counted(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    follower.step()
    dagster.start(dagster.runs[0])
    office.cancel(job_id)
    follower.step()
    assert dagster.runs[0].status == "CANCELED"
    assert office.job(job_id).step == "stopping"
    follower.step()
    assert (office.job(job_id).state, office.spent()) == ("cancelled", 1)


def test_a_job_cancelled_after_a_lost_launch_waits_for_certainty_and_stops_the_run(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    dagster.launch_fault = "late"
    follower.step()
    office.cancel(job_id)
    follower.step()
    assert office.job(job_id).state == "queued"
    dagster.arrive()
    follower.step()
    follower.step()
    assert (office.job(job_id).state, dagster.runs[0].status) == ("cancelled", "CANCELED")
    assert office.spent() == 0


def test_a_run_stopped_in_dagster_cancels_the_job_and_gives_it_back(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    follower.step()
    dagster.start(dagster.runs[0])
    dagster._end(dagster.runs[0], "CANCELED")
    follower.step()
    assert (office.job(job_id).state, office.spent()) == ("cancelled", 0)


def test_a_run_deleted_in_dagster_fails_the_job_clearly(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    follower.step()
    dagster.runs.clear()
    follower.step()
    assert (office.job(job_id).state, office.job(job_id).reason_code) == ("failed", "run-deleted")
    assert office.spent() == 0


def test_a_done_map_waits_for_a_store_that_is_down(  # noqa: PLR0917  # fixtures
    services: Services,
    dagster: SimDagster,
    follower: Follower,
    office: Office,
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = office.ask_map()
    follower.step()
    publish()
    dagster.succeed(dagster.runs[0])
    with monkeypatch.context() as patch:
        patch.setattr(services.store, "get", _refuse)
        for _ in range(3):
            follower.step()
        job = office.job(job_id)
        assert (job.state, job.step) == ("running", "waiting for the object store")
    follower.step()
    assert office.job(job_id).state == "ready"


def _refuse(*_: object) -> bytes:
    raise StoreUnavailable("the disk is gone")


def test_a_good_run_without_a_published_map_is_a_failure_of_the_platform(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_map()
    follower.step()
    dagster.succeed(dagster.runs[0])
    follower.step()
    assert (office.job(job_id).reason_code, office.spent()) == ("result-missing", 0)


def test_a_database_that_was_down_for_a_while_loses_nothing(  # noqa: PLR0917  # fixtures
    services: Services,
    dagster: SimDagster,
    follower: Follower,
    office: Office,
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = office.ask_map()
    with monkeypatch.context() as patch:
        patch.setattr("api.db.jobs.mark_run", _database_down)
        assert follower._guarded_step()  # launched, and not written down
    assert follower.problem is not None
    assert office.job(job_id).run_id is None
    with monkeypatch.context() as patch:
        patch.setattr("api.db.jobs.in_flight", _database_down)
        assert follower._guarded_step()
    follower.step()
    assert office.job(job_id).run_id == dagster.runs[0].run_id
    publish()
    dagster.succeed(dagster.runs[0])
    assert follower._guarded_step()
    assert (office.job(job_id).state, len(dagster.runs)) == ("ready", 1)


def _database_down(*_: object, **__: object) -> None:
    raise OperationalError("SELECT", {}, Exception("the server closed the connection"))


def test_a_follower_that_starts_again_goes_on_where_the_last_one_stopped(
    services: Services, dagster: SimDagster, office: Office, publish: Publish
) -> None:
    job_id = office.ask_map()
    Follower(services).step()
    dagster.start(dagster.runs[0])
    Follower(services).step()
    publish()
    dagster.succeed(dagster.runs[0])
    Follower(services).step()
    assert (office.job(job_id).state, len(dagster.runs)) == ("ready", 1)


def test_a_training_prepares_first_and_tells_model_and_verdict(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_training()
    follower.step()
    [preparing] = dagster.runs
    assert (preparing.job, preparing.tags["dagster/partition"]) == (tags.PREPARE_JOB, "v1")
    dagster.start(preparing)
    dagster.begin_step(preparing, "training_features")
    follower.step()
    assert office.job(job_id).progress == 10.0
    dagster.succeed(preparing)
    follower.step()
    follower.step()
    training = dagster.runs[1]
    assert training.job == tags.TRAIN_JOB
    assert training.tags["dagster/partition/dataset_version"] == "v1"
    assert training.tags["dagster/partition/model_variant"] == "Raw"
    assert training.config == {"resources": {}}
    dagster.succeed(training, {"evaluation": {"model_version": 4, "macro_f1": 0.83, "overall_accuracy": 0.9}})
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.result) == ("ready", {"model_version": 4, "macro_f1": 0.83, "gate": "passed"})


def test_a_candidate_that_the_gate_refuses_is_a_verdict_and_no_failure(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    job_id = office.ask_training(prepare=False)
    follower.step()
    run = dagster.runs[0]
    run.made["evaluation"] = {"model_version": 5, "macro_f1": 0.4}
    message = "1 blocking asset check failed with ERROR severity:\nevaluation: beats_champion"
    error = {"className": "DagsterAssetCheckFailedError", "message": message, "cause": None}
    run.events.append({"__typename": "ExecutionStepFailureEvent", "stepKey": "evaluation", "error": error})
    dagster.fail(run)
    follower.step()
    job = office.job(job_id)
    assert (job.state, job.result) == ("ready", {"model_version": 5, "macro_f1": 0.4, "gate": "refused"})


def test_a_promotion_tells_the_new_champion_and_the_cache_forgets_the_old(
    dagster: SimDagster, follower: Follower, office: Office
) -> None:
    config = {"ops": {"champion_model": {"config": {"version": 3, "reason": "better"}}}}
    job_id = office.ask_promotion(config)
    follower.step()
    assert dagster.runs[0].config == config
    dagster.succeed(dagster.runs[0], {"champion_model": {"model_version": 3, "previous_version": 2}})
    follower.step()
    assert office.job(job_id).result == {"model_version": 3, "previous_version": 2}


def test_making_and_cancelling_a_job_wake_the_thread(
    services: Services, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.follow.IDLE_S", 600.0)  # nothing but a call wakes it
    passes: queue.Queue[None] = queue.Queue()
    follower = Follower(services)
    monkeypatch.setattr(follower, "step", lambda: bool(passes.put(None)))
    follower.start()
    try:
        passes.get(timeout=60)  # the first one, at the start
        job_id = office.ask_map()
        passes.get(timeout=60)
        office.cancel(job_id)
        passes.get(timeout=60)
    finally:
        follower.stop()


def test_the_thread_survives_whatever_a_pass_stumbles_over(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.follow.BUSY_S", 0.0)
    passes: queue.Queue[None] = queue.Queue()
    troubles = [OperationalError("SELECT", {}, Exception("gone")), KeyError("a fault"), OSError("a broken pipe")]

    def stumble() -> bool:
        passes.put(None)
        if troubles:
            raise troubles.pop()
        return False

    follower = Follower(services)
    monkeypatch.setattr(follower, "step", stumble)
    follower.start()
    try:
        for _ in range(4):
            passes.get(timeout=60)
    finally:
        follower.stop()
