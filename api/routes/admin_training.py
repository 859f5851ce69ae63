"""Trainings: now, by the clock, and what watches over the champion's age."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from api.cron import next_time
from api.db import audit, jobs
from api.db.tables import ModelWatch, TrainingSchedule, now
from api.deps import AdminUser, PageDep, ServicesDep
from api.errors import Conflict, Forbidden, NotAuthenticated, NotFound, problem_response, responses
from api.job_view import find_job, list_jobs
from api.models.common import Page
from api.models.jobs import JobState, JobView
from api.models.training import NewSchedule, NewTraining, NewWatch, ScheduleView, WatchView
from api.routes.admin_jobs import JobId
from api.training_jobs import (
    FROM_PARTITION,
    TRAINING,
    DatasetMissing,
    HyperparametersRefused,
    TrainingInFlight,
    TrainingOrder,
    check_hyperparameters,
    needs_preparing,
    require_dataset,
    start_training,
)
from resources.object_store.base import StoreUnavailable
from training.config import TrainingConfig

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

router = APIRouter(prefix="/admin/training", tags=["admin"], responses=responses(NotAuthenticated, Forbidden))
#: Schedules and watches that there may be: each costs a look every few seconds.
MAX_KEPT = 100


class TooManyKept(Conflict):
    """Remove one first: there may be a hundred."""

    code = "too-many-kept"


@router.post(
    "/start",
    status_code=202,
    response_model=JobView,
    responses=responses(DatasetMissing, TrainingInFlight, HyperparametersRefused, StoreUnavailable),
)
def start(admin: AdminUser, services: ServicesDep, request: Request, new: NewTraining) -> JobView | Response:
    """Train a model: prepare the dataset version where it is not prepared, then train, evaluate and judge.

    The same training in flight is answered with its job. `model_version` is your label for the version to be.
    """
    try:
        hyperparameters = check_hyperparameters(new.hyperparameters)
    except HyperparametersRefused as error:
        return problem_response(error, request.url.path, error.faults)
    order = TrainingOrder(new.dataset_version, new.model_variant, hyperparameters, new.model_version)
    prepare = needs_preparing(services, order)
    with services.database.write() as session:
        job, is_new = start_training(session, order, prepare=prepare, user_id=admin.id, by=admin.name)
        if is_new:
            details = {"job": job.id, "label": order.label, "hyperparameters": hyperparameters}
            audit.record(session, admin.name, "training.start", order.partition, details)
    return find_job(services, job.id)


@router.get("/schema")
def schema(_admin: AdminUser) -> dict[str, Any]:
    """Return the JSON schema of the hyperparameters, with defaults and bounds."""
    found = TrainingConfig.model_json_schema()
    found["properties"].pop(FROM_PARTITION)
    return found


@router.post(
    "/schedule",
    status_code=201,
    response_model=ScheduleView,
    responses=responses(DatasetMissing, TooManyKept, HyperparametersRefused, StoreUnavailable),
)
def add_schedule(admin: AdminUser, services: ServicesDep, request: Request, new: NewSchedule) -> Any:  # noqa: ANN401
    """Train by the clock, every so many minutes or by a cron line in UTC. Missed times are made up for once."""
    try:
        hyperparameters = check_hyperparameters(new.hyperparameters)
    except HyperparametersRefused as error:
        return problem_response(error, request.url.path, error.faults)
    require_dataset(services, new.dataset_version)
    row = TrainingSchedule(
        id=uuid.uuid4().hex,
        dataset_version=new.dataset_version,
        model_variant=new.model_variant,
        minutes=new.minutes,
        cron=new.cron,
        hyperparameters=hyperparameters,
        next_at=next_time(new.minutes, new.cron, now()),
        created_by=admin.name,
    )
    with services.database.write() as session:
        _keep(session, row)
        details = {"schedule": row.id, "minutes": row.minutes, "cron": row.cron, "hyperparameters": hyperparameters}
        audit.record(session, admin.name, "schedule.add", f"{row.dataset_version}|{row.model_variant}", details)
    return row


@router.get("/schedule", response_model=list[ScheduleView])
def list_schedules(_admin: AdminUser, services: ServicesDep) -> Any:  # noqa: ANN401
    """List the schedules."""
    with services.database.read() as session:
        return session.scalars(select(TrainingSchedule).order_by(TrainingSchedule.created_at)).all()


@router.delete("/schedule/{schedule_id}", status_code=204, responses=responses(NotFound))
def remove_schedule(admin: AdminUser, services: ServicesDep, schedule_id: JobId) -> Response:
    """Remove a schedule; a training that it started goes on."""
    with services.database.write() as session:
        _remove(session, session.get(TrainingSchedule, schedule_id), schedule_id)
        audit.record(session, admin.name, "schedule.remove", schedule_id)
    return Response(status_code=204)


@router.post("/watch", status_code=201, response_model=WatchView, responses=responses(TooManyKept))
def add_watch(admin: AdminUser, services: ServicesDep, new: NewWatch) -> Any:  # noqa: ANN401
    """Tell when the champion was trained longer ago than so many minutes: an event, and the alert webhook."""
    row = ModelWatch(id=uuid.uuid4().hex, minutes=new.minutes, created_by=admin.name)
    with services.database.write() as session:
        _keep(session, row)
        audit.record(session, admin.name, "watch.add", row.id, {"minutes": row.minutes})
    return row


@router.get("/watch", response_model=list[WatchView])
def list_watches(_admin: AdminUser, services: ServicesDep) -> Any:  # noqa: ANN401
    """List the watches."""
    with services.database.read() as session:
        return session.scalars(select(ModelWatch).order_by(ModelWatch.created_at)).all()


@router.delete("/watch/{watch_id}", status_code=204, responses=responses(NotFound))
def remove_watch(admin: AdminUser, services: ServicesDep, watch_id: JobId) -> Response:
    """Remove a watch."""
    with services.database.write() as session:
        _remove(session, session.get(ModelWatch, watch_id), watch_id)
        audit.record(session, admin.name, "watch.remove", watch_id)
    return Response(status_code=204)


@router.get("")
def list_trainings(
    _admin: AdminUser, services: ServicesDep, page: PageDep, state: JobState | None = None
) -> Page[JobView]:
    """List trainings that were asked for through the API, the newest first."""
    items, total = list_jobs(services, page, kind=TRAINING, state=state)
    return Page[JobView](items=items, total=total, limit=page.limit, offset=page.offset)


@router.get("/{job_id}", responses=responses(NotFound))
def show(_admin: AdminUser, services: ServicesDep, job_id: JobId) -> JobView:
    """Return one training."""
    return find_job(services, job_id, TRAINING)


@router.delete("/{job_id}", status_code=202, responses=responses(NotFound, Conflict))
def cancel(admin: AdminUser, services: ServicesDep, job_id: JobId) -> JobView:
    """Cancel a training in flight; its run is stopped."""
    find_job(services, job_id, TRAINING)
    with services.database.write() as session:
        if not jobs.request_cancel(session, job_id):
            raise Conflict("this training has ended already")
        audit.record(session, admin.name, "training.cancel", job_id)
    return find_job(services, job_id, TRAINING)


def _keep(session: Session, row: TrainingSchedule | ModelWatch) -> None:
    if len(session.scalars(select(type(row).id).limit(MAX_KEPT)).all()) >= MAX_KEPT:
        raise TooManyKept(f"there are {MAX_KEPT} already")
    session.add(row)
    session.flush()


def _remove(session: Session, row: TrainingSchedule | ModelWatch | None, row_id: str) -> None:
    if row is None:
        raise NotFound(f"there is no such thing: {row_id}")
    session.delete(row)
