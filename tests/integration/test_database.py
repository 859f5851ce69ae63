"""What the API relies on in its database, by the same tests on SQLite and on PostgreSQL with PostGIS."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DataError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.db import events, session
from api.db.session import Database
from api.db.tables import AoiOwner, Cursor, Event, Job, Prediction, User, now

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
THREADS = 50
HARARE = timezone(timedelta(hours=2))
#: Counts up in a process of its own, beside others.
COUNTING = """
import sys
from sqlalchemy import update
from api.db.session import Database
from api.db.tables import User
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    with database.write() as session:
        session.execute(update(User).values(jobs_started=User.jobs_started + 1))
"""


def add_user(database: Database, name: str = "visitor", **values: object) -> int:
    """Add a recruiter and return the id."""
    with database.write() as session:
        user = User(name=name, password_hash="x", role="recruiter", **values)
        session.add(user)
        session.flush()
        return user.id


def a_job(id: str, **values: object) -> Job:
    """Return a queued job."""
    return Job(**{"id": id, "kind": "prediction", "request": {}, "state": "queued", "lane": "batch"} | values)


def together(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """Do something in many threads that begin at the same moment, and return what each gave."""
    gate = threading.Barrier(threads)

    def one(number: int) -> Any:  # noqa: ANN401
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def test_what_is_written_is_there_when_the_block_ends_and_not_when_it_raises(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(Cursor(name="lost", value="x"))
            session.flush()
            raise ZeroDivisionError

    add_user(database)
    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as session:
        assert session.get(Cursor, "lost") is None
        assert session.scalars(select(User.name)).all() == ["visitor"]


def test_objects_stay_usable_after_their_session(database: Database) -> None:
    add_user(database)
    with database.write() as session:
        written = session.scalars(select(User)).one()
        written.disabled = True
    with database.read() as session:
        read = session.scalars(select(User)).one()
    assert (written.disabled, read.disabled, read.name) == (True, True, "visitor")


def test_a_reading_session_says_that_it_does_not_write(database: Database) -> None:
    add_user(database)
    with database.read() as session:
        for statement in (update(User).values(role="admin"), insert(Cursor).values(name="a", value="b")):
            with pytest.raises(RuntimeError, match=r"use database.write\(\)"):
                session.execute(statement)
        session.add(Cursor(name="a", value="b"))
        with pytest.raises(RuntimeError, match=r"use database.write\(\)"):
            session.flush()


def test_one_job_is_in_flight_under_a_key_and_any_number_have_ended(database: Database) -> None:
    with database.write() as session:
        session.add_all([a_job("1", active_key="map:a"), a_job("2"), a_job("3")])
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(a_job("4", active_key="map:a"))
    with database.write() as session:
        session.get_one(Job, "1").active_key = None
    with database.write() as session:
        session.add(a_job("5", active_key="map:a"))


def test_of_many_that_start_the_same_job_at_once_one_does(database: Database) -> None:
    def start(number: int) -> bool:
        try:
            with database.write() as session:
                session.add(a_job(str(number), active_key="map:a"))
        except IntegrityError:
            return False
        return True

    assert sum(together(start)) == 1


def test_what_is_referred_to_has_to_be_there(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(AoiOwner(aoi_id="a0", user_id=1))
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(Prediction(id="p", user_id=1, aoi_id="a0", season="2023-2024", job_id="j"))


def test_moments_come_back_as_utc_and_compare_as_moments(database: Database) -> None:
    noon = datetime(2024, 1, 31, 12, 0, 0, 123456, tzinfo=HARARE)
    add_user(database, "early", created_at=noon)
    add_user(database, "late", created_at=datetime(2024, 1, 31, 10, 30, tzinfo=UTC))
    with database.read() as session:
        early = session.scalars(select(User).where(User.created_at <= noon)).one()
        assert session.scalars(select(User.name).order_by(User.created_at)).all() == ["early", "late"]
    assert early.created_at == noon
    assert early.created_at.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="a moment without a zone"):
        add_user(database, created_at=datetime(2024, 1, 31))


def test_json_comes_back_as_it_was_and_nothing_is_null(database: Database) -> None:
    request = {"season": "2023-2024", "é": [1, 2.5, None, True, {"deep": {}}], "big": 2**53, "small": 1e-300}
    with database.write() as session:
        session.add_all([a_job("1", request=request, result=None), a_job("2", result={"key": "v"})])
    with database.read() as session:
        assert session.get_one(Job, "1").request == request
        assert session.scalars(select(Job.id).where(Job.result.is_(None))).all() == ["1"]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_that_is_none_is_refused(database: Database, number: float) -> None:
    with pytest.raises(StatementError, match="not JSON compliant"), database.write() as session:
        session.add(a_job("1", request={"macro_f1": number}))


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "é\udfff"])
def test_text_that_only_one_database_would_keep_is_refused_by_both(database: Database, value: str) -> None:
    with pytest.raises(DataError, match="a value that no database keeps"):
        add_user(database, value)
    with pytest.raises(DataError), database.read() as session:
        session.get(Job, value)


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**30])
def test_a_number_out_of_range_is_refused(database: Database, number: int) -> None:
    with pytest.raises(DataError), database.read() as session:
        events.after(session, "platform", number, 10)


def test_the_words_of_a_failure_are_kept_whatever_is_in_them(database: Database) -> None:
    with database.write() as session:
        session.add(a_job("1", reason="bad\0file \ud800 é", step="x" * 500, result={"why": "bad\0\ud800 é"}))
    with database.read() as session:
        job = session.get_one(Job, "1")
    assert (job.reason, job.step, job.result) == ("bad\ufffdfile ? é", "x" * 500, {"why": "bad\0\ud800 é"})


def test_a_hundred_requests_at_once_start_as_many_jobs_as_the_limit_allows(database: Database) -> None:
    add_user(database, job_limit=5)

    def start(_number: int) -> int:
        with database.write() as session:
            counted = session.execute(
                update(User).where(User.jobs_started < User.job_limit).values(jobs_started=User.jobs_started + 1)
            )
            return counted.rowcount  # type: ignore[attr-defined,no-any-return]

    assert sum(together(start, 100)) == 5
    with database.read() as session:
        assert session.scalars(select(User.jobs_started)).one() == 5


def test_many_writing_threads_lose_nothing_while_others_read(database: Database) -> None:
    each = 4
    add_user(database)

    def write(number: int) -> int:
        for turn in range(each):
            with database.write() as session:
                session.execute(update(User).values(jobs_started=User.jobs_started + 1))
                session.add(Cursor(name=f"{number}-{turn}", value="x" * 500))
            with database.read() as session:
                session.scalars(select(Cursor)).all()
        return each

    assert sum(together(write)) == THREADS * each
    with database.read() as session:
        assert session.scalars(select(User.jobs_started)).one() == THREADS * each
        assert len(session.scalars(select(Cursor.name)).all()) == THREADS * each


def test_a_writer_does_not_wait_for_a_long_reader(database: Database) -> None:
    add_user(database)
    with database.read() as reading:
        before = reading.scalars(select(User.jobs_started)).one()
        with database.write() as session:
            session.execute(update(User).values(jobs_started=1))
        with database.read() as session:
            assert session.scalars(select(User.jobs_started)).one() == before + 1


def test_writing_processes_lose_nothing(database: Database) -> None:
    processes, each = 2, 60
    add_user(database)
    command = [sys.executable, "-c", COUNTING, database.url, str(each)]
    writers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        for _ in range(processes)
    ]
    assert [one.stdout.readline() for one in writers if one.stdout] == [b"ready\n"] * processes
    for one in writers:
        assert one.stdin is not None
        one.stdin.write(b"go\n")
        one.stdin.flush()
    for _ in range(each):
        with database.write() as session:
            session.execute(update(User).values(jobs_started=User.jobs_started + 1))
    told = [one.communicate(timeout=300)[1] for one in writers]
    assert [one.returncode for one in writers] == [0] * processes, told
    with database.read() as session:
        assert session.scalars(select(User.jobs_started)).one() == (processes + 1) * each


def test_a_reader_that_resumes_after_an_id_sees_every_event_in_order(database: Database) -> None:
    writers, each = 20, 10
    seen: list[int] = []

    def read_on() -> None:
        while len(seen) < writers * each:
            with database.read() as session:
                seen.extend(one.id for one in events.after(session, "job:1", seen[-1] if seen else 0, 1000))
            time.sleep(0.005)  # leave the writers some of the processor

    def write(number: int) -> list[int | None]:
        made = []
        for turn in range(each):
            with database.write() as session:
                session.add(Cursor(name=f"{number}-{turn}", value="x"))
                made.append(events.append(session, "job:1", "progress", {"by": number}))
        return made

    reader = threading.Thread(target=read_on, daemon=True)
    reader.start()
    made = [one for ids in together(write, writers) for one in ids]
    reader.join(timeout=120)
    assert seen == sorted(made)


def test_an_id_of_an_event_is_never_used_twice(database: Database) -> None:
    with database.write() as session:
        first = events.append(session, "platform", "promoted", {})
    with database.write() as session:
        session.delete(session.scalars(select(Event)).one())
    with database.write() as session:
        second = events.append(session, "platform", "promoted", {})
    assert first is not None
    assert second is not None
    assert second > first


def test_a_thing_is_told_once_whoever_tells_it(database: Database) -> None:
    def tell(_number: int) -> int | None:
        with database.write() as session:
            return events.append(session, "platform", "promoted", {}, key="promoted:7")

    assert len([one for one in together(tell, 20) if one is not None]) == 1


def test_more_threads_than_connections_wait_their_turn(database: Database) -> None:
    def read(_number: int) -> datetime:
        with database.read() as session:
            session.execute(text("SELECT 1"))
            return now()

    threads = session.POOL_SIZE + session.POOL_OVERFLOW + 30
    assert len(together(read, threads)) == threads


def test_a_pool_that_stays_empty_is_told_and_recovers(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"POOL_SIZE": 1, "POOL_OVERFLOW": 0, "POOL_WAIT_S": 0.05}.items():
        monkeypatch.setattr(session, name, value)
    small = Database(database.url)
    with small.read() as one:
        one.execute(text("SELECT 1"))
        with pytest.raises(PoolTimeout), small.read() as two:
            two.execute(text("SELECT 1"))
    with small.read() as three:
        assert three.scalar(text("SELECT 1")) == 1
    small.close()
