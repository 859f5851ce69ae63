"""Jobs: how one is made, and every change of its state. Nobody else writes to a job.

A job goes `queued` -> `running` -> one of `ready`, `failed`, `cancelled`, and ends once: each function below locks the
row, looks whether the job is still in flight, and tells the change in the same transaction (an outbox), so that
several API processes may follow the same jobs and a watcher never sees a state that was not kept.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import event, or_, select, update
from sqlalchemy.exc import IntegrityError

from api.db import events
from api.db.tables import Job, User, now
from training.errors import GeocropError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.orm import Session

QUEUED, RUNNING, READY, FAILED, CANCELLED = "queued", "running", "ready", "failed", "cancelled"
IN_FLIGHT = (QUEUED, RUNNING)
FINAL = (READY, FAILED, CANCELLED)
#: A claim to launch is good for this long; it outlives the longest launch request, so that no two are ever under way.
CLAIM = timedelta(seconds=60)
#: Code of a job whose launch is under way, or was and had no answer: only Dagster knows whether there is a run.
UNCONFIRMED = "launch-unconfirmed"
MAX_STEP_LENGTH = 200
MAX_REASON_LENGTH = 2000


_listeners: list[Callable[[], None]] = []


def on_work(listener: Callable[[], None]) -> None:
    """Call a listener whenever a transaction of this process that made or cancelled a job was committed."""
    _listeners.append(listener)


def off_work(listener: Callable[[], None]) -> None:
    """Forget a listener."""
    if listener in _listeners:
        _listeners.remove(listener)


def _announce(session: Session) -> None:
    """Call the listeners once the session's transaction is committed: before, they would find nothing."""
    event.listen(session, "after_commit", _call_listeners, once=True)


def _call_listeners(_session: Session) -> None:
    for listener in tuple(_listeners):
        listener()


class JobInFlight(GeocropError):
    """Follow the job that is in flight already: the same work is never started twice."""

    code: ClassVar[str] = "job-in-flight"


def shown(job: Job) -> dict[str, Any]:
    """Return what an event of a job says."""
    return {
        "state": job.state,
        "progress": job.progress,
        "step": job.step,
        "position": job.position,
        "reason": job.reason,
        "reason_code": job.reason_code,
    }


def create_job(
    session: Session,
    *,
    kind: str,
    partition: str | None,
    active_key: str,
    request: Mapping[str, Any],
    lane: str,
    user_id: int | None,
    counted: bool,
) -> Job:
    """Add a queued job; the follower launches it (`Follower.wake` makes that at once).

    Args:
        session: a writing one.
        kind: prediction, training or promotion.
        partition: of the asset that the job makes.
        active_key: what may be in flight only once.
        request: what was asked for, as the kind needs it.
        lane: interactive or batch.
        user_id: who starts it.
        counted: whether it costs quota; the caller has counted it in `User.jobs_started` in this transaction.

    Raises:
        JobInFlight: when another request made the same job meanwhile; the session stays usable.

    """
    job = Job(
        id=uuid.uuid4().hex,
        kind=kind,
        partition=partition,
        active_key=active_key,
        request=dict(request),
        state=QUEUED,
        lane=lane,
        user_id=user_id,
        counted=counted,
        progress=0.0,
        cancel_requested=False,
        launch_tries=0,
        created_at=now(),
    )
    try:
        with session.begin_nested():
            session.add(job)
    except IntegrityError as error:
        if active_job(session, active_key) is None:
            raise
        raise JobInFlight(f"{active_key} is in flight already") from error
    events.append(session, events.job_topic(job.id), QUEUED, shown(job))
    _announce(session)
    return job


def active_job(session: Session, active_key: str) -> Job | None:
    """Return the job that is in flight under a key."""
    return session.scalars(select(Job).where(Job.active_key == active_key)).one_or_none()


def in_flight(session: Session) -> Sequence[Job]:
    """Return the jobs that have not ended, oldest first."""
    return session.scalars(select(Job).where(Job.state.in_(IN_FLIGHT)).order_by(Job.created_at, Job.id)).all()


def request_cancel(session: Session, job_id: str) -> bool:
    """Ask for a job to be cancelled; False when it has ended. The follower stops its run and then says so."""
    job = _locked(session, job_id)
    if job is None:
        return False
    job.cancel_requested = True
    _announce(session)
    return True


def claim_launch(session: Session, job_id: str, tries: int, moment: datetime) -> bool:
    """Claim the right to launch a job without a run, for `CLAIM`; False when another process has it.

    Args:
        session: a writing one.
        job_id: which job.
        tries: `launch_tries` as the claimer saw it; another value means that somebody was quicker.
        moment: now.

    """
    is_free = or_(Job.next_try_at.is_(None), Job.next_try_at <= moment)
    claimed = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state.in_(IN_FLIGHT), Job.run_id.is_(None), Job.launch_tries == tries, is_free)
        .where(Job.cancel_requested.is_(False))
        .values(launch_tries=tries + 1, next_try_at=moment + CLAIM, reason_code=UNCONFIRMED)
        .execution_options(synchronize_session=False)
    )
    return bool(claimed.rowcount == 1)  # type: ignore[attr-defined]


