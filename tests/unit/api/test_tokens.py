"""Tokens: only those of this platform, of their time, and of accounts that are still good, are taken."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient

from api.db.tables import User
from api.db.users import set_disabled, set_password
from api.errors import LinkRefused
from api.main import create_app
from api.security import (
    AUDIENCE,
    ISSUER,
    SecretMissing,
    check_link,
    hash_password,
    issue_token,
    sign_link,
    verify_password,
)
from api.services import Services
from resources.settings import Settings

SECRET = "a-secret-of-tests-with-more-than-32-characters"
OTHER = "another-secret-that-nobody-here-has-ever-seen-before"
MakeUser = Callable[..., User]


def _claims(**changes: object) -> dict[str, Any]:
    soon = time.time()
    claims = {"sub": "ada", "role": "admin", "iat": soon, "exp": soon + 60, "iss": ISSUER, "aud": AUDIENCE}
    return {name: value for name, value in (claims | changes).items() if value is not None}


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(algorithm: str) -> str:
    return f"{_part({'alg': algorithm, 'typ': 'JWT'})}.{_part(_claims())}."


def _changed_role() -> str:
    head, _, signature = jwt.encode(_claims(role="recruiter"), SECRET, "HS256").split(".")
    return f"{head}.{_part(_claims(role='admin'))}.{signature}"


def _by_rsa() -> str:
    return jwt.encode(_claims(), rsa.generate_private_key(65537, 2048), "RS256")


FORGED: dict[str, Callable[[], str]] = {
    "without a signature": lambda: _unsigned("none"),
    "without a signature, in capitals": lambda: _unsigned("NONE"),
    "an algorithm without its signature": lambda: _unsigned("HS256"),
    "another key": lambda: jwt.encode(_claims(), OTHER, "HS256"),
    "another algorithm with our key": lambda: jwt.encode(_claims(), SECRET * 2, "HS512"),
    "another kind of key": _by_rsa,
    "another issuer": lambda: jwt.encode(_claims(iss="stranger"), SECRET, "HS256"),
    "another audience": lambda: jwt.encode(_claims(aud="another-api"), SECRET, "HS256"),
    "no audience": lambda: jwt.encode(_claims(aud=None), SECRET, "HS256"),
    "no end": lambda: jwt.encode(_claims(exp=None), SECRET, "HS256"),
    "issued in the future": lambda: jwt.encode(_claims(iat=time.time() + 3600), SECRET, "HS256"),
    "an end that is no number": lambda: jwt.encode(_claims(exp="never"), SECRET, "HS256"),
    "an issue that is no number": lambda: jwt.encode(_claims(iat="now"), SECRET, "HS256"),
    "an infinite issue": lambda: jwt.encode(_claims(iat=float("-inf")), SECRET, "HS256"),
    "no issue": lambda: jwt.encode(_claims(iat=None), SECRET, "HS256"),
    "a role that was changed": _changed_role,
    "nonsense": lambda: "nonsense",
    "dots": lambda: "..",
    "a signed link": lambda: sign_link("/auth/me", timedelta(hours=1), SECRET),
    "very long": lambda: "a" * 6000,
}


@pytest.mark.parametrize("kind", FORGED)
def test_forged_and_foreign_tokens_are_refused(client: TestClient, make_user: MakeUser, kind: str) -> None:
    make_user("ada", "admin")
    answer = client.get("/auth/me", headers={"Authorization": f"Bearer {FORGED[kind]()}"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "token-invalid"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YWRhOmFkYQ==", "Token abc"])
def test_no_token_is_said_to_be_none(client: TestClient, header: str) -> None:
    answer = client.get("/auth/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")


def test_an_expired_token_says_so(client: TestClient, make_user: MakeUser) -> None:
    make_user("ada")
    token = jwt.encode(_claims(exp=time.time() - 1), SECRET, "HS256")
    answer = client.get("/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token-expired")


def test_the_role_comes_from_the_database_not_from_the_token(client: TestClient, make_user: MakeUser) -> None:
    make_user("ada", "recruiter")
    token = jwt.encode(_claims(role="admin"), SECRET, "HS256")
    assert client.get("/admin/users", headers={"Authorization": f"Bearer {token}"}).status_code == 403


def test_a_token_of_a_user_who_is_not_there_is_refused(client: TestClient) -> None:
    token = jwt.encode(_claims(sub="ghost"), SECRET, "HS256")
    answer = client.get("/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token-revoked")


@pytest.mark.parametrize("act", ["disable", "disable and enable", "another password"])
def test_tokens_end_with_what_they_stood_for(
    client: TestClient, services: Services, make_user: MakeUser, act: str
) -> None:
    make_user("root", "admin")
    user = make_user("ada", "recruiter")
    headers = {"Authorization": f"Bearer {issue_token(user, services.settings)}"}
    assert client.get("/auth/me", headers=headers).status_code == 200
    with services.database.write() as session:
        found = session.merge(user)
        if act == "another password":
            set_password(found, "$argon2id$x")
        else:
            set_disabled(session, found, True)
            set_disabled(session, found, act == "disable")
    answer = client.get("/auth/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token-revoked")


def test_a_token_of_the_moment_that_the_account_was_made_is_good(client: TestClient, login: Callable[..., Any]) -> None:
    assert client.get("/auth/me", headers=login("recruiter", "fresh")).status_code == 200


@pytest.mark.parametrize("secret", [None, "", "short"])
def test_production_refuses_to_start_without_a_secret_of_its_own(tmp_path: Path, secret: str | None) -> None:
    settings = Settings(home=tmp_path, environment_kind="production", jwt_secret=secret)
    with pytest.raises(SecretMissing):
        create_app(settings)
    assert not (tmp_path / "jwt.secret").exists()


def test_a_short_secret_is_refused_in_development_too(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match="32"):
        create_app(Settings(home=tmp_path, jwt_secret="x" * 31))


def test_a_link_opens_its_subject_only_and_for_its_time() -> None:
    token = sign_link("results/a.tif", timedelta(minutes=5), SECRET)
    check_link("results/a.tif", token, SECRET)
    for subject, secret in (("results/b.tif", SECRET), ("results/a.tif", OTHER)):
        with pytest.raises(LinkRefused, match="not valid"):
            check_link(subject, token, secret)
    with pytest.raises(LinkRefused, match="over"):
        check_link("a", sign_link("a", timedelta(days=-1), SECRET), SECRET)


@pytest.mark.parametrize("token", ["", ".", "zz.abc", "ffffffff.", "-1.x", "é.ü", "9" * 5000, "ffffffff." + "A" * 43])
def test_links_that_are_none_are_refused(token: str) -> None:
    with pytest.raises(LinkRefused):
        check_link("a", token, SECRET)


def test_a_longer_life_cannot_be_written_into_a_link() -> None:
    stamp, _, signature = sign_link("a", timedelta(hours=1), SECRET).partition(".")
    with pytest.raises(LinkRefused, match="not valid"):
        check_link("a", f"{int(stamp, 16) + 86_400:x}.{signature}", SECRET)


def test_links_stay_the_same_for_a_while() -> None:
    made = {sign_link("a", timedelta(hours=1), SECRET) for _ in range(50)}
    assert len(made) <= 2  # two when the clock passes a step in between


def test_hashes_are_salted_and_tell_their_password() -> None:
    one, two = hash_password("correct horse battery"), hash_password("correct horse battery")
    assert one != two
    assert one.startswith("$argon2id$")
    assert verify_password("correct horse battery", one)
    assert not verify_password("correct horse batter", one)
    assert not verify_password("anything", None)
    assert not verify_password("anything", "not a hash")
