"""Files that stay open: opened once, anew when changed, few, never two threads on one, not shared with a child."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from imagery.open_files import OpenFiles


def write(path: Path, value: int, side: int = 4) -> str:
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=1, dtype="uint16", nodata=0, crs="EPSG:32736",
        transform=Affine(10, 0, 240_000, 0, -10, 8_000_000),
    ) as file:  # fmt: skip
        file.write(np.full((side, side), value, np.uint16), 1)
    return str(path)


def value_of(files: OpenFiles, path: str) -> int:
    with files.use(path) as file:
        return int(file.dataset.read(1)[0, 0])


def test_a_file_is_opened_once_and_says_what_its_header_says(tmp_path: Path) -> None:
    files, path = OpenFiles(), write(tmp_path / "a.tif", 7)
    with files.use(path) as one:
        assert (one.shape, one.dtype, one.nodata, one.tile) == ((4, 4), "uint16", 0.0, (4, 4))
        assert one.crs is not None
    with files.use(path) as again:
        assert again is one
    files.close()
    assert one.dataset.closed
    assert len(files) == 0


def test_two_users_at_a_time_have_a_file_each(tmp_path: Path) -> None:
    files, path = OpenFiles(), write(tmp_path / "a.tif", 7)
    with files.use(path) as one, files.use(path) as other:
        assert one is not other
    assert len(files) == 2
    files.close()


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    files, path = OpenFiles(), write(tmp_path / "a.tif", 7)
    assert value_of(files, path) == 7
    write(tmp_path / "a.tif", 8, side=5)
    assert value_of(files, path) == 8
    os.utime(path, ns=(1, 1))
    with files.use(path) as touched:
        assert not touched.dataset.closed
    assert len(files) == 3
    files.close()


def test_other_options_have_files_of_their_own(tmp_path: Path) -> None:
    files, path = OpenFiles(), write(tmp_path / "a.tif", 7)
    with files.use(path, {"AWS_SECRET_ACCESS_KEY": "mine"}) as mine:
        pass
    with files.use(path, {"AWS_SECRET_ACCESS_KEY": "yours"}) as yours:
        assert yours is not mine
    files.close()


def test_no_more_are_kept_than_allowed_by_number_and_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write(tmp_path / f"{i}.tif", i + 1) for i in range(4)]
    for files in (OpenFiles(most=2), OpenFiles(most_bytes=2 * 4 * 4 * 2)):
        for path in paths:
            value_of(files, path)
        assert len(files) == 2
        with files.use(paths[0]) as first:  # those kept first are wanted next
            assert first.opened > 0
        monkeypatch.setattr("imagery.open_files.HELD_SECONDS", -1.0)
        value_of(files, paths[3])
        with files.use(paths[3]):
            assert len(files) == 1
        monkeypatch.undo()
        files.close()


def test_a_file_whose_use_fails_is_closed(tmp_path: Path) -> None:
    files, path = OpenFiles(), write(tmp_path / "a.tif", 7)
    with pytest.raises(ValueError, match="broken"), files.use(path) as file:
        raise ValueError("broken")
    assert file.dataset.closed
    assert len(files) == 0


def test_a_child_process_starts_without_its_parents_files(tmp_path: Path) -> None:
    files, path = OpenFiles(), write(tmp_path / "a.tif", 7)
    with files.use(path) as file:
        pass
    files.after_fork()
    assert len(files) == 0
    assert not file.dataset.closed
    file.close()
