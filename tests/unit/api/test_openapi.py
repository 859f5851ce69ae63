"""The OpenAPI document says what the API answers, in the one error form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.errors import PROBLEM_TYPE

METHODS = {"get", "post", "put", "patch", "delete", "head"}


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method} {path}", operation


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield str(inner)
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_the_document_and_its_pages_are_served(client: TestClient) -> None:
    assert client.get("/openapi.json").json()["info"]["title"] == "GeoCrop"
    assert "swagger" in client.get("/docs").text


def test_every_tag_is_described_and_used(document: dict[str, Any]) -> None:
    used = {tag for _, operation in _operations(document) for tag in operation["tags"]}
    assert used == {tag["name"] for tag in document["tags"]}
    assert all(tag["description"] for tag in document["tags"])


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    assert not [name for name, operation in _operations(document) if not operation.get("description")]


def test_every_error_is_documented_in_the_one_form(document: dict[str, Any]) -> None:
    wrong = {
        f"{name} {status}"
        for name, operation in _operations(document)
        for status, answer in operation["responses"].items()
        if status >= "400" and set(answer["content"]) != {PROBLEM_TYPE}
    }
    assert not wrong


def test_what_any_route_can_answer_is_documented_of_each(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        answers = set(operation["responses"])
        assert {"400", "503"} <= answers, name
        if "requestBody" in operation:
            assert {"408", "413", "422"} <= answers, name
        if operation.get("security"):
            assert "401" in answers, name


def test_all_references_lead_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    names = {reference.rpartition("/")[2] for reference in _references(document)}
    assert names <= set(schemas)
    assert "HTTPValidationError" not in schemas
