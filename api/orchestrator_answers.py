"""Reading what Dagster answers: runs, log lines, metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api.failures import CRASHED, RUN_CRASHED, Failure, LoggedError, failure_of
from api.graphql import OrchestratorUnavailable
from api.run_progress import LogLine
from sensors.tags import DATASET_VERSION, MODEL_VARIANT

PARTITION_TAG = "dagster/partition"
WILL_RETRY_TAG = "dagster/will_retry"
PARENT_TAG = "dagster/parent_run_id"
#: The partitions of models have two dimensions, which Dagster writes `<version>|<variant>` and wants as tags as well.
MODEL_DIMENSIONS = (DATASET_VERSION, MODEL_VARIANT)
DIMENSION_MARK = "|"


@dataclass(frozen=True)
class RunState:
    """A run as it stands."""

    run_id: str
    job_name: str
    status: str  # Dagster's words: NOT_STARTED, QUEUED, STARTING, STARTED, SUCCESS, FAILURE, CANCELING, CANCELED
    tags: Mapping[str, str]
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    updated: datetime | None = None

    @property
    def will_retry(self) -> bool:
        """Whether Dagster has said that it starts this failed run again."""
        return self.tags.get(WILL_RETRY_TAG) == "true"

    @property
    def retry_is_known(self) -> bool:
        """Whether Dagster has said so or the contrary: it does right after the failure, in a second step."""
        return WILL_RETRY_TAG in self.tags

    @property
    def is_retry(self) -> bool:
        """Whether another run came before this one."""
        return PARENT_TAG in self.tags


@dataclass(frozen=True)
class PartitionCounts:
    """How many partitions of an asset are how; a failed one may have been made before."""

    all: int
    materialized: int
    failed: int
    materializing: int


@dataclass(frozen=True)
class AssetState:
    """An asset of the graph as it stands."""

    name: str
    group: str
    description: str
    kinds: tuple[str, ...]
    depends_on: tuple[str, ...]
    partitions: PartitionCounts | None  # None: it has none
    last: datetime | None  # newest materialization, of whichever partition


def read_assets(told: Mapping[str, Any]) -> list[AssetState]:
    """Read the asset graph, in Dagster's order."""
    return [
        AssetState(
            name=_name(one["assetKey"]),
            group=one["groupName"],
            description=one["description"] or "",
            kinds=tuple(one["kinds"]),
            depends_on=tuple(_name(key) for key in one["dependencyKeys"]),
            partitions=_counts(one["partitionStats"]) if one["isPartitioned"] else None,
            last=_newest(one["assetMaterializations"]),
        )
        for one in told["assetNodes"]
    ]


def _name(key: Mapping[str, Any]) -> str:
    return "/".join(key["path"])


def _counts(told: Mapping[str, int] | None) -> PartitionCounts:
    told = told or {}
    names = ("numPartitions", "numMaterialized", "numFailed", "numMaterializing")
    return PartitionCounts(*(told.get(name, 0) for name in names))


def _newest(events: Sequence[Mapping[str, str]]) -> datetime | None:
    """Return when the newest of some materializations was: Dagster tells milliseconds, as text."""
    return datetime.fromtimestamp(int(events[0]["timestamp"]) / 1000, UTC) if events else None


def partition_tags(partition: str | None) -> dict[str, str]:
    """Return the tags that give a run its partition."""
    if partition is None:
        return {}
    found = {PARTITION_TAG: partition}
    if DIMENSION_MARK in partition:
        parts = partition.split(DIMENSION_MARK)
        found |= {f"{PARTITION_TAG}/{name}": part for name, part in zip(MODEL_DIMENSIONS, parts, strict=True)}
    return found


def read_runs(told: Mapping[str, Any]) -> list[RunState]:
    """Read runs; newest first, as Dagster gives them."""
    if told["__typename"] != "Runs":
        raise OrchestratorUnavailable(f"Dagster could not list runs: {told.get('message')}")
    return [
        RunState(
            run_id=one["runId"],
            job_name=one["jobName"],
            status=one["status"],
            tags={tag["key"]: tag["value"] for tag in one["tags"]},
            created=datetime.fromtimestamp(one["creationTime"], UTC),
            started=_moment(one["startTime"]),
            ended=_moment(one["endTime"]),
            updated=_moment(one["updateTime"]),
        )
        for one in told["results"]
    ]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


KINDS: Mapping[str, Any] = {"ExecutionStepStartEvent": "start", "ExecutionStepSuccessEvent": "done"}


def read_lines(page: Mapping[str, Any]) -> list[LogLine]:
    """Read a page of a run's log."""
    found = []
    for event in page.get("events") or ():
        kind, step = event["__typename"], event.get("stepKey")
        if kind == "ExecutionStepFailureEvent":
            found.append(LogLine("failure", step, failure=failure_of(_chain(event.get("error")))))
        elif kind == "RunFailureEvent":
            found.append(LogLine("run-failure", None, failure=Failure(CRASHED, RUN_CRASHED)))
        elif kind in KINDS:
            found.append(LogLine(KINDS[kind], step))
        elif kind == "LogMessageEvent":
            found.append(LogLine("line", step, text=event["message"]))
    return found


def _chain(error: Mapping[str, Any] | None) -> list[LoggedError]:
    """Return an error and its causes, outermost first."""
    found = []
    while error is not None:
        found.append(LoggedError(error.get("className") or "", error.get("message") or ""))
        error = error.get("cause")
    return found


def read_value(entry: Mapping[str, Any]) -> Any:  # noqa: ANN401  # a number or a text
    """Return a metadata entry as a number, a text or a truth; None of other kinds."""
    if entry.get("intRepr") is not None:
        return int(entry["intRepr"])
    return entry["floatValue"] if "floatValue" in entry else entry.get("text", entry.get("boolValue"))
