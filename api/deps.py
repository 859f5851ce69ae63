"""What routes ask for: services, the user who calls, a page of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import OAuth2PasswordBearer

from api.db.tables import User
from api.db.users import ADMIN, find_user
from api.errors import Forbidden, NotAuthenticated, TokenRevoked
from api.security import read_token, secret_of
from api.services import Services

#: Longest page of a list, and the deepest one: SQLite's integers end at 2^63.
MAX_PAGE = 200
MAX_OFFSET = 1_000_000_000
#: A token of ours has some 250 characters.
MAX_TOKEN_LENGTH = 4096

bearer_token = OAuth2PasswordBearer(
    tokenUrl="auth/token", auto_error=False, description="Token of `POST /auth/token`, by name and password."
)


async def get_services(request: Request) -> Services:
    """Return what the app holds while it runs."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]


def current_user(services: ServicesDep, token: Annotated[str | None, Depends(bearer_token)]) -> User:
    """Return the enabled user whose valid token the request carries.

    Raises:
        NotAuthenticated: no token, or one of the kinds of bad ones, each with its code.

    """
    if not token:
        raise NotAuthenticated
    return user_of(services, token)


def user_of(services: Services, token: str) -> User:
    """Return the enabled user of a token; see `current_user`."""
    claims = read_token(token[:MAX_TOKEN_LENGTH], secret_of(services.settings))
    with services.database.read() as session:
        user = find_user(session, claims.name)
    if user is None or user.disabled or claims.issued < user.tokens_valid_after:
        raise TokenRevoked("This token is no longer good.")
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def admin_user(user: CurrentUser) -> User:
    """Return the user who calls, an administrator; Forbidden for others."""
    if user.role != ADMIN:
        raise Forbidden("This is for administrators.")
    return user


AdminUser = Annotated[User, Depends(admin_user)]


@dataclass(frozen=True)
class PageAsked:
    """Which part of a list is asked for."""

    limit: int
    offset: int


async def page_asked(
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Items in the answer.")] = 50,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Items left out before them.")] = 0,
) -> PageAsked:
    """Return which part of a list is asked for."""
    return PageAsked(limit, offset)


PageDep = Annotated[PageAsked, Depends(page_asked)]
