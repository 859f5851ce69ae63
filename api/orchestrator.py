"""Dagster, seen from the API: runs are launched, followed and stopped by GraphQL over HTTP.

The only file that knows that Dagster is behind the API. Nothing of Dagster is imported: its library would bring
seconds of start-up and much memory into a process that asks the dozen questions of `api/orchestrator_queries.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from api import orchestrator_queries as queries
from api.failures import INTERNAL, RUN_FAILED, Failure
from api.graphql import AnswerBad, AnswerLost, GraphQL, OrchestratorUnavailable
from api.orchestrator_answers import (
    AssetState,
    RunState,
    partition_tags,
    read_assets,
    read_lines,
    read_runs,
    read_value,
)
from api.run_progress import RunProgress, first_failure, read_progress
from sensors import tags
from training.errors import GeocropError

if TYPE_CHECKING:
    import httpx

__all__ = ["AnswerLost", "LaunchRefused", "Orchestrator", "OrchestratorUnavailable", "RunProgress", "RunState"]

#: A launch takes Dagster up to some seconds on a busy machine: it asks the code location for the plan.
LAUNCH_S = 20.0
#: Dagster counts the partitions of every asset, of which there may be thousands.
GRAPH_S = 15.0
RUNS_A_JOB, RUNS_A_PAGE, LINES_A_PAGE = 20, 200, 500
#: Jobs asked for in one request: each is an alias with a small query of its own behind it.
ALIASES_A_REQUEST = 200
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
NOT_FOUND = frozenset({"PipelineNotFoundError", "RepositoryNotFoundError", "RunNotFoundError"})


class LaunchRefused(GeocropError):
    """Correct what the message names: Dagster refused the run."""

    code: ClassVar[str] = "launch-refused"


@dataclass(frozen=True)
class _Location:
    """Where Dagster keeps our definitions."""

    repository: str
    location: str

    def selector(self) -> dict[str, str]:
        """Return the names as Dagster wants them."""
        return {"repositoryName": self.repository, "repositoryLocationName": self.location}


class Orchestrator:
    """Runs of our jobs; safe for threads."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self.graphql = GraphQL(url, client)
        self._found: _Location | None = None

    def ping(self) -> dict[str, str]:
        """Return Dagster's version and our code location's name.

        Raises:
            OrchestratorUnavailable: the webserver is down, or the code location is not loaded.

        """
        location = self._locate()
        return {"version": str(self.graphql.ask(queries.VERSION)["version"]), "location": location.location}

    def launch(
        self,
        job: str,
        *,
        partition: str | None = None,
        partition_set: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Launch a run and return its id.

        Args:
            job: of the code location.
            partition: of the assets that the job makes.
            partition_set: dynamic partitions that the key is added to first.
            config: run config.
            tags: tags of the run.

        Raises:
            LaunchRefused: Dagster does not take the run: config, job, permission.
            AnswerLost: nobody knows whether there is a run now; look for its tag before launching again.
            OrchestratorUnavailable: there is no run.

        """
        self._prepare(partition, partition_set)
        try:
            return self._launch(job, partition, config or {}, tags or {})
        except _NotThere:
            self._found = None  # the code location was loaded anew, perhaps under another name
            try:
                return self._launch(job, partition, config or {}, tags or {})
            except _NotThere as error:
                raise LaunchRefused(f"Dagster knows no job {job}: {error}") from error

    def _prepare(self, partition: str | None, partition_set: str | None) -> None:
        """Do what comes before a launch; a lost answer here leaves no run behind, and says so."""
        try:
            self._locate()
            if partition and partition_set:
                self._add_partition(partition_set, partition)
        except AnswerLost as error:
            raise OrchestratorUnavailable(str(error)) from error

    def _launch(self, job: str, partition: str | None, config: Mapping[str, Any], given: Mapping[str, str]) -> str:
        run_tags = {**given, **partition_tags(partition)}
        params = {
            "selector": {"jobName": job, **self._locate().selector()},
            "runConfigData": dict(config),
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in run_tags.items()]},
        }
        told = self.graphql.ask(queries.LAUNCH, {"params": params}, patience=LAUNCH_S)["launchRun"]
        kind = told["__typename"]
        if kind == "LaunchRunSuccess":
            return str(told["run"]["runId"])
        said = told.get("message") or "; ".join(one["message"] for one in told.get("errors") or ()) or kind
        if kind == "PythonError":  # raised somewhere on the way, perhaps after the run was made
            raise AnswerBad(f"Dagster failed while it launched {job}: {said}")
        raise (_NotThere if kind in NOT_FOUND else LaunchRefused)(f"{job}: {said}")

    def _add_partition(self, name: str, key: str) -> None:
        """Add a key to a set of dynamic partitions; one that is there already is no error."""
        names = {"repositorySelector": self._locate().selector(), "name": name, "key": key}
        told = self.graphql.ask(queries.ADD_PARTITION, names)["addDynamicPartition"]
        if told["__typename"] not in {"AddDynamicPartitionSuccess", "DuplicateDynamicPartitionError"}:
            self._found = None
            raise OrchestratorUnavailable(f"Dagster could not add partition {key}: {told.get('message')}")

    def runs_of(self, job_ids: Sequence[str]) -> dict[str, list[RunState]]:
        """Return the runs that carry each job's tag, newest first, by one request for all."""
        found: dict[str, list[RunState]] = {}
        for start in range(0, len(job_ids), ALIASES_A_REQUEST):
            some = job_ids[start : start + ALIASES_A_REQUEST]
            filters = {
                f"f{number}": {"tags": [{"key": tags.JOB_TAG, "value": job_id}]} for number, job_id in enumerate(some)
            }
            told = self.graphql.ask(queries.runs_of(len(some), RUNS_A_JOB), filters)
            for number, job_id in enumerate(some):
                found[job_id] = read_runs(told[f"r{number}"])
        return found

    def recent_runs(self, updated_after: datetime, jobs: Sequence[str]) -> list[RunState]:
        """Return the ended runs of some jobs that changed after a moment, by whomever; oldest change first."""
        wanted = {"updatedAfter": updated_after.timestamp(), "statuses": list(ENDED)}
        found: list[RunState] = []
        cursor: str | None = None
        while True:
            page = read_runs(
                self.graphql.ask(queries.RUNS, {"filter": wanted, "cursor": cursor, "limit": RUNS_A_PAGE})["r"]
            )
            found += [run for run in page if run.job_name in jobs]
            if len(page) < RUNS_A_PAGE:
                return sorted(found, key=lambda run: (run.updated or run.created, run.run_id))
            cursor = page[-1].run_id

    def progress(self, run_id: str, cursor: str | None = None) -> RunProgress:
        """Return what is new in a run's log since a cursor."""
        return self.progress_of({run_id: cursor})[run_id]

    def progress_of(self, cursors: Mapping[str, str | None]) -> dict[str, RunProgress]:
        """Return what is new in the logs of runs since their cursors, by one request for all."""
        if not cursors:
            return {}
        names = list(cursors)
        variables = {f"c{number}": cursors[run_id] for number, run_id in enumerate(names)} | {
            f"i{number}": run_id for number, run_id in enumerate(names)
        }
        told = self.graphql.ask(queries.logs_of(len(names), LINES_A_PAGE), variables)
        found = {}
        for number, run_id in enumerate(names):
            page = told[f"l{number}"]
            found[run_id] = read_progress(read_lines(page), page.get("cursor") or cursors[run_id])
        return found

    def failure(self, run_id: str) -> Failure:
        """Return why a failed run failed."""
        return first_failure(read_lines({"events": list(self._events(run_id))})) or Failure(INTERNAL, RUN_FAILED)

    def _events(self, run_id: str) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            page = self.graphql.ask(queries.logs_of(1, LINES_A_PAGE), {"i0": run_id, "c0": cursor})["l0"]
            yield from page.get("events") or ()
            if not page.get("hasMore"):
                return
            cursor = page["cursor"]

    def metadata_of(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Return the metadata (numbers and texts) of what a run made, by asset."""
        told = self.graphql.ask(queries.MADE, {"runId": run_id})["runOrError"]
        return {
            one["assetKey"]["path"][-1]: {entry["label"]: read_value(entry) for entry in one["metadataEntries"]}
            for one in told.get("assetMaterializations") or ()
        }

    def materialized(self, asset: str) -> frozenset[str]:
        """Return the partitions of an asset that are made and not failed since; of one dimension only."""
        told = self.graphql.ask(queries.MATERIALIZED, {"asset": asset})["assetNodeOrError"]
        return frozenset((told.get("assetPartitionStatuses") or {}).get("materializedPartitions") or ())

    def assets(self) -> list[AssetState]:
        """Return the asset graph, with what is made of each asset and when it last was."""
        return read_assets(self.graphql.ask(queries.ASSETS, patience=GRAPH_S))

    def prepared(self, version: str) -> bool:
        """Tell whether a dataset version has its samples, features and selection."""
        return version in self.materialized(tags.FEATURE_SELECTION)

    def terminate(self, run_id: str) -> None:
        """Ask Dagster to stop a run; one that has ended, or is gone, is no error."""
        told = self.graphql.ask(queries.TERMINATE, {"runId": run_id})["terminateRun"]
        if told["__typename"] in {"PythonError", "UnauthorizedError"}:
            raise OrchestratorUnavailable(f"Dagster could not stop run {run_id}: {told.get('message')}")

    def delete(self, run_id: str) -> None:
        """Delete a run that was made but never handed to a launcher; one that is gone is no error."""
        told = self.graphql.ask(queries.DELETE, {"runId": run_id})["deleteRun"]
        if told["__typename"] in {"PythonError", "UnauthorizedError"}:
            raise OrchestratorUnavailable(f"Dagster could not delete run {run_id}: {told.get('message')}")

    def run_url(self, ui_url: str, run_id: str) -> str:
        """Return the address of a run's page."""
        return f"{ui_url.rstrip('/')}/runs/{run_id}"

    def _locate(self) -> _Location:
        """Return where our definitions are: asked once, and again after a launch that found them gone."""
        if self._found is None:
            told = self.graphql.ask(queries.LOCATIONS)["repositoriesOrError"]
            for node in told.get("nodes") or ():
                if any(job["name"] == tags.MAP_JOB for job in node["jobs"]):
                    self._found = _Location(node["name"], node["location"]["name"])
                    return self._found
            raise OrchestratorUnavailable("Dagster answers, but its code location is not loaded")
        return self._found


class _NotThere(LaunchRefused):
    """The job is not where it was: look for the code location again."""
