"""All jobs, whoever started them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.deps import AdminUser, PageDep, ServicesDep
from api.errors import Forbidden, NotAuthenticated, NotFound, responses
from api.job_view import find_job, list_jobs
from api.models.common import Page
from api.models.jobs import JobKind, JobState, JobView

router = APIRouter(prefix="/admin/jobs", tags=["admin"], responses=responses(NotAuthenticated, Forbidden))
JobId = Annotated[str, Path(max_length=64, description="A job's id.", examples=["0f8fad5bd9cb469fa16570867728950e"])]


@router.get("")
def list_all(
    _admin: AdminUser,
    services: ServicesDep,
    page: PageDep,
    kind: JobKind | None = None,
    state: JobState | None = None,
    user: Annotated[str | None, Query(max_length=64, description="Who started them.")] = None,
) -> Page[JobView]:
    """List jobs, the newest first."""
    items, total = list_jobs(services, page, kind=kind, state=state, user=user)
    return Page[JobView](items=items, total=total, limit=page.limit, offset=page.offset)


@router.get("/{job_id}", responses=responses(NotFound))
def show(_admin: AdminUser, services: ServicesDep, job_id: JobId) -> JobView:
    """Return one job."""
    return find_job(services, job_id)
