"""The questions to Dagster, held against the schema of the Dagster that is installed; and its answers' odd cases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from api import orchestrator_queries as queries
from api.orchestrator import AnswerLost, Orchestrator, OrchestratorUnavailable
from api.orchestrator_answers import partition_tags
from sensors import tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import SimDagster  # pytest gives it; nothing is imported
    from graphql import GraphQLSchema

QUESTIONS = [name for name in dir(queries) if name.isupper() and name not in {"RUN", "LOG"}]


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Return the schema that Dagster's webserver serves."""
    from dagster_graphql.schema import create_schema

    return create_schema().graphql_schema


@pytest.mark.parametrize("name", QUESTIONS)
def test_dagster_understands_every_question(schema: GraphQLSchema, name: str) -> None:
    from graphql import parse, validate

    assert validate(schema, parse(getattr(queries, name))) == []


def test_dagster_understands_questions_for_many(schema: GraphQLSchema) -> None:
    from graphql import parse, validate

    for question in (queries.runs_of(3, 20), queries.logs_of(3, 500)):
        assert validate(schema, parse(question)) == []


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Orchestrator:
    return Orchestrator("http://dagster/", httpx.Client(transport=httpx.MockTransport(answer)))


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def _hang(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("timed out", request=request)


@pytest.mark.parametrize(
    ("answer", "may_have_taken_effect"),
    [
        (_refuse, False),
        (_hang, True),
        (lambda _: httpx.Response(502, text="bad gateway"), True),
        (lambda _: httpx.Response(200, text="<html>a login page</html>"), True),
        (lambda _: httpx.Response(200, json=["not", "an", "answer"]), True),
        (lambda _: httpx.Response(200, json={"errors": [{"message": "boom"}], "data": None}), True),
    ],
)
def test_whatever_is_no_answer_is_said_to_be_unavailable(
    answer: Callable[[httpx.Request], httpx.Response], may_have_taken_effect: bool
) -> None:
    with pytest.raises(OrchestratorUnavailable) as caught:
        answering(answer).graphql.ask(queries.VERSION)
    assert isinstance(caught.value, AnswerLost) is may_have_taken_effect


def test_a_webserver_without_its_code_location_is_not_there_yet() -> None:
    empty = {"data": {"repositoriesOrError": {"__typename": "RepositoryConnection", "nodes": []}}}
    with pytest.raises(OrchestratorUnavailable, match="code location"):
        answering(lambda _: httpx.Response(200, json=empty)).ping()


def test_an_answer_lost_before_the_launch_leaves_no_doubt_about_a_run() -> None:
    with pytest.raises(OrchestratorUnavailable) as caught:
        answering(_hang).launch(tags.MAP_JOB, partition="a--2023-2024", partition_set=tags.AOI_SEASON)
    assert not isinstance(caught.value, AnswerLost)


def test_partitions_of_models_carry_their_dimensions() -> None:
    assert partition_tags("v1|Raw") == {
        "dagster/partition": "v1|Raw",
        "dagster/partition/dataset_version": "v1",
        "dagster/partition/model_variant": "Raw",
    }
    assert partition_tags(None) == {}


def test_no_more_than_one_request_asks_for_many_jobs(dagster: SimDagster, orchestrator: Orchestrator) -> None:
    ids = [orchestrator.launch(tags.MAP_JOB, tags={tags.JOB_TAG: f"job{number}"}) for number in range(5)]
    dagster.requests.clear()
    found = orchestrator.runs_of([f"job{number}" for number in range(6)])
    assert [runs[0].run_id for runs in list(found.values())[:5]] == ids
    assert found["job5"] == []
    assert dagster.requests == ["runsOrError"]
    assert orchestrator.runs_of([]) == {}
    assert orchestrator.recent_runs(datetime(2020, 1, 1, tzinfo=UTC), [tags.MAP_JOB]) == []


def test_a_runs_page_is_linked(orchestrator: Orchestrator) -> None:
    assert orchestrator.run_url("https://dagster.example/", "abc") == "https://dagster.example/runs/abc"
