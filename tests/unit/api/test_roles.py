"""Who may call what: a table of all routes. A route that is not in it fails the test, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from api.db.tables import User

Login = Callable[..., dict[str, str]]
MakeUser = Callable[..., User]

PUBLIC, LINK, USER, ADMIN = "anybody", "a signed link", "a user", "an administrator"
#: Route -> who may call it. `LINK`: a login is not enough and not needed; the address carries the right itself.
WHO = {
    "GET /auth/me": USER,
    "POST /auth/token": PUBLIC,
    "POST /aois": USER,
    "GET /aois": USER,
    "GET /aois/{id}": USER,
    "DELETE /aois/{id}": USER,
    "POST /predictions": USER,
    "GET /predictions": USER,
    "GET /predictions/{id}": USER,
    "DELETE /predictions/{id}": USER,
    "GET /predictions/{id}/events": USER,
    "GET /predictions/{id}/pixel": USER,
    "GET /quota": USER,
    "GET /baselines": PUBLIC,
    "GET /baselines/{year}/{asset}": PUBLIC,
    "HEAD /baselines/{year}/{asset}": PUBLIC,
    "GET /stac": PUBLIC,
    "GET /stac/collections/{collection}": PUBLIC,
    "GET /stac/collections/{collection}/items/{item_id}": PUBLIC,
    "GET /tiles/WebMercatorQuad/tilejson.json": LINK,
    "GET /tiles/WebMercatorQuad/{z}/{x}/{y}.{format}": LINK,
    "GET /tiles/info": LINK,
    "GET /tiles/point/{lon},{lat}": LINK,
    "GET /tiles/preview.{format}": LINK,
    "GET /files/{bucket}/{key:path}": LINK,
    "HEAD /files/{bucket}/{key:path}": LINK,
    "POST /inference": ADMIN,
    "GET /events": ADMIN,
    "GET /events/link": ADMIN,
    "GET /events/history": ADMIN,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /status": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /workflow": PUBLIC,
    "GET /numbers": PUBLIC,
    "GET /admin/users": ADMIN,
    "POST /admin/users": ADMIN,
    "PATCH /admin/users/{name}": ADMIN,
    "GET /admin/audit": ADMIN,
    "POST /admin/datasets/upload": ADMIN,
    "GET /admin/datasets": ADMIN,
    "GET /admin/datasets/{version}": ADMIN,
    "POST /admin/training/start": ADMIN,
    "GET /admin/training/schema": ADMIN,
    "POST /admin/training/schedule": ADMIN,
    "GET /admin/training/schedule": ADMIN,
    "DELETE /admin/training/schedule/{schedule_id}": ADMIN,
    "POST /admin/training/watch": ADMIN,
    "GET /admin/training/watch": ADMIN,
    "DELETE /admin/training/watch/{watch_id}": ADMIN,
    "GET /admin/training": ADMIN,
    "GET /admin/training/{job_id}": ADMIN,
    "DELETE /admin/training/{job_id}": ADMIN,
    "GET /admin/models": ADMIN,
    "GET /admin/models/{version}": ADMIN,
    "GET /admin/models/{version}/report/{name}": ADMIN,
    "POST /admin/models/{version}/promote": ADMIN,
    "POST /admin/models/rollback": ADMIN,
    "GET /admin/metrics": ADMIN,
    "GET /admin/jobs": ADMIN,
    "GET /admin/jobs/{job_id}": ADMIN,
}
#: The framework's own pages: the OpenAPI document and two ways to read it.
DOCUMENTATION = frozenset({"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"})
#: These answer for as long as somebody listens: only their refusals are tried here.
ENDLESS = frozenset({"GET /events"})
VALUES = {
    "{id}": "0" * 32, "{key:path}": "a/b.tif", "{version}": "1", "{z}": "1", "{x}": "1", "{y}": "1", "{year}": "2020",
    "{lon}": "29", "{lat}": "-18", "{format}": "png",
}  # fmt: skip


def _routes(app: FastAPI) -> list[str]:
    contexts = [one for one in iter_route_contexts(app.routes) if one.path not in DOCUMENTATION]
    return [f"{method} {one.path}" for one in contexts for method in sorted(one.methods or ())]


def _address(route: str) -> tuple[str, str]:
    method, _, path = route.partition(" ")
    for name, value in VALUES.items():
        path = path.replace(name, value)
    return method, path.replace("{", "").replace("}", "")


def _status(client: TestClient, route: str, headers: dict[str, str] | None = None) -> int:
    method, path = _address(route)
    return client.request(method, path, headers=headers).status_code


def test_every_route_is_in_the_table_and_the_table_names_no_other(app: FastAPI) -> None:
    assert sorted(_routes(app)) == sorted(WHO)


def test_nobody_gets_in_without_a_token(app: FastAPI, client: TestClient) -> None:
    locked = [route for route in _routes(app) if WHO.get(route) in {USER, ADMIN}]
    assert {route: _status(client, route) for route in locked} == dict.fromkeys(locked, 401)


def test_recruiters_are_kept_from_what_is_for_administrators(app: FastAPI, client: TestClient, login: Login) -> None:
    headers = login("recruiter")
    locked = [route for route in _routes(app) if WHO.get(route) == ADMIN]
    assert {route: _status(client, route, headers) for route in locked} == dict.fromkeys(locked, 403)


@pytest.mark.parametrize("role", ["recruiter", "admin"])
def test_roles_get_in_where_they_may(app: FastAPI, client: TestClient, login: Login, role: str) -> None:
    headers = login(role)
    mine = {USER, PUBLIC} | ({ADMIN} if role == "admin" else set())
    open_to_me = [route for route in _routes(app) if WHO.get(route) in mine and route not in ENDLESS]
    answers = {route: _status(client, route, headers) for route in open_to_me}
    assert not {route: status for route, status in answers.items() if status in {401, 403} or status >= 500}


def test_signed_links_are_asked_for_whoever_calls(app: FastAPI, client: TestClient, login: Login) -> None:
    routes = [route for route in _routes(app) if WHO.get(route) == LINK]
    for headers in ({}, login("recruiter"), login("admin")):
        answers = {route: _status(client, route, headers) for route in routes}
        assert not {route: status for route, status in answers.items() if status not in {403, 404, 422}}


def test_a_disabled_administrator_gets_in_nowhere(
    app: FastAPI, client: TestClient, login: Login, make_user: MakeUser
) -> None:
    headers = login("admin", "gone")
    make_user("gone", disabled=True)
    locked = [route for route in _routes(app) if WHO.get(route) in {USER, ADMIN}]
    assert {route: _status(client, route, headers) for route in locked} == dict.fromkeys(locked, 401)
