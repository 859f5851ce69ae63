"""Predictions: one user's request for the map of an AOI and season. Several users may share a job."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import defer, joinedload

from api.db import aois, events, jobs, quota
from api.db.tables import AoiOwner, AoiRow, Job, Prediction, User, now
from api.errors import Conflict, NotFound
from api.predict import PastJob, is_current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from imagery.aoi import Aoi
    from resources.settings import Settings

KIND = "prediction"
PAST_JOBS = 50
"""Jobs that an estimate looks back on."""
CLOCK_SKEW = timedelta(minutes=1)
"""How far the clocks of two machines may differ."""


class JobEnding(Conflict):
    """Ask again in some seconds: the former request for this map is being cancelled."""

    code: ClassVar[str] = "job-ending"


@dataclass(frozen=True)
class Wanted:
    """A map that a user asks for, and what was known of it when it was looked up in the store."""

    aoi: Aoi
    name: str | None  # of the AOI; None keeps the one it has
    is_own: bool  # the AOI shall be, or is, the user's own
    season: str
    partition: str
    bundle_hash: str  # the champion's
    lane: str
    pointer: Mapping[str, Any] | None  # the published map's
    looked_at: datetime


@dataclass(frozen=True)
class Shown:
    """A prediction with what its answer needs, read by one query; the AOI's geometry is left out."""

    prediction: Prediction
    requested_by: str
    aoi_name: str | None

    @property
    def job(self) -> Job:
        """The work behind it."""
        return self.prediction.job


def start(session: Session, user: User, settings: Settings, wanted: Wanted) -> str:
    """Give the user a prediction of the wanted map and return its id.

    In this order: the map is there already, it is in flight, or a new job is counted and created. All in the caller's
    transaction, which others that ask for the same AOI wait for.

    Raises:
        QuotaExceeded: a job would have to be started and none is left.
        JobEnding: the job in flight is being cancelled.
        NotFound: the AOI was deleted meanwhile.

    """
    if wanted.is_own:
        aois.keep(session, wanted.aoi, user.id, wanted.name)
    elif not aois.lock(session, wanted.aoi.id):
        raise NotFound(f"There is no AOI {wanted.aoi.id} any more.")
    job = _made(session, wanted) or _joined(session, wanted) or _created(session, user, settings, wanted)
    return _of_user(session, user.id, wanted, job)


def _made(session: Session, wanted: Wanted) -> Job | None:
    """Return the job that made the map which is published, or was made since the store was asked."""
    newest = select(Job).where(Job.kind == KIND, Job.partition == wanted.partition, Job.state == jobs.READY)
    job = session.scalars(newest.order_by(Job.ended_at.desc()).limit(1)).one_or_none()
    if wanted.pointer is not None and is_current(wanted.pointer, wanted.bundle_hash):
        is_same = job is not None and job.result is not None and job.result["files"] == wanted.pointer["files"]
        return job if is_same else _recorded(session, wanted, wanted.pointer)
    since = wanted.looked_at - CLOCK_SKEW
    if job is None or job.ended_at is None or job.ended_at < since or not is_current(job.result, wanted.bundle_hash):
        return None
    return job


def _recorded(session: Session, wanted: Wanted, pointer: Mapping[str, Any]) -> Job:
    """Record a map that was made without the API, on the command line or in Dagster's UI, as a job that is ready."""
    moment = now()
    job = Job(
        id=uuid.uuid4().hex,
        kind=KIND,
        partition=wanted.partition,
        active_key=None,
        request=_request(wanted),
        state=jobs.READY,
        lane=wanted.lane,
        progress=100.0,
        result=dict(pointer),
        created_at=moment,
        ended_at=moment,
    )
    session.add(job)
    session.flush()
    events.append(session, events.job_topic(job.id), jobs.READY, jobs.shown(job))
    return job


def _joined(session: Session, wanted: Wanted) -> Job | None:
    """Return the job that is in flight for the map."""
    job = jobs.active_job(session, active_key(wanted))
    if job is not None and job.cancel_requested:
        raise JobEnding("The former request for this map is being cancelled.", headers={"Retry-After": "2"})
    return job


def _created(session: Session, user: User, settings: Settings, wanted: Wanted) -> Job:
    counted = quota.spend(session, user, settings)
    return jobs.create_job(
        session,
        kind=KIND,
        partition=wanted.partition,
        active_key=active_key(wanted),
        request=_request(wanted),
        lane=wanted.lane,
        user_id=user.id,
        counted=counted,
    )


