"""What OpenAPI says beyond the routes: tags, the one error form, and the errors that any route can answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from api.errors import (
    PROBLEM_TYPE,
    BadRequest,
    DatabaseDown,
    InvalidRequest,
    ServiceDown,
    SlowBody,
    TooLarge,
    responses,
)
from api.models.common import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.errors import ApiError

SUMMARY = "Crop maps of areas of interest, from satellite time series and farmers' labels."
TAGS: list[dict[str, Any]] = [
    {"name": "auth", "description": "Logging in."},
    {"name": "aois", "description": "Areas of interest (AOIs): where a map is wanted."},
    {"name": "predictions", "description": "Asking for the crop map of an AOI and a season, and following its making."},
    {"name": "quota", "description": "How many jobs one may still start."},
    {"name": "maps", "description": "Rasters: the Dynamic World baselines of each year, and downloads by signed link."},
    {"name": "stac", "description": "Baselines and maps as a STAC catalogue."},
    {"name": "tiles", "description": "Map tiles of the platform's own rasters (TiTiler)."},
    {"name": "inference", "description": "Classes of feature vectors, without a map."},
    {"name": "events", "description": "What happens on the platform, as it happens (Server-Sent Events)."},
    {"name": "operations", "description": "Health, status and numbers."},
    {"name": "datasets", "description": "For administrators: uploads of label batches, and what came of them."},
    {"name": "admin", "description": "For administrators: users, training, models, jobs, audit."},
]
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def describe(app: FastAPI) -> None:
    """Make the app give its OpenAPI document with the platform's error form in it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=_description(),
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas["Problem"] = schema
    for item in document.get("paths", {}).values():
        for method, operation in item.items():
            if method in _METHODS:
                _add_common(operation)
    return document


def _add_common(operation: dict[str, Any]) -> None:
    """Add the errors that every route can answer, where the route has not said more of them itself."""
    answers = operation["responses"]
    kinds: list[type[ApiError]] = [BadRequest, ServiceDown, DatabaseDown]
    if "requestBody" in operation:
        kinds += [SlowBody, TooLarge]
    has_input = "requestBody" in operation or operation.get("parameters")
    if has_input:
        kinds.append(InvalidRequest)
    for status, entry in responses(*kinds).items():
        known = answers.get(str(status))
        if known is None or PROBLEM_TYPE not in known.get("content", {}):
            answers[str(status)] = entry
        else:
            examples = known["content"][PROBLEM_TYPE].setdefault("examples", {})
            known["content"][PROBLEM_TYPE]["examples"] = entry["content"][PROBLEM_TYPE]["examples"] | examples


def _description() -> str:
    return (
        "Log in at `POST /auth/token`, send an AOI to `POST /aois`, ask for its map at `POST /predictions`, and follow "
        "`GET /predictions/{id}/events`.\n\n"
        f"Every error is `{PROBLEM_TYPE}` (RFC 9457) with a stable `code` and a `hint` that says what to do."
    )
