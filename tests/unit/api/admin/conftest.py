"""What tests of administrators' routes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from api.dataset_state import REMEMBER


@pytest.fixture
def admin(client: TestClient, login: Callable[..., dict[str, str]]) -> TestClient:
    """Return a client that is logged in as the administrator `ada`."""
    client.headers.update(login("admin", "ada"))
    return client


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Forget facts of objects: two tests may have the same key and content, and other lines."""
    yield
    REMEMBER._facts.clear()
