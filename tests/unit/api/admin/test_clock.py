"""The clock: what is due starts once, whoever looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from api.clock import Clock
from api.db import jobs
from api.db.tables import Event, Job, ModelWatch, TrainingSchedule
from api.services import Services
from resources.layout import DATASETS
from resources.object_store import FolderStore, StoreUnavailable
from resources.settings import Settings

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock(services: Services) -> Clock:
    services.store.put(DATASETS, "2024-06/a.csv", b"x")
    return Clock(services)


def schedule(services: Services, **fields: Any) -> str:  # noqa: ANN401
    ordinary: dict[str, Any] = {
        "id": "a" * 32,
        "dataset_version": "2024-06",
        "model_variant": "Raw",
        "minutes": 10,
        "cron": None,
        "hyperparameters": {},
        "next_at": NOON,
        "created_by": "ada",
    }
    with services.database.write() as session:
        session.add(TrainingSchedule(**ordinary | fields))
    return str(fields.get("id", "a" * 32))


def kept(services: Services, row_id: str = "a" * 32) -> TrainingSchedule:
    with services.database.read() as session:
        found = session.get(TrainingSchedule, row_id)
    assert found is not None
    return found


def trainings(services: Services) -> list[Job]:
    with services.database.read() as session:
        return list(session.scalars(select(Job).order_by(Job.created_at)))


def events(services: Services) -> list[Event]:
    with services.database.read() as session:
        return list(session.scalars(select(Event).where(Event.topic == "platform")))


def end(services: Services, job: Job) -> None:
    with services.database.write() as session:
        jobs.mark_ready(session, job.id, {})


def test_nothing_starts_before_its_time(clock: Clock, services: Services) -> None:
    schedule(services)
    clock.step(NOON - timedelta(seconds=1))
    assert trainings(services) == []


def test_a_due_schedule_starts_a_training_once(clock: Clock, services: Services) -> None:
    schedule(services, hyperparameters={"seed": 7})
    clock.step(NOON)
    clock.step(NOON)
    (job,) = trainings(services)
    assert (job.partition, job.state, job.request["hyperparameters"]) == ("2024-06|Raw", "queued", {"seed": 7})
    assert (kept(services).last_job_id, kept(services).next_at) == (job.id, NOON + timedelta(minutes=10))


def test_missed_times_are_made_up_for_once(clock: Clock, services: Services) -> None:
    schedule(services)
    late = NOON + timedelta(hours=5, minutes=3)
    clock.step(late)
    end(services, trainings(services)[0])
    clock.step(late)
    assert len(trainings(services)) == 1
    assert kept(services).next_at == NOON + timedelta(hours=5, minutes=10)


def test_a_schedule_waits_for_its_training_in_flight_and_then_fires_once(clock: Clock, services: Services) -> None:
    schedule(services)
    clock.step(NOON)
    clock.step(NOON + timedelta(minutes=35))
    (job,) = trainings(services)
    assert job.id in (kept(services).last_problem or "")
    end(services, job)
    clock.step(NOON + timedelta(minutes=36))
    assert len(trainings(services)) == 2
    assert (kept(services).last_problem, kept(services).next_at) == (None, NOON + timedelta(minutes=40))


def test_schedules_of_one_model_do_not_train_it_twice_at_once(clock: Clock, services: Services) -> None:
    schedule(services)
    schedule(services, id="b" * 32, minutes=None, cron="0 12 * * *")
    clock.step(NOON)
    assert len(trainings(services)) == 1


def test_two_processes_start_one_training(clock: Clock, services: Services) -> None:
    schedule(services)
    clocks = [Clock(services) for _ in range(4)]
    start = threading.Barrier(len(clocks))

    def look(one: Clock) -> None:
        start.wait(60)
        one.step(NOON)

    threads = [threading.Thread(target=look, args=(one,)) for one in clocks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(trainings(services)) == 1


def test_a_dataset_that_is_gone_is_told_and_the_next_time_waited_for(clock: Clock, services: Services) -> None:
    schedule(services, dataset_version="gone")
    clock.step(NOON)
    clock.step(NOON)
    (event,) = events(services)
    assert (event.type, event.data["dataset_version"], event.data["reason_code"]) == (
        "run_failed",
        "gone",
        "dataset-not-found",
    )
    assert "gone" in (kept(services).last_problem or "")
    assert kept(services).next_at == NOON + timedelta(minutes=10)
    assert trainings(services) == []


def test_while_the_store_is_down_a_schedule_stays_due(
    clock: Clock, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule(services)

    def down(*_: object) -> None:
        raise StoreUnavailable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "list", down)
        with pytest.raises(StoreUnavailable):
            clock.step(NOON)
    assert kept(services).next_at == NOON
    clock.step(NOON + timedelta(seconds=5))
    assert len(trainings(services)) == 1


def watch(services: Services, minutes: int = 60) -> None:
    with services.database.write() as session:
        session.add(ModelWatch(id="w" * 32, minutes=minutes, created_by="ada"))


def test_an_old_champion_is_told_of_once(clock: Clock, services: Services, registry: Any) -> None:  # noqa: ANN401
    watch(services)
    clock.step(NOON)  # no champion yet
    registry.add(3, champion=True, created=(NOON - timedelta(minutes=61)).timestamp())
    services.champion.forget()
    for _ in range(3):
        clock.step(NOON)
    (event,) = events(services)
    assert (event.type, event.data["model_version"], event.data["age_minutes"]) == ("model_too_old", 3, 61)
    registry.add(4, champion=True, created=(NOON - timedelta(minutes=59)).timestamp())
    services.champion.forget()
    clock.step(NOON)
    assert len(events(services)) == 1
    clock.step(NOON + timedelta(minutes=2))
    assert [one.data["model_version"] for one in events(services)] == [3, 4]


class TestWebhook:
    @pytest.fixture
    def posted(self) -> Iterator[tuple[str, list[bytes]]]:
        bodies: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", bodies
        server.shutdown()
        thread.join(60)
        server.server_close()

    @pytest.fixture
    def settings(self, settings: Settings, posted: tuple[str, list[bytes]]) -> Settings:
        return settings.model_copy(update={"alert_webhook": SecretStr(posted[0])})

    def test_an_old_champion_is_posted_to_the_webhook(
        self,
        clock: Clock,
        services: Services,
        registry: Any,  # noqa: ANN401
        posted: tuple[str, list[bytes]],
    ) -> None:
        watch(services)
        registry.add(3, champion=True, created=(NOON - timedelta(minutes=61)).timestamp())
        clock.step(NOON)
        clock.step(NOON)
        assert len(posted[1]) == 1
        assert b"model-too-old" in posted[1][0]


def test_the_thread_starts_what_is_due_and_stops(
    clock: Clock, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.clock.LOOK_S", 0.01)
    looked = threading.Event()
    step = clock.step

    def once(moment: datetime | None = None) -> None:
        step(moment)
        looked.set()

    monkeypatch.setattr(clock, "step", once)
    schedule(services)
    clock.start()
    assert looked.wait(60)
    clock.stop()
    assert len(trainings(services)) == 1


def test_old_events_are_deleted_now_and_then(clock: Clock, services: Services) -> None:
    def tell(at: datetime) -> None:
        with services.database.write() as session:
            session.add(Event(topic="platform", type="promoted", at=at, data={}))

    old = NOON - timedelta(days=services.settings.keep_runs_days + 1)
    tell(old)
    tell(NOON)
    clock.step(NOON)
    assert [one.at for one in events(services)] == [NOON]
    tell(old)
    clock.step(NOON + timedelta(hours=1))
    assert len(events(services)) == 2, "it was looked for an hour ago"
    clock.step(NOON + timedelta(hours=7))
    assert [one.at for one in events(services)] == [NOON]
