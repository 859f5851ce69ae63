"""The STAC API, where the database has PostGIS: stac-fastapi on pgstac, under `/stac` in this process.

All items leave pgstac through one method, `OwnItems._search_base`: there the items that a visitor may see are stated,
whatever else was asked, and there assets get addresses that this visitor can open. Nothing can be written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import asyncpg
from fastapi import FastAPI, Request
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy.exc import SQLAlchemyError
from stac_fastapi.api.errors import DEFAULT_STATUS_CODES
from stac_fastapi.pgstac.app import instantiate_api
from stac_fastapi.pgstac.config import Settings as PgstacSettings
from stac_fastapi.pgstac.core import CoreCrudClient
from stac_fastapi.pgstac.db import con_init, get_connection
from stac_fastapi.pgstac.models.extensions import Extensions
from starlette.routing import BaseRoute, Match, NoMatchFound

from api.deps import user_of
from api.errors import OF_FRAMEWORK, DatabaseDown, InternalError, InvalidRequest, add_handlers, problem_response
from api.links import base_url
from api.published import YEARS
from api.stac_access import visible_partitions
from api.stac_catalogue import CATALOGUE_ID, DESCRIPTION, TITLE, asset_url, map_links
from api.stac_index import OBJECT_SCHEME, POINTER_ETAG, address, ensure_schema, sync
from training.errors import GeocropError

if TYPE_CHECKING:
    from starlette.datastructures import URLPath
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from api.services import Services

PREFIX = "/stac"
#: Items in one answer.
MAX_ITEMS = 200
#: Connections that searches share; a search takes some ten milliseconds.
CONNECTIONS = 4
CLOSE_SECONDS = 10.0
#: How often the index is held against the store: baselines come without a job of the API.
SYNC_SECONDS = 60.0
#: What of STAC's extensions is served; none of them writes.
EXTENSIONS = ["fields", "filter", "sort", "pagination"]
_BASELINE_IDS = frozenset(f"dynamic-world-{year}" for year in YEARS)
#: An id that no item has: pgstac takes an empty list for no condition.
_NOTHING = "-"
_log = logging.getLogger(__name__)


class OwnItems(CoreCrudClient):  # type: ignore[misc]
    """pgstac's items, for who may see them."""

    async def _search_base(self, search_request: Any, request: Request) -> Any:  # noqa: ANN401
        """Search among the items that the visitor may see: what all of the API's routes for items call."""
        services: Services = request.app.state.services
        visible = await asyncio.to_thread(visible_ids, services, request)
        if visible is not None:
            asked = visible & set(search_request.ids) if search_request.ids else visible
            search_request.ids = sorted(asked) or [_NOTHING]
        search_request.conf = {}
        search_request.limit = min(search_request.limit or MAX_ITEMS, MAX_ITEMS)
        found = await super()._search_base(search_request, request)
        base = services.settings.public_url or str(request.base_url).removesuffix(f"{PREFIX}/")
        for feature in found["features"]:
            await asyncio.to_thread(give_addresses, services, base.rstrip("/"), feature)
        return found


def visible_ids(services: Services, request: Request) -> set[str] | None:
    """Return the ids of the items that a visitor may see; None: all of them.

    Raises:
        NotAuthenticated: a token was sent that is not good.

    """
    scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    user = user_of(services, token) if scheme.lower() == "bearer" else None
    visible = visible_partitions(services, user)
    return None if visible is None else visible | _BASELINE_IDS


def give_addresses(services: Services, base: str, feature: dict[str, Any]) -> None:
    """Change an indexed item to what a client shall see: addresses for objects, the raster's tiles."""
    feature.get("properties", {}).pop(POINTER_ETAG, None)
    for asset, said in feature.get("assets", {}).items():
        href = said.get("href", "")
        if href.startswith(OBJECT_SCHEME):
            bucket, _, key = href.removeprefix(OBJECT_SCHEME).partition("/")
            said["href"] = asset_url(services, base, bucket, key, asset)
            if asset == "data" and "links" in feature:
                feature["links"] += map_links(services, base, bucket, key)


