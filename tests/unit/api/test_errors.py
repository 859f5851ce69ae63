"""One error form for everything that can go wrong, and a table that says with which status."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import api
import imagery
import resources
import training
from api.errors import PROBLEM_TYPE, STATUS, ApiError, Conflict, QuotaExceeded, responses, status_of
from api.models.common import Problem
from imagery.aoi import AoiTooLargeError
from resources.object_store import StoreUnavailable
from training.errors import GeocropError

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "api.md"


def _all_errors() -> Iterator[type[GeocropError]]:
    for package in (training, imagery, resources, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not re.search(r"__main__|\.migrations|io_managers|_resource$|local_launcher|lanes\.", module.name):
                importlib.import_module(module.name)
    waiting: list[type[GeocropError]] = [GeocropError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.split(".")[0] in {"api", "resources", "imagery", "training"}:
            yield kind


@pytest.fixture
def failing(app: FastAPI) -> FastAPI:
    """Return the app with routes that fail in their ways."""

    def too_large() -> None:
        raise AoiTooLargeError("it has 20,000 ha; the limit is 10,000 ha")

    def no_store() -> None:
        raise StoreUnavailable("no route to secret.host")

    def too_many() -> None:
        raise QuotaExceeded("you have started 5 of 5 jobs", headers={"Retry-After": "60"})

    def fault() -> None:
        raise ZeroDivisionError("with a secret in it")

    for route in (too_large, no_store, too_many, fault):
        app.get(f"/{route.__name__}")(route)
    return app


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/too_large", 422, "aoi-too-large"),
        ("/no_store", 503, "store-unavailable"),
        ("/too_many", 429, "quota-exceeded"),
        ("/fault", 500, "internal-error"),
        ("/nowhere", 404, "not-found"),
        ("/healthz/", 404, "not-found"),
        ("/auth/token", 405, "method-not-allowed"),
    ],
)
def test_whatever_fails_answers_in_the_one_form(failing: FastAPI, path: str, status: int, code: str) -> None:
    with TestClient(failing) as client:
        answer = client.get(path, follow_redirects=True)
    problem = Problem.model_validate(answer.json())
    assert answer.headers["Content-Type"] == PROBLEM_TYPE
    assert (answer.status_code, problem.status, problem.code) == (status, status, code)
    assert problem.type == f"urn:geocrop:{code}"
    assert problem.title == HTTPStatus(status).phrase
    assert problem.hint
    assert "secret" not in answer.text


def test_a_method_that_is_not_taken_is_told_which_are(client: TestClient) -> None:
    assert client.get("/auth/token").headers["Allow"] == "POST"


def test_headers_of_an_error_reach_the_client(failing: FastAPI) -> None:
    with TestClient(failing) as client:
        assert client.get("/too_many").headers["Retry-After"] == "60"


def test_each_code_of_the_table_is_an_error_that_there_is() -> None:
    codes = {kind.code for kind in _all_errors()}
    assert set(STATUS) <= codes, set(STATUS) - codes


def test_each_error_has_a_hint_and_a_status_and_no_code_means_two_things() -> None:
    owners: dict[str, type[GeocropError]] = {}
    for kind in _all_errors():
        assert HTTPStatus(status_of(kind)) >= HTTPStatus.BAD_REQUEST
        assert kind.hint().endswith((".", ";")) or kind.hint(), kind
        if "code" not in vars(kind):
            continue
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code), kind
        assert owners.setdefault(kind.code, kind) is kind, (kind, owners[kind.code])


def test_a_subclass_without_a_status_has_its_parent_s() -> None:
    class Unreachable(StoreUnavailable):
        """Try again."""

        code = "unreachable-of-a-test"

    assert status_of(Unreachable) == status_of(StoreUnavailable) == 503


def test_routes_document_codes_of_one_status_together() -> None:
    class Gone(Conflict):
        """Look elsewhere."""

        code = "gone-of-a-test"

    documented = responses(Conflict, Gone, StoreUnavailable)
    assert set(documented) == {409, 503}
    assert set(documented[409]["content"][PROBLEM_TYPE]["examples"]) == {"conflict", "gone-of-a-test"}


def test_each_code_of_the_api_itself_is_in_the_documentation() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    codes = {kind.code for kind in _all_errors() if issubclass(kind, ApiError)} - {ApiError.code}
    codes = {code for code in codes if not code.endswith("-of-a-test")} | set(STATUS)
    assert not {code for code in codes if f"`{code}`" not in text}
