"""What administrators are told of runs: each thing once, whoever launched the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from api.db.tables import Event
from api.platform_events import PlatformEvents
from sensors import tags

if TYPE_CHECKING:
    from conftest import Clock, SimDagster, SimRun  # pytest gives them; nothing is imported

    from api.orchestrator import Orchestrator
    from api.services import Services

BOTH = {
    "dagster/partition": "v1|Raw",
    "dagster/partition/dataset_version": "v1",
    "dagster/partition/model_variant": "Raw",
}


def told(services: Services) -> list[tuple[str, dict[str, Any]]]:
    with services.database.read() as session:
        found = session.scalars(select(Event).where(Event.topic == "platform").order_by(Event.id)).all()
    return [(one.type, one.data) for one in found]


def kinds(services: Services) -> list[str]:
    return [kind for kind, _ in told(services)]


@pytest.fixture
def platform(services: Services) -> PlatformEvents:
    """Return a teller that has looked once, at an empty history."""
    made = PlatformEvents(services)
    made.step()
    return made


def launched(
    dagster: SimDagster, orchestrator: Orchestrator, job: str, run_tags: dict[str, str] | None = None
) -> SimRun:
    orchestrator.launch(job, tags=run_tags or {})
    return dagster.runs[-1]


def test_a_training_is_told_with_its_model_once_even_after_a_restart(
    services: Services, dagster: SimDagster, orchestrator: Orchestrator, platform: PlatformEvents
) -> None:
    run = launched(dagster, orchestrator, tags.TRAIN_JOB, BOTH)
    dagster.succeed(run, {"evaluation": {"model_version": 7, "macro_f1": 0.8}})
    platform.step()
    platform.step()
    PlatformEvents(services).step()
    [(kind, data)] = told(services)
    assert kind == "training_finished"
    assert data == {
        "run_id": run.run_id,
        "job_id": None,
        "dataset_version": "v1",
        "variant": "Raw",
        "model_version": 7,
        "macro_f1": 0.8,
        "gate": "passed",
    }


def test_a_refusal_is_told_beside_the_training_and_is_no_failed_run(
    services: Services, dagster: SimDagster, orchestrator: Orchestrator, platform: PlatformEvents
) -> None:
    run = launched(dagster, orchestrator, tags.TRAIN_JOB, BOTH)
    message = "1 blocking asset check failed with ERROR severity:\nevaluation: beats_champion"
    error = {"className": "DagsterAssetCheckFailedError", "message": message, "cause": None}
    run.events.append({"__typename": "ExecutionStepFailureEvent", "stepKey": "evaluation", "error": error})
    dagster.fail(run)
    platform.step()
    assert kinds(services) == ["training_finished", "gate_refused"]


@pytest.mark.parametrize(("score", "expected"), [(0.5, "accuracy_low"), (0.95, "accuracy_high"), (0.8, None)])
def test_an_accuracy_out_of_bounds_is_told(  # noqa: PLR0917  # fixtures
    services: Services,
    dagster: SimDagster,
    orchestrator: Orchestrator,
    platform: PlatformEvents,
    score: float,
    expected: str | None,
) -> None:
    services.settings = services.settings.model_copy(update={"accuracy_low": 0.6, "accuracy_high": 0.9})
    run = launched(dagster, orchestrator, tags.TRAIN_JOB, BOTH)
    dagster.succeed(run, {"evaluation": {"model_version": 7, "macro_f1": score}})
    platform.step()
    assert kinds(services) == ["training_finished", *([expected] if expected else [])]


def test_promotions_preparations_and_failures_are_told_and_good_maps_are_not(
    services: Services, dagster: SimDagster, orchestrator: Orchestrator, platform: PlatformEvents
) -> None:
    dagster.succeed(launched(dagster, orchestrator, tags.PREPARE_JOB, {"dagster/partition": "v1"}))
    promoted = launched(dagster, orchestrator, tags.PROMOTE_JOB)
    dagster.succeed(promoted, {"champion_model": {"model_version": 2, "previous_version": 1}})
    dagster.succeed(launched(dagster, orchestrator, tags.MAP_JOB))
    dagster.fail(launched(dagster, orchestrator, tags.BASELINE_JOB), "imagery.label_tiles.InvalidBaselineError", "no")
    launched(dagster, orchestrator, tags.MAP_JOB)  # still running
    platform.step()
    assert kinds(services) == ["dataset_prepared", "promoted", "run_failed"]
    assert told(services)[0][1]["dataset_version"] == "v1"
    assert told(services)[1][1]["model_version"] == 2
    assert told(services)[2][1]["reason_code"] == "invalid-baseline"


def test_old_stories_are_no_news_to_a_new_database(
    services: Services, dagster: SimDagster, orchestrator: Orchestrator, clock: Clock
) -> None:
    dagster.fail(launched(dagster, orchestrator, tags.MAP_JOB))
    clock.turn(3600)
    PlatformEvents(services).step()
    assert kinds(services) == []


def test_what_could_not_be_told_is_told_by_the_next_look(
    services: Services, dagster: SimDagster, orchestrator: Orchestrator, platform: PlatformEvents
) -> None:
    run = launched(dagster, orchestrator, tags.MAP_JOB)
    dagster.fail(run)
    services.orchestrator = _Deaf(orchestrator)  # type: ignore[assignment]
    with pytest.raises(RuntimeError):
        platform.step()
    services.orchestrator = orchestrator
    platform.step()
    assert kinds(services) == ["run_failed"]


class _Deaf:
    """An orchestrator that lists runs and cannot say why they failed."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self.recent_runs = orchestrator.recent_runs

    def failure(self, run_id: str) -> None:
        raise RuntimeError(run_id)


def test_a_run_that_changes_after_it_was_told_is_not_told_again(
    services: Services, dagster: SimDagster, orchestrator: Orchestrator, platform: PlatformEvents, clock: Clock
) -> None:
    run = launched(dagster, orchestrator, tags.MAP_JOB)
    dagster.fail(run)
    platform.step()
    clock.turn(600)
    dagster._touch(run)  # its retry tag is written
    PlatformEvents(services).step()
    assert kinds(services) == ["run_failed"]
