"""What only one kind of database does: PostgreSQL's server that goes away, SQLite's single writer."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as WaitTimeout

from api.db import session
from api.db.migrate import upgrade
from api.db.session import Database
from api.db.tables import Cursor

pytestmark = pytest.mark.integration


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'api.db'}")
    upgrade(made)
    return made


def test_connections_that_the_server_ended_are_replaced(postgis_url: str) -> None:
    database = Database(postgis_url)
    with database.read() as one, database.read() as two:
        for each in (one, two):
            each.execute(text("SELECT 1"))
    other = Database(postgis_url)
    with other.write() as admin:
        ended = admin.scalars(
            text(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND application_name = 'geocrop-api'"
            )
        ).all()
    assert ended == [True, True]
    with database.read() as one:
        assert one.scalar(text("SELECT 1")) == 1
    database.close()
    other.close()


def test_a_server_that_is_not_there_is_an_error_at_the_first_session_only() -> None:
    database = Database("postgresql://postgres@127.0.0.1:1/geocrop")  # nothing listens on port 1
    with pytest.raises(DBAPIError, match="Connection refused"), database.read() as one:
        one.execute(text("SELECT 1"))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_an_address_without_a_driver_takes_the_one_that_is_installed(scheme: str) -> None:
    assert Database(f"{scheme}://u@127.0.0.1/x").engine.dialect.driver == "psycopg2"


def test_sqlite_keeps_a_write_ahead_log_and_its_foreign_keys(sqlite: Database) -> None:
    with sqlite.read() as one:
        assert one.scalar(text("PRAGMA journal_mode")) == "wal"
        assert one.scalar(text("PRAGMA foreign_keys")) == 1


def test_writing_inside_writing_is_a_mistake_that_is_told_at_once(sqlite: Database) -> None:
    with sqlite.write() as outer:
        outer.add(Cursor(name="outer", value="x"))
        with pytest.raises(RuntimeError, match="hand the session on"), sqlite.write():
            pytest.fail("a second transaction began")
    with sqlite.read() as one:
        assert one.scalars(select(Cursor.name)).all() == ["outer"]


def test_a_writer_that_waits_too_long_gives_up(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SQLITE_WAIT_S", 0.05)
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with sqlite.write():
            begun.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait(60)
    with pytest.raises(WaitTimeout, match="has been writing"), sqlite.write():
        pytest.fail("two wrote at once")
    done.set()
    holder.join(60)
    with sqlite.write() as one:
        one.add(Cursor(name="after", value="x"))
