"""One error form: every error of the platform becomes `application/problem+json` with a stable code.

`STATUS` is the one table from an error's code to HTTP. Errors that only the API knows are `ApiError`s and carry their
status themselves.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from training.errors import GeocropError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
CODE_PREFIX = "urn:geocrop:"
#: What an error of the platform answers that the table does not name: what was asked for cannot be done as it is.
DEFAULT_STATUS = 422
#: Field problems told of one request: a body of 10,000 bad rows is not answered with 10,000 messages.
MAX_FIELD_PROBLEMS = 50
#: Seconds until a client may ask again when a service is down.
RETRY_S = 5


class ApiError(GeocropError):
    """Read the message: it says what to do."""

    code: ClassVar[str] = "api-error"
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Keep the headers that the answer shall have."""
        super().__init__(message)
        self.headers = dict(headers or {})


class BadRequest(ApiError):
    """Send a well-formed request: the message says what could not be read."""

    code: ClassVar[str] = "malformed-request"
    status: ClassVar[int] = 400


class NotAuthenticated(ApiError):
    """Log in at POST /auth/token and send `Authorization: Bearer <token>`."""

    code: ClassVar[str] = "not-authenticated"
    status: ClassVar[int] = 401

    def __init__(self, message: str = "This needs a login.") -> None:
        """Add the header that says how to log in."""
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class WrongCredentials(NotAuthenticated):
    """Check name and password; an administrator can reset a password."""

    code: ClassVar[str] = "wrong-credentials"


class TokenExpired(NotAuthenticated):
    """Log in again: the token's time is over."""

    code: ClassVar[str] = "token-expired"


class TokenInvalid(NotAuthenticated):
    """Log in again: this is no token of this platform."""

    code: ClassVar[str] = "token-invalid"


class TokenRevoked(NotAuthenticated):
    """Log in again; if that fails, the account is disabled: ask an administrator."""

    code: ClassVar[str] = "token-revoked"


class Forbidden(ApiError):
    """Ask an administrator: your role may not do this."""

    code: ClassVar[str] = "forbidden"
    status: ClassVar[int] = 403


class LinkRefused(Forbidden):
    """Ask for the page again, which gives fresh links: this one is not valid, or its time is over."""

    code: ClassVar[str] = "link-refused"


class NotFound(ApiError):
    """Check the address: there is no such thing, or it is not yours."""

    code: ClassVar[str] = "not-found"
    status: ClassVar[int] = 404


class MethodNotAllowed(ApiError):
    """Use another method: the `Allow` header names those that this address takes."""

    code: ClassVar[str] = "method-not-allowed"
    status: ClassVar[int] = 405


class SlowBody(ApiError):
    """Send the body faster, or in smaller requests."""

    code: ClassVar[str] = "body-too-slow"
    status: ClassVar[int] = 408


class Conflict(ApiError):
    """Look at the present state and decide anew: it does not allow this."""

    code: ClassVar[str] = "conflict"
    status: ClassVar[int] = 409


class TooLarge(ApiError):
    """Send less: the message gives the limit."""

    code: ClassVar[str] = "body-too-large"
    status: ClassVar[int] = 413


class InvalidRequest(ApiError):
    """Correct the fields that `errors` names."""

    code: ClassVar[str] = "invalid-request"
    status: ClassVar[int] = 422


class QuotaExceeded(ApiError):
    """Ask an administrator for a higher limit; GET /quota tells what is left."""

    code: ClassVar[str] = "quota-exceeded"
    status: ClassVar[int] = 429


class TooManyLogins(ApiError):
    """Wait for the seconds in `Retry-After`, then log in with the right password."""

    code: ClassVar[str] = "too-many-logins"
    status: ClassVar[int] = 429


class InternalError(ApiError):
    """Tell an administrator the answer's `X-Request-ID`: the log has the cause under it."""

    code: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500


class ServiceDown(ApiError):
    """Try again in a little while; GET /status tells which service is down."""

    code: ClassVar[str] = "service-down"
    status: ClassVar[int] = 503

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Say when to try again."""
        super().__init__(message, headers={"Retry-After": str(RETRY_S)} | dict(headers or {}))


class DatabaseDown(ServiceDown):
    """Try again in a little while: the API's database does not answer."""

    code: ClassVar[str] = "database-unavailable"


