"""The contract of the object store, the same for a folder and for a real S3 server."""

from __future__ import annotations

import io
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import requests

from resources.object_store import (
    BucketNotFound,
    InvalidKey,
    ObjectNotFound,
    PreconditionFailed,
    S3Store,
)

if TYPE_CHECKING:
    from tests.integration.conftest import StoreCase

pytestmark = pytest.mark.integration

MIB = 1 << 20
MISSING_BUCKET = "test-never-made"


class OneWay(io.BytesIO):
    """A stream that cannot seek, like a pipe or an upload."""

    def seekable(self) -> bool:
        return False


def test_what_is_put_is_what_is_got(case: StoreCase) -> None:
    put = case.store.put(case.bucket, "a/b.csv", b"lon,lat\n", content_type="text/csv")
    assert case.store.get(case.bucket, "a/b.csv") == b"lon,lat\n"
    assert (put.bucket, put.key, put.size) == (case.bucket, "a/b.csv", 8)


def test_an_object_may_be_empty(case: StoreCase) -> None:
    assert case.store.put(case.bucket, "empty", b"").size == 0
    assert case.store.get(case.bucket, "empty") == b""
    assert [found.key for found in case.store.list(case.bucket)] == ["empty"]


@pytest.mark.parametrize("stream", [io.BytesIO, OneWay])
def test_a_stream_is_put_from_its_position_to_its_end(case: StoreCase, stream: type) -> None:
    source = stream(b"x" * (17 * MIB))
    source.read(5)
    assert case.store.put(case.bucket, "big", source).size == 17 * MIB - 5
    assert case.store.stat(case.bucket, "big").size == 17 * MIB - 5


def test_a_file_is_put_and_downloaded(case: StoreCase, tmp_path: Path) -> None:
    (tmp_path / "in.bin").write_bytes(b"abc" * 1000)
    case.store.put_file(case.bucket, "f", tmp_path / "in.bin")
    case.store.download(case.bucket, "f", tmp_path / "new" / "out.bin")
    assert (tmp_path / "new" / "out.bin").read_bytes() == b"abc" * 1000


def test_a_failed_download_leaves_nothing_at_the_destination(case: StoreCase, tmp_path: Path) -> None:
    with pytest.raises(ObjectNotFound):
        case.store.download(case.bucket, "nothing", tmp_path / "d" / "out.bin")
    assert list((tmp_path / "d").iterdir()) == []


def test_stat_and_listing_and_put_agree(case: StoreCase) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    put = case.store.put(case.bucket, "k", b"one")
    stat, [listed] = case.store.stat(case.bucket, "k"), list(case.store.list(case.bucket))
    assert len({(seen.key, seen.size, seen.etag) for seen in (put, stat, listed)}) == 1
    for seen in (put, stat, listed):
        assert before < seen.modified < datetime.now(UTC) + timedelta(seconds=2)


def test_an_etag_changes_with_the_content_and_only_with_it(case: StoreCase) -> None:
    first = case.store.put(case.bucket, "k", b"one").etag
    again = case.store.put(case.bucket, "k", b"one").etag
    other = case.store.put(case.bucket, "k", b"two").etag
    assert first == again
    assert other != first
    assert case.store.stat(case.bucket, "k").etag == other


def test_a_listing_has_every_key_beyond_a_page_of_a_thousand_in_order(case: StoreCase) -> None:
    keys = [f"many/{number:05d}.csv" for number in range(1100)]
    for key in reversed(keys):
        case.store.put(case.bucket, key, b"x")
    assert [found.key for found in case.store.list(case.bucket, "many/")] == keys


def test_keys_are_sorted_by_their_bytes_across_folders(case: StoreCase) -> None:
    keys = ["a-b", "a.b", "a/b", "a/b.c/d", "a/b0", "a0", "A", "é", "z/é", "z/z"]
    for key in keys:
        if key != "a/b":
            case.store.put(case.bucket, key, b"")
    assert [found.key for found in case.store.list(case.bucket)] == sorted(
        (key for key in keys if key != "a/b"), key=str.encode
    )