def mark_waiting(session: Session, job_id: str, reason: str, code: str, *, next_try_at: datetime) -> None:
    """Say why a job could not be launched, and when it is tried again; a try that met nobody is not counted."""
    job = _locked(session, job_id)
    if job is None or job.run_id is not None:
        return
    if code != UNCONFIRMED:
        job.launch_tries -= 1
    job.next_try_at, job.reason_code = next_try_at, code
    _change(session, job, QUEUED if job.state == QUEUED else "progress", reason=reason)


def mark_run(session: Session, job_id: str, stage: int, run_id: str, lane: str | None = None) -> bool:
    """Give a job its run: the one just launched, one found by tag, or the retry of a failed one.

    False where the job has ended, or has gone on to another stage: the run is not its business any more.
    """
    job = _locked(session, job_id)
    if job is None or job.request.get("stage", 0) != stage:
        return False
    job.run_id, job.next_try_at, job.reason_code = run_id, None, None
    _change(session, job, QUEUED if job.state == QUEUED else "progress", reason=None, lane=lane or job.lane)
    return True


def mark_progress(
    session: Session,
    job_id: str,
    *,
    running: bool,
    percent: float | None = None,
    step: str | None = None,
    position: int | None = None,
    lane: str | None = None,
) -> None:
    """Say how far a job is; only a change is told. Percent only grow: a retry begins again, a bar does not."""
    job = _locked(session, job_id)
    if job is None:
        return
    if running and job.started_at is None:
        job.started_at = now()
    _change(
        session,
        job,
        "progress",
        state=RUNNING if running else job.state,
        progress=max(job.progress, float(int(percent or 0.0))),
        step=(step or job.step or "")[:MAX_STEP_LENGTH] or None,
        position=position,
        lane=lane or job.lane,
    )


def mark_next_stage(session: Session, job_id: str, stage: int) -> None:
    """Go on to a stage of a job that takes several runs: it waits for a launch again."""
    job = _locked(session, job_id)
    if job is None or job.request.get("stage", 0) >= stage:
        return
    job.request = {**job.request, "stage": stage}
    job.run_id, job.launch_tries, job.next_try_at = None, 0, None
    session.flush()


def mark_ready(session: Session, job_id: str, result: Mapping[str, Any]) -> bool:
    """End a job well, with what it made."""
    job = _locked(session, job_id)
    if job is None:
        return False
    job.result = dict(result)
    job.progress = 100.0
    _end(session, job, READY, None, None)
    return True


def mark_failed(session: Session, job_id: str, reason: str, code: str, *, back: bool) -> bool:
    """End a job badly; `back` gives its quota back."""
    return _end_badly(session, job_id, FAILED, reason, code, back=back)


def mark_cancelled(session: Session, job_id: str, reason: str, *, back: bool) -> bool:
    """End a job that somebody stopped; `back` gives its quota back."""
    return _end_badly(session, job_id, CANCELLED, reason, "cancelled", back=back)


def give_back(session: Session, job: Job) -> None:
    """Give a job's quota back to who started it: once, however often it is called."""
    if not job.counted:
        return
    job.counted = False
    session.execute(
        update(User)
        .where(User.id == job.user_id, User.jobs_started > 0)
        .values(jobs_started=User.jobs_started - 1)
        .execution_options(synchronize_session=False)
    )


def _locked(session: Session, job_id: str) -> Job | None:
    """Return a job that is still in flight, locked until the transaction ends; None when it has ended.

    SQLite has no row locks and needs none: a writing transaction is alone there from its beginning.
    """
    found = select(Job).where(Job.id == job_id, Job.state.in_(IN_FLIGHT)).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one_or_none()


def _change(session: Session, job: Job, kind: str, **values: object) -> None:
    """Set values, and tell them when any is another."""
    if all(getattr(job, name) == value for name, value in values.items()):
        return
    for name, value in values.items():
        setattr(job, name, value)
    events.append(session, events.job_topic(job.id), kind, shown(job))


def _end_badly(session: Session, job_id: str, state: str, reason: str, code: str, *, back: bool) -> bool:
    job = _locked(session, job_id)
    if job is None:
        return False
    if back:
        give_back(session, job)
    _end(session, job, state, reason[:MAX_REASON_LENGTH], code)
    return True


def _end(session: Session, job: Job, state: str, reason: str | None, code: str | None) -> None:
    job.active_key = None
    job.position = None
    job.next_try_at = None
    job.ended_at = now()
    _change(session, job, state, state=state, reason=reason, reason_code=code)
