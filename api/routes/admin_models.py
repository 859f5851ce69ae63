"""Model versions: what they are worth, and which one makes the maps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.deps import AdminUser, PageDep, ServicesDep
from api.errors import Forbidden, NotAuthenticated, NotFound, problem_response, responses
from api.job_view import find_job
from api.links import base_url
from api.model_view import metrics_of, model_detail, model_views, recent_mean, report_type
from api.models.common import Page
from api.models.jobs import JobView
from api.models.models import MAX_VERSION, Metrics, ModelDetail, ModelView, Promote, Rollback
from api.promotions import AlreadyChampion, RefusedByGate, check_promotion, check_rollback, start_promotion
from resources.bundles import BundleNotFound
from resources.evidence import NotEvaluated
from resources.layout import MODELS, report_key
from resources.object_store import ObjectNotFound
from resources.object_store.base import StoreUnavailable
from resources.promotion import NothingToRollBackTo, PromotionInProgress
from resources.registry import ModelVersionNotFound, RegistryUnavailable

DOWN = (RegistryUnavailable, StoreUnavailable)
router = APIRouter(prefix="/admin", tags=["admin"], responses=responses(NotAuthenticated, Forbidden, *DOWN))
Version = Annotated[int, Path(ge=1, le=MAX_VERSION, description="Number of a model version.", examples=[7])]
PAST_DAYS = 7.0


@router.get("/models")
def list_models(_admin: AdminUser, services: ServicesDep, page: PageDep) -> Page[ModelView]:
    """List model versions, the newest first, with metrics and what the gate said."""
    versions = services.registry.versions()
    shown = model_views(services, versions[page.offset : page.offset + page.limit])
    return Page[ModelView](items=shown, total=len(versions), limit=page.limit, offset=page.offset)


@router.post(
    "/models/rollback",
    status_code=202,
    responses=responses(
        ModelVersionNotFound, BundleNotFound, AlreadyChampion, NothingToRollBackTo, PromotionInProgress
    ),
)
def rollback(admin: AdminUser, services: ServicesDep, asked: Rollback) -> JobView:
    """Go back to the champion before this one, or to a version; no gate is asked. A job that takes some seconds."""
    number = check_rollback(services, asked.version)
    job = start_promotion(services, admin, "rollback", number, asked.reason)
    return find_job(services, job.id)


@router.get("/models/{version}", responses=responses(ModelVersionNotFound))
def show(_admin: AdminUser, services: ServicesDep, request: Request, version: Version) -> ModelDetail:
    """Return one model version with the gate's findings and links to its report."""
    return model_detail(services, services.registry.version(version), base_url(request, services.settings))


@router.get(
    "/models/{version}/report/{name}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **responses(ModelVersionNotFound, NotFound)},
)
def report(
    _admin: AdminUser,
    services: ServicesDep,
    version: Version,
    name: Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}\.[a-z]{2,4}$", examples=["report.md"])],
) -> Response:
    """Return a file of a version's evaluation report: text, figures, plots."""
    kind = report_type(name)
    found = services.registry.version(version)
    if kind is None:
        raise NotFound(f"the report has no file {name}")
    try:
        body = services.store.get(MODELS, report_key(found.bundle_hash, name))
    except ObjectNotFound as error:
        raise NotFound(f"the report of version {version} has no file {name}") from error
    return Response(body, media_type=kind)


@router.post(
    "/models/{version}/promote",
    status_code=202,
    response_model=JobView,
    responses=responses(
        ModelVersionNotFound, BundleNotFound, AlreadyChampion, NotEvaluated, RefusedByGate, PromotionInProgress
    ),
)
def promote(
    admin: AdminUser, services: ServicesDep, request: Request, version: Version, asked: Promote
) -> JobView | Response:
    """Make maps with a version from now on: a job of some seconds, whose run reads the gate anew.

    A version that the gate refuses is answered 409 with the gate's findings, unless `override_gate` is set.
    """
    try:
        check_promotion(services, version, override_gate=asked.override_gate)
    except RefusedByGate as error:
        return problem_response(error, request.url.path, error.fields)
    job = start_promotion(services, admin, "promote", version, asked.reason, override_gate=asked.override_gate)
    return find_job(services, job.id)


@router.get("/metrics")
def metrics(_admin: AdminUser, services: ServicesDep) -> Metrics:
    """Return the champion's metrics, and the mean over the versions of the past week."""
    champion = services.registry.champion()
    versions, mean = recent_mean(services, PAST_DAYS)
    return Metrics(
        champion=None if champion is None else champion.version,
        champion_metrics={} if champion is None else metrics_of(services.registry, [champion])[champion.version],
        past_versions=versions,
        past_mean=mean,
    )
