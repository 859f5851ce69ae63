"""Requests that meet in the database: counted once, made once, told in order. On SQLite and on PostgreSQL."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from api.db import aois, events, jobs, predictions
from api.db.predictions import JobEnding, Wanted
from api.db.session import Database
from api.db.tables import AoiOwner, AoiRow, Event, Job, Prediction, User, now
from api.db.users import add_user
from api.errors import NotFound, QuotaExceeded
from imagery.aoi import Aoi, LonLatBox, partition_key
from resources.settings import Settings

pytestmark = pytest.mark.integration

SETTINGS = Settings()
SEASON = "2023-2024"
#: Threads in which the API runs its routes (anyio's default).
API_THREADS = 40
DEADLINE_S = 120


def box(step: int = 0) -> Aoi:
    west = 31 + step / 50
    return Aoi.from_bbox(LonLatBox(west, -17.8, west + 0.01, -17.79))


def wanted(aoi: Aoi, season: str = SEASON) -> Wanted:
    return Wanted(
        aoi=aoi,
        name=None,
        is_own=True,
        season=season,
        partition=partition_key(aoi.id, season),
        bundle_hash="champion",
        lane="interactive",
        pointer=None,
        looked_at=now(),
    )


@pytest.fixture
def users(database: Database) -> list[User]:
    """Return ten recruiters."""
    with database.write() as session:
        return [add_user(session, name=f"user-{number}", password_hash="x", role="recruiter") for number in range(10)]


def start(database: Database, user: User, what: Wanted) -> str:
    with database.write() as session:
        return predictions.start(session, user, SETTINGS, what)


def together(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """Return what each call returned or raised, as many at once as the API has threads."""
    barrier = threading.Barrier(min(API_THREADS, len(work)))
    waited = threading.local()

    def run(call: Callable[[], Any]) -> Any:  # noqa: ANN401
        if not hasattr(waited, "once"):
            waited.once = True
            barrier.wait(DEADLINE_S)
        try:
            return call()
        except (QuotaExceeded, JobEnding, NotFound, aois.AoiInUse) as error:
            return error

    with ThreadPoolExecutor(API_THREADS) as pool:
        return list(pool.map(run, work))


def number_of(database: Database, kind: Any) -> int:  # noqa: ANN401
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def started(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.sum(User.jobs_started))) or 0


def test_of_a_hundred_requests_of_one_recruiter_exactly_five_start(database: Database, users: list[User]) -> None:
    asked = [wanted(box(step)) for step in range(100)]
    answers = together([lambda what=what: start(database, users[0], what) for what in asked])
    refused = [answer for answer in answers if isinstance(answer, QuotaExceeded)]
    assert len(refused) == 95
    assert (number_of(database, Job), number_of(database, Prediction), started(database)) == (5, 5, 5)
    assert number_of(database, AoiRow) == 5  # a refused request leaves nothing behind


def test_a_hundred_requests_for_one_map_make_one_job_and_cost_one(database: Database, users: list[User]) -> None:
    what = wanted(box())
    answers = together([lambda user=user: start(database, user, what) for user in users * 10])
    assert len(set(answers)) == len(users)  # each user's own prediction, however often it was asked for
    assert (number_of(database, Job), number_of(database, Prediction), started(database)) == (1, 10, 1)


def test_quota_given_back_by_jobs_that_fail_meanwhile_is_neither_lost_nor_doubled(
    database: Database, users: list[User]
) -> None:
    user = users[0]
    mine = [start(database, user, wanted(box(step))) for step in range(5)]
    with database.read() as session:
        ids = [session.get_one(Prediction, one).job_id for one in mine]

    def fail(job_id: str) -> bool:
        with database.write() as session:
            return jobs.mark_failed(session, job_id, "the worker died", "worker-died", back=True)

    failing = [lambda job_id=job_id: fail(job_id) for job_id in ids * 2]
    starting = [lambda step=step: start(database, user, wanted(box(step))) for step in range(10, 40)]
    work = failing + starting
    random.Random(3).shuffle(work)
    together(work)
    with database.read() as session:
        counted = session.scalar(select(func.count()).select_from(Job).where(Job.counted)) or 0
    assert counted == started(database) <= 5
    fill = together([lambda step=step: start(database, user, wanted(box(step))) for step in range(50, 60)])
    assert len([one for one in fill if isinstance(one, str)]) == 5 - counted


def test_an_aoi_that_some_keep_while_others_forget_it_ends_with_its_owners(
    database: Database, users: list[User]
) -> None:
    aoi = box()

    def keep(user: User) -> None:
        with database.write() as session:
            aois.keep(session, aoi, user.id)

    def forget(user: User) -> None:
        with database.write() as session:
            aois.forget(session, aoi.id, user.id)

    work: list[Callable[[], None]] = []
    for user in users:
        work += [lambda user=user: keep(user), lambda user=user: forget(user)] * 4  # type: ignore[misc]
    random.Random(4).shuffle(work)
    together(work)
    owners = number_of(database, AoiOwner)
    assert number_of(database, AoiRow) == (1 if owners else 0)
    for user in users:
        keep(user)
    assert (number_of(database, AoiRow), number_of(database, AoiOwner)) == (1, len(users))


def test_a_job_is_cancelled_only_when_nobody_waits_for_it(database: Database, users: list[User]) -> None:
    for season in range(2016, 2022):
        what = wanted(box(), f"{season}-{season + 1}")
        first = start(database, users[season - 2016], what)

        def cancel(prediction_id: str = first) -> bool:
            with database.write() as session:
                return predictions.cancel_or_forget(session, prediction_id, None)

        joined, cancelling = together([lambda what=what: start(database, users[9], what), cancel])
        with database.read() as session:
            job = session.scalars(select(Job).where(Job.partition == what.partition)).one()
        assert job.cancel_requested is cancelling
        assert isinstance(joined, JobEnding) is cancelling


def test_a_reader_of_events_misses_none_that_are_written_at_once(database: Database) -> None:
    writers, each = 8, 12
    done = threading.Event()
    seen: list[int] = []

    def write(number: int) -> None:
        dice = random.Random(number)
        for turn in range(each):
            with database.write() as session:
                session.scalar(select(func.count()).select_from(Event))
                events.append(session, "platform", "promoted", {"writer": number, "turn": turn})
                time.sleep(dice.random() / 200)  # the transaction stays open: ids must not overtake one another

    def read() -> None:
        while True:
            was_done = done.is_set()
            with database.read() as session:
                found = events.after(session, "platform", seen[-1] if seen else 0, 5)
            seen.extend(event.id for event in found)
            if was_done and not found:
                return

    reader = threading.Thread(target=read)
    reader.start()
    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    done.set()
    reader.join(DEADLINE_S)
    assert len(seen) == len(set(seen)) == writers * each
    assert seen == sorted(seen)


def test_lists_show_each_user_its_own_and_administrators_all(database: Database, users: list[User]) -> None:
    for step, user in enumerate(users[:3]):
        start(database, user, wanted(box(step)))
        start(database, user, wanted(box(9)))
    with database.read() as session:
        own, total = predictions.page(session, users[1].id, state="queued", aoi_id=None, limit=10, offset=0)
        everybodys = predictions.page(session, None, state=None, aoi_id=box(9).id, limit=2, offset=1)
        kept = aois.page(session, users[1].id, 10, 0)
        all_kept = aois.page(session, None, 2, 2)
        whose = aois.owners(session, [box(9).id])
    assert (total, [one.requested_by for one in own]) == (2, ["user-1", "user-1"])
    assert ([one.requested_by for one in everybodys[0]], everybodys[1]) == (["user-1", "user-0"], 3)
    assert ([one.row.id for one in kept[0]], kept[1]) == ([box(9).id, box(1).id], 2)
    assert (len(all_kept[0]), all_kept[1]) == (2, 4)
    assert whose == {box(9).id: ["user-0", "user-1", "user-2"]}


def test_an_estimate_looks_back_on_jobs_that_really_ran(database: Database, users: list[User]) -> None:
    start(database, users[0], wanted(box()))
    with database.write() as session:
        job = session.scalars(select(Job)).one()
        jobs.mark_progress(session, job.id, running=True, percent=10)
        jobs.mark_ready(session, job.id, {"bundle_hash": "champion", "files": {}})
    with database.read() as session:
        (past,) = predictions.past_jobs(session, "interactive")
        assert predictions.past_jobs(session, "batch") == []
    assert past.area_ha == pytest.approx(117.35, abs=0.01)
    assert past.seconds >= 0
