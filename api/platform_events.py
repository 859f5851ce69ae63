"""What administrators are told of runs, whoever launched them: sensors, people in Dagster's UI, or the API.

Each thing is told once: its key is the run's id and its type, and the cursor moves on only when all was told. The look
back is longer than the cursor's step, since a run's times come from the machine that it ran on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from api.db import events
from api.db.tables import Cursor, Event, now
from api.failures import GATE_REFUSED
from sensors import tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from api.orchestrator import Orchestrator, RunState
    from api.services import Services

CURSOR = "platform-events"
LOOK_BACK = timedelta(seconds=60)
JOBS = (
    tags.PREPARE_JOB,
    tags.TRAIN_JOB,
    tags.PROMOTE_JOB,
    tags.BASELINE_JOB,
    tags.MAP_JOB,
    tags.HOUSEKEEPING_JOB,
)
Told = tuple[str, dict[str, Any]]  # type and data of an event


class PlatformEvents:
    """Reads ended runs and writes the events they are worth."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._seen: frozenset[str] = frozenset()  # runs told of lately: saves asking the database again

    def step(self) -> None:
        """Tell what has ended since the last look.

        Raises:
            OrchestratorUnavailable: Dagster does not answer; the next look makes up for it.

        """
        since = self._since()
        runs = self.services.orchestrator.recent_runs(since - LOOK_BACK, JOBS)
        for run in runs:
            if run.run_id not in self._seen and not self._is_told(run):
                self._tell(run)
        self._seen = frozenset(run.run_id for run in runs)
        newest = max((run.updated for run in runs if run.updated is not None), default=since)
        if newest > since:
            with self.services.database.write() as session:
                write_cursor(session, newest)

    def _since(self) -> datetime:
        """Return the cursor; on a new database it begins now, so that old stories are not news."""
        with self.services.database.read() as session:
            found = session.get(Cursor, CURSOR)
        if found is not None:
            return datetime.fromisoformat(found.value)
        begin = now()
        with self.services.database.write() as session:
            write_cursor(session, begin)
        return begin

    def _is_told(self, run: RunState) -> bool:
        with self.services.database.read() as session:
            prefix = f"{run.run_id}:"
            return session.scalar(select(Event.id).where(Event.key.startswith(prefix)).limit(1)) is not None

    def _tell(self, run: RunState) -> None:
        settings = self.services.settings
        bounds = (settings.accuracy_low, settings.accuracy_high)
        told = events_of(run, self.services.orchestrator, bounds)
        with self.services.database.write() as session:
            for kind, data in told:
                events.append(session, events.PLATFORM, kind, data, key=f"{run.run_id}:{kind}")


def write_cursor(session: Session, moment: datetime) -> None:
    """Keep how far runs were read; it never goes back."""
    found = session.get(Cursor, CURSOR)
    if found is None:
        session.add(Cursor(name=CURSOR, value=moment.isoformat()))
    elif datetime.fromisoformat(found.value) < moment:
        found.value = moment.isoformat()


def events_of(run: RunState, orchestrator: Orchestrator, bounds: tuple[float | None, float | None]) -> Sequence[Told]:
    """Return what an ended run is worth telling; nothing for the many that went as they should."""
    facts = {"run_id": run.run_id, "job_id": run.tags.get(tags.JOB_TAG)}
    if run.status == "FAILURE":
        return _failed(run, facts, orchestrator, bounds)
    if run.status != "SUCCESS":
        return []
    if run.job_name == tags.TRAIN_JOB:
        return _trained(run, facts, orchestrator, bounds, refused=None)
    if run.job_name == tags.PREPARE_JOB:
        return [("dataset_prepared", facts | {"dataset_version": run.tags.get("dagster/partition")})]
    if run.job_name == tags.PROMOTE_JOB:
        made = orchestrator.metadata_of(run.run_id).get(tags.CHAMPION_MODEL, {})
        shown = ("model_version", "previous_version", "action", "reason", "by", "override_gate")
        return [("promoted", facts | {name: made.get(name) for name in shown})]
    return []


def _failed(
    run: RunState, facts: Mapping[str, Any], orchestrator: Orchestrator, bounds: tuple[float | None, float | None]
) -> Sequence[Told]:
    failure = orchestrator.failure(run.run_id)
    if run.job_name == tags.TRAIN_JOB and failure.code == GATE_REFUSED:
        return _trained(run, facts, orchestrator, bounds, refused=failure.reason)
    data = {
        "job": run.job_name,
        "partition": run.tags.get("dagster/partition"),
        "reason": failure.reason,
        "reason_code": failure.code,
        "will_retry": run.will_retry,
    }
    return [("run_failed", {**facts, **data})]


def _trained(
    run: RunState,
    facts: Mapping[str, Any],
    orchestrator: Orchestrator,
    bounds: tuple[float | None, float | None],
    *,
    refused: str | None,
) -> Sequence[Told]:
    """Return what a training is worth telling: its end, the gate's verdict, and an accuracy out of bounds."""
    made = orchestrator.metadata_of(run.run_id).get(tags.EVALUATION, {})
    score = made.get(tags.MACRO_F1)
    model = {
        **facts,
        "dataset_version": run.tags.get(f"dagster/partition/{tags.DATASET_VERSION}"),
        "variant": run.tags.get(f"dagster/partition/{tags.MODEL_VARIANT}"),
        "model_version": made.get(tags.MODEL_VERSION),
        "macro_f1": score,
    }
    told: list[Told] = [("training_finished", model | {"gate": "refused" if refused else "passed"})]
    if refused:
        told.append(("gate_refused", model | {"reason": refused}))
    low, high = bounds
    if score is not None and low is not None and score < low:
        told.append(("accuracy_low", model | {"bound": low}))
    if score is not None and high is not None and score > high:
        told.append(("accuracy_high", model | {"bound": high}))
    return told