def test_a_prefix_is_of_the_key_and_not_of_a_folder(case: StoreCase) -> None:
    for key in ("v1/a", "v1/b", "v10/a", "v1.csv", "v2/a"):
        case.store.put(case.bucket, key, b"")

    def keys(prefix: str) -> list[str]:
        return [found.key for found in case.store.list(case.bucket, prefix)]

    assert keys("v1") == ["v1.csv", "v1/a", "v1/b", "v10/a"]
    assert keys("v1/") == ["v1/a", "v1/b"]
    assert keys("v1/b") == ["v1/b"]
    assert keys("v3") == []
    assert keys("../") == []


@pytest.mark.parametrize("key", ["Mutoko, été 2024/данные 1.csv", "a b+c%20&d=é?.csv", "日本/地図#1.tif"])
def test_keys_hold_any_letter(case: StoreCase, key: str) -> None:
    case.store.put(case.bucket, key, b"x")
    assert case.store.get(case.bucket, key) == b"x"
    assert [found.key for found in case.store.list(case.bucket)] == [key]
    case.store.delete(case.bucket, key)
    assert not case.store.exists(case.bucket, key)


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../../b", ".hidden", "a\nb", "a\\b", "\ud800"])
def test_a_key_that_leaves_the_bucket_or_hides_is_refused(case: StoreCase, key: str) -> None:
    calls = [
        lambda: case.store.put(case.bucket, key, b""),
        lambda: case.store.get(case.bucket, key),
        lambda: case.store.stat(case.bucket, key),
        lambda: case.store.delete(case.bucket, key),
        lambda: case.store.gdal_path(case.bucket, key),
        lambda: case.store.presigned_url(case.bucket, key),
    ]
    for call in calls:
        with pytest.raises(InvalidKey, match="is not a key"):
            call()


def test_a_missing_object_is_named(case: StoreCase) -> None:
    for call in (case.store.get, case.store.stat):
        with pytest.raises(ObjectNotFound, match=f"{case.bucket}/no/such"):
            call(case.bucket, "no/such")
    assert not case.store.exists(case.bucket, "no/such")


def test_a_missing_bucket_is_named(case: StoreCase) -> None:
    calls = [
        lambda: case.store.put(MISSING_BUCKET, "k", b""),
        lambda: case.store.put(MISSING_BUCKET, "k", b"", if_absent=True),
        lambda: case.store.delete(MISSING_BUCKET, "k"),
        lambda: list(case.store.list(MISSING_BUCKET)),
    ]
    for call in calls:
        with pytest.raises(BucketNotFound, match=f"{MISSING_BUCKET}.*ensure_buckets"):
            call()
    with pytest.raises(ObjectNotFound):
        case.store.get(MISSING_BUCKET, "k")
    assert not case.store.exists(MISSING_BUCKET, "k")


def test_deleting_twice_is_no_error(case: StoreCase) -> None:
    case.store.put(case.bucket, "d/k", b"x")
    case.store.delete(case.bucket, "d/k")
    case.store.delete(case.bucket, "d/k")
    assert list(case.store.list(case.bucket)) == []


def test_making_a_bucket_twice_is_no_error(case: StoreCase) -> None:
    case.store.put(case.bucket, "k", b"x")
    case.store.ensure_buckets([case.bucket])
    assert case.store.get(case.bucket, "k") == b"x"


@pytest.mark.parametrize("stream", [bytes, io.BytesIO, OneWay])
def test_if_absent_writes_once(case: StoreCase, stream: type) -> None:
    assert case.store.put(case.bucket, "k", stream(b"first"), if_absent=True).size == 5
    with pytest.raises(PreconditionFailed, match="already there"):
        case.store.put(case.bucket, "k", stream(b"second"), if_absent=True)
    assert case.store.get(case.bucket, "k") == b"first"


def test_if_match_writes_over_what_was_read_only(case: StoreCase) -> None:
    old = case.store.put(case.bucket, "k", b"1").etag
    new = case.store.put(case.bucket, "k", b"2", if_match=old).etag
    with pytest.raises(PreconditionFailed, match="read it again"):
        case.store.put(case.bucket, "k", b"3", if_match=old)
    assert case.store.get(case.bucket, "k") == b"2"
    assert case.store.stat(case.bucket, "k").etag == new


