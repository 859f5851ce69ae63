"""Whether the process lives, whether it can serve, how each service is, and numbers for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.security.utils import get_authorization_scheme_param

from api.db.users import ADMIN
from api.deps import ServicesDep
from api.errors import NotAuthenticated, ServiceDown, responses
from api.models.operations import Health, StatusPage
from api.security import read_token, secret_of
from api.services import Services
from api.status import READY_NEEDS, StatusBoard

router = APIRouter(tags=["operations"])


def _board(request: Request) -> StatusBoard:
    board: StatusBoard = request.app.state.status_board
    return board


@router.get("/healthz")
async def healthz() -> Health:
    """Tell that the process lives and answers: for a liveness probe."""
    return Health(status="ok")


@router.get("/readyz", responses=responses(ServiceDown))
def readyz(request: Request) -> Health:
    """Tell that database and object store answer: for a readiness probe."""
    found = _board(request).read(fresh=True)
    down = [f"{one.name}: {one.reason}" for one in found if one.name in READY_NEEDS and one.state != "live"]
    if down:
        raise ServiceDown("; ".join(down))
    return Health(status="ok")


@router.get("/status")
def status(request: Request, services: ServicesDep) -> StatusPage:
    """Tell how each service is, since when, and why: administrators see more of it.

    Probed at most every 5 s, never waiting long for a dead one.
    """
    return StatusPage.of(_board(request).read(), with_details=_is_admin(request, services))


def _is_admin(request: Request, services: Services) -> bool:
    """Tell by the signed token alone: the status must be there when the database of users is not."""
    scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    try:
        return scheme.lower() == "bearer" and read_token(token, secret_of(services.settings)).role == ADMIN
    except NotAuthenticated:
        return False  # shown what anybody is shown


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """Give the numbers of this process and of the platform's queue in Prometheus' text form."""
    body, media_type = request.app.state.metrics.scrape()
    return Response(body, media_type=media_type)
