"""The app: services, routes, limits and background work, put together.

Serve it with `uvicorn --factory api.main:create_app`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.middleware.cors import CORSMiddleware

from api.clock import Clock
from api.db import migrate
from api.description import SUMMARY, TAGS, describe
from api.errors import add_handlers
from api.follow import Follower
from api.metrics import Metrics
from api.middleware import BodyLimits, RequestContext
from api.routes import (
    admin_datasets,
    admin_jobs,
    admin_models,
    admin_training,
    admin_users,
    aois,
    auth,
    baselines,
    events,
    files,
    inference,
    operations,
    pixel,
    predictions,
    quota,
    stac,
    tiles,
    workflow,
)
from api.routes.web import WebPage, WebPages
from api.security import secret_of
from api.services import build_services
from api.status import StatusBoard, probes_of
from api.workflow import Workflow
from resources.settings import load_settings

if TYPE_CHECKING:
    from api.services import Services
    from resources.settings import Settings

#: In the order of the documentation; each has a `router`.
ROUTES = (
    auth,
    aois,
    predictions,
    pixel,
    quota,
    baselines,
    stac,
    tiles,
    files,
    inference,
    events,
    operations,
    workflow,
    admin_users,
    admin_datasets,
    admin_training,
    admin_models,
    admin_jobs,
)
log = logging.getLogger(__name__)

UPLOAD_PATH = "/admin/datasets/upload"
#: 10,000 rows of 28 features in full precision are some 5 MB of JSON; the warm worker takes at most 8.
LARGER_BODIES = {"/inference": 8_000_000}


def create_app(
    settings: Settings | None = None, services: Services | None = None, *, background: bool = True
) -> FastAPI:
    """Return the API.

    Args:
        settings: Of the installation; read from the environment when left out.
        services: For tests; built from the settings when the app starts when left out.
        background: Whether jobs are followed and schedules kept in this process.

    Raises:
        SecretMissing: production without a secret of its own.

    """
    settings = settings or (services.settings if services else load_settings())
    # Fail now and not at the first login; and read a secret's file once, not for every request.
    settings = settings.model_copy(update={"jwt_secret": SecretStr(secret_of(settings))})
    app = FastAPI(
        title="GeoCrop",
        summary=SUMMARY,
        version="1",
        openapi_tags=TAGS,
        lifespan=_lifespan,
        redirect_slashes=False,  # a redirect's address would be made of the Host header
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.settings, app.state.given_services, app.state.background = settings, services, background
    app.state.metrics = Metrics()
    add_handlers(app)
    _add_middleware(app, settings)
    for module in ROUTES:
        app.include_router(module.router)
    describe(app)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add what each request passes; the last one added is the outermost."""
    uploads = {UPLOAD_PATH: settings.max_upload_mb * 1024 * 1024}
    app.add_middleware(BodyLimits, max_bytes=settings.max_body_kb * 1024, uploads=uploads, larger=LARGER_BODIES)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
            expose_headers=["X-Request-ID", "Retry-After", "Location"],
        )
    app.add_middleware(WebPages, page=WebPage(settings))
    https = (settings.public_url or "").startswith("https://")
    app.add_middleware(RequestContext, metrics=app.state.metrics, https=https)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Build services, migrate the database, start what runs beside requests; end all of it in turn."""
    state = app.state
    services = state.given_services or await asyncio.to_thread(build_services, state.settings)
    await asyncio.to_thread(migrate.upgrade, services.database)
    state.services = services
    state.logins = asyncio.Semaphore(auth.LOGINS_AT_ONCE)
    state.metrics.watch(services)
    services.broadcaster.start(services.database, asyncio.get_running_loop())
    follower = Follower(services) if state.background else None
    state.status_board = StatusBoard(probes_of(services, follower))
    state.workflow = Workflow(services.orchestrator)
    workers: list[Follower | Clock] = [follower, Clock(services)] if follower is not None else []
    for worker in workers:
        worker.start()
    if state.background:
        await asyncio.to_thread(_warm_up, services)
    try:
        yield
    finally:
        for worker in reversed(workers):
            await asyncio.to_thread(worker.stop)
        services.broadcaster.stop()
        if state.given_services is None:
            services.database.close()


def _warm_up(services: Services) -> None:
    """Load now what the first visitor would wait for, and keep it out of garbage collection.

    A full collection over all that is loaded would hold every request for 200 to 400 ms (`benchmarks.load`).
    """
    try:
        services.champion.get()
    except Exception as error:  # whatever MLflow has: the API serves without it, and who needs the champion is told
        log.warning("the model registry does not answer yet: %s", error)
    gc.collect()
    gc.freeze()
