"""Logging in: the right password opens, everything else is refused and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select, update

import api.routes.auth
from api.db.session import Database
from api.db.tables import LoginAttempt, User, now
from api.main import create_app
from api.services import Services
from resources.settings import Settings

MakeUser = Callable[..., User]
WRONG = "not the password at all"


def _log_in(client: TestClient, name: str, password: str) -> Response:
    return client.post("/auth/token", data={"username": name, "password": password})


def _attempts(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(LoginAttempt.account)).all())


def test_the_right_password_gives_a_token_that_opens(client: TestClient, make_user: MakeUser, password: str) -> None:
    make_user("ada")
    answer = _log_in(client, "Ada", password)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    token = answer.json()["access_token"]
    me = client.get("/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["name"] == "ada"
    assert (me.json()["role"], me.json()["job_limit"], me.json()["max_aoi_ha"]) == ("recruiter", 5, 10_000.0)


def test_an_administrator_has_no_limit_unless_given_one(client: TestClient, login: Callable[..., Any]) -> None:
    assert client.get("/auth/me", headers=login("admin")).json()["job_limit"] is None


@pytest.mark.parametrize("name", ["ada", "nobody", "", "x" * 5000, "é", "ada\0"])
def test_a_wrong_password_and_an_unknown_name_answer_alike(client: TestClient, make_user: MakeUser, name: str) -> None:
    make_user("ada")
    answer = _log_in(client, name or " ", WRONG)
    assert answer.status_code == 401
    assert answer.json()["code"] == "wrong-credentials"
    assert answer.json()["detail"] == "Wrong name or password."
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_unknown_names_cost_the_same_work_as_known_ones(
    client: TestClient, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("ada")
    checked: list[str | None] = []
    real = api.routes.auth.verify_password
    monkeypatch.setattr(
        api.routes.auth, "verify_password", lambda given, known: checked.append(known) or real(given, known)
    )
    _log_in(client, "ada", WRONG)
    _log_in(client, "nobody", WRONG)
    assert len(checked) == 2
    assert checked[1] is None  # for which verify_password checks a hash of its own


def test_a_disabled_account_cannot_log_in(client: TestClient, make_user: MakeUser, password: str) -> None:
    make_user("ada", disabled=True)
    assert _log_in(client, "ada", password).json()["code"] == "wrong-credentials"


def test_failures_of_an_account_pause_it_even_for_the_right_password(
    client: TestClient, make_user: MakeUser, password: str, settings: Settings
) -> None:
    make_user("ada")
    for _ in range(settings.login_attempts):
        assert _log_in(client, "ada", WRONG).status_code == 401
    refused = _log_in(client, "ada", password)
    assert refused.status_code == 429
    assert refused.json()["code"] == "too-many-logins"
    assert 0 < int(refused.headers["Retry-After"]) <= settings.login_pause_minutes * 60


def test_failures_of_an_address_pause_it_whatever_names_it_tries(client: TestClient, settings: Settings) -> None:
    for number in range(settings.login_attempts):
        assert _log_in(client, f"guess-{number}", WRONG).status_code == 401
    assert _log_in(client, "another", WRONG).status_code == 429


def test_the_pause_survives_a_restart_and_ends(
    client: TestClient, services: Services, make_user: MakeUser, password: str
) -> None:
    make_user("ada")
    for _ in range(services.settings.login_attempts):
        _log_in(client, "ada", WRONG)
    with TestClient(create_app(services=services, background=False)) as restarted:
        assert _log_in(restarted, "ada", password).status_code == 429
        with services.database.write() as session:
            session.execute(update(LoginAttempt).values(at=now() - timedelta(days=1)))
        assert _log_in(restarted, "ada", password).status_code == 200


def test_a_login_forgets_the_failures_of_its_account_only(
    client: TestClient, services: Services, make_user: MakeUser, password: str
) -> None:
    make_user("ada")
    _log_in(client, "ada", WRONG)
    _log_in(client, "bob", WRONG)
    assert _log_in(client, "ada", password).status_code == 200
    assert _attempts(services.database) == ["bob"]


def test_many_attempts_at_once_are_all_counted(client: TestClient, make_user: MakeUser, settings: Settings) -> None:
    from concurrent.futures import ThreadPoolExecutor

    make_user("ada")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: _log_in(client, "ada", WRONG).status_code, range(24)))
    assert answers.count(401) == settings.login_attempts
    assert answers.count(429) == 24 - settings.login_attempts


def test_many_right_logins_at_once_all_succeed(client: TestClient, make_user: MakeUser, password: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    make_user("ada")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: _log_in(client, "ada", password).status_code, range(24)))
    assert answers == [200] * 24


def test_a_login_that_gets_no_turn_is_told_to_come_again(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.routes.auth, "TURN_S", 0.05)
    app.state.logins = asyncio.Semaphore(0)
    answer = _log_in(client, "ada", WRONG)
    assert (answer.status_code, answer.json()["code"]) == (503, "service-down")


@pytest.mark.parametrize(
    "form", [{}, {"username": "ada"}, {"username": "ada", "password": "x", "grant_type": "client_credentials"}]
)
def test_a_form_that_is_none_is_refused_without_repeating_it(client: TestClient, form: dict[str, str]) -> None:
    answer = client.post("/auth/token", data=form)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-request"
    assert all(set(one) == {"where", "message"} for one in answer.json()["errors"])


def test_development_makes_its_own_secret_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    create_app(settings)
    secret = tmp_path / "jwt.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    first = secret.read_text()
    create_app(settings)
    assert secret.read_text() == first