#: Code of an error of the libraries -> status, of its subclasses too. What is not here is 422.
STATUS: Mapping[str, int] = {
    "aoi-too-large": 422,
    "bucket-not-found": 503,
    "bundle-not-found": 404,
    "bundle-refused": 500,
    "catalogue-unavailable": 503,
    "damaged-folder": 500,
    "gate-refused": 409,
    "incomplete-result": 500,
    "invalid-model-file": 500,
    "job-in-flight": 409,
    "lane-refused": 503,
    "lane-unavailable": 503,
    "model-version-not-found": 404,
    "no-champion": 409,
    "not-evaluated": 409,
    "not-materialized": 404,
    "nothing-to-roll-back-to": 409,
    "object-not-found": 404,
    "precondition-failed": 409,
    "promotion-in-progress": 409,
    "recipe-not-found": 404,
    "registry-unavailable": 503,
    "store-unavailable": 503,
    "unknown-aoi": 404,
}
#: Statuses that the framework itself answers -> the error that stands for them here.
OF_FRAMEWORK: Mapping[int, type[ApiError]] = {
    400: BadRequest,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    408: SlowBody,
    413: TooLarge,
    422: InvalidRequest,
    503: ServiceDown,
}


def status_of(kind: type[GeocropError]) -> int:
    """Return the HTTP status of an error of the platform: its own, its code's, or its parent's."""
    if issubclass(kind, ApiError):
        return kind.status
    codes = (parent.code for parent in kind.__mro__ if issubclass(parent, GeocropError))
    return next((STATUS[code] for code in codes if code in STATUS), DEFAULT_STATUS)


def problem_of(
    kind: type[GeocropError], detail: str, path: str, fields: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """Return the problem that an error of a kind is."""
    status = status_of(kind)
    body = {
        "type": CODE_PREFIX + kind.code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or kind.hint(),
        "code": kind.code,
        "hint": kind.hint(),
        "instance": path,
    }
    return body | ({"errors": list(fields)} if fields else {})


def problem_response(
    error: GeocropError, path: str, fields: Sequence[Mapping[str, str]] = (), words: str | None = None
) -> Response:
    """Return an error as a response, in its own words or in others.

    ASCII: whatever a client sent that found its way into a message can be written.
    """
    body = problem_of(type(error), str(error) if words is None else words, path, fields)
    headers = error.headers if isinstance(error, ApiError) else {}
    return Response(json.dumps(body).encode("ascii"), body["status"], headers, PROBLEM_TYPE)


def fields_of(error: RequestValidationError) -> list[dict[str, str]]:
    """Return what is wrong with which field; never what was sent there, which may be a password."""
    problems = error.errors()[:MAX_FIELD_PROBLEMS]
    return [{"where": ".".join(str(part) for part in one["loc"]), "message": str(one["msg"])} for one in problems]


def add_handlers(app: FastAPI) -> None:
    """Make the app answer every error in the one form."""
    app.add_exception_handler(GeocropError, _on_geocrop_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(DataError, _on_unfit_value)
    for kind in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(kind, _on_database_down)


def _path(request: Request) -> str:
    return request.url.path


async def _on_geocrop_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GeocropError)  # noqa: S101  # what it is registered for
    kind = type(error)
    if status_of(kind) < HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem_response(error, _path(request))
    log.warning("%s %s: %s: %s", request.method, _path(request), kind.code, error)
    words = str(error) if kind.__module__ == __name__ else kind.hint()  # others' may name hosts, users, passwords
    return problem_response(error, _path(request), words=words)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    fields = fields_of(error)
    first = f"{fields[0]['where']}: {fields[0]['message']}" if fields else "it does not fit"
    more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
    return problem_response(InvalidRequest(f"{first}{more}"), _path(request), fields)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code < HTTPStatus.BAD_REQUEST:  # a redirect
        return Response(status_code=error.status_code, headers=error.headers)
    kind = OF_FRAMEWORK.get(error.status_code, BadRequest if error.status_code < 500 else InternalError)  # noqa: PLR2004
    told = kind(str(error.detail))
    told.headers.update(error.headers or {})
    return problem_response(told, _path(request))


async def _on_unfit_value(request: Request, error: Exception) -> Response:
    log.warning("%s %s: %s", request.method, _path(request), error)
    return problem_response(InvalidRequest("A value does not fit the place where it is kept."), _path(request))


async def _on_database_down(request: Request, error: Exception) -> Response:
    log.warning("%s %s: the database: %s", request.method, _path(request), error)
    return problem_response(DatabaseDown("The API's database does not answer."), _path(request))


def responses(*kinds: type[GeocropError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that can answer these errors, each with its code as an example."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status = status_of(kind)
        entry = found.setdefault(status, {"description": HTTPStatus(status).phrase, "content": _content()})
        entry["description"] += f"; `{kind.code}`: {kind.hint()}"
        example = problem_of(kind, "", "/...")
        entry["content"][PROBLEM_TYPE]["examples"][kind.code] = {"summary": kind.hint(), "value": example}
    return found


def _content() -> dict[str, Any]:
    return {PROBLEM_TYPE: {"schema": PROBLEM_SCHEMA, "examples": {}}}
