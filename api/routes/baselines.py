"""Dynamic World baselines, 2015 to 2025: public."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse

from api.deps import ServicesDep
from api.errors import InvalidRequest, NotFound, responses
from api.links import base_url
from api.models.baselines import Baseline, BaselineList
from api.models.tiles import class_entries
from api.published import YEARS, PublishedRaster, baselines
from api.stac_catalogue import baseline_asset_url, item_url
from api.tiling import ATTRIBUTION, baseline_tilejson, download_url
from imagery.dynamic_world import DYNAMIC_WORLD
from imagery.stac import BASELINES as COLLECTION
from resources.layout import BASELINES
from resources.object_store import StoreUnavailable

LICENSE = "CC-BY-4.0"

router = APIRouter(prefix="/baselines", tags=["maps"])


@router.get("", responses=responses(StoreUnavailable))
def list_baselines(request: Request, services: ServicesDep) -> BaselineList:
    """List the baselines by year: which are there, their tiles, bounds, legend and downloads."""
    base = base_url(request, services.settings)
    tiles, found = baseline_tilejson(services, base), baselines(services.store)
    return BaselineList(
        attribution=ATTRIBUTION[BASELINES],
        license=LICENSE,
        classes=class_entries(DYNAMIC_WORLD),
        baselines=[describe(year, found.get(year), base, tiles[year]) for year in YEARS],
    )


def describe(year: int, found: PublishedRaster | None, base: str, tilejson: str | None) -> Baseline:
    """Return what is known of a year's baseline."""
    if found is None:
        nothing = dict.fromkeys(Baseline.model_fields)
        return Baseline.model_validate(nothing | {"year": year, "available": False})
    properties = found.item["properties"]
    return Baseline(
        year=year,
        available=True,
        tilejson=tilejson,
        bounds=tuple(found.item["bbox"]),
        stac_item=item_url(base, COLLECTION, found.item["id"]),
        download=baseline_asset_url(base, year, "data"),
        thumbnail=baseline_asset_url(base, year, "thumbnail"),
        created=properties["created"],
        simulated=bool(properties.get("geocrop:simulated", False)),
    )


@router.head("/{year}/{asset}", include_in_schema=False)
@router.get(
    "/{year}/{asset}",
    status_code=HTTPStatus.TEMPORARY_REDIRECT,
    response_class=RedirectResponse,
    responses=responses(NotFound, InvalidRequest, StoreUnavailable),
)
def download_baseline(
    request: Request,
    services: ServicesDep,
    year: Annotated[int, Path(ge=YEARS.start, lt=YEARS.stop)],
    asset: Annotated[Literal["data", "sidecar", "thumbnail"], Path(description="Asset of the STAC item.")],
) -> RedirectResponse:
    """Go to a file of a baseline: an address that lasts, where the store's own links end."""
    found = baselines(services.store).get(year)
    key = found.asset_keys().get(asset) if found else None
    if key is None:
        raise NotFound(f"There is no baseline of {year} yet.")
    name = f"dynamic-world-{year}-{key.rpartition('/')[2]}"
    url = download_url(services, base_url(request, services.settings), BASELINES, key, name)
    return RedirectResponse(url, HTTPStatus.TEMPORARY_REDIRECT, headers={"Cache-Control": "no-store"})
