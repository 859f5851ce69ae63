"""AOIs: drawn, listed, looked at, forgotten."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response

from api.asking import limits_of, name_of, read_area
from api.db import aois
from api.db.aois import AoiInUse, KeptAoi
from api.db.tables import User
from api.db.users import ADMIN
from api.deps import CurrentUser, PageDep, ServicesDep
from api.errors import NotAuthenticated, NotFound, responses
from api.links import base_url
from api.models.aois import (
    BOX_EXAMPLE,
    FEATURE_EXAMPLE,
    POLYGON_EXAMPLE,
    AoiId,
    AoiLinks,
    AoiRequest,
    AoiSummary,
    AoiView,
)
from api.models.common import Page
from imagery.aoi import AoiOutsideExtentError, AoiTooLargeError, InvalidAoiError

router = APIRouter(prefix="/aois", tags=["aois"], responses=responses(NotAuthenticated))

AoiIdPath = Annotated[AoiId, Path(alias="id", description="Of the AOI.", examples=["a1f3c5b7d9e0f2a4c"])]
EXAMPLES = {
    "polygon": {"summary": "A polygon", "value": POLYGON_EXAMPLE},
    "feature": {"summary": "A Feature, as drawing tools write it", "value": FEATURE_EXAMPLE},
    "box": {"summary": "A box", "value": BOX_EXAMPLE},
}


@router.post(
    "",
    status_code=201,
    responses={
        200: {"model": AoiView, "description": "It is yours already."},
        **responses(InvalidAoiError, AoiOutsideExtentError, AoiTooLargeError),
    },
)
def draw(
    request: Request,
    response: Response,
    user: CurrentUser,
    services: ServicesDep,
    area: Annotated[AoiRequest, Body(openapi_examples=EXAMPLES)],
) -> AoiView:
    """Keep an AOI. The same geometry is the same AOI, however it is written."""
    aoi = read_area(area, limits_of(services, user))
    with services.database.write() as session:
        kept = aois.keep(session, aoi, user.id, name_of(area))
    base = base_url(request, services.settings)
    response.status_code = 201 if kept.is_new else 200
    response.headers["Location"] = f"{base}/aois/{kept.row.id}"
    return _view(base, kept)


@router.get("")
def list_all(request: Request, user: CurrentUser, services: ServicesDep, page: PageDep) -> Page[AoiSummary]:
    """List one's AOIs, the newest first; administrators see everybody's."""
    with services.database.read() as session:
        found, total = aois.page(session, _whose(user), page.limit, page.offset)
        owners = aois.owners(session, [kept.row.id for kept in found]) if user.role == ADMIN else {}
    base = base_url(request, services.settings)
    items = [AoiSummary(**_summary(base, kept), owners=_owners(user, kept, owners)) for kept in found]
    return Page[AoiSummary](items=items, total=total, limit=page.limit, offset=page.offset)


@router.get("/{id}", responses=responses(NotFound))
def show(request: Request, aoi_id: AoiIdPath, user: CurrentUser, services: ServicesDep) -> AoiView:
    """Show an AOI."""
    with services.database.read() as session:
        kept = aois.find(session, aoi_id, _whose(user))
        owners = aois.owners(session, [aoi_id]) if user.role == ADMIN else {}
    view = _view(base_url(request, services.settings), kept)
    return view.model_copy(update={"owners": _owners(user, kept, owners)})


@router.delete("/{id}", status_code=204, responses=responses(NotFound, AoiInUse))
def forget(aoi_id: AoiIdPath, user: CurrentUser, services: ServicesDep) -> None:
    """Forget an AOI of one's own, and one's predictions of it; others who drew the same keep theirs."""
    with services.database.write() as session:
        aois.forget(session, aoi_id, user.id)


def _whose(user: User) -> int | None:
    return None if user.role == ADMIN else user.id


def _owners(user: User, kept: KeptAoi, owners: dict[str, list[str]]) -> list[str] | None:
    return owners.get(kept.row.id, []) if user.role == ADMIN else None


def _summary(base: str, kept: KeptAoi) -> dict[str, object]:
    row = kept.row
    return {
        "id": row.id,
        "name": kept.name,
        "area_ha": round(row.area_ha, 4),
        "bbox": (row.west, row.south, row.east, row.north),
        "created_at": kept.created_at,
        "links": AoiLinks(self_=f"{base}/aois/{row.id}", predictions=f"{base}/predictions?aoi={row.id}"),
    }


def _view(base: str, kept: KeptAoi) -> AoiView:
    return AoiView.model_validate({**_summary(base, kept), "geometry": kept.row.geometry})
