"""`geocrop users`: the machine's administrator adds the first one of the API."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from api.db.session import Database
from api.db.tables import AuditEntry, User
from api.security import verify_password
from geocrop_assets.cli.main import app
from resources.settings import Settings

PASSWORD = "correct horse battery"


def _run(home: Path, *words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, ["users", *words, "--home", str(home)], input=given)


def _add(home: Path, name: str, role: str = "recruiter", password: str = PASSWORD) -> Result:
    return _run(home, "add", name, "--role", role, "--password-stdin", given=f"{password}\n")


def _user(home: Path, name: str) -> User:
    database = Database(Settings(home=home).database_url)
    with database.read() as session:
        found = session.scalars(select(User).where(User.name == name)).one()
    database.close()
    return found


def test_the_first_administrator_is_added_on_an_empty_home(tmp_path: Path) -> None:
    home = tmp_path / "new"
    done = _add(home, "Root", "admin")
    assert done.exit_code == 0, done.output
    user = _user(home, "root")
    assert (user.role, user.disabled, user.job_limit) == ("admin", False, None)
    assert verify_password(PASSWORD, user.password_hash)
    assert PASSWORD not in done.output
    assert "root" in _run(home, "list").output


def test_the_password_is_asked_for_twice_without_echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = [PASSWORD, "another one entirely", PASSWORD, PASSWORD]
    monkeypatch.setattr(getpass, "getpass", lambda _: typed.pop(0))
    assert _run(tmp_path, "add", "ada", "--role", "recruiter").exit_code != 0
    assert _run(tmp_path, "add", "ada", "--role", "recruiter").exit_code == 0
    assert verify_password(PASSWORD, _user(tmp_path, "ada").password_hash)


@pytest.mark.parametrize(
    ("name", "role", "password", "code"),
    [
        ("ab", "admin", PASSWORD, "invalid-user"),
        ("../root", "admin", PASSWORD, "invalid-user"),
        ("ada", "owner", PASSWORD, "invalid-user"),
        ("ada", "admin", "too short", "invalid-user"),
        ("ada", "admin", "", "invalid-user"),
    ],
)
def test_users_that_cannot_be_are_refused(tmp_path: Path, name: str, role: str, password: str, code: str) -> None:
    done = _add(tmp_path, name, role, password)
    assert done.exit_code == 1
    assert code in done.output


def test_limits_and_states_change_and_are_audited(tmp_path: Path) -> None:
    assert _add(tmp_path, "root", "admin").exit_code == 0
    assert _add(tmp_path, "ada").exit_code == 0
    assert "user-exists" in _add(tmp_path, "ADA").output
    assert _run(tmp_path, "limit", "ada", "9").exit_code == 0
    assert _user(tmp_path, "ada").job_limit == 9
    assert _run(tmp_path, "limit", "ada", "role").exit_code == 0
    assert _user(tmp_path, "ada").job_limit is None
    assert "invalid-user" in _run(tmp_path, "limit", "ada", "many").output
    assert _run(tmp_path, "disable", "ada").exit_code == 0
    assert _user(tmp_path, "ada").disabled
    assert _run(tmp_path, "disable", "ada", "--enable").exit_code == 0
    assert "last-admin" in _run(tmp_path, "disable", "root").output
    assert "user-not-found" in _run(tmp_path, "disable", "ghost").output
    database = Database(Settings(home=tmp_path).database_url)
    with database.read() as session:
        acts = session.execute(select(AuditEntry.actor, AuditEntry.action).order_by(AuditEntry.id)).all()
    database.close()
    assert {actor for actor, _ in acts} == {"command-line"}
    wanted = ["user.add", "user.add", "user.limit", "user.limit", "user.disable", "user.enable"]
    assert [action for _, action in acts] == wanted


@pytest.mark.parametrize(
    "words", [("add", "root", "--role", "admin", "--password-stdin"), ("list",), ("disable", "root")]
)
def test_in_production_users_are_never_those_of_a_file_that_goes_with_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GEOCROP_ENVIRONMENT", "production")
    monkeypatch.delenv("GEOCROP_DATABASE", raising=False)
    done = _run(tmp_path / "home", *words, given=f"{PASSWORD}\n")
    assert done.exit_code == 1
    assert "database-not-set" in done.output
    assert "GEOCROP_DATABASE" in done.output
    assert "added" not in done.output
    assert not (tmp_path / "home").exists()


def test_in_production_users_are_those_of_the_database_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOCROP_ENVIRONMENT", "production")
    monkeypatch.setenv("GEOCROP_DATABASE", f"sqlite:///{tmp_path / 'named.db'}")
    done = _add(tmp_path / "home", "root", "admin")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "named.db").exists()
    assert not (tmp_path / "home" / "api.db").exists()
