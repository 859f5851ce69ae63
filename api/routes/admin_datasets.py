"""Dataset versions: uploads of label batches, and what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response

from api.batch_check import BatchRules
from api.dataset_state import REMEMBER, dataset_state, list_datasets
from api.db import audit
from api.deps import AdminUser, ServicesDep
from api.errors import Forbidden, InvalidRequest, NotAuthenticated, NotFound, SlowBody, TooLarge, problem_response
from api.errors import responses as problems
from api.links import base_url
from api.models.datasets import Dataset, UploadAnswer, UploadedBatch
from api.publishing import BatchExists, Published, SidecarExists, publish, read_sidecar
from api.uploads import BatchesRefused, Received, UploadBroken, receive, upload_folder
from resources.layout import DATASETS, batch_key, complete_key
from resources.object_store.base import StoreUnavailable
from resources.registry import RegistryUnavailable
from sensors.batches import VERSION_PATTERN
from training.errors import GeocropError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.db.tables import User
    from api.services import Services

router = APIRouter(prefix="/admin/datasets", tags=["datasets"])
VERSION_RULE = f"^{VERSION_PATTERN.pattern}$"
ADMIN_ONLY = (NotAuthenticated, Forbidden)
Version = Annotated[str, Query(description="Dataset version: lower case, such as `2024-06`.", examples=["2024-06"])]
FILES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "CSV batches, each with its name.",
                        }
                    },
                }
            }
        },
    }
}


class InvalidVersionName(InvalidRequest):
    """Name the dataset version in lower case: letters, digits, dots, hyphens; at most 63 characters."""

    code = "invalid-version-name"


@dataclass(frozen=True)
class Told:
    """What a request says of its files."""

    version: str
    sidecar: Mapping[str, str]
    complete: bool


@router.post(
    "/upload",
    status_code=201,
    response_model=UploadAnswer,
    openapi_extra=FILES,
    responses=problems(
        *ADMIN_ONLY, UploadBroken, BatchesRefused, BatchExists, SidecarExists, TooLarge, SlowBody, StoreUnavailable
    )
    | {200: {"model": UploadAnswer, "description": "Every batch was there already, with the same content."}},
    summary="Upload label batches",
)
async def upload(
    *,
    request: Request,
    services: ServicesDep,
    user: AdminUser,
    version: Version,
    recipe: Annotated[str | None, Query(description="Recipe that places are measured with.")] = None,
    season: Annotated[str | None, Query(description="Season of rows that name none.", examples=["2023-2024"])] = None,
    complete: Annotated[bool, Query(description="Begin preparing at once, without the quiet period.")] = False,
) -> Response:
    """Stream CSV batches into a dataset version: all of a request, or none.

    Header, encoding and first rows of each file are judged by the contract of samples before anything is accepted;
    `errors` of a refusal names file, line and column. A batch is never overwritten with other content (409); the same
    content again is no error (200).
    """
    checked = checked_version(version)
    told = await run_sync(_told, services, recipe, season)
    rules = await run_sync(_rules, services, checked, told)
    try:
        with upload_folder(services.settings) as folder:
            files = await receive(request, folder, rules)
            published = await run_sync(publish_and_record, services, user, files, Told(checked, told, complete))
    except BatchesRefused as error:
        return problem_response(error, request.url.path, cast("Any", _fields(error)))
    is_complete = await run_sync(services.store.exists, DATASETS, complete_key(checked))
    answer = UploadAnswer(
        version=checked,
        batches=[_uploaded(file, published) for file in files],
        complete=is_complete,
        sidecar=dict(published.sidecar),
        links={"dataset": f"{base_url(request, services.settings)}/admin/datasets/{checked}"},
    )
    status = 201 if published.new else 200
    return Response(answer.model_dump_json(), status, media_type="application/json")


@router.get(
    "",
    response_model=list[Dataset],
    responses=problems(*ADMIN_ONLY, StoreUnavailable, RegistryUnavailable),
    summary="List dataset versions",
)
def datasets(services: ServicesDep, _: AdminUser) -> list[Dataset]:
    """Return all dataset versions with batches, rows, labels, and how far features and models are."""
    return [Dataset.of(one) for one in list_datasets(services.store, services.registry.versions())]


@router.get(
    "/{version}",
    response_model=Dataset,
    responses=problems(*ADMIN_ONLY, NotFound, InvalidVersionName, StoreUnavailable, RegistryUnavailable),
    summary="Show a dataset version",
)
def dataset(services: ServicesDep, _: AdminUser, version: str) -> Dataset:
    """Return one dataset version."""
    state = dataset_state(services.store, checked_version(version), services.registry.versions())
    if state is None:
        raise NotFound(f"no batch lies under the dataset version {version}")
    return Dataset.of(state)


def checked_version(version: str) -> str:
    """Return the name of a dataset version.

    Raises:
        InvalidVersionName: it is none: the rule of the command line, of partition keys and of paths.

    """
    if not VERSION_PATTERN.fullmatch(version):
        raise InvalidVersionName(f"{version[:80]!r} is no name of a dataset version: lower case, such as `2024-06`")
    return version


def _told(services: Services, recipe: str | None, season: str | None) -> dict[str, str]:
    """Return what the upload says of the dataset; InvalidRequest where it is nothing that training could use."""
    from training.samples.seasons import parse_season  # brings pandas

    told = {}
    if season is not None:
        parsed = parse_season(season)
        if parsed is None:
            raise InvalidRequest(f"season: {season[:40]!r} is not a season such as 2023-2024")
        told["season"] = parsed
    if recipe is not None:
        try:
            told["recipe"] = services.rules.load_recipe(recipe[:100]).id
        except GeocropError as error:
            raise InvalidRequest(f"recipe: {error}") from error
    return told


def _rules(services: Services, version: str, told: dict[str, str]) -> BatchRules:
    """Return what batches of a version are judged by: an earlier upload may have given its season."""
    season = told.get("season") or read_sidecar(services.store, version).get("season")
    return BatchRules.of(services.rules, season if isinstance(season, str) else None)


def publish_and_record(services: Services, user: User, files: list[Received], told: Told) -> Published:
    """Publish received files, remember what was counted of them, and note the act in the audit."""
    version = told.version
    published = publish(services.store, version, files, told.sidecar, complete=told.complete)
    for file in files:
        REMEMBER.keep(services.store.stat(DATASETS, batch_key(version, file.name)), file.lines)
    batches = {file.name: file.size for file in files if file.name in published.new}
    if batches or told.sidecar or told.complete:
        details = {"batches": batches, "complete": told.complete, **told.sidecar}
        with services.database.write() as session:
            audit.record(session, user.name, "dataset.upload", version, details)
    return published


def _uploaded(file: Received, published: Published) -> UploadedBatch:
    assert file.header is not None  # noqa: S101  # of every file that was accepted
    return UploadedBatch(
        name=file.name,
        size=file.size,
        lines=file.lines,
        kind=file.header.kind,
        recipe=file.header.recipe,
        state="new" if file.name in published.new else "unchanged",
        warnings=list(file.header.warnings),
    )


def _fields(error: BatchesRefused) -> list[dict[str, object]]:
    """Return the faults of an upload as the problem form has them: where and message, and file, line, column."""
    return [{"where": f"files.{fault.file}", "message": fault.reason} | fault.to_dict() for fault in error.faults]
