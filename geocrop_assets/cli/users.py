"""`geocrop users`: who may log in to the API. The first administrator is added here; there is no default one."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geocrop_assets.cli.console import console, table, told_errors
from resources.settings import load_settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.db.session import Database

#: Who the audit log names for acts of this command: an administrator of the machine, not a user of the API.
ACTOR = "command-line"

app = typer.Typer(help="Users of the API.", no_args_is_help=True)

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the platform (default: GEOCROP_HOME, or .geocrop here).")
]
Name = Annotated[str, typer.Argument(help="Name of the user: 3 to 64 of a-z, 0-9, dot, underscore, hyphen.")]


@app.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option("--role", help="admin or recruiter.")],
    limit: Annotated[
        int | None, typer.Option(min=0, help="Jobs that may be started; the role's when left out.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of the input.")
    ] = False,
    home: Home = None,
) -> None:
    """Add a user. The password is asked for, and not shown; it is never an argument, which other users could see."""
    from api.db.users import add_user, check_password, check_role, normal_name
    from api.security import hash_password

    with told_errors():
        name = normal_name(name)
        check_role(role)
        password = _read_line() if password_stdin else _ask_password()
        check_password(password)
        with _changing(home, "user.add", name, role=role, job_limit=limit) as session:
            add_user(session, name=name, password_hash=hash_password(password), role=role, job_limit=limit)
    console.print(f"added {role} {name}", highlight=False)


@app.command(name="list")
def show(home: Home = None) -> None:
    """List the users."""
    from api.db.users import list_users

    with told_errors(), _database(home) as database, database.read() as session:
        found, _ = list_users(session, limit=None)
    header = ("name", "role", "state", "limit", "started", "since")
    rows = [
        (
            user.name,
            user.role,
            "disabled" if user.disabled else "enabled",
            "the role's" if user.job_limit is None else str(user.job_limit),
            str(user.jobs_started),
            f"{user.created_at:%Y-%m-%d}",
        )
        for user in found
    ]
    table("Users", header, rows)


@app.command()
def disable(
    name: Name,
    enable: Annotated[bool, typer.Option("--enable", help="Enable the account again instead.")] = False,
    home: Home = None,
) -> None:
    """Disable an account; its tokens end at once."""
    from api.db.users import get_user, set_disabled

    act = "enable" if enable else "disable"
    with told_errors(), _changing(home, f"user.{act}", name) as session:
        set_disabled(session, get_user(session, name), not enable)
    console.print(f"{act}d {name}", highlight=False)


@app.command()
def limit(
    name: Name,
    jobs: Annotated[str, typer.Argument(help="A number, or `role` for the role's own limit.")],
    home: Home = None,
) -> None:
    """Set how many jobs a user may start."""
    from api.db.users import get_user, read_limit

    with told_errors():
        number = read_limit(jobs)
        with _changing(home, "user.limit", name, to=number) as session:
            get_user(session, name).job_limit = number
    console.print(f"{name} may start {'as many jobs as the role' if number is None else number}", highlight=False)


@contextmanager
def _database(home: Path | None) -> Iterator[Database]:
    """Give the API's database, its tables made.

    Raises:
        DatabaseNotSet: none is named, in production.

    """
    from api.db import migrate
    from api.db.session import Database

    settings = load_settings(home)
    url = settings.database_url
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(url)
    try:
        migrate.upgrade(database)
        yield database
    finally:
        database.close()


@contextmanager
def _changing(home: Path | None, action: str, name: str, **details: object) -> Iterator[Session]:
    """Give a session whose transaction holds the act and its entry in the audit log."""
    from api.db import audit

    with _database(home) as database, database.write() as session:
        yield session
        audit.record(session, ACTOR, action, name.strip().lower(), details)


def _read_line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _ask_password() -> str:
    """Ask twice, without echo."""
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("The same again: "):
        raise typer.BadParameter("the two passwords differ")
    return first
