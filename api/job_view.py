"""Jobs as administrators see them: lists with filters, and single ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from api.db import jobs
from api.db.tables import Job, User
from api.errors import NotFound
from api.models.jobs import JobView

if TYPE_CHECKING:
    from api.deps import PageAsked
    from api.services import Services


def list_jobs(
    services: Services, page: PageAsked, *, kind: str | None = None, state: str | None = None, user: str | None = None
) -> tuple[list[JobView], int]:
    """Return a page of jobs, the newest first, and how many there are."""
    query = select(Job, User.name).outerjoin(User, User.id == Job.user_id)
    for column, wanted in ((Job.kind, kind), (Job.state, state), (User.name, user)):
        if wanted is not None:
            query = query.where(column == wanted)
    ordered = query.order_by(Job.created_at.desc(), Job.id).limit(page.limit).offset(page.offset)
    with services.database.read() as session:
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        return [view(services, job, name) for job, name in session.execute(ordered)], total


def find_job(services: Services, job_id: str, kind: str | None = None) -> JobView:
    """Return one job; NotFound where there is none of that id and kind."""
    query = select(Job, User.name).outerjoin(User, User.id == Job.user_id).where(Job.id == job_id)
    with services.database.read() as session:
        found = session.execute(query).one_or_none()
        if found is None or kind not in (None, found[0].kind):
            raise NotFound(f"there is no {kind or ''} job {job_id}".replace("  ", " "))
        return view(services, found[0], found[1])


def view(services: Services, job: Job, user: str | None) -> JobView:
    """Return a job as administrators see it."""
    ui = services.settings.dagster_ui_url or services.settings.dagster_url
    stages = job.request.get("stages") or ()
    return JobView(
        id=job.id,
        kind=job.kind,
        state=job.state,
        partition=job.partition,
        lane=job.lane,
        position=job.position,
        progress=job.progress,
        step=job.step,
        stage=min(int(job.request.get("stage", 0)) + 1, len(stages)) if stages else 1,
        stages=[str(one["job"]) for one in stages],
        reason=job.reason,
        reason_code=job.reason_code,
        cancelling=job.cancel_requested and job.state in jobs.IN_FLIGHT,
        user=user or job.request.get("requested_by"),
        request={name: value for name, value in job.request.items() if name not in {"stages", "stage"}},
        result=job.result,
        run_id=job.run_id,
        run_url=services.orchestrator.run_url(ui, job.run_id) if job.run_id else None,
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )
