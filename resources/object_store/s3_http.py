"""What lies between the S3 store and HTTP: the connection pool, bodies as streams, and what faults mean."""

from __future__ import annotations

import io
import re
import shutil
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, cast

from resources.object_store.base import (
    CHUNK_BYTES,
    BucketNotFound,
    ObjectNotFound,
    PreconditionFailed,
    StoreUnavailable,
    unmet,
)
from training.errors import GeocropError

if TYPE_CHECKING:
    import rasterio
    from _typeshed import WriteableBuffer
    from urllib3 import BaseHTTPResponse, PoolManager

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 120.0

_CODE = re.compile(r"<Code>(\w+)</Code>")
_BAD_KEYS = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed"}
_LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict"}


def http_client() -> PoolManager:
    """Return a connection pool that gives a dead server some seconds, not minio-py's five minutes."""
    import certifi
    from urllib3 import PoolManager, Retry, Timeout

    trusted = ssl.create_default_context()  # the machine's own authorities, and SSL_CERT_FILE
    trusted.load_verify_locations(certifi.where())
    return PoolManager(
        timeout=Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
        maxsize=10,
        ssl_context=trusted,
        retries=Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
    )


@dataclass(frozen=True)
class Faults:
    """Turns what goes wrong with one S3 server into the store's errors."""

    endpoint: str
    secure: bool

    @contextmanager
    def told(self, bucket: str, key: str | None = None) -> Iterator[None]:
        """Raise the client's errors within as the store's."""
        from minio.error import InvalidResponseError, S3Error, ServerError
        from urllib3.exceptions import HTTPError

        try:
            yield
        except S3Error as error:
            raise self._meaning(error.code or "", str(error.message), bucket, key) from error
        except (HTTPError, ServerError, InvalidResponseError) as error:
            raise self._unavailable(str(error)) from error

    def refusal(self, answer: BaseHTTPResponse, bucket: str, key: str, if_match: str | None) -> GeocropError:
        """Return what the answer to a conditional put means that was not accepted."""
        body = answer.data.decode(errors="replace")
        found = _CODE.search(body)
        code = found.group(1) if found else ""
        lost = code in _LOST_RACE or answer.status == HTTPStatus.PRECONDITION_FAILED
        if lost or (code == "NoSuchKey" and if_match is not None):
            return unmet(bucket, key, if_match is None)
        return self._meaning(code, f"HTTP {answer.status} to a conditional put: {body[:300]}", bucket, key)

    def _meaning(self, code: str, message: str, bucket: str, key: str | None) -> GeocropError:
        if code == "NoSuchBucket":
            return BucketNotFound(f"there is no bucket {bucket} on {self.endpoint}: create it with ensure_buckets")
        if code in {"NoSuchKey", "ResourceNotFound"}:
            return ObjectNotFound(f"there is no object {bucket}/{key} on {self.endpoint}")
        if code in _LOST_RACE:
            return PreconditionFailed(f"{bucket}/{key} changed meanwhile: read it again")
        if code in _BAD_KEYS:
            return StoreUnavailable(
                f"the object store at {self.endpoint} refuses our keys for bucket {bucket} ({code}): "
                "check the access key, the secret and this machine's clock"
            )
        return self._unavailable(f"{code} {message}")

    def _unavailable(self, why: str) -> StoreUnavailable:
        scheme = "https" if self.secure else "http"
        return StoreUnavailable(
            f"the object store at {scheme}://{self.endpoint} does not answer as it should: is it running, and are "
            f"the address and `secure` right? ({why})"
        )


class Body(io.RawIOBase):
    """The body of an answer as a plain raw stream that raises the store's errors."""

    def __init__(self, faults: Faults, answer: BaseHTTPResponse, bucket: str, key: str) -> None:
        self._faults, self._answer, self._name = faults, answer, (bucket, key)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read at most as many bytes as the buffer takes, and return how many; 0 at the end."""
        view = memoryview(buffer).cast("B")
        with self._faults.told(*self._name):
            data = self._answer.read(view.nbytes)
        view[: len(data)] = data
        return len(data)


def remaining(stream: BinaryIO) -> int | None:
    """Return the bytes from the stream's position to its end, or None when it cannot seek."""
    if not stream.seekable():
        return None
    here = stream.tell()
    end = stream.seek(0, io.SEEK_END)
    stream.seek(here)
    return end - here


@contextmanager
def sized(stream: BinaryIO) -> Iterator[tuple[BinaryIO, int]]:
    """Give the stream and its size in bytes; one that cannot seek goes through a temporary file first."""
    size = remaining(stream)
    if size is not None:
        yield stream, size
        return
    with tempfile.TemporaryFile() as spooled:
        shutil.copyfileobj(stream, spooled, CHUNK_BYTES)
        size = spooled.tell()
        spooled.seek(0)
        yield cast(BinaryIO, spooled), size


def http_date(headers: Mapping[str, str]) -> datetime:
    """Return the server's time of an answer, in UTC."""
    given = headers.get("Date")
    return parsedate_to_datetime(given).astimezone(UTC) if given else datetime.now(UTC)


def rasterio_env(options: dict[str, str]) -> rasterio.Env:
    """Return a rasterio environment with these GDAL options; it takes keys by a session only."""
    import rasterio
    from rasterio.session import Session

    keys = {name: options[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")}

    class KeySession(Session):  # type: ignore[misc]
        @property
        def credentials(self) -> dict[str, str]:
            return keys

        def get_credential_options(self) -> dict[str, str]:
            return keys

    others = {name: value for name, value in options.items() if name not in keys}
    return rasterio.Env(session=KeySession(), **others)
