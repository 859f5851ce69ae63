"""How jobs end: what they made, why they failed, and whether their quota is given back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from api.db import jobs
from api.decide import stage_of
from api.failures import GATE_REFUSED, RESULT_MISSING, RUN_DELETED, is_requests_fault
from api.stac_index import index_job
from resources.layout import RESULTS, map_prefix
from resources.object_store.base import BucketNotFound, StoreUnavailable
from resources.publish import read_pointer
from sensors import tags
from training.errors import GeocropError

if TYPE_CHECKING:
    from api.db.tables import Job
    from api.decide import Act
    from api.orchestrator import RunState
    from api.services import Services

log = logging.getLogger(__name__)

STORE_DOWN = "waiting for the object store"


class Ending:
    """Ends jobs whose runs have ended, or never will."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def end(self, job: Job, act: Act) -> None:
        """End a job as its run did; a run that was good may be followed by the next stage's."""
        if act.kind == "cancelled-early":
            self._cancel(job, "Cancelled before it began.", back=True)
        elif act.kind == "gone":
            self._gone(job)
        elif act.run is None:
            return
        elif act.kind == "cancelled":
            self._cancelled(job, act.run)
        elif act.kind == "succeeded":
            self._succeeded(job, act.run)
        else:
            self._failed(job, act.run)

    def fail(self, job: Job, reason: str, code: str) -> None:
        """Fail a job; quota is given back unless the request was at fault."""
        log.warning("job %s (%s %s) failed: %s: %s", job.id, job.kind, job.partition, code, reason)
        with self.services.database.write() as session:
            jobs.mark_failed(session, job.id, reason, code, back=not is_requests_fault(code))

    def _cancel(self, job: Job, reason: str, *, back: bool) -> None:
        with self.services.database.write() as session:
            jobs.mark_cancelled(session, job.id, reason, back=back)

    def _gone(self, job: Job) -> None:
        if job.cancel_requested:
            self._cancel(job, "Cancelled; its run was deleted.", back=False)
        else:
            self.fail(job, "Its run was deleted in Dagster while it was under way.", RUN_DELETED)

    def _cancelled(self, job: Job, run: RunState) -> None:
        """Quota stays spent on work that its owner stopped half way: it was done. All else is given back."""
        if job.cancel_requested:
            self._cancel(job, "Cancelled.", back=run.started is None and not run.is_retry)
        else:
            self._cancel(job, "Its run was stopped in Dagster by an administrator.", back=True)

    def _failed(self, job: Job, run: RunState) -> None:
        failure = self.services.orchestrator.failure(run.run_id)
        if failure.code == GATE_REFUSED and run.job_name == tags.TRAIN_JOB:
            self._ready(job, self._trained(run, gate="refused"))  # a verdict: the training did what it was to do
        else:
            self.fail(job, failure.reason, failure.code)

    def _succeeded(self, job: Job, run: RunState) -> None:
        stage = stage_of(job)
        if stage.number + 1 < stage.count:
            with self.services.database.write() as session:
                jobs.mark_next_stage(session, job.id, stage.number + 1)
        elif job.kind == "prediction":
            self._mapped(job)
        elif job.kind == "training":
            self._ready(job, self._trained(run, gate="passed"))
        else:
            self.services.champion.forget()
            self._ready(job, self.services.orchestrator.metadata_of(run.run_id).get(tags.CHAMPION_MODEL, {}))

    def _mapped(self, job: Job) -> None:
        """Read what the map's run published; while the store is down the job waits, for the map is there."""
        try:
            pointer = self._pointer(str(job.partition))
        except (StoreUnavailable, BucketNotFound) as error:
            if job.step != STORE_DOWN:
                log.warning("job %s is done, but the store does not answer: %s", job.id, error)
                with self.services.database.write() as session:
                    jobs.mark_progress(session, job.id, running=True, step=STORE_DOWN)
            return
        if pointer is None:
            self.fail(job, "The run ended well, but its map is not in the object store.", RESULT_MISSING)
        else:
            self._ready(job, pointer)

    def _pointer(self, partition: str) -> dict[str, Any] | None:
        prefix = map_prefix(partition)
        pointer = read_pointer(self.services.store, RESULTS, prefix)
        if pointer is None:  # nothing in the bucket, or no bucket: a folder that is not mounted?
            next(iter(self.services.store.list(RESULTS, prefix)), None)
        return pointer

    def _trained(self, run: RunState, gate: str) -> dict[str, Any]:
        made = self.services.orchestrator.metadata_of(run.run_id).get(tags.EVALUATION, {})
        return {name: made.get(name) for name in (tags.MODEL_VERSION, tags.MACRO_F1)} | {"gate": gate}

    def _ready(self, job: Job, result: dict[str, Any]) -> None:
        with self.services.database.write() as session:
            jobs.mark_ready(session, job.id, result)
        self._index(job)

    def _index(self, job: Job) -> None:
        """Put a new map into the STAC index at once; where that fails, the next sync does it within a minute."""
        try:
            index_job(self.services, job)
        except (SQLAlchemyError, GeocropError) as error:
            log.warning("job %s is ready, but not in the STAC index yet: %s", job.id, error)
