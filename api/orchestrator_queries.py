"""The questions that `api/orchestrator.py` asks; a test holds each against Dagster's own schema."""

from __future__ import annotations

VERSION = "query { version }"

LOCATIONS = """
query {
  repositoriesOrError {
    __typename
    ... on RepositoryConnection { nodes { name location { name } jobs { name } } }
    ... on Error { message }
  }
}
"""

LAUNCH = """
mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on Error { message }
  }
}
"""

ADD_PARTITION = """
mutation ($repositorySelector: RepositorySelector!, $name: String!, $key: String!) {
  addDynamicPartition(repositorySelector: $repositorySelector, partitionsDefName: $name, partitionKey: $key) {
    __typename
    ... on Error { message }
  }
}
"""

RUN = """
fragment run on Run {
  runId jobName status creationTime startTime endTime updateTime
  tags { key value }
}
"""

RUNS = (
    """
query ($filter: RunsFilter!, $cursor: String, $limit: Int!) {
  r: runsOrError(filter: $filter, cursor: $cursor, limit: $limit) {
    __typename
    ... on Runs { results { ...run } }
    ... on Error { message }
  }
}
"""
    + RUN
)

LOG = """
fragment error on PythonError { className message }
fragment chain on ErrorEvent { error { ...error cause { ...error cause { ...error cause { ...error } } } } }
fragment log on EventConnection {
  cursor hasMore
  events {
    __typename
    ... on ExecutionStepStartEvent { stepKey }
    ... on ExecutionStepSuccessEvent { stepKey }
    ... on ExecutionStepFailureEvent { stepKey ...chain }
    ... on LogMessageEvent { stepKey message }
  }
}
"""

MADE = """
query ($runId: ID!) {
  runOrError(runId: $runId) {
    __typename
    ... on Run {
      assetMaterializations {
        assetKey { path }
        metadataEntries {
          label
          ... on IntMetadataEntry { intRepr }
          ... on FloatMetadataEntry { floatValue }
          ... on TextMetadataEntry { text }
          ... on BoolMetadataEntry { boolValue }
        }
      }
    }
  }
}
"""

MATERIALIZED = """
query ($asset: String!) {
  assetNodeOrError(assetKey: {path: [$asset]}) {
    __typename
    ... on AssetNode {
      assetPartitionStatuses { __typename ... on DefaultPartitionStatuses { materializedPartitions } }
    }
  }
}
"""

ASSETS = """
query {
  assetNodes {
    assetKey { path }
    groupName description kinds isPartitioned
    dependencyKeys { path }
    partitionStats { numMaterialized numPartitions numFailed numMaterializing }
    assetMaterializations(limit: 1) { timestamp }
  }
}
"""

TERMINATE = """
mutation ($runId: String!) {
  terminateRun(runId: $runId, terminatePolicy: SAFE_TERMINATE) { __typename ... on Error { message } }
}
"""

DELETE = """
mutation ($runId: String!) { deleteRun(runId: $runId) { __typename ... on Error { message } } }
"""


def runs_of(jobs: int, limit: int) -> str:
    """Return a question for the runs of so many jobs at once: filters `$f0`, ..., answers `r0`, ..."""
    asked = "\n".join(
        f"r{number}: runsOrError(filter: $f{number}, limit: {limit})"
        " { __typename ... on Runs { results { ...run } } ... on Error { message } }"
        for number in range(jobs)
    )
    filters = ", ".join(f"$f{number}: RunsFilter!" for number in range(jobs))
    return f"query ({filters}) {{ {asked} }} {RUN}"


def logs_of(runs: int, limit: int) -> str:
    """Return a question for the logs of so many runs at once: ids `$i0`, cursors `$c0`, answers `l0`, ..."""
    asked = "\n".join(
        f"l{number}: logsForRun(runId: $i{number}, afterCursor: $c{number}, limit: {limit})"
        " { __typename ... on EventConnection { ...log } ... on Error { message } }"
        for number in range(runs)
    )
    variables = ", ".join(f"$i{number}: ID!, $c{number}: String" for number in range(runs))
    return f"query ({variables}) {{ {asked} }} {LOG}"
