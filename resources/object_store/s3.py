"""The object store on S3: MinIO in production, any server that speaks S3 and honours conditional puts."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, cast

from resources.object_store.base import (
    CHUNK_BYTES,
    BucketNotFound,
    ObjectNotFound,
    ObjectStat,
    ObjectStore,
    check_bucket,
    check_conditions,
    check_key,
    is_key,
    unmet,
)
from resources.object_store.s3_http import Body, Faults, http_client, http_date, rasterio_env, remaining, sized

if TYPE_CHECKING:
    import rasterio
    from minio import Minio
    from urllib3 import BaseHTTPResponse

PART_BYTES = 16 << 20
"""The size of a part of an upload; two or three of them are held in memory."""

_MOST_PARTS = 10_000
"""S3's limit of parts an object."""

_SINGLE_PUT_BYTES = 5 << 30
"""S3's limit of one PUT, by which conditional writes go."""

_PUT_EXPIRES = timedelta(hours=6)

_PUT_AGAIN_SECONDS = (0.05, 0.2, 0.8)
"""Pauses before a conditional put that changed nothing is tried again."""


class S3Store(ObjectStore):
    """Objects in the buckets of an S3 server, reached by `minio`; safe for threads, made anew in each process.

    Unconditional puts go in parts of 16 MiB. Conditional ones go in one streamed PUT (at most 5 GiB): that is the one
    request whose condition every S3 server decides atomically; on completing an upload in parts not all of them do.
    """

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        secure: bool = True,
        region: str = "us-east-1",
        *,
        public_endpoint: str | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            endpoint: `host:port`, or an http(s) address, whose scheme then decides over `secure`.
            access_key: The access key id.
            secret_key: Its secret; never shown.
            secure: TLS or not.
            region: The region requests are signed for.
            public_endpoint: The address of the same server that signed links carry, where visitors reach it by another.
        """
        from minio import Minio

        scheme, found, host = endpoint.rpartition("://")
        self.secure = scheme == "https" if found else secure
        self.endpoint = host.rstrip("/")
        self.region = region
        self._access_key, self._secret_key = access_key, secret_key
        self._http = http_client()
        self._faults = Faults(self.endpoint, self.secure)
        self._client = Minio(
            self.endpoint,
            access_key=access_key,
            secret_key=secret_key,
            secure=self.secure,
            region=region,
            http_client=self._http,
        )
        self._signer = self._client if public_endpoint is None else self._signer_for(public_endpoint)

    def _signer_for(self, address: str) -> Minio:
        """Return a client that signs links to another address of this server; it never sends anything."""
        from minio import Minio

        scheme, _, host = address.rpartition("://")
        return Minio(
            host.rstrip("/"),
            access_key=self._access_key,
            secret_key=self._secret_key,
            secure=scheme == "https",
            region=self.region,  # given, so that it need not be asked for
        )

    def __repr__(self) -> str:
        return f"S3Store({self.endpoint!r})"

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes | BinaryIO,
        *,
        content_type: str = "application/octet-stream",
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectStat:
        """Write one object: see `ObjectStore.put`."""
        check_conditions(if_absent, if_match)
        _check(bucket, key)
        source: BinaryIO = io.BytesIO(data) if isinstance(data, bytes) else data
        if if_absent or if_match is not None:
            return self._put_if(bucket, key, source, content_type, if_match)
        size = remaining(source)
        part = PART_BYTES if size is None else max(PART_BYTES, -(-size // _MOST_PARTS))
        with self._faults.told(bucket, key):
            done = self._client.put_object(
                bucket,
                key,
                source,
                -1 if size is None else size,
                content_type,
                part_size=part,
                num_parallel_uploads=1,
            )
        if not done.etag or size is None or size > part:  # minio-py does not tell the etag of parts: ask for it
            return self.stat(bucket, key)
        return ObjectStat(bucket, key, size, done.etag, http_date(done.http_headers))

    def _put_if(self, bucket: str, key: str, source: BinaryIO, content_type: str, if_match: str | None) -> ObjectStat:
        """Put under a condition, by one PUT to a presigned address: minio-py takes no condition itself."""
        # An etag in quotation marks, as HTTP has it, matches nothing on Ceph; bare it matches everywhere.
        condition = {"If-None-Match": "*"} if if_match is None else {"If-Match": if_match}
        with sized(source) as (body, size):
            if size > _SINGLE_PUT_BYTES:
                raise ValueError(f"a conditional put takes at most 5 GiB, this object has {size} bytes")
            start = body.tell()
            headers = {"Content-Type": content_type, "Content-Length": str(size)} | condition
            for wait in (*_PUT_AGAIN_SECONDS, None):
                body.seek(start)
                answer = self._put_once(bucket, key, body, headers)
                if answer.status == HTTPStatus.OK:
                    etag = answer.headers.get("ETag", "").strip('"')
                    return ObjectStat(bucket, key, size, etag, http_date(answer.headers))
                unclear = answer.status == HTTPStatus.CONFLICT or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                if wait is None or not unclear:
                    break
                self._check_unchanged(bucket, key, if_match)
                time.sleep(wait)
        raise self._faults.refusal(answer, bucket, key, if_match)

    def _put_once(self, bucket: str, key: str, body: BinaryIO, headers: dict[str, str]) -> BaseHTTPResponse:
        with self._faults.told(bucket, key):
            url = self._client.get_presigned_url("PUT", bucket, key, expires=_PUT_EXPIRES)
            # No blind second try: after a lost answer it would meet the first one's object and call it another's.
            return self._http.urlopen("PUT", url, body=body, headers=headers, retries=False)

    def _check_unchanged(self, bucket: str, key: str, if_match: str | None) -> None:
        """Raise PreconditionFailed unless the object is still as the condition has it.

        Asked when the server failed without saying why, as Ceph (500) and AWS (409) do for one of two racing writers.
        """
        try:
            found = self.stat(bucket, key).etag
        except ObjectNotFound:
            found = None
        if found != if_match:
            raise unmet(bucket, key, if_match is None, found)

    @contextmanager
    def open(self, bucket: str, key: str) -> Iterator[BinaryIO]:
        """Open one object to read it forward: see `ObjectStore.open`."""
        _check(bucket, key)
        with self._faults.told(bucket, key):
            answer = self._client.get_object(bucket, key)
        try:
            with io.BufferedReader(Body(self._faults, answer, bucket, key), CHUNK_BYTES) as stream:
                yield cast(BinaryIO, stream)
        finally:
            answer.close()
            answer.release_conn()

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectStat]:
        """Yield objects by key, by pages of 1,000: see `ObjectStore.list`."""
        check_bucket(bucket)
        with self._faults.told(bucket):
            for found in self._client.list_objects(bucket, prefix=prefix, recursive=True):
                key = found.object_name or ""
                if is_key(key):
                    yield ObjectStat(
                        bucket, key, found.size or 0, (found.etag or "").strip('"'), _utc(found.last_modified)
                    )

    def stat(self, bucket: str, key: str) -> ObjectStat:
        """Return what is known of one object: see `ObjectStore.stat`."""
        _check(bucket, key)
        with self._faults.told(bucket, key):
            found = self._client.stat_object(bucket, key)
        return ObjectStat(bucket, key, found.size or 0, (found.etag or "").strip('"'), _utc(found.last_modified))

    def delete(self, bucket: str, key: str) -> None:
        """Remove one object: see `ObjectStore.delete`."""
        _check(bucket, key)
        try:
            with self._faults.told(bucket, key):
                self._client.remove_object(bucket, key)
        except BucketNotFound:
            raise
        except ObjectNotFound:
            return  # S3 does not mind, but some servers that speak it do

    def presigned_url(
        self, bucket: str, key: str, expires: timedelta = timedelta(hours=1), *, filename: str | None = None
    ) -> str:
        """Return a signed address that reads the object until `expires` (at most 7 days)."""
        _check(bucket, key)
        headers: dict[str, str | list[str] | tuple[str]] = {}
        if filename is not None:
            headers["response-content-disposition"] = f'attachment; filename="{filename}"'
        with self._faults.told(bucket, key):
            return self._signer.presigned_get_object(bucket, key, expires=expires, response_headers=headers)

    def uri(self, bucket: str, key: str) -> str:
        """Return `s3://bucket/key`."""
        _check(bucket, key)
        return f"s3://{bucket}/{key}"

    def gdal_path(self, bucket: str, key: str) -> str:
        """Return the `/vsis3/` path of the object."""
        _check(bucket, key)
        return f"/vsis3/{bucket}/{key}"

    def gdal_options(self) -> dict[str, str]:
        """Return the options of GDAL's S3 reader, keys included, as environment variables.

        They hold for all of S3 in the process: scenes in another S3 need `gdal_env` around this store's reads only.
        """
        return {
            "AWS_S3_ENDPOINT": self.endpoint,
            "AWS_HTTPS": "YES" if self.secure else "NO",
            "AWS_VIRTUAL_HOSTING": "FALSE",
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self._access_key,
            "AWS_SECRET_ACCESS_KEY": self._secret_key,
            "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        }

    def gdal_env(self) -> rasterio.Env:
        """Return a rasterio environment for `gdal_path`: see `ObjectStore.gdal_env`."""
        return rasterio_env(self.gdal_options())

    def ensure_buckets(self, names: Iterable[str]) -> None:
        """Create those of the buckets that are not there."""
        for name in names:
            check_bucket(name)
            with self._faults.told(name):
                if not self._client.bucket_exists(name):
                    self._make_bucket(name)

    def _make_bucket(self, name: str) -> None:
        from minio.error import S3Error

        try:
            self._client.make_bucket(name)
        except S3Error as error:
            if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise
            if not self._client.bucket_exists(name):  # it is someone else's
                raise

    def clean_incomplete(self, bucket: str, older_than: timedelta) -> int:
        """Abort uploads in parts begun more than `older_than` ago, and return how many.

        minio-py lists and aborts uploads by methods without a public name; the contract tests watch over them.
        """
        check_bucket(bucket)
        latest = datetime.now(UTC) - older_than
        removed, marker, upload_marker = 0, None, None
        with self._faults.told(bucket):
            while True:
                page = self._client._list_multipart_uploads(bucket, key_marker=marker, upload_id_marker=upload_marker)
                for upload in page.uploads:
                    if upload.initiated_time is not None and upload.initiated_time <= latest:
                        self._client._abort_multipart_upload(bucket, upload.object_name, upload.upload_id or "")
                        removed += 1
                if not page.is_truncated:
                    return removed
                marker, upload_marker = page.next_key_marker, page.next_upload_id_marker


def _check(bucket: str, key: str) -> None:
    check_bucket(bucket)
    check_key(key)


def _utc(moment: datetime | None) -> datetime:
    return (moment or datetime.fromtimestamp(0, UTC)).astimezone(UTC)