def active_key(wanted: Wanted) -> str:
    """Return what may be in flight only once."""
    return f"map:{wanted.partition}"


def _request(wanted: Wanted) -> dict[str, Any]:
    return {
        "aoi_id": wanted.aoi.id,
        "season": wanted.season,
        "bundle_hash": wanted.bundle_hash,
        "area_ha": wanted.aoi.area_ha,
    }


def _of_user(session: Session, user_id: int, wanted: Wanted, job: Job) -> str:
    """Return the id of the user's own prediction of a job, made at need."""
    own = select(Prediction.id).where(Prediction.user_id == user_id, Prediction.job_id == job.id)
    found = session.scalar(own)
    if found is not None:
        return found
    made = Prediction(
        id=uuid.uuid4().hex,
        user_id=user_id,
        aoi_id=wanted.aoi.id,
        season=wanted.season,
        job_id=job.id,
        created_at=now(),
    )
    session.add(made)
    session.flush()
    return made.id


def find(session: Session, prediction_id: str, user_id: int | None) -> Shown:
    """Return a prediction of a user; of anybody for None.

    Raises:
        NotFound: there is none, or it is another's.

    """
    found = session.execute(_shown_one(), {"wanted_id": prediction_id}).one_or_none()
    if found is None or user_id not in (None, found[0].user_id):
        raise NotFound(f"There is no prediction {prediction_id} of yours.")
    return _as_shown(found)


def page(
    session: Session, user_id: int | None, *, state: str | None, aoi_id: str | None, limit: int, offset: int
) -> tuple[list[Shown], int]:
    """Return some of a user's predictions (None: everybody's), newest first, and how many there are."""
    wanted = []
    if user_id is not None:
        wanted.append(Prediction.user_id == user_id)
    if aoi_id is not None:
        wanted.append(Prediction.aoi_id == aoi_id)
    if state is not None:
        wanted.append(Job.state == state)
    counted = select(func.count()).select_from(Prediction).join(Job, Job.id == Prediction.job_id).where(*wanted)
    rows = _shown().join(Job, Job.id == Prediction.job_id).where(*wanted)
    rows = rows.order_by(Prediction.created_at.desc(), Prediction.id).limit(limit).offset(offset)
    return [_as_shown(row) for row in session.execute(rows)], session.scalar(counted) or 0


def cancel_or_forget(session: Session, prediction_id: str, user_id: int | None) -> bool:
    """Cancel the job of a prediction when nobody else waits for it, else forget the prediction; True: cancelling.

    A prediction whose job is being cancelled stays, so that its user sees it end.

    Raises:
        NotFound: there is none, or it is another's.

    """
    prediction = find(session, prediction_id, user_id).prediction
    aois.lock(session, prediction.aoi_id)
    others = select(func.count()).where(Prediction.job_id == prediction.job_id, Prediction.id != prediction_id)
    if not session.scalar(others) and jobs.request_cancel(session, prediction.job_id):
        return True
    session.delete(prediction)
    session.flush()
    aois.drop_unused(session, prediction.aoi_id)
    return False


def past_jobs(session: Session, lane: str) -> list[PastJob]:
    """Return how long the newest maps of a lane took."""
    rows = select(Job.request, Job.started_at, Job.ended_at).where(
        Job.kind == KIND, Job.state == jobs.READY, Job.lane == lane, Job.started_at.is_not(None)
    )
    rows = rows.order_by(Job.created_at.desc()).limit(PAST_JOBS)
    return [
        PastJob(float(request["area_ha"]), (ended - started).total_seconds())
        for request, started, ended in session.execute(rows)
        if started is not None and ended is not None
    ]


@cache
def _shown_one() -> Select[Prediction, str, str | None]:
    return _shown().where(Prediction.id == bindparam("wanted_id"))


@cache  # making the query takes longer than running it, and every client polls
def _shown() -> Select[Prediction, str, str | None]:
    owned = (AoiOwner.aoi_id == Prediction.aoi_id) & (AoiOwner.user_id == Prediction.user_id)
    return (
        select(Prediction, User.name, AoiOwner.name)
        .join(User, User.id == Prediction.user_id)
        .outerjoin(AoiOwner, owned)
        .options(joinedload(Prediction.job), joinedload(Prediction.aoi).options(defer(AoiRow.geometry)))
    )


def _as_shown(row: Row[Prediction, str, str | None]) -> Shown:
    prediction, requested_by, aoi_name = row
    return Shown(prediction, requested_by, aoi_name)
