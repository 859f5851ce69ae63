"""Downloads of published files from the folder store; with S3 a client goes to the store itself, by presigned links."""

from __future__ import annotations

import mimetypes
import re
from http import HTTPStatus
from typing import Annotated, ClassVar

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import FileResponse

from api.deps import ServicesDep
from api.errors import ApiError, InvalidRequest, LinkRefused, NotFound, responses
from api.tiling import DOWNLOADED, LINK_LIFE, ObjectName, check_token
from resources.object_store import FolderStore, ObjectNotFound, StoreUnavailable
from resources.publish import CONTENT_TYPES

#: Parts that one request may ask for; a GeoTIFF reader asks for a few.
MAX_RANGES = 16
CACHE = f"private, max-age={int(LINK_LIFE.total_seconds())}, immutable"
_RANGES = re.compile(r"bytes=(.+)")
_RANGE = re.compile(r"\s*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))\s*")

router = APIRouter(tags=["maps"])


class RangeRefused(ApiError):
    """Ask for a range inside the file, such as `Range: bytes=0-16383`; `Content-Range` tells its size."""

    code: ClassVar[str] = "range-refused"
    status: ClassVar[int] = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


ERRORS = responses(LinkRefused, NotFound, ObjectNotFound, RangeRefused, InvalidRequest, StoreUnavailable)
FILE = {"content": {"application/octet-stream": {}}, "description": "The file."}
PART = {"content": {"application/octet-stream": {}}, "description": "The part of the file that was asked for."}


def check_ranges(asked: str, size: int) -> None:
    """Raise RangeRefused unless a `Range` header names parts of a file of `size` bytes."""
    found = _RANGES.fullmatch(asked.strip())
    parts = [_RANGE.fullmatch(part) for part in found[1].split(",")] if found else []
    if not parts or len(parts) > MAX_RANGES or not all(part and _is_inside(part, size) for part in parts):
        raise RangeRefused(
            f"The file has {size} bytes; up to {MAX_RANGES} ranges inside it can be read at a time.",
            headers={"Content-Range": f"bytes */{size}"},
        )


def _is_inside(part: re.Match[str], size: int) -> bool:
    first, last, tail = part.groups()
    if tail is not None:
        return int(tail) > 0 and size > 0
    return int(first) < size and (not last or int(last) >= int(first))


@router.head("/files/{bucket}/{key:path}", include_in_schema=False)
@router.get(
    "/files/{bucket}/{key:path}",
    response_class=FileResponse,
    responses={HTTPStatus.OK: FILE, HTTPStatus.PARTIAL_CONTENT: PART, **ERRORS},
)
def download(
    *,
    services: ServicesDep,
    bucket: Annotated[str, Path(max_length=63)],
    key: Annotated[str, Path(max_length=1_024)],
    token: Annotated[str | None, Query(max_length=256, description="The link's signature.")] = None,
    filename: Annotated[
        str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$", description="Name of the saved file.")
    ] = None,
    range: Annotated[str | None, Header(max_length=512, description="Parts of the file, in bytes.")] = None,
) -> FileResponse:
    """Download a published file by a signed link; parts of it by `Range`, so that GIS programs can read it in place."""
    name, store = ObjectName(bucket, key), services.store
    pattern = DOWNLOADED.get(bucket)
    if pattern is None or not pattern.fullmatch(key) or not isinstance(store, FolderStore):
        raise NotFound("There is no such file.")
    check_token(services, name, token)
    stat = store.stat(bucket, key)
    if range is not None:
        check_ranges(range, stat.size)
    saved_as = filename or key.rpartition("/")[2]
    return FileResponse(
        store.gdal_path(bucket, key),
        media_type=_content_type(key),
        filename=saved_as,
        headers={"Cache-Control": CACHE, "ETag": f'"{stat.etag}"', "X-Content-Type-Options": "nosniff"},
    )


def _content_type(key: str) -> str:
    suffix = f".{key.rpartition('.')[2]}"
    return CONTENT_TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
