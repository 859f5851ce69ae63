"""The API while PostgreSQL does not answer, and after it is back: a clear answer, and nothing to start again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from fastapi.testclient import TestClient

from api.db.users import add_user
from api.main import create_app
from api.security import issue_token
from api.services import build_services
from resources.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.fixture
def database_url(postgis_server: Any) -> Iterator[str]:  # noqa: ANN401
    with postgis_server.fresh(tables=True) as url:
        yield url


def accept_connections(server_url: str, name: str, *, accept: bool) -> None:
    """Make a database take connections or none, and end those that it has: to a client, it is down."""
    with closing(psycopg2.connect(server_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {"true" if accept else "false"}')
        cursor.execute("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s", [name])


def test_a_lost_database_is_a_503_until_it_is_back(postgis_server: Any, database_url: str, tmp_path: Path) -> None:  # noqa: ANN401
    settings = Settings(home=tmp_path, database=database_url, jwt_secret="x" * 40)
    app = create_app(settings, background=False)
    services = app.state.services = build_services(settings)
    with services.database.write() as session:
        token = issue_token(add_user(session, name="visitor", password_hash="x", role="recruiter"), settings)
    client = TestClient(app, headers={"Authorization": f"Bearer {token}"})
    name = database_url.rpartition("/")[2]

    assert client.get("/auth/me").json()["name"] == "visitor"
    accept_connections(postgis_server.url, name, accept=False)
    answer = client.get("/auth/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    assert answer.headers["Retry-After"]
    assert client.get("/healthz").status_code == 200
    accept_connections(postgis_server.url, name, accept=True)
    assert client.get("/auth/me").json()["name"] == "visitor"
    services.database.close()
