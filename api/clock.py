"""The clock: schedules that have come due start trainings, watches tell when the champion has got old, events go.

One thread a process; `step(now)` is one look. Several processes may look at once: a schedule is claimed by moving its
next time, and a watch by noting whom it told of, each in one conditional UPDATE, so that each fires once.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from api.cron import next_time
from api.db import events, jobs
from api.db.tables import Job, ModelWatch, TrainingSchedule, now
from api.training_jobs import DatasetMissing, TrainingOrder, needs_preparing, start_training
from training.errors import GeocropError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.services import Services
    from resources.registry import ModelVersion
    from sensors.alerts import Alert

log = logging.getLogger(__name__)

#: Time between two looks, in seconds: the finest schedule is a minute.
LOOK_S = 5.0
JOIN_S = 30.0
#: Time between two looks for events that are too old to keep.
PRUNE_EVERY = timedelta(hours=6)
#: Who starts a scheduled training, in lists.
BY_CLOCK = "schedule"


class Clock:
    """Starts what is due; see the module."""

    def __init__(self, services: Services) -> None:
        """Start nothing yet."""
        self.services = services
        self._prune_at = datetime.min.replace(tzinfo=UTC)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look, in a thread."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after the look under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)
            self._thread = None

    def step(self, moment: datetime | None = None) -> None:
        """Look once: start what is due at a moment, tell what is too old then."""
        moment = moment or now()
        for schedule in self._due(moment):
            self._fire(schedule, moment)
        self._watch(moment)
        self._prune(moment)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self.step()
            except (GeocropError, SQLAlchemyError) as error:  # down for now: what is due stays due
                log.warning("the clock waits: %s", str(error).partition("\n")[0])
            except Exception:
                log.exception("the clock stumbled; it looks again")

    def _due(self, moment: datetime) -> list[TrainingSchedule]:
        query = select(TrainingSchedule).where(TrainingSchedule.next_at <= moment).order_by(TrainingSchedule.next_at)
        with self.services.database.read() as session:
            return list(session.scalars(query))

    def _fire(self, schedule: TrainingSchedule, moment: datetime) -> None:
        """Start the training of a due schedule, or say why not; while the one before is in flight, it stays due."""
        order = TrainingOrder(schedule.dataset_version, schedule.model_variant, schedule.hyperparameters)
        try:
            prepare = needs_preparing(self.services, order)  # asks the store, so before the transaction
        except DatasetMissing as error:
            self._give_up(schedule, moment, str(error), error.code)
            return
        with self.services.database.write() as session:
            if self._in_flight(session, schedule, order) or not _claim(session, schedule, moment):
                return
            job, _ = start_training(session, order, prepare=prepare, user_id=None, by=BY_CLOCK)
            _note(session, schedule, last_job_id=job.id, last_problem=None)
        log.info("schedule %s started job %s", schedule.id, job.id)

    def _in_flight(self, session: Session, schedule: TrainingSchedule, order: TrainingOrder) -> bool:
        before = session.get(Job, schedule.last_job_id) if schedule.last_job_id else None
        if before is None or before.state not in jobs.IN_FLIGHT:
            before = jobs.active_job(session, order.active_key)
        if before is not None:
            _note(session, schedule, last_problem=f"waits for job {before.id}, which is in flight")
        return before is not None

    def _give_up(self, schedule: TrainingSchedule, moment: datetime, reason: str, code: str) -> None:
        """Pass a due time over, tell why, and wait for the next."""
        data = {
            "schedule_id": schedule.id,
            "dataset_version": schedule.dataset_version,
            "variant": schedule.model_variant,
            "reason": reason,
            "reason_code": code,
        }
        with self.services.database.write() as session:
            if _claim(session, schedule, moment):
                _note(session, schedule, last_problem=reason)
                key = f"schedule:{schedule.id}:{schedule.next_at.timestamp():.0f}"
                events.append(session, events.PLATFORM, "run_failed", data, key=key)

    def _watch(self, moment: datetime) -> None:
        """Tell of a champion that was trained too long ago, once for each watch and champion."""
        with self.services.database.read() as session:
            watches = list(session.scalars(select(ModelWatch)))
        champion = self.services.champion.get() if watches else None
        if champion is None:
            return
        age = moment - datetime.fromtimestamp(champion.created, UTC)
        for watch in watches:
            if age > timedelta(minutes=watch.minutes) and watch.last_told_version != champion.version:
                self._tell(watch, champion, age)

    def _tell(self, watch: ModelWatch, champion: ModelVersion, age: timedelta) -> None:
        minutes = int(age.total_seconds() // 60)
        data = {
            "watch_id": watch.id,
            "minutes": watch.minutes,
            "age_minutes": minutes,
            "model_version": champion.version,
            "dataset_version": champion.dataset_version,
        }
        with self.services.database.write() as session:
            if not _claim_watch(session, watch, champion.version):
                return
            key = f"model-too-old:{watch.id}:{champion.version}"
            events.append(session, events.PLATFORM, "model_too_old", data, key=key)
        self._post(too_old_alert(champion, minutes, watch.minutes))

    def _prune(self, moment: datetime) -> None:
        """Delete old events once in a while, as long as any are left."""
        if moment < self._prune_at:
            return
        before = moment - timedelta(days=self.services.settings.keep_runs_days)
        with self.services.database.write() as session:
            deleted = events.prune(session, before)
        if deleted < events.PRUNED_AT_ONCE:  # else the rest goes with the next look
            self._prune_at = moment + PRUNE_EVERY
        if deleted:
            log.info("deleted %d events of before %s", deleted, before.date())

    def _post(self, alert: Alert) -> None:
        """Post an alert; the event is kept whatever becomes of it."""
        import requests

        from sensors.alerts import post_alert

        url = self.services.settings.alert_webhook
        if url is None:
            return
        try:
            post_alert(alert, url.get_secret_value())
        except requests.RequestException as error:
            log.warning("the webhook did not take an alert (%s): %s", type(error).__name__, alert.title)


def too_old_alert(champion: ModelVersion, age_minutes: int, bound_minutes: int) -> Alert:
    """Return the alert of a champion that was trained too long ago, in the form of the alerts of failed runs."""
    from sensors.alerts import Alert

    return Alert(
        kind="model-too-old",
        title=f"Champion {champion.version} was trained more than {bound_minutes} minutes ago",
        message=f"Version {champion.version} of {champion.dataset_version} {champion.variant} is {age_minutes} minutes "
        "old: train a newer one, or remove the watch.",
        job="",
        run_id="",
        partition=f"{champion.dataset_version}|{champion.variant}",
        moment=datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ"),
    )


def _claim(session: Session, schedule: TrainingSchedule, moment: datetime) -> bool:
    """Move a due schedule to its next time; False when another process did so, or the schedule is gone."""
    following = next_time(schedule.minutes, schedule.cron, moment, schedule.next_at)
    claimed = session.execute(
        update(TrainingSchedule)
        .where(TrainingSchedule.id == schedule.id, TrainingSchedule.next_at == schedule.next_at)
        .values(next_at=following)
        .execution_options(synchronize_session=False)
    )
    return bool(claimed.rowcount == 1)  # type: ignore[attr-defined]


def _note(session: Session, schedule: TrainingSchedule, **values: str | None) -> None:
    """Write what became of a schedule."""
    session.execute(
        update(TrainingSchedule)
        .where(TrainingSchedule.id == schedule.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _claim_watch(session: Session, watch: ModelWatch, version: int) -> bool:
    """Note that a watch tells of a champion; False when another process does."""
    untold = or_(ModelWatch.last_told_version.is_(None), ModelWatch.last_told_version != version)
    claimed = session.execute(
        update(ModelWatch)
        .where(ModelWatch.id == watch.id, untold)
        .values(last_told_version=version)
        .execution_options(synchronize_session=False)
    )
    return bool(claimed.rowcount == 1)  # type: ignore[attr-defined]
