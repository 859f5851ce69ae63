"""Logging in, and who one is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import OAuth2PasswordRequestForm

from api.db.users import ADMIN, begin_attempt, find_user, forget_attempts
from api.deps import CurrentUser, ServicesDep
from api.errors import NotAuthenticated, ServiceDown, TooManyLogins, WrongCredentials, responses
from api.models.auth import Me, TokenAnswer
from api.security import issue_token, verify_password
from api.services import Services

router = APIRouter(prefix="/auth", tags=["auth"])


#: An attempt counts as failed until its password is found right, so few may be open: many right ones at once from one
#: address would refuse each other. Those that wait hold no thread.
LOGINS_AT_ONCE = 2
#: Seconds that a login waits for its turn.
TURN_S = 20.0


@router.post("/token", responses=responses(WrongCredentials, TooManyLogins))
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()], request: Request, services: ServicesDep
) -> TokenAnswer:
    """Give a token for a name and a password (OAuth2 password form)."""
    address = request.client.host if request.client else "unknown"
    async with _turn(request.app.state.logins):
        token = await run_in_threadpool(token_for, services, form.username, form.password, address)
    return TokenAnswer(access_token=token, expires_in=round(services.settings.token_minutes * 60))


@asynccontextmanager
async def _turn(logins: asyncio.Semaphore) -> AsyncIterator[None]:
    try:
        await asyncio.wait_for(logins.acquire(), TURN_S)
    except TimeoutError as error:
        raise ServiceDown("Too many logins at this moment.") from error
    try:
        yield
    finally:
        logins.release()


def token_for(services: Services, name: str, password: str, address: str) -> str:
    """Return a token for the right password of an enabled user; the same work is done for names that nobody has.

    Raises:
        TooManyLogins: the account or the address has failed too often of late.
        WrongCredentials: wrong name or password, or a disabled account: which of them is not told.

    """
    with services.database.write() as session:
        attempt = begin_attempt(session, name, address, services.settings)
        user = find_user(session, name)
    right = verify_password(password, user.password_hash if user else None)
    if user is None or not right or user.disabled:
        raise WrongCredentials("Wrong name or password.")
    with services.database.write() as session:
        forget_attempts(session, name, attempt)
    return issue_token(user, services.settings)


@router.get("/me", responses=responses(NotAuthenticated))
def who_am_i(user: CurrentUser, services: ServicesDep) -> Me:
    """Tell who is logged in, and what they may do."""
    settings = services.settings
    is_admin = user.role == ADMIN
    role_limit = None if is_admin else settings.recruiter_jobs
    return Me(
        name=user.name,
        role="admin" if is_admin else "recruiter",
        created_at=user.created_at,
        job_limit=role_limit if user.job_limit is None else user.job_limit,
        max_aoi_ha=settings.max_aoi_ha if is_admin else settings.recruiter_max_aoi_ha,
    )
