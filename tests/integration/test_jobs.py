"""Changes of a job's state when several processes make them at once, on SQLite and on PostgreSQL with PostGIS."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from api.db import jobs
from api.db.session import Database
from api.db.tables import Event, Job, User, now

pytestmark = pytest.mark.integration

THREADS = 8


def together(work: Callable[[int], Any]) -> list[Any]:
    """Do something in several threads that begin at the same moment, and return what each gave."""
    gate = threading.Barrier(THREADS)

    def begin(number: int) -> Any:  # noqa: ANN401  # what the work gives
        gate.wait(timeout=60)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


def create(database: Database, key: str = "map:a", **values: Any) -> str:  # noqa: ANN401
    given = {"kind": "prediction", "partition": "a", "request": {}, "lane": "batch", "user_id": None, "counted": False}
    with database.write() as session:
        return jobs.create_job(session, active_key=key, **{**given, **values}).id


def a_spender(database: Database) -> int:
    """Return a user who has spent one job."""
    with database.write() as session:
        user = User(name="rita", password_hash="x", role="recruiter", jobs_started=1)
        session.add(user)
        session.flush()
        return user.id


def kinds_told(database: Database, job_id: str) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Event.type).where(Event.topic == f"job:{job_id}").order_by(Event.id)))


def test_of_many_that_make_the_same_job_one_does_and_the_others_are_told(database: Database) -> None:
    def make(_: int) -> bool:
        try:
            create(database)
        except jobs.JobInFlight:
            return False
        return True

    assert together(make).count(True) == 1
    with database.read() as session:
        [job] = jobs.in_flight(session)
    assert kinds_told(database, job.id) == ["queued"]


def test_a_session_that_met_a_job_in_flight_stays_usable(database: Database) -> None:
    known = create(database)
    with database.write() as session:
        with pytest.raises(jobs.JobInFlight):
            create_in(session)
        found = jobs.active_job(session, "map:a")
        assert found is not None
        assert found.id == known


def create_in(session: Any) -> None:  # noqa: ANN401
    given = {"kind": "prediction", "partition": "a", "request": {}, "lane": "batch", "user_id": None, "counted": False}
    jobs.create_job(session, active_key="map:a", **given)


def test_one_of_many_may_launch_and_a_cancelled_job_is_not_launched(database: Database) -> None:
    job_id, moment = create(database), now()

    def claim(_: int) -> bool:
        with database.write() as session:
            return jobs.claim_launch(session, job_id, 0, moment)

    assert together(claim).count(True) == 1
    other = create(database, "map:b")
    with database.write() as session:
        assert jobs.request_cancel(session, other)
    with database.write() as session:
        assert not jobs.claim_launch(session, other, 0, now())


def test_a_job_ends_once_and_gives_its_quota_back_once(database: Database) -> None:
    user_id = a_spender(database)
    job_id = create(database, user_id=user_id, counted=True)

    def end(number: int) -> bool:
        with database.write() as session:
            if number % 2:
                return jobs.mark_failed(session, job_id, "down", "run-crashed", back=True)
            return jobs.mark_cancelled(session, job_id, "stopped", back=True)

    assert together(end).count(True) == 1
    with database.read() as session:
        user, job = session.get(User, user_id), session.get(Job, job_id)
    assert user is not None
    assert job is not None
    assert (user.jobs_started, job.counted, job.active_key) == (0, False, None)
    assert kinds_told(database, job_id) == ["queued", job.state]
    assert create(database) != job_id  # the key is free again


def test_quota_never_falls_below_nothing(database: Database) -> None:
    user_id = a_spender(database)
    job_id = create(database, user_id=user_id, counted=True)
    with database.write() as session:
        session.execute(update(User).values(jobs_started=0))  # an administrator set it back
    with database.write() as session:
        jobs.mark_failed(session, job_id, "down", "run-crashed", back=True)
    with database.read() as session:
        assert session.scalar(select(User.jobs_started)) == 0


def test_progress_told_by_many_grows_and_every_change_is_told_once(database: Database) -> None:
    job_id = create(database)

    def tell(number: int) -> None:
        for percent in (10.0, 20.0 + number, 40.0):
            with database.write() as session:
                jobs.mark_progress(session, job_id, running=True, percent=percent, step="reading scenes")

    together(tell)
    with database.read() as session:
        told = [one.data["progress"] for one in session.scalars(select(Event).order_by(Event.id))]
    assert told == sorted(set(told))
    assert told[-1] == 40.0


def test_a_run_of_a_stage_that_is_over_is_not_the_jobs_any_more(database: Database) -> None:
    job_id = create(database, request={"stages": [{"job": "a"}, {"job": "b"}], "stage": 0})
    with database.write() as session:
        assert jobs.mark_run(session, job_id, 0, "run-1")
    with database.write() as session:
        jobs.mark_next_stage(session, job_id, 1)
        jobs.mark_next_stage(session, job_id, 1)
    with database.write() as session:
        assert not jobs.mark_run(session, job_id, 0, "run-1")
    with database.read() as session:
        job = session.get(Job, job_id)
    assert job is not None
    assert (job.run_id, job.request["stage"]) == (None, 1)