def test_if_match_needs_an_object(case: StoreCase) -> None:
    with pytest.raises(PreconditionFailed):
        case.store.put(case.bucket, "k", b"3", if_match="0" * 32)
    assert not case.store.exists(case.bucket, "k")


def test_if_match_knows_an_object_that_came_in_parts(case: StoreCase) -> None:
    old = case.store.put(case.bucket, "k", b"x" * (33 * MIB)).etag
    case.store.put(case.bucket, "k", b"y" * (33 * MIB), if_match=old)
    assert case.store.get(case.bucket, "k")[:1] == b"y"


def test_two_conditions_at_once_are_a_mistake(case: StoreCase) -> None:
    with pytest.raises(ValueError, match="not on both"):
        case.store.put(case.bucket, "k", b"", if_absent=True, if_match="x")


def test_a_presigned_address_reads_without_keys(case: StoreCase) -> None:
    case.store.put(case.bucket, "été/a b.csv", b"lon,lat")
    url = case.store.presigned_url(case.bucket, "été/a b.csv", timedelta(minutes=1))
    if url.startswith("file:"):
        with urllib.request.urlopen(url) as answer:  # noqa: S310
            assert answer.read() == b"lon,lat"
        return
    assert requests.get(url, timeout=10).content == b"lon,lat"
    assert requests.get(url.split("?")[0], timeout=10).status_code == 403


def test_a_presigned_address_carries_the_name_by_which_visitors_reach_the_server(s3_server: object) -> None:
    port = s3_server.endpoint.rpartition(":")[2]
    inside, outside = f"http://{s3_server.endpoint}", f"http://localhost:{port}"
    store = S3Store(inside, s3_server.access_key, s3_server.secret_key, public_endpoint=outside)
    store.ensure_buckets(["visited"])
    store.put("visited", "map.tif", b"a map")
    address = store.presigned_url("visited", "map.tif")
    assert address.startswith(f"{outside}/visited/")
    assert requests.get(address, timeout=30).content == b"a map"
    unsigned = address.replace("localhost", "127.0.0.1")
    assert requests.get(unsigned, timeout=30).status_code == 403, "the signature covers the host"


def test_a_presigned_address_of_s3_ends(case: StoreCase) -> None:
    case.store.put(case.bucket, "k", b"x")
    url = case.store.presigned_url(case.bucket, "k", timedelta(seconds=1))
    if url.startswith("file:"):
        assert Path(url.removeprefix("file://")).is_file()  # a folder's address has no end: documented
        return
    time.sleep(2.1)
    assert requests.get(url, timeout=10).status_code == 403


def test_gdal_reads_a_window_where_the_object_is(case: StoreCase, tmp_path: Path) -> None:
    import rasterio
    from rasterio.windows import Window

    pixels = np.arange(1024 * 1024, dtype="uint32").reshape(1024, 1024)
    profile = {"driver": "GTiff", "width": 1024, "height": 1024, "count": 1, "dtype": "uint32", "tiled": True}
    grid = rasterio.transform.from_origin(300_000, 8_000_000, 10, 10)
    with rasterio.open(tmp_path / "x.tif", "w", crs="EPSG:32736", transform=grid, **profile) as raster:
        raster.write(pixels, 1)
    case.store.put_file(case.bucket, "cartes/été 1.tif", tmp_path / "x.tif")
    with (
        case.store.gdal_env(),
        rasterio.open(case.store.gdal_path(case.bucket, "cartes/été 1.tif")) as raster,
    ):
        window = raster.read(1, window=Window(500, 700, 20, 10))
    assert (window == pixels[700:710, 500:520]).all()


def test_incomplete_writes_are_never_listed_and_can_be_cleaned(case: StoreCase) -> None:
    class Broken(OneWay):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 40 * MIB:
                raise RuntimeError("the uploader went away")
            return super().read(size)

    with pytest.raises(RuntimeError, match="went away"):
        case.store.put(case.bucket, "k", Broken(b"x" * (50 * MIB)))
    assert list(case.store.list(case.bucket)) == []
    assert not case.store.exists(case.bucket, "k")
    assert case.store.clean_incomplete(case.bucket, timedelta(0)) == 0  # an error cleans up after itself
