"""Etags of files, kept so that nothing is hashed twice."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from resources.object_store import etags
from resources.object_store.etags import EtagCache


def forbid_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise AssertionError("hashed again")

    monkeypatch.setattr(etags.hashlib, "md5", refuse)


@pytest.fixture(params=["attributes", "memory"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run with the file system's extended attributes, and as on one that has none."""
    if request.param == "memory":
        for name in ("setxattr", "getxattr"):
            monkeypatch.delattr(os, name)
    return request.param


def test_a_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    cache = EtagCache()
    etag, facts = cache.of(path)
    assert etag == hashlib.md5(b"abc", usedforsecurity=False).hexdigest()
    assert facts.st_size == 3
    forbid_hashing(monkeypatch)
    assert cache.of(path)[0] == etag


def test_attributes_outlive_the_process_and_a_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    etag, _ = EtagCache().of(path)
    moved = path.rename(tmp_path / "g")
    forbid_hashing(monkeypatch)
    assert EtagCache().of(moved)[0] == etag


def test_a_changed_file_is_hashed_again(tmp_path: Path, kept: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    cache = EtagCache()
    before, facts = cache.of(path)
    path.write_bytes(b"abd")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert cache.of(path)[0] != before


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "setxattr")
    monkeypatch.setattr(etags, "_REMEMBERED", 3)
    cache = EtagCache()
    for number in range(10):
        (tmp_path / str(number)).write_bytes(b"x")
        cache.of(tmp_path / str(number))
    assert len(cache._memory) <= 3
