"""Predictions: asked for, listed, followed, cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response

from api import asking
from api.db import events, predictions
from api.db.jobs import FINAL
from api.db.predictions import JobEnding
from api.db.tables import User
from api.db.users import ADMIN
from api.deps import CurrentUser, PageDep, ServicesDep, bearer_token, user_of
from api.errors import LinkRefused, NotAuthenticated, NotFound, QuotaExceeded, responses
from api.links import base_url
from api.models.aois import BOX_EXAMPLE, AoiId
from api.models.common import Page
from api.models.predictions import Estimate, PredictionRequest, PredictionStarted, PredictionView, State
from api.predict import IncompleteResult, SeasonNotServed
from api.prediction_views import events_path, view_of
from api.security import check_link, secret_of
from api.services import Services
from api.streams import EventStream
from api.tiling import baseline_tilejson
from imagery.aoi import AoiOutsideExtentError, AoiTooLargeError, InvalidAoiError
from imagery.season import InvalidSeason
from resources.object_store.base import StoreUnavailable
from resources.registry import NoChampion, RegistryUnavailable

router = APIRouter(prefix="/predictions", tags=["predictions"], responses=responses(NotAuthenticated, IncompleteResult))

MAX_EVENT_ID = 2**53
MAX_LINK_TOKEN = 200
EXAMPLES = {
    "by id": {"summary": "An AOI that is kept", "value": {"aoi": "a1f3c5b7d9e0f2a4c", "season": "2023-2024"}},
    "box": {"summary": "A box", "value": {"aoi": BOX_EXAMPLE, "season": "2023-2024"}},
}
PredictionId = Annotated[
    str, Path(alias="id", pattern=r"^[a-z0-9]{1,32}$", description="Of the prediction.", examples=["0" * 32])
]


@router.post(
    "",
    status_code=202,
    response_model=None,
    responses={
        200: {
            "model": PredictionStarted | Estimate,
            "description": "The map is there already: the result, no run, nothing counted. Or the estimate.",
        },
        202: {"model": PredictionStarted, "description": "The job: a new one, or the one in flight."},
        **responses(InvalidSeason, SeasonNotServed, InvalidAoiError, AoiOutsideExtentError, AoiTooLargeError),
        **responses(NotFound),
        **responses(NoChampion, JobEnding),
        **responses(QuotaExceeded),
        **responses(StoreUnavailable, RegistryUnavailable),
    },
)
def ask(
    *,
    request: Request,
    response: Response,
    user: CurrentUser,
    services: ServicesDep,
    asked: Annotated[PredictionRequest, Body(openapi_examples=EXAMPLES)],
    validate_only: Annotated[bool, Query(description="Check and estimate; start and keep nothing.")] = False,
) -> PredictionStarted | Estimate:
    """Ask for the crop map of an AOI and a season."""
    wanted = asking.look_up(services, user, asked)
    if validate_only:
        response.status_code = 200
        return asking.estimate(services, user, wanted)
    prediction_id = asking.start(services, user, wanted)
    base = base_url(request, services.settings)
    view = _view(services, user, base, prediction_id)
    response.status_code = 200 if view.state == "ready" else 202
    response.headers["Location"] = f"{base}/predictions/{prediction_id}"
    return PredictionStarted(**dict(view), baselines=baseline_tilejson(services, base))


@router.get("")
def list_all(
    *,
    request: Request,
    user: CurrentUser,
    services: ServicesDep,
    page: PageDep,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    aoi: Annotated[AoiId | None, Query(description="Only those of this AOI.")] = None,
) -> Page[PredictionView]:
    """List one's predictions, the newest first; administrators see everybody's."""
    with services.database.read() as session:
        found, total = predictions.page(
            session, _whose(user), state=state, aoi_id=aoi, limit=page.limit, offset=page.offset
        )
    base = base_url(request, services.settings)
    items = [view_of(services, base, shown, for_admin=user.role == ADMIN) for shown in found]
    return Page[PredictionView](items=items, total=total, limit=page.limit, offset=page.offset)


@router.get("/{id}", responses=responses(NotFound))
def show(request: Request, prediction_id: PredictionId, user: CurrentUser, services: ServicesDep) -> PredictionView:
    """Show how far a prediction is, and its map when that is ready."""
    return _view(services, user, base_url(request, services.settings), prediction_id)


@router.delete(
    "/{id}",
    response_model=None,
    status_code=204,
    responses={
        202: {"model": PredictionView, "description": "Its job is being cancelled; the events tell when it has ended."},
        204: {"description": "Forgotten: it had ended, or others wait for the same map."},
        **responses(NotFound),
    },
)
def cancel(
    request: Request, response: Response, prediction_id: PredictionId, user: CurrentUser, services: ServicesDep
) -> PredictionView | None:
    """Cancel a prediction in flight that nobody else waits for; forget any other."""
    with services.database.write() as session:
        is_cancelling = predictions.cancel_or_forget(session, prediction_id, _whose(user))
    if not is_cancelling:
        return None
    response.status_code = 202
    return _view(services, user, base_url(request, services.settings), prediction_id)


@dataclass(frozen=True)
class Watched:
    """A job's events that somebody may see, after the last one that they have."""

    topic: str
    last_event_id: int | None
    is_over: bool  # nothing is left to tell


def watched(
    *,
    services: ServicesDep,
    prediction_id: PredictionId,
    bearer: Annotated[str | None, Depends(bearer_token)],
    token: Annotated[
        str | None, Query(max_length=MAX_LINK_TOKEN, description="Of `links.events`: EventSource sends no headers.")
    ] = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=MAX_EVENT_ID, description="Go on after this event.")] = None,
    last_event_query: Annotated[
        int | None, Query(alias="lastEventId", ge=0, le=MAX_EVENT_ID, description="The same, for polyfills.")
    ] = None,
) -> Watched:
    """Return the events that a signed link or a user's token opens."""
    whose = _watcher(services, prediction_id, token, bearer)
    last = last_event_query if last_event_id is None else last_event_id
    with services.database.read() as session:
        job = predictions.find(session, prediction_id, whose).job
        topic = events.job_topic(job.id)
        is_over = job.state in FINAL and not events.after(session, topic, last or 0, 1)
    return Watched(topic, last, is_over)


@router.get(
    "/{id}/events",
    response_class=EventStream,
    responses={
        200: {"description": "`queued`, `progress`, then `ready`, `failed` or `cancelled`, which ends the stream."},
        204: {"description": "All was told: EventSource connects no more."},
        **responses(NotFound),
        **responses(LinkRefused),
    },
)
async def follow(services: ServicesDep, seen: Annotated[Watched, Depends(watched)]) -> Response:
    """Follow a prediction by Server-Sent Events; `Last-Event-ID` resumes after a lost connection."""
    if seen.is_over:
        return Response(status_code=204)
    return EventStream(services, seen.topic, seen.last_event_id)


def _watcher(services: Services, prediction_id: str, token: str | None, bearer: str | None) -> int | None:
    """Return whose prediction it must be; None where a signed link, or an administrator, opens it."""
    if token is not None:
        check_link(events_path(prediction_id), token, secret_of(services.settings))
        return None
    if not bearer:
        raise NotAuthenticated
    return _whose(user_of(services, bearer))


def _view(services: Services, user: User, base: str, prediction_id: str) -> PredictionView:
    with services.database.read() as session:
        shown = predictions.find(session, prediction_id, _whose(user))
    return view_of(services, base, shown, for_admin=user.role == ADMIN)


def _whose(user: User) -> int | None:
    return None if user.role == ADMIN else user.id
