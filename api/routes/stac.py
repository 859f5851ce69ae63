"""STAC: a static catalogue that pystac-client can open; where the database has PostGIS, a STAC API takes its place.

Baselines are public. A crop map is there for administrators and for who asked for it, with their token in the
`Authorization` header; for others it does not exist.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Path, Request
from fastapi.responses import JSONResponse

from api import stac_catalogue
from api.db.tables import User
from api.deps import ServicesDep, bearer_token, user_of
from api.errors import InvalidRequest, NotAuthenticated, NotFound, TokenExpired, TokenInvalid, TokenRevoked, responses
from api.links import base_url
from api.published import PublishedRaster, baselines, partitions, read_crop_map
from api.services import Services
from api.stac_access import visible_partitions
from imagery.aoi import InvalidPartitionKeyError, parse_partition_key
from imagery.stac import BASELINES
from resources.object_store import StoreUnavailable

LOGIN_ERRORS = (NotAuthenticated, TokenExpired, TokenInvalid, TokenRevoked)
#: What is seen depends on who asks.
HEADERS = {"Cache-Control": "private, no-store", "Vary": "Authorization"}


def visitor(services: ServicesDep, token: Annotated[str | None, Depends(bearer_token)]) -> User | None:
    """Return the user who calls, or None for the public; a token that is sent must be good."""
    return user_of(services, token) if token else None


VisitorDep = Annotated[User | None, Depends(visitor)]
CollectionName = Annotated[Literal["baselines", "crop-maps"], Path()]
ItemId = Annotated[str, Path(max_length=100)]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Put the STAC API before the routes below, where the database has PostGIS."""
    services: Services = app.state.services
    if not services.database.is_postgres:
        yield
        return
    from api.stac_api import stac_api  # costs a second, and memory

    async with stac_api(app, services):
        yield


router = APIRouter(prefix="/stac", tags=["stac"], lifespan=_lifespan)


@router.get("", response_class=JSONResponse)
def show_catalogue(request: Request, services: ServicesDep) -> dict[str, Any]:
    """Open the catalogue: its children are the collections."""
    return stac_catalogue.root(base_url(request, services.settings))


@router.get("/collections/{collection}", responses=responses(*LOGIN_ERRORS, InvalidRequest, StoreUnavailable))
def show_collection(
    request: Request, services: ServicesDep, user: VisitorDep, collection: CollectionName
) -> JSONResponse:
    """Show a collection with links to its items: the crop maps that the caller may see, or all baselines."""
    base = base_url(request, services.settings)
    shown = stac_catalogue.collection(services, base, collection, item_ids(services, user, collection))
    return JSONResponse(shown, headers=HEADERS)


@router.get(
    "/collections/{collection}/items/{item_id}",
    responses=responses(*LOGIN_ERRORS, NotFound, InvalidRequest, StoreUnavailable),
)
def show_item(
    request: Request, services: ServicesDep, user: VisitorDep, collection: CollectionName, item_id: ItemId
) -> JSONResponse:
    """Show an item; its assets can be opened by their links for some hours."""
    raster = find_raster(services, user, collection, item_id)
    if raster is None:
        raise NotFound("There is no such item, or it is not yours.")
    seen = stac_catalogue.item(services, base_url(request, services.settings), raster)
    return JSONResponse(seen, headers=HEADERS, media_type=stac_catalogue.GEOJSON)


def item_ids(services: Services, user: User | None, collection: str) -> list[str]:
    """Return the items of a collection that a visitor may see."""
    if collection == BASELINES:
        return [str(found.item["id"]) for found in baselines(services.store).values()]
    visible = visible_partitions(services, user)
    if visible is not None and not visible:
        return []
    return [one for one in partitions(services.store) if visible is None or one in visible]


def find_raster(services: Services, user: User | None, collection: str, item_id: str) -> PublishedRaster | None:
    """Return the raster of an item that a visitor may see; None where there is none for them."""
    if collection == BASELINES:
        return next((one for one in baselines(services.store).values() if one.item["id"] == item_id), None)
    try:
        parse_partition_key(item_id)
    except InvalidPartitionKeyError:
        return None
    visible = visible_partitions(services, user)
    return read_crop_map(services.store, item_id) if visible is None or item_id in visible else None
