"""Names of buckets and keys."""

from __future__ import annotations

import pytest

from resources.object_store import InvalidKey, ObjectNotFound, StoreUnavailable, check_bucket, check_key


@pytest.mark.parametrize("bucket", ["geocrop-datasets", "abc", "a1b", "a" * 63])
def test_these_are_buckets(bucket: str) -> None:
    check_bucket(bucket)


@pytest.mark.parametrize("bucket", ["", "ab", "-abc", "abc-", "Abc", "a_b", "a.b", "../x", "a" * 64, "abc\n"])
def test_these_are_no_buckets(bucket: str) -> None:
    with pytest.raises(InvalidKey, match="is not a bucket name"):
        check_bucket(bucket)


@pytest.mark.parametrize("key", ["a", "a/b", "é/日本 .csv", "a..b/c", "x" * 255, "/".join(["y" * 100] * 10)])
def test_these_are_keys(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "empty"),
        ("/a", "slash"),
        ("a/", "slash"),
        ("a//b", "slash"),
        ("../a", "dot"),
        ("a/./b", "dot"),
        ("a/.store/b", "dot"),
        ("a\x00b", "control"),
        ("a\x7fb", "control"),
        ("a\\b", "backslash"),
        ("é" * 128, "255 bytes"),
        ("/".join(["y" * 100] * 11), "1024"),
        ("\ud800", "Unicode"),
    ],
)
def test_a_key_that_one_backend_cannot_hold_is_refused_with_the_reason(key: str, why: str) -> None:
    with pytest.raises(InvalidKey, match=why):
        check_key(key)


def test_each_error_says_what_to_do_and_has_a_stable_code() -> None:
    assert ObjectNotFound.code == "object-not-found"
    assert "materialize" in ObjectNotFound.hint()
    assert "Start the object store" in StoreUnavailable.hint()
