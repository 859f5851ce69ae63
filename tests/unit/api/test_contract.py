"""The OpenAPI of the running app against the app itself: schemathesis asks every operation, well and badly formed.

No answer may be a server error, and none may have a status, a content type or a body that the document does not tell.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, checks

pytestmark = pytest.mark.slow

EXAMPLES = 10
#: A stream never ends: its statuses and events are tested beside its route.
STREAM = "/events"
START_PATIENCE_S = 60.0
CLAIMS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an app on a free port of loopback, in a thread."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until = time.monotonic() + START_PATIENCE_S
            while not server.started:
                assert thread.is_alive(), "the server ended at its start"
                assert time.monotonic() < until, "the server did not start"
                time.sleep(0.05)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def api_schema(app: FastAPI, registry: Any) -> Iterator[Any]:  # noqa: ANN401  # FakeRegistry, schemathesis' schema
    registry.add(1, champion=True)
    with served(app) as address:
        yield schemathesis.openapi.from_url(f"{address}/openapi.json").exclude(path_regex=f"{STREAM}$")


@pytest.fixture
def admin(login: Callable[..., dict[str, str]]) -> dict[str, str]:
    return login("admin")


FEW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_every_answer_is_one_that_the_document_tells(api_schema: Any, admin: dict[str, str]) -> None:  # noqa: ANN401
    faults = []
    asked = [found.ok() for found in api_schema.get_all_operations()]
    for operation in asked:

        @FEW
        @given(case=operation.as_strategy())
        def ask(case: Case) -> None:
            case.call_and_validate(headers=admin, checks=CLAIMS)

        try:
            ask()
        except (AssertionError, schemathesis.errors.SchemathesisError, ExceptionGroup) as error:
            faults.append(f"{operation.label}: {error}")
    assert faults == []
    assert len(asked) > 30, "the document tells of the whole API"
