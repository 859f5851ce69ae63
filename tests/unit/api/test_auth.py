"""Logging in: the right password opens, everything else is refused and counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient


def test_the_right_password_gives_a_token_that_opens(
    client: TestClient, make_user: Callable[..., Any], password: str
) -> None:
    make_user("ada")
    answer = client.post("/auth/token", data={"username": "Ada", "password": password})
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    me = client.get("/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["name"] == "ada"
    assert me.json()["job_limit"] == 5
