"""Administrators manage users; every act is in the audit log, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.db import audit
from api.db.tables import AuditEntry, User
from api.db.users import find_user
from api.services import Services

Login = Callable[..., dict[str, str]]
MakeUser = Callable[..., User]
NEW = {"name": "Ada", "password": "a long enough one", "role": "recruiter"}


def _acts(services: Services) -> list[tuple[str, str, str]]:
    with services.database.read() as session:
        found = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    return [(one.actor, one.action, one.subject) for one in found]


def test_an_added_user_can_log_in_and_is_listed(client: TestClient, login: Login, services: Services) -> None:
    headers = login("admin", "root")
    added = client.post("/admin/users", json=NEW, headers=headers)
    assert added.status_code == 201, added.text
    assert added.json()["name"] == "ada"
    assert "password" not in added.text
    form = {"username": "ada", "password": NEW["password"]}
    assert client.post("/auth/token", data=form).status_code == 200
    page = client.get("/admin/users", headers=headers).json()
    assert ([one["name"] for one in page["items"]], page["total"]) == (["ada", "root"], 2)
    assert _acts(services) == [("root", "user.add", "ada")]


def test_a_password_is_kept_as_a_hash_only(client: TestClient, login: Login, services: Services) -> None:
    client.post("/admin/users", json=NEW, headers=login("admin"))
    with services.database.read() as session:
        user = find_user(session, "ada")
    assert user is not None
    assert user.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "ab"},
        {"name": "a" * 65},
        {"name": "a b c"},
        {"name": "../etc"},
        {"name": "ada\n"},
        {"name": "adä"},
        {"name": "ADA\u212a"},  # the Kelvin sign, which turns into a plain k in lower case
        {"password": "elevenchars"},
        {"password": "x" * 257},
        {"role": "root"},
        {"job_limit": -1},
        {"job_limit": 2**70},
        {"is_admin": True},
    ],
)
def test_users_that_cannot_be_are_refused_and_passwords_not_repeated(
    client: TestClient, login: Login, change: dict[str, object]
) -> None:
    answer = client.post("/admin/users", json=NEW | change, headers=login("admin"))
    if change == {"name": "ada\n"}:  # space around a name is taken off, as a form would
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert str(NEW["password"]) not in answer.text
    assert "elevenchars" not in answer.text


def test_a_name_is_taken_once_whatever_its_case(client: TestClient, login: Login) -> None:
    headers = login("admin")
    client.post("/admin/users", json=NEW, headers=headers)
    again = client.post("/admin/users", json=NEW | {"name": "ADA"}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "user-exists")


def test_changes_leave_alone_what_they_do_not_name(
    client: TestClient, login: Login, make_user: MakeUser, services: Services
) -> None:
    headers = login("admin", "root")
    make_user("ada", job_limit=3)
    assert client.patch("/admin/users/ada", json={"disabled": True}, headers=headers).json()["job_limit"] == 3
    assert client.patch("/admin/users/ada", json={"job_limit": 9}, headers=headers).json()["disabled"] is True
    assert client.patch("/admin/users/ada", json={"job_limit": None}, headers=headers).json()["job_limit"] is None
    assert client.patch("/admin/users/ada", json={"disabled": False}, headers=headers).json()["disabled"] is False
    assert client.patch("/admin/users/ada", json={}, headers=headers).status_code == 200
    acts = [act for _, act, _ in _acts(services)]
    assert acts == ["user.disable", "user.limit", "user.limit", "user.enable"]


def test_a_reset_password_works_and_the_old_one_does_not(
    client: TestClient, login: Login, make_user: MakeUser, password: str
) -> None:
    make_user("ada")
    change = {"password": "another long one"}
    assert client.patch("/admin/users/ADA", json=change, headers=login("admin")).status_code == 200
    assert client.post("/auth/token", data={"username": "ada", "password": password}).status_code == 401
    assert client.post("/auth/token", data={"username": "ada"} | change).status_code == 200


def test_the_last_administrator_cannot_be_disabled(client: TestClient, login: Login) -> None:
    headers = login("admin", "root")
    refused = client.patch("/admin/users/root", json={"disabled": True}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "last-admin")
    login("admin", "second")
    assert client.patch("/admin/users/root", json={"disabled": True}, headers=headers).status_code == 200


def test_a_user_who_is_not_there_cannot_be_changed(client: TestClient, login: Login) -> None:
    answer = client.patch("/admin/users/ghost", json={"disabled": True}, headers=login("admin"))
    assert (answer.status_code, answer.json()["code"]) == (404, "user-not-found")


def test_an_act_that_fails_leaves_no_entry(services: Services) -> None:
    def act_and_fail() -> None:
        with services.database.write() as session:
            audit.record(session, "root", "user.add", "ada")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        act_and_fail()
    assert _acts(services) == []


def test_the_audit_log_is_paged_newest_first(client: TestClient, login: Login, services: Services) -> None:
    with services.database.write() as session:
        for number in range(5):
            audit.record(session, "root", "user.limit", f"user-{number}", {"to": number})
            session.flush()
    page = client.get("/admin/audit?limit=2&offset=1", headers=login("admin")).json()
    assert [one["subject"] for one in page["items"]] == ["user-3", "user-2"]
    assert (page["total"], page["limit"], page["offset"]) == (5, 2, 1)


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "offset=-1", "offset=99999999999999999999", "limit=x"])
def test_pages_that_cannot_be_are_refused(client: TestClient, login: Login, query: str) -> None:
    assert client.get(f"/admin/audit?{query}", headers=login("admin")).status_code == 422
