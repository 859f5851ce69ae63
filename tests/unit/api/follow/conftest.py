"""A simulated Dagster behind real GraphQL requests, a clock that tests turn, and jobs as the API makes them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.db import jobs
from api.db.tables import Job, User
from api.follow import Follower
from api.orchestrator import Orchestrator
from api.services import Services
from sensors import tags

USER_ERROR = "{0}: {1}\n"


@dataclass
class SimRun:
    """One run of the simulated Dagster."""

    job: str
    tags: dict[str, str]
    created: datetime
    config: Mapping[str, Any]
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "QUEUED"
    started: datetime | None = None
    ended: datetime | None = None
    updated: datetime | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.status in {"SUCCESS", "FAILURE", "CANCELED"}

    @property
    def is_root(self) -> bool:
        return "dagster/parent_run_id" not in self.tags


class Clock:
    """A moment that only tests move."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def turn(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class SimDagster:
    """Answers the questions of `api/orchestrator_queries.py` from memory; faults are switched on by tests."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.runs: list[SimRun] = []  # oldest first
        self.partition_keys: dict[str, list[str]] = {tags.AOI_SEASON: [], tags.DATASET_VERSION: []}
        self.prepared: list[str] = []
        self.down = False
        self.launch_fault: str | None = None  # lost-before | lost-after | bad-before | bad-after | late | refused
        self.late: list[SimRun] = []  # accepted, not there yet
        self.requests: list[str] = []
        self.location = "geocrop"

    # What tests do to runs.

    def start(self, run: SimRun) -> None:
        if run.status in {"QUEUED", "STARTING", "NOT_STARTED"}:
            run.status, run.started = "STARTED", self.clock.now()
            self._touch(run)

    def log(self, run: SimRun, step: str, message: str) -> None:
        run.events.append({"__typename": "LogMessageEvent", "stepKey": step, "message": message})

    def begin_step(self, run: SimRun, step: str) -> None:
        run.events.append({"__typename": "ExecutionStepStartEvent", "stepKey": step})

    def succeed(self, run: SimRun, made: Mapping[str, dict[str, Any]] | None = None) -> None:
        if not run.is_over:
            self.start(run)
            run.made.update(made or {})
            self._end(run, "SUCCESS")

    def fail(self, run: SimRun, error: str | None = None, message: str = "no", *, will_retry: bool = False) -> None:
        """End a run badly: with an error of a step (`imagery.search.NoScenes`), or because its process died."""
        if run.is_over:
            return
        self.start(run)
        if error is not None:
            cause = {"className": error.rpartition(".")[2], "message": USER_ERROR.format(error, message), "cause": None}
            outer = {"className": "DagsterExecutionStepExecutionError", "message": "Error occurred", "cause": cause}
            step = {"stepKey": "season_composite", "error": outer}
            run.events.append({"__typename": "ExecutionStepFailureEvent", **step})
        run.events.append({"__typename": "RunFailureEvent"})
        run.tags["dagster/will_retry"] = str(will_retry).lower()
        self._end(run, "FAILURE")

    def retry(self, run: SimRun) -> SimRun | None:
        """Do what Dagster's daemon does with a run that it promised to retry."""
        is_retried = any(one.tags.get("dagster/parent_run_id") == run.run_id for one in self.runs)
        if run.status != "FAILURE" or run.tags.get("dagster/will_retry") != "true" or is_retried:
            return None
        root = run.tags.get("dagster/root_run_id", run.run_id)
        copied = {key: value for key, value in run.tags.items() if key != "dagster/will_retry"}
        lineage = {"dagster/parent_run_id": run.run_id, "dagster/root_run_id": root, tags.LANE_TAG: tags.BATCH}
        made = SimRun(run.job, copied | lineage, self.clock.now(), run.config)
        self.runs.append(made)
        return made

    def arrive(self) -> None:
        """Let launches that were accepted late take effect."""
        for run in self.late:
            run.created = self.clock.now()
        self.runs += self.late
        self.late = []

    def of_job(self, job_id: str) -> list[SimRun]:
        """Return a job's runs, oldest first."""
        return [run for run in self.runs if run.tags.get(tags.JOB_TAG) == job_id]

    def _end(self, run: SimRun, status: str) -> None:
        run.status, run.ended = status, self.clock.now()
        self._touch(run)

    def _touch(self, run: SimRun) -> None:
        run.updated = self.clock.now()

    # What requests get.

    def handle(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        query, variables = asked["query"], asked["variables"]
        if self.down:
            raise httpx.ConnectError("nobody there", request=request)
        for word, answer in self._answers().items():
            if word in query:
                self.requests.append(word.rstrip("("))
                return httpx.Response(200, json={"data": answer(query, variables, request)})
        raise AssertionError(f"unknown question: {query}")

    def _answers(self) -> dict[str, Callable[..., dict[str, Any]]]:
        return {
            "launchRun(": self._launch,
            "addDynamicPartition(": self._add,
            "terminateRun(": self._terminate,
            "deleteRun(": self._delete,
            "logsForRun(": self._logs,
            "$cursor: String, $limit": self._recent,
            "runsOrError(": self._runs_of,
            "runOrError(": self._made,
            "repositoriesOrError": self._located,
            "assetPartitionStatuses": self._materialized,
            "version": lambda *_: {"version": "1.13.0"},
        }

    def _located(self, *_: object) -> dict[str, Any]:
        node = {"name": "__repository__", "location": {"name": self.location}, "jobs": [{"name": tags.MAP_JOB}]}
        return {"repositoriesOrError": {"__typename": "RepositoryConnection", "nodes": [node]}}

    def _add(self, _query: str, variables: Mapping[str, Any], _request: object) -> dict[str, Any]:
        keys = self.partition_keys[variables["name"]]
        if variables["key"] in keys:
            return {"addDynamicPartition": {"__typename": "DuplicateDynamicPartitionError", "message": "known"}}
        keys.append(variables["key"])
        return {"addDynamicPartition": {"__typename": "AddDynamicPartitionSuccess"}}

    def _launch(self, _query: str, variables: Mapping[str, Any], request: httpx.Request) -> dict[str, Any]:
        params = variables["params"]
        fault, self.launch_fault = self.launch_fault, None
        if params["selector"]["repositoryLocationName"] != self.location:
            return {"launchRun": {"__typename": "PipelineNotFoundError", "message": "no such job"}}
        if fault == "refused":
            return {"launchRun": {"__typename": "RunConfigValidationInvalid", "errors": [{"message": "bad config"}]}}
        given = {tag["key"]: tag["value"] for tag in params["executionMetadata"]["tags"]}
        run = SimRun(params["selector"]["jobName"], given, self.clock.now(), params["runConfigData"])
        run.updated = run.created
        if fault in {None, "lost-after", "bad-after"}:
            self.runs.append(run)
        if fault == "bad-after":
            run.status = "NOT_STARTED"  # made, and not handed on
        if fault == "late":
            self.late.append(run)
        if fault in {"lost-before", "lost-after", "late"}:
            raise httpx.ReadTimeout("no answer", request=request)
        if fault is not None:
            return {"launchRun": {"__typename": "PythonError", "message": "the code server is restarting"}}
        return {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": run.run_id}}}

    def _terminate(self, _query: str, variables: Mapping[str, Any], _request: object) -> dict[str, Any]:
        run = next((one for one in self.runs if one.run_id == variables["runId"]), None)
        if run is None or run.is_over:
            return {"terminateRun": {"__typename": "TerminateRunFailure", "message": "not running"}}
        self._end(run, "CANCELED")
        return {"terminateRun": {"__typename": "TerminateRunSuccess"}}

    def _delete(self, _query: str, variables: Mapping[str, Any], _request: object) -> dict[str, Any]:
        self.runs = [run for run in self.runs if run.run_id != variables["runId"]]
        return {"deleteRun": {"__typename": "DeletePipelineRunSuccess"}}

    def _runs_of(self, _query: str, variables: Mapping[str, Any], _request: object) -> dict[str, Any]:
        return {
            f"r{name[1:]}": _runs(reversed(self.of_job(wanted["tags"][0]["value"])))
            for name, wanted in variables.items()
        }

    def _recent(self, _query: str, variables: Mapping[str, Any], _request: object) -> dict[str, Any]:
        after = variables["filter"]["updatedAfter"]
        ended = [run for run in self.runs if run.is_over and run.updated and run.updated.timestamp() > after]
        return {"r": _runs(reversed(ended))}

    def _logs(self, _query: str, variables: Mapping[str, Any], _request: object) -> dict[str, Any]:
        found = {}
        for number in range(len(variables) // 2):
            run = next((one for one in self.runs if one.run_id == variables[f"i{number}"]), None)
            if run is None:
                found[f"l{number}"] = {"__typename": "RunNotFoundError", "message": "gone"}
                continue
            since = int(variables[f"c{number}"] or 0)
            page = {"events": run.events[since:], "cursor": str(len(run.events)), "hasMore": False}
            found[f"l{number}"] = {"__typename": "EventConnection", **page}
        return found

    def _made(self, _query: str, variables: Mapping[str, Any], _request: object) -> dict[str, Any]:
        run = next((one for one in self.runs if one.run_id == variables["runId"]), None)
        made = [] if run is None else [{"assetKey": {"path": [asset]}, "metadataEntries": [
            {"label": label, **({"intRepr": str(value)} if isinstance(value, int) else {"floatValue": value})}
            for label, value in metadata.items()]} for asset, metadata in run.made.items()]  # fmt: skip
        return {"runOrError": {"__typename": "Run", "assetMaterializations": made}}

    def _materialized(self, *_: object) -> dict[str, Any]:
        statuses = {"__typename": "DefaultPartitionStatuses", "materializedPartitions": self.prepared}
        return {"assetNodeOrError": {"__typename": "AssetNode", "assetPartitionStatuses": statuses}}


def _runs(found: Iterable[SimRun]) -> dict[str, Any]:
    shown = [
        {
            "runId": run.run_id,
            "jobName": run.job,
            "status": run.status,
            "creationTime": run.created.timestamp(),
            "startTime": None if run.started is None else run.started.timestamp(),
            "endTime": None if run.ended is None else run.ended.timestamp(),
            "updateTime": None if run.updated is None else run.updated.timestamp(),
            "tags": [{"key": key, "value": value} for key, value in run.tags.items()],
        }
        for run in found
    ]
    return {"__typename": "Runs", "results": shown}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that the follower reads."""
    clock = Clock()
    for module in ("api.follow", "api.launching", "api.db.jobs", "api.platform_events"):
        monkeypatch.setattr(f"{module}.now", clock.now)
    monkeypatch.setattr("api.follow.PLATFORM_S", 0.0)
    monkeypatch.setattr("api.follow.STOP_AGAIN_S", -1.0)
    return clock


@pytest.fixture
def dagster(clock: Clock) -> SimDagster:
    """Return the simulated Dagster."""
    return SimDagster(clock)


@pytest.fixture
def orchestrator(dagster: SimDagster) -> Iterator[Orchestrator]:
    """Return the real client of it, in place of the recording one of other tests."""
    found = Orchestrator("http://dagster", httpx.Client(transport=httpx.MockTransport(dagster.handle)))
    yield found
    found.graphql.close()


@pytest.fixture
def follower(services: Services) -> Follower:
    """Return a follower without its thread."""
    return Follower(services)


@dataclass
class Office:
    """Makes jobs as routes do, and reads them back."""

    services: Services
    user: User

    def ask_map(self, partition: str = "field--2023-2024", *, lane: str = tags.INTERACTIVE) -> str:
        """Start the map of a partition on the user's quota; return the job."""
        request = {"aoi_id": partition, "season": "2023-2024", "bundle_hash": "b", "area_ha": 1.0}
        with self.services.database.write() as session:
            user = session.get(User, self.user.id)
            assert user is not None
            user.jobs_started += 1
            job = jobs.create_job(
                session,
                kind="prediction",
                partition=partition,
                active_key=f"map:{partition}",
                request=request,
                lane=lane,
                user_id=user.id,
                counted=True,
            )
        return job.id

    def ask_training(self, version: str = "v1", *, prepare: bool = True) -> str:
        """Start a training, with the preparation that it follows."""
        first = {"job": tags.PREPARE_JOB, "partition": version, "partition_set": tags.DATASET_VERSION}
        second = {"job": tags.TRAIN_JOB, "partition": f"{version}|Raw", "config": {"resources": {}}}
        stages = [first, second] if prepare else [second]
        request = {"stages": stages, "stage": 0, "dataset_version": version, "model_variant": "Raw"}
        return self._start("training", f"{version}|Raw", f"train:{version}|Raw", request)

    def ask_promotion(self, config: Mapping[str, Any]) -> str:
        return self._start("promotion", None, "promotion", {"config": dict(config)})

    def _start(self, kind: str, partition: str | None, key: str, request: dict[str, Any]) -> str:
        with self.services.database.write() as session:
            job = jobs.create_job(
                session,
                kind=kind,
                partition=partition,
                active_key=key,
                request=request,
                lane=tags.BATCH,
                user_id=None,
                counted=False,
            )
        return job.id

    def cancel(self, job_id: str) -> None:
        with self.services.database.write() as session:
            jobs.request_cancel(session, job_id)

    def job(self, job_id: str) -> Job:
        with self.services.database.read() as session:
            found = session.get(Job, job_id)
        assert found is not None
        return found

    def spent(self) -> int:
        """Return how much of the user's quota is spent."""
        with self.services.database.read() as session:
            user = session.get(User, self.user.id)
        assert user is not None
        return user.jobs_started


@pytest.fixture
def office(services: Services, make_user: Callable[..., User]) -> Office:
    """Return what makes jobs, for one recruiter."""
    return Office(services, make_user("rita"))