def build(services: Services) -> FastAPI:
    """Return the STAC API as an app of its own, without its connections."""
    settings = PgstacSettings(
        stac_fastapi_title=TITLE,
        stac_fastapi_description=DESCRIPTION,
        stac_fastapi_landing_id=CATALOGUE_ID,
        stac_fastapi_version="1",
        root_path="",
        prefix_path="",
        use_api_hydrate=False,
        enabled_extensions=EXTENSIONS,
        enable_transactions_extensions=False,
        enable_catalogs_extension=False,
        enable_metrics=False,
        validate_extensions=False,
        enable_response_models=False,
    )
    api = instantiate_api(OwnItems, Extensions(settings=settings), _without_lifespan, settings)
    app: FastAPI = api.app
    app.user_middleware.clear()  # compression, proxies and origins are the outer app's matter
    app.state.services = services
    add_handlers(app)
    for kind, status in DEFAULT_STATUS_CODES.items():
        app.add_exception_handler(kind, _problem_with(status))
    app.add_exception_handler(asyncpg.PostgresError, _on_search_refused)
    for kind in (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
        app.add_exception_handler(kind, _on_database_down)
    return app


@asynccontextmanager
async def _without_lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield


def _problem_with(status: int) -> Any:  # noqa: ANN401  # Starlette's handler
    async def handle(request: Request, error: Exception) -> Response:
        kind = OF_FRAMEWORK.get(status, InternalError)
        return problem_response(kind(str(error)), request.url.path)

    return handle


async def _on_search_refused(request: Request, error: Exception) -> Response:
    _log.info("%s %s: pgstac: %s", request.method, request.url.path, error)
    return problem_response(InvalidRequest("This search cannot be done as it is."), request.url.path)


async def _on_database_down(request: Request, error: Exception) -> Response:
    _log.warning("%s %s: the STAC index: %s", request.method, request.url.path, error)
    return problem_response(DatabaseDown("The API's database does not answer."), request.url.path)


class StacRoute(BaseRoute):
    """Hands everything under `/stac` to the STAC API, whose links then begin with the API's public address."""

    def __init__(self, app: FastAPI, services: Services) -> None:
        """Keep the app and the settings that tell its public address."""
        self.app, self.services = app, services

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match `/stac` and what is under it."""
        path = _path(scope) if scope["type"] == "http" else ""
        return (Match.FULL if path == PREFIX or path.startswith(f"{PREFIX}/") else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """Name no route."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the STAC API as if it were served at `<public address>/stac`."""
        public = urlsplit(base_url(Request(scope), self.services.settings))
        root = f"{public.path.rstrip('/')}{PREFIX}"
        path = root + (_path(scope).removeprefix(PREFIX) or "/")
        headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
        inner = dict(scope) | {
            "scheme": public.scheme,
            "headers": [*headers, (b"host", public.netloc.encode())],
            "root_path": root,
            "app_root_path": root,
            "path": path,
            "raw_path": path.encode(),
        }
        await self.app(inner, receive, send)


def _path(scope: Scope) -> str:
    """Return the path below where the app is served."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


@asynccontextmanager
async def stac_api(app: FastAPI, services: Services) -> AsyncIterator[None]:
    """Serve the STAC API in place of the static catalogue while the app runs, where the database has PostGIS."""
    if not await asyncio.to_thread(ensure_schema, services.database):
        yield
        return
    pool = await asyncpg.create_pool(
        address(services.database),
        min_size=1,
        max_size=CONNECTIONS,
        init=con_init,
        server_settings={"search_path": "pgstac,public", "application_name": "geocrop-stac"},
    )
    inner = build(services)
    inner.state.readpool, inner.state.get_connection = pool, get_connection
    stopping = asyncio.Event()
    keeper = asyncio.create_task(keep_in_step(services, stopping))
    try:
        with _in_front(app, StacRoute(inner, services)):
            yield
    finally:
        stopping.set()
        await keeper
        with contextlib.suppress(TimeoutError):  # a search that does not end does not keep the API from ending
            await asyncio.wait_for(pool.close(), CLOSE_SECONDS)


@contextmanager
def _in_front(app: FastAPI, route: BaseRoute) -> Iterator[None]:
    """Put a route before all others: the static catalogue has the same addresses."""
    app.router.routes.insert(0, route)
    try:
        yield
    finally:
        app.router.routes.remove(route)


async def keep_in_step(services: Services, stopping: asyncio.Event) -> None:
    """Hold the index against the store, now and every minute, until the API ends."""
    while not stopping.is_set():
        try:
            done = await asyncio.to_thread(sync, services, stopping.is_set)
            if done.written or done.removed:
                _log.info("STAC index: %d items written, %d removed", done.written, done.removed)
        except (GeocropError, SQLAlchemyError) as error:
            _log.warning("the STAC index could not be brought up to date, and will be tried again: %s", error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), SYNC_SECONDS)
