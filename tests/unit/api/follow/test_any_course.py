"""Whatever happens, in whatever order: a job ends once, quota is conserved, events tell one story, no run is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError

from api.db import jobs
from api.db.tables import Event, Job, User
from api.follow import Follower
from resources.layout import RESULTS, map_prefix
from resources.object_store.base import StoreUnavailable

if TYPE_CHECKING:
    import pytest
    from conftest import Clock, Office, SimDagster  # pytest gives them; nothing is imported

    from api.services import Services

PARTITIONS = [f"field{number}--2023-2024" for number in range(3)]
FAULTS = ["lost-before", "lost-after", "bad-before", "bad-after", "late", "refused"]
ERRORS = ["imagery.search.NoScenes", "imagery.search.CatalogueUnavailable", "builtins.KeyError", None]
WHICH = st.integers(0, 5)
HAPPENING = st.one_of(
    st.tuples(st.just("step"), st.integers(0, 1)),
    st.tuples(st.just("ask"), st.integers(0, len(PARTITIONS) - 1)),
    st.tuples(st.just("start"), WHICH),
    st.tuples(st.just("succeed"), WHICH),
    st.tuples(st.just("fail"), WHICH, st.sampled_from(ERRORS), st.booleans()),
    st.tuples(st.just("retry"), WHICH),
    st.tuples(st.just("stop_in_dagster"), WHICH),
    st.tuples(st.just("delete"), WHICH),
    st.tuples(st.just("cancel"), WHICH),
    st.tuples(st.just("restart"), st.integers(0, 1)),
    st.tuples(st.just("fault"), st.sampled_from(FAULTS)),
    st.tuples(st.just("dagster"), st.booleans()),
    st.tuples(st.just("store"), st.booleans()),
    st.tuples(st.just("database"), st.booleans()),
    st.tuples(st.just("turn"), st.sampled_from([1.0, 10.0, 70.0])),
    st.tuples(st.just("arrive")),
)


class World:
    """Two API processes, a Dagster, a store and a database, all of which may fail."""

    def __init__(self, services: Services, dagster: SimDagster, office: Office, clock: Clock) -> None:
        self.services, self.dagster, self.office, self.clock = services, dagster, office, clock
        self.followers = [Follower(services), Follower(services)]
        self.store_down = self.database_down = False
        self.jobs: list[str] = []
        self._get, self._mark = services.store.get, jobs.mark_run
        dagster.runs, dagster.late, dagster.down, dagster.launch_fault = [], [], False, None
        with services.database.write() as session:
            session.execute(delete(Event))
            session.execute(delete(Job))
            session.execute(update(User).values(jobs_started=0))

    def get(self, bucket: str, key: str) -> bytes:
        if self.store_down:
            raise StoreUnavailable("gone")
        return self._get(bucket, key)

    def mark_run(self, *args: object, **named: object) -> bool:
        if self.database_down:
            raise OperationalError("UPDATE", {}, Exception("gone"))
        return self._mark(*args, **named)  # type: ignore[arg-type]

    def do(self, what: str, *how: object) -> None:
        act: Callable[..., object] = getattr(self, f"do_{what}")
        act(*how)

    def do_step(self, which: int) -> None:
        self.followers[which]._guarded_step()

    def do_restart(self, which: int) -> None:
        self.followers[which] = Follower(self.services)

    def do_ask(self, which: int) -> None:
        with self.services.database.read() as session:
            is_active = jobs.active_job(session, f"map:{PARTITIONS[which]}") is not None
        if not is_active:
            self.jobs.append(self.office.ask_map(PARTITIONS[which]))

    def do_cancel(self, which: int) -> None:
        if which < len(self.jobs):
            self.office.cancel(self.jobs[which])

    def do_start(self, which: int) -> None:
        for run in self.dagster.runs[which : which + 1]:
            self.dagster.start(run)
            self.dagster.log(run, "season_composite", f"reading scenes: {which * 10} %")

    def do_succeed(self, which: int) -> None:
        for run in self.dagster.runs[which : which + 1]:
            if run.status != "NOT_STARTED" and not run.is_over:
                key = map_prefix(run.tags["dagster/partition"]) + "current.json"
                self.services.store.put(RESULTS, key, json.dumps({"files": {}}).encode())
                self.dagster.succeed(run)

    def do_fail(self, which: int, error: str | None, will_retry: bool) -> None:
        for run in self.dagster.runs[which : which + 1]:
            if run.status != "NOT_STARTED":
                self.dagster.fail(run, error, will_retry=will_retry)

    def do_retry(self, which: int) -> None:
        for run in self.dagster.runs[which : which + 1]:
            self.dagster.retry(run)

    def do_stop_in_dagster(self, which: int) -> None:
        for run in self.dagster.runs[which : which + 1]:
            if not run.is_over:
                self.dagster._end(run, "CANCELED")

    def do_delete(self, which: int) -> None:
        del self.dagster.runs[which : which + 1]

    def do_fault(self, fault: str) -> None:
        self.dagster.launch_fault = fault

    def do_dagster(self, down: bool) -> None:
        self.dagster.down = down

    def do_store(self, down: bool) -> None:
        self.store_down = down

    def do_database(self, down: bool) -> None:
        self.database_down = down

    def do_turn(self, seconds: float) -> None:
        self.clock.turn(seconds)

    def do_arrive(self) -> None:
        self.dagster.arrive()

    def settle(self) -> None:
        """Let all be well again, and time pass."""
        self.dagster.down = self.store_down = self.database_down = False
        self.dagster.launch_fault = None
        for _ in range(12):
            self.do_step(0)
            self.do_step(1)
            self.dagster.arrive()
            for number in range(len(self.dagster.runs)):
                self.do_retry(number)
                self.do_succeed(number)
            self.clock.turn(30)

    def story_of(self, job_id: str) -> list[Event]:
        with self.services.database.read() as session:
            told = select(Event).where(Event.topic == f"job:{job_id}").order_by(Event.id)
            return list(session.scalars(told).all())


def check(world: World) -> None:
    ended = [world.office.job(job_id) for job_id in world.jobs]
    for job in ended:
        assert job.state in jobs.FINAL
        assert (job.active_key, job.ended_at is None) == (None, False)
        story = world.story_of(job.id)
        assert story[0].type == "queued"
        assert [one.type for one in story if one.type in jobs.FINAL] == [job.state]
        assert story[-1].type == job.state
        percents = [one.data["progress"] for one in story]
        assert percents == sorted(percents)
        assert (job.state == "ready") == (job.result is not None)
        assert (job.state == "ready") == (job.reason is None)
    assert world.office.spent() == sum(job.counted for job in ended)
    assert all(job.counted for job in ended if job.state == "ready")
    for job in ended:
        roots = [run for run in world.dagster.of_job(job.id) if run.is_root]
        good = [run for run in roots if run.status == "SUCCESS"]
        assert len(good) <= 1 or job.launch_tries > 1  # only a launch whose answer was lost may have had two


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HAPPENING, max_size=40))
def test_every_job_ends_once_and_quota_is_conserved(  # noqa: PLR0917  # fixtures
    services: Services,
    dagster: SimDagster,
    office: Office,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    happenings: list[tuple[object, ...]],
) -> None:
    world = World(services, dagster, office, clock)
    with monkeypatch.context() as patch:
        patch.setattr(services.store, "get", world.get)
        patch.setattr(jobs, "mark_run", world.mark_run)
        world.do_ask(0)
        for what, *how in happenings:
            world.do(str(what), *how)
        world.settle()
        check(world)
