"""The platform's events for administrators: history, and the stream's refusals and links."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from api.db import events
from api.routes.events import watcher
from api.services import Services


def test_history_comes_in_pages_oldest_first(admin: TestClient, services: Services) -> None:
    with services.database.write() as session:
        for number in range(3):
            events.append(session, events.PLATFORM, "run_failed", {"number": number})
            events.append(session, "job:1", "progress", {})
    first = admin.get("/events/history?limit=2").json()
    assert [one["data"]["number"] for one in first["items"]] == [0, 1]
    rest = admin.get(f"/events/history?limit=2&after={first['next']}").json()
    assert ([one["data"]["number"] for one in rest["items"]], rest["next"]) == ([2], None)
    assert admin.get(f"/events/history?after={2**60}").status_code == 422


def test_the_stream_refuses_strangers(client: TestClient, login: Callable[..., dict[str, str]]) -> None:
    assert client.get("/events").status_code == 401
    assert client.get("/events", headers=login("recruiter")).status_code == 403
    assert client.get("/events?token=1.x&user=ada").status_code == 403
    assert client.get("/events?token=x").status_code == 403


def test_a_link_lets_its_administrator_watch_until_disabled(
    admin: TestClient, services: Services, make_user: Callable[..., object]
) -> None:
    url = admin.get("/events/link").json()["url"]
    query = dict(part.split("=", 1) for part in url.partition("?")[2].split("&"))
    assert query["user"] == "ada"
    assert watcher(services=services, bearer=None, user="ada", token=query["token"]).name == "ada"
    make_user("eve", "admin")
    assert admin.get(f"/events?user=eve&token={query['token']}").status_code == 403
    make_user("ada", disabled=True)
    assert admin.get(f"/events?user=ada&token={query['token']}").json()["code"] == "link-refused"
