"""The orchestrator and the follower on a real Dagster: its webserver, its daemon, its queue, runs as processes.

The webserver is not there when the first job is made, one launch's answer is lost, the follower is replaced amid a run
and one run is stopped half way. The store is a folder, the scenes are simulated.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select

from api.champion import ChampionCache
from api.db import jobs, migrate
from api.db.session import Database
from api.db.tables import Event, Job, User
from api.follow import Follower
from api.lane import LaneClient
from api.orchestrator import AnswerLost, LaunchRefused, Orchestrator, OrchestratorUnavailable
from api.services import Services
from api.streams import Broadcaster
from demo import Landscape, simulate
from geocrop_assets.cli.programs import start_dagster, stop
from imagery.aoi import Aoi, partition_key
from resources.aois import keep_aoi
from resources.platform import registry_of, rules_of, store_of
from resources.settings import Settings
from sensors import tags

if TYPE_CHECKING:
    import subprocess

pytestmark = [pytest.mark.integration, pytest.mark.slow]

#: A busy machine takes its time: half a minute until the webserver answers, as much for a run.
PATIENCE_S = 300.0
INSTANCE = """
telemetry: {enabled: false}
nux: {enabled: false}
run_coordinator:
  module: dagster
  class: QueuedRunCoordinator
  config: {max_concurrent_runs: 2, dequeue_interval_seconds: 1}
run_retries: {enabled: true, max_retries: 1, retry_on_asset_or_op_failure: false}
"""
#: Inside the served extent, some hundred kilometres from the landscape.
ELSEWHERE = {
    "type": "Polygon",
    "coordinates": [[[28.0, -20.0], [28.01, -20.0], [28.01, -19.99], [28.0, -19.99], [28.0, -20.0]]],
}


class Swallowing(httpx.HTTPTransport):
    """Loses the answer to the next launch: the request arrives, and Dagster does what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.armed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if self.armed and b"launchRun" in request.content:
            self.armed = False
            answer.read()
            raise httpx.ReadTimeout("the answer was lost", request=request)
        return answer


