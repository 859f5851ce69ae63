"""Whether the process lives, whether it can serve, how each service is, and numbers for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.errors import ServiceDown, responses
from api.models.operations import Health, StatusPage
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
def status(request: Request) -> StatusPage:
    """Tell how each service is, since when, and why. Probed at most every 5 s, never waiting long for a dead one."""
    return StatusPage.of(_board(request).read())


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """Give the numbers of this process and of the platform's queue in Prometheus' text form."""
    body, media_type = request.app.state.metrics.scrape()
    return Response(body, media_type=media_type)
