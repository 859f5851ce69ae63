"""How runs are launched: never two for a job, never one that nobody knows of.

A launch is three steps: claim it in the database, ask Dagster, write down the run. Whatever dies in between, the claim
stays and says that the outcome is open; then the job's tag is looked for before anything is launched again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from api.db import jobs
from api.db.tables import Job, User, now
from api.decide import stage_of, tags_of
from api.failures import LAUNCH_REFUSED, WAITING
from api.orchestrator import AnswerLost, LaunchRefused, OrchestratorUnavailable

if TYPE_CHECKING:
    from api.decide import Stage
    from api.ending import Ending
    from api.services import Services

log = logging.getLogger(__name__)

#: Pauses between launches while Dagster is down, in seconds; the last one stays.
BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 15.0)
#: After so many launches on which Dagster failed a job is given up: something is wrong with it, not with the network.
MAX_LAUNCHES = 8


class Launching:
    """Launches jobs that have no run."""

    def __init__(self, services: Services, ending: Ending) -> None:
        self.services = services
        self.ending = ending
        self._failures = 0  # launches in a row that found nobody

    def launch(self, job: Job) -> None:
        """Launch the job's run, if no other process is at it."""
        moment = now()
        stage = stage_of(job)
        if job.launch_tries >= MAX_LAUNCHES:
            self.ending.fail(job, "Dagster could not start the run.", LAUNCH_REFUSED)
            return
        with self.services.database.write() as session:
            if not jobs.claim_launch(session, job.id, job.launch_tries, moment):
                return
            user = session.get(User, job.user_id) if job.user_id is not None else None
        try:
            run_id = self._launched(job, stage, None if user is None else user.name)
        except LaunchRefused as error:
            self.ending.fail(job, str(error), LAUNCH_REFUSED)
            return
        except AnswerLost as error:
            self._lost(job, error, moment)
            raise
        except OrchestratorUnavailable:
            self._wait(job)
            raise
        self._failures = 0
        with self.services.database.write() as session:
            jobs.mark_run(session, job.id, stage.number, run_id)

    def _launched(self, job: Job, stage: Stage, requested_by: str | None) -> str:
        return self.services.orchestrator.launch(
            stage.job,
            partition=stage.partition,
            partition_set=stage.partition_set,
            config=stage.config,
            tags=tags_of(job, stage, requested_by),
        )

    def _wait(self, job: Job) -> None:
        """Try again later: there is surely no run."""
        with self.services.database.write() as session:
            jobs.mark_waiting(session, job.id, "waiting for Dagster", WAITING, next_try_at=now() + self._pause())

    def _pause(self) -> timedelta:
        pause = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1
        return timedelta(seconds=pause)

    def _lost(self, job: Job, error: AnswerLost, claimed: datetime) -> None:
        """Have the run looked for from the next pass on, and launch again only where there surely is none.

        That is when the claim is over, or when Dagster itself has said that it failed.
        """
        log.warning("launch %d of job %s: %s", job.launch_tries + 1, job.id, error)
        with self.services.database.write() as session:
            at = now() + self._pause() if error.is_over else claimed + jobs.CLAIM
            jobs.mark_waiting(session, job.id, "waiting for Dagster to confirm", jobs.UNCONFIRMED, next_try_at=at)
