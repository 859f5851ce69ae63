"""What happens on the platform, as it happens, for administrators."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Query, Request

from api.db import events
from api.db.tables import User
from api.db.users import ADMIN, find_user
from api.deps import MAX_PAGE, AdminUser, ServicesDep, admin_user, bearer_token, user_of
from api.errors import Forbidden, LinkRefused, NotAuthenticated, responses
from api.links import base_url
from api.models.events import EventsPage, EventView, StreamLink
from api.security import check_link, secret_of, sign_link
from api.services import Services
from api.streams import EventStream

router = APIRouter(prefix="/events", tags=["events"], responses=responses(NotAuthenticated, Forbidden))
LINK_LIFE = timedelta(hours=12)
MAX_EVENT_ID = 2**53
MAX_LINK_TOKEN = 200
EventId = Annotated[int | None, Query(alias="lastEventId", ge=0, le=MAX_EVENT_ID, description="As Last-Event-ID.")]


def watcher(
    *,
    services: ServicesDep,
    bearer: Annotated[str | None, Depends(bearer_token)],
    user: Annotated[str | None, Query(max_length=64, description="Of a link: whose it is.")] = None,
    token: Annotated[
        str | None, Query(max_length=MAX_LINK_TOKEN, description="Of a link: EventSource sends no headers.")
    ] = None,
) -> User:
    """Return the administrator who watches, by login or by a link of `GET /events/link`."""
    if token is not None:
        return _owner_of_link(services, user or "", token)
    if not bearer:
        raise NotAuthenticated
    return admin_user(user_of(services, bearer))


@router.get(
    "",
    response_class=EventStream,
    responses={200: {"description": "Events of the platform, without an end."}, **responses(LinkRefused, Forbidden)},
)
async def stream(
    services: ServicesDep,
    _watcher: Annotated[User, Depends(watcher)],
    last_event_id: Annotated[int | None, Header(ge=0, le=MAX_EVENT_ID, description="Go on after this event.")] = None,
    last_event_query: EventId = None,
) -> EventStream:
    """Follow the platform by Server-Sent Events: from now on, or after `Last-Event-ID`.

    Types: `training_finished`, `promoted`, `gate_refused`, `accuracy_low`, `accuracy_high`, `model_too_old`,
    `run_failed`, `dataset_prepared`.
    """
    return EventStream(services, events.PLATFORM, last_event_query if last_event_id is None else last_event_id)


@router.get("/link")
def link(admin: AdminUser, services: ServicesDep, request: Request) -> StreamLink:
    """Return an address of the stream for EventSource, which sends no headers; good for half a day, for you alone."""
    query = urlencode(
        {"user": admin.name, "token": sign_link(_subject(admin.name), LINK_LIFE, secret_of(services.settings))}
    )
    return StreamLink(url=f"{base_url(request, services.settings)}/events?{query}")


@router.get("/history")
def history(
    _admin: AdminUser,
    services: ServicesDep,
    after: Annotated[int, Query(ge=0, le=MAX_EVENT_ID, description="Events after this one.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> EventsPage:
    """Return events of the past, oldest first; ask again with `after` = `next` while there are more."""
    with services.database.read() as session:
        found = events.after(session, events.PLATFORM, after, limit + 1)
    shown = [EventView.model_validate(one) for one in found[:limit]]
    return EventsPage(items=shown, next=shown[-1].id if len(found) > limit else None)


def _subject(name: str) -> str:
    return f"/events of {name}"


def _owner_of_link(services: Services, name: str, token: str) -> User:
    """Return whose link it is, an administrator still."""
    check_link(_subject(name), token, secret_of(services.settings))
    with services.database.read() as session:
        user = find_user(session, name)
    if user is None or user.disabled or user.role != ADMIN:
        raise LinkRefused("This link's owner is no administrator any more.")
    return user
