"""Logins and administrators at the same moment, on SQLite and on PostgreSQL: counted one by one, never both through."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.db.session import Database
from api.db.tables import LoginAttempt, User
from api.db.users import LastAdmin, UserExists, add_user, begin_attempt, forget_attempts, get_user, set_disabled
from api.errors import TooManyLogins
from resources.settings import Settings
from training.errors import GeocropError

pytestmark = pytest.mark.integration

THREADS = 12


def _together(work: Callable[[int], object], threads: int = THREADS) -> list[object]:
    """Do something in threads that begin at the same moment; return what each gave, or its error."""
    gate = threading.Barrier(threads)

    def one(number: int) -> object:
        gate.wait()
        try:
            return work(number)
        except GeocropError as error:
            return type(error)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def _add(database: Database, name: str, role: str = "admin") -> None:
    with database.write() as session:
        add_user(session, name=name, password_hash="x", role=role)


def test_attempts_at_once_are_all_counted(database: Database, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    def attempt(number: int) -> object:
        with database.write() as session:
            return begin_attempt(session, "ada", f"10.0.0.{number}", settings)

    results = _together(attempt)
    assert results.count(TooManyLogins) == THREADS - settings.login_attempts
    with database.write() as session:
        forget_attempts(session, "ada", attempt=0)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 0


def test_a_name_added_at_once_is_added_once(database: Database) -> None:
    results = _together(lambda _: _add(database, "ada"))
    assert results.count(UserExists) == THREADS - 1


def test_administrators_who_disable_each_other_leave_one(database: Database) -> None:
    names = ["root", "second", "third"]
    for name in names:
        _add(database, name)

    def disable(number: int) -> None:
        with database.write() as session:
            set_disabled(session, get_user(session, names[number]), True)

    results = _together(disable, len(names))
    assert results.count(LastAdmin) == 1
    with database.read() as session:
        enabled = session.scalars(select(User.name).where(User.disabled.is_(False))).all()
    assert len(enabled) == 1