@dataclass
class Stage:
    """The platform, its Dagster, and what happened to the jobs."""

    settings: Settings
    services: Services
    transport: Swallowing
    land: Landscape
    log: Path
    user_id: int = 0
    process: subprocess.Popen[bytes] | None = None
    follower: Follower = field(init=False)
    facts: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.follower = Follower(self.services)

    def start_dagster(self) -> None:
        port = self.settings.dagster_url.rpartition(":")[2]
        words = ("dagster", "dev", "--host", "127.0.0.1", "--port", port)
        self.process = start_dagster(self.settings, *words, log=self.log)

    def until(self, done: Callable[[], object], what: str) -> None:
        """Let the follower work until something is so; show Dagster's log when it never is."""
        end = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > end:
                pytest.fail(f"{what}: not within {PATIENCE_S:g} s\n{self.log.read_text()[-4000:]}")
            self.follower._guarded_step()
            time.sleep(0.3)

    def job(self, name: str) -> Job:
        with self.services.database.read() as session:
            found = session.get(Job, self.jobs[name])
        assert found is not None
        return found

    def is_over(self, *names: str) -> bool:
        return all(self.job(name).state in jobs.FINAL for name in names)

    def ask(self, name: str, kind: str, partition: str | None, request: dict[str, Any]) -> None:
        with self.services.database.write() as session:
            if kind == "prediction":
                user = session.get(User, self.user_id)
                assert user is not None
                user.jobs_started += 1
            job = jobs.create_job(
                session,
                kind=kind,
                partition=partition,
                active_key=f"{kind}:{name}",
                request=request,
                lane=tags.BATCH,
                user_id=self.user_id,
                counted=kind == "prediction",
            )
        self.jobs[name] = job.id

    def ask_map(self, name: str, geometry: dict[str, Any], season: str) -> None:
        aoi = Aoi.from_geojson(geometry, self.services.rules.aoi_limits())
        keep_aoi(self.services.store, aoi)
        self.ask(name, "prediction", partition_key(aoi.id, season), {"aoi_id": aoi.id, "season": season})

    def told(self, topic: str) -> list[Event]:
        with self.services.database.read() as session:
            return list(session.scalars(select(Event).where(Event.topic == topic).order_by(Event.id)).all())

    def runs_of(self, name: str) -> list[Any]:
        return self.services.orchestrator.runs_of([self.jobs[name]])[self.jobs[name]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def build(home: Path, land: Landscape) -> Stage:
    settings = Settings(
        home=home,
        catalogue=str(land.catalogue),
        threads=1,
        auto_train=False,
        sensor_seconds=600,
        dagster_url=f"http://127.0.0.1:{free_port()}",
        lane_url=f"http://127.0.0.1:{free_port()}",
    )
    (home / "dagster").mkdir(parents=True)
    (home / "dagster" / "dagster.yaml").write_text(INSTANCE)
    database, transport, registry = Database(settings.database_url), Swallowing(), registry_of(settings)
    migrate.upgrade(database)
    services = Services(
        settings=settings,
        database=database,
        store=store_of(settings),
        registry=registry,
        rules=rules_of(settings),
        champion=ChampionCache(registry),
        orchestrator=Orchestrator(settings.dagster_url, httpx.Client(transport=transport, trust_env=False)),
        lane=LaneClient.of(settings),
        broadcaster=Broadcaster(),
    )
    with database.write() as session:
        user = User(name="rita", password_hash="-", role="recruiter")
        session.add(user)
        session.flush()
        return Stage(settings, services, transport, land, home / "dagster.log", user_id=user.id)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Play the story once; the tests look at what came of it."""
    home = tmp_path_factory.mktemp("orchestrator")
    stage = build(home / "home", simulate(home / "land", size_px=128, n_dates=12))
    try:
        play(stage)
        yield stage
    finally:
        if stage.process is not None:
            stop(stage.process)
        stage.services.orchestrator.graphql.close()
        stage.services.database.close()


def play(stage: Stage) -> None:
    aoi = json.loads(stage.land.aoi.read_text())
    geometry = aoi.get("geometry", aoi) if "features" not in aoi else aoi["features"][0]["geometry"]
    catalogue = stage.land.catalogue
    aside = catalogue.with_name("aside.json")
    catalogue.rename(aside)
    os.mkfifo(catalogue)  # whoever reads it waits for ever: a run to be stopped half way

    stage.ask("promotion", "promotion", None, {"config": wrong_promotion()})
    stage.follower._guarded_step()
    stage.facts["while down"] = stage.job("promotion")
    stage.start_dagster()
    stage.until(lambda: stage.job("promotion").run_id, "the launch after the webserver came")

    stage.ask_map("stuck", geometry, stage.land.season)
    stage.until(lambda: stage.job("stuck").step == "reading scenes", "the run that reads for ever")
    stage.facts["ping"] = stage.services.orchestrator.ping()
    with stage.services.database.write() as session:
        jobs.request_cancel(session, stage.jobs["stuck"])
    stage.until(lambda: stage.is_over("stuck", "promotion"), "the cancelled map and the refused promotion")
    catalogue.unlink()
    aside.rename(catalogue)

    stage.transport.armed = True
    stage.ask_map("no champion", geometry, stage.land.season)
    stage.follower._guarded_step()
    stage.facts["lost"] = stage.job("no champion")
    stage.ask_map("elsewhere", ELSEWHERE, stage.land.season)
    stage.until(lambda: stage.job("elsewhere").run_id and stage.job("no champion").run_id, "both launches")
    stage.follower = Follower(stage.services)  # the API starts again
    stage.until(lambda: stage.is_over("no champion", "elsewhere"), "the last two maps")
    stage.until(lambda: len(stage.told("platform")) >= 3, "the platform's events")


def wrong_promotion() -> dict[str, Any]:
    return {"ops": {"champion_model": {"config": {"version": 77, "reason": "because"}}}}


def test_a_job_made_while_the_webserver_is_down_waits_and_is_launched_once(story: Stage) -> None:
    waited = story.facts["while down"]
    assert (waited.state, waited.reason, waited.run_id) == ("queued", "waiting for Dagster", None)
    assert len(story.runs_of("promotion")) == 1


def test_a_promotion_of_a_version_that_is_not_there_fails_with_its_own_words(story: Stage) -> None:
    job = story.job("promotion")
    assert (job.state, job.reason_code) == ("failed", "model-version-not-found")
    assert "77" in (job.reason or "")
    assert "Traceback" not in (job.reason or "")


def test_a_running_map_is_stopped_and_its_run_is_canceled(story: Stage) -> None:
    assert story.job("stuck").state == "cancelled"
    [run] = story.runs_of("stuck")
    assert run.status == "CANCELED"
    assert run.started is not None
    assert run.tags[tags.REQUESTED_BY_TAG] == "rita"


def test_a_launch_whose_answer_was_lost_has_one_run_which_was_found(story: Stage) -> None:
    lost = story.facts["lost"]
    assert (lost.run_id, lost.reason_code) == (None, "launch-unconfirmed")
    [run] = story.runs_of("no champion")
    assert story.job("no champion").run_id == run.run_id


def test_a_map_without_a_champion_read_its_scenes_and_says_why_it_ended(story: Stage) -> None:
    job = story.job("no champion")
    assert (job.state, job.reason_code, job.counted) == ("failed", "no-champion", False)
    assert job.progress == 70.0
    told = [one.data["progress"] for one in story.told(f"job:{job.id}")]
    assert told == sorted(told)


def test_a_place_without_scenes_keeps_its_quota(story: Stage) -> None:
    job = story.job("elsewhere")
    assert (job.state, job.reason_code, job.counted) == ("failed", "no-scenes", True)
    with story.services.database.read() as session:
        user = session.get(User, story.user_id)
    assert user is not None
    assert user.jobs_started == 2  # this one, and the one that its owner stopped half way


def test_what_was_made_and_runs_are_read_as_they_are(story: Stage) -> None:
    dagster = story.services.orchestrator
    assert story.facts["ping"]["location"] == "geocrop"
    made = story.job("no champion")
    assert dagster.materialized("season_composite") == {made.partition}
    assert "scenes" in dagster.metadata_of(str(made.run_id))["season_composite"]
    assert not dagster.prepared("v1")
    dagster.terminate(str(made.run_id))  # it has ended: no error
    ended = dagster.recent_runs(datetime(2020, 1, 1, tzinfo=UTC), [tags.MAP_JOB, tags.PROMOTE_JOB])
    assert sorted(run.status for run in ended) == ["CANCELED", "FAILURE", "FAILURE", "FAILURE"]


def test_failed_runs_are_told_to_administrators_once_each(story: Stage) -> None:
    told = [one.data["reason_code"] for one in story.told("platform")]
    assert sorted(told) == ["model-version-not-found", "no-champion", "no-scenes"]


def test_wrong_config_and_unknown_jobs_are_refused_in_words(story: Stage) -> None:
    dagster = story.services.orchestrator
    with pytest.raises(LaunchRefused, match="nope"):
        dagster.launch(tags.PROMOTE_JOB, config={"ops": {"champion_model": {"config": {"nope": 1}}}})
    with pytest.raises(LaunchRefused, match="no_such_job"):
        dagster.launch("no_such_job")
    with pytest.raises(OrchestratorUnavailable) as caught:
        Orchestrator(f"http://127.0.0.1:{free_port()}").ping()
    assert not isinstance(caught.value, AnswerLost)
