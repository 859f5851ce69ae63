"""Secrets that a development installation makes: once, random, readable by their owner only."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resources.secrets import EmptySecret, secret_file


def test_a_secret_is_long_random_and_its_owner_s(tmp_path: Path) -> None:
    one, other = secret_file(tmp_path / "deep" / "jwt.secret"), secret_file(tmp_path / "lane.token")
    assert len(one) >= 64
    assert one != other
    assert (tmp_path / "deep" / "jwt.secret").stat().st_mode & 0o777 == 0o600
    assert secret_file(str(tmp_path / "lane.token")) == other


def test_a_secret_is_made_once_by_racing_threads(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: secret_file(tmp_path / "jwt.secret"), range(64)))
    assert len(found) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["jwt.secret"]  # no leftovers


def test_a_secret_is_made_once_by_racing_processes(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = set(pool.map(secret_file, [tmp_path / "jwt.secret"] * 8))
    assert len(found) == 1


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "jwt.secret").write_text("\n")
    with pytest.raises(EmptySecret):
        secret_file(tmp_path / "jwt.secret")
